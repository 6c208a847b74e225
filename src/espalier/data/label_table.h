// Tables that say what pictures show: CSV files and JSON lines, a picture a row.
//
//   path,label,split            {"file_name": "a.jpg", "label": "cat"}
//   photos/1.jpg,cat,train      {"file_name": "b.jpg", "labels": ["cat", "indoors"]}
//
//   LabelTable table = read_label_table("labels.csv");
//
// Columns, in any order and case, others are passed over:
//   path    or file_name, file, filename, image: the picture, relative to the table's folder
//   label   or class: its one class; or `labels`: any number of them, in CSV separated by ';'
//   split   train, val (valid, validation, dev) or test; may be missing
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

struct LabelTable {
  struct Row {
    int64_t line = 0;
    std::string file;
    std::vector<std::string> labels;  // one; or any number, each once, in the table's order
    std::string split;                // "train", "val", "test"; "" without that column
  };
  std::vector<Row> rows;
  bool multi_label = false;  // the column is `labels`
  bool has_split = false;
};

// Throw Error(format | data) naming the line and what was expected: no such columns, an empty path or label, an unknown
// split, a picture that is listed twice, no rows.
LabelTable parse_label_csv(std::string_view bytes);
LabelTable parse_label_json_lines(std::string_view bytes);

// By the suffix: .csv, .tsv, .jsonl. Errors name the file; also Error(io).
LabelTable read_label_table(const fs::path& file);
bool is_label_table_name(const fs::path& file);

}  // namespace espalier
