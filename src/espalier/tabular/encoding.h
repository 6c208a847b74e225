// From typed columns to a matrix of numbers and back to words: part of the model, for what a model learned from is
// what it must be asked in.
//
//   Encoding encoding = fit_encoding(table, "species", Goal::classify, {}, training_rows);
//   Matrix<double> x = encoding.encode(table);
//   std::vector<int32_t> labels = encoding.labels(table);       // -1 where the target is missing
//
// Numbers stay; one that is missing takes the mean (or median) of the training rows. A category becomes one column of 0
// and 1 for each word (one-hot) or its place among the words in the order of their bytes (ordinal). A word that the
// training rows did not have is treated as a missing one: zeros in all columns of one-hot, the number after the last in
// ordinal; or it is an error that names line and column. Columns of text are left out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/tabular/matrix.h"
#include "espalier/tabular/table.h"

namespace espalier {

enum class Goal { classify, regress, describe };
std::string_view goal_name(Goal goal);

struct EncodingConfig {
  std::string encoding = "auto";         // "one-hot", "ordinal"; auto: what suits the model
  std::string missing_numbers = "mean";  // "median", "zero", "error"
  std::string unseen = "other";          // "error"
};
Fields fields(EncodingConfig& config);

struct EncodedColumn {
  ColumnType type;
  double fill = 0;                 // numbers: for a missing one
  std::vector<std::string> words;  // categories: of the training rows, in the order of their bytes
};

struct Encoding {
  EncodingConfig config;  // its encoding is no longer "auto"
  Goal goal = Goal::classify;
  std::vector<EncodedColumn> columns;
  ColumnType target;                  // name empty: none
  std::vector<std::string> classes;   // classify: in the order of their bytes, numbers by value
  std::vector<std::string> left_out;  // columns of text, and those without a single value

  int64_t width() const;
  std::vector<std::string> names() const;  // of the columns of the matrix: "mass", "island=Dream"
  std::vector<int64_t> categories()
      const;  // of each: 0 for a number, else how many (with the one for unseen words)
  std::vector<ColumnType> wanted(bool with_target) const;  // what to read of a table

  // Throw Error(data) naming line and column: an infinity, what config forbids; no such column.
  Matrix<double> encode(const Table& table) const;
  std::vector<int32_t> labels(
      const Table& table) const;  // a class that is not among `classes` is an error
  std::vector<double> numbers(const Table& table) const;  // NaN where missing
};

// What the rows say that are listed (all, when none are); classes are those of all rows. Throws Error(data): no such target, a target of text, of one
// class, or of words where numbers are to be learned, no column to learn from.
Encoding fit_encoding(const Table& table,
                      const std::string& target,
                      Goal goal,
                      const EncodingConfig& config,
                      std::span<const int64_t> rows = {});

nlohmann::ordered_json to_json(const Encoding& encoding);
Encoding encoding_from_json(
    const nlohmann::ordered_json& json);  // throws Error(format) naming the key

}  // namespace espalier
