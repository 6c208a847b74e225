// CSV cells as they are, and both forms of label tables. What is read of a CSV file must survive being written.
#include "espalier/data/label_table.h"
#include "espalier/format/csv.h"

#include "fuzz/bear.h"

namespace {

using namespace espalier;

std::string written(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells)
    line += csv_text(cell + ",") + ",";  // the added comma: always in quotes
  return line.substr(0, line.size() - 1) + "\n";
}

void check_round_trip(std::string_view bytes) {
  const CsvTable table = parse_csv(bytes);
  std::string text = written(table.header);
  for (const CsvRow& row : table.rows) text += written(row.cells);
  const CsvTable again = parse_csv(text);
  if (again.rows.size() != table.rows.size()) std::abort();
  for (size_t i = 0; i < table.rows.size(); ++i)
    for (size_t c = 0; c < table.header.size(); ++c)
      if (again.rows[i].cells[c] != table.rows[i].cells[c] + ",") std::abort();
}

void check_rows(const LabelTable& table) {
  for (const LabelTable::Row& row : table.rows) {
    if (row.file.empty() || row.line < 1) std::abort();
    if (!table.multi_label && (row.labels.size() != 1 || row.labels[0].empty())) std::abort();
    if (row.split.empty() == table.has_split) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bear(data, size, check_round_trip);
  bear(data, size, [](std::string_view bytes) { check_rows(parse_label_csv(bytes)); });
  return bear(data, size,
              [](std::string_view bytes) { check_rows(parse_label_json_lines(bytes)); });
}
