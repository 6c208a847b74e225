// Any bytes as a table: read with types found and with types given; columns are as long as the table and their codes name words.
#include "espalier/tabular/table.h"

#include "fuzz/bear.h"

namespace {

using namespace espalier;

void check(const Table& table) {
  const size_t rows = static_cast<size_t>(table.rows());
  for (const Column& column : table.columns) {
    if ((column.is_numeric() ? column.numbers.size() : column.codes.size()) != rows) std::abort();
    for (const int32_t code : column.codes)
      if (code < -1 || code >= static_cast<int32_t>(column.words.size())) std::abort();
    for (size_t i = 1; i < column.words.size(); ++i)
      if (!(column.words[i - 1] < column.words[i])) std::abort();
  }
  for (size_t i = 1; i < rows; ++i)
    if (table.lines[i] <= table.lines[i - 1]) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bear(data, size, [](std::string_view bytes) {
    const Table table = parse_table(bytes);
    check(table);
    std::vector<ColumnType> types;
    for (const Column& column : table.columns) types.push_back({column.name, column.kind});
    const Table again = parse_table(bytes, {}, types);
    for (size_t c = 0; c < types.size(); ++c)
      if (again.columns[c].codes != table.columns[c].codes ||
          again.columns[c].missing != table.columns[c].missing)
        std::abort();
  });
  return bear(data, size, [](std::string_view bytes) {
    TableConfig config;
    config.header = false;
    check(parse_table(bytes, config));
  });
}
