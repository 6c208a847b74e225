#include "espalier/data/label_table.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/data/split_names.h"
#include "espalier/format/csv.h"

namespace espalier {
namespace {

using Words = std::vector<std::string>;

const Words kPathColumns = {"path", "file_name", "file", "filename", "image"};
const Words kLabelColumns = {"label", "class"};
constexpr const char* kExpected =
    "expected path,label or path,label,split (several labels of a picture: a column 'labels')";

std::string trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

std::string part_named(const std::string& word) {
  std::string name = split_name(word);
  if (name.empty()) fail(Kind::data, "the split is '{}'; expected train, val or test", word);
  return name;
}

// A file may hold any bytes of a name but these.
void check_file(const std::string& file) {
  if (file.empty()) fail(Kind::data, "the path is empty");
  if (file.find('\0') != std::string::npos) fail(Kind::data, "the path holds a zero byte");
}

void add_label(LabelTable::Row& row, const std::string& label) {
  if (std::find(row.labels.begin(), row.labels.end(), label) == row.labels.end())
    row.labels.push_back(label);
}

// "a; b" -> a, b; nothing between separators counts for nothing.
void split_labels(LabelTable::Row& row, std::string_view cell) {
  while (true) {
    const size_t end = cell.find(';');
    if (std::string label = trimmed(cell.substr(0, end)); !label.empty()) add_label(row, label);
    if (end == std::string_view::npos) return;
    cell.remove_prefix(end + 1);
  }
}

void check_once(const LabelTable& table) {
  std::unordered_map<std::string_view, int64_t> lines;
  for (const LabelTable::Row& row : table.rows) {
    const auto [earlier, fresh] = lines.emplace(row.file, row.line);
    if (!fresh)
      fail(Kind::data,
           "line {}: {} is listed in line {} already; several labels of one picture stand in one "
           "row, in a column 'labels'",
           row.line, row.file, earlier->second);
  }
}

LabelTable checked(LabelTable table) {
  if (table.rows.empty()) fail(Kind::data, "the table has no rows");
  check_once(table);
  return table;
}

std::optional<size_t> find_column(const Words& header, const Words& names) {
  for (const std::string& name : names)
    if (const auto at = std::find(header.begin(), header.end(), name); at != header.end())
      return static_cast<size_t>(at - header.begin());
  return std::nullopt;
}

// Of one line of JSON: a text, or a whole number as its text.
std::string json_label(const nlohmann::json& value, const char* key) {
  if (value.is_number_integer()) return value.dump();
  if (!value.is_string())
    fail(Kind::data, "'{}' is {}; expected a text or a whole number", key, value.type_name());
  std::string label = trimmed(value.get<std::string>());
  if (label.empty()) fail(Kind::data, "'{}' is empty", key);
  return label;
}

const nlohmann::json* find_key(const nlohmann::json& object, const Words& names) {
  for (const std::string& name : names)
    if (const auto found = object.find(name); found != object.end()) return &*found;
  return nullptr;
}

LabelTable::Row json_row(const nlohmann::json& object, LabelTable& table, bool first) {
  if (!object.is_object())
    fail(Kind::format, "expected one JSON object a line, such as {}",
         R"({"file_name": "a.jpg", "label": "cat"})");
  const nlohmann::json* file = find_key(object, kPathColumns);
  if (!file) fail(Kind::data, "no 'file_name' (or path)");
  if (!file->is_string()) fail(Kind::data, "'file_name' is not a text");
  LabelTable::Row row{.file = trimmed(file->get<std::string>()), .labels = {}, .split = {}};
  check_file(row.file);

  const auto list = object.find("labels"), split = object.find("split");
  if (first) {
    table.multi_label = list != object.end();
    table.has_split = split != object.end();
  }
  const nlohmann::json* label = find_key(object, kLabelColumns);
  if (table.multi_label) {
    if (list == object.end() || !list->is_array())
      fail(Kind::data, "'labels' is missing or no list; expected a list of texts");
    for (const nlohmann::json& one : *list) add_label(row, json_label(one, "labels"));
  } else {
    if (!label) fail(Kind::data, "no 'label', which says what the picture shows");
    row.labels = {json_label(*label, "label")};
  }
  if ((split != object.end()) != table.has_split)
    fail(Kind::data, "'split' stands in some lines and not in others");
  if (table.has_split) {
    if (!split->is_string()) fail(Kind::data, "'split' is not a text");
    row.split = part_named(trimmed(split->get<std::string>()));
  }
  return row;
}

}  // namespace

LabelTable parse_label_csv(std::string_view bytes) {
  CsvTable csv = parse_csv(bytes);
  for (std::string& name : csv.header) name = lower(trimmed(name));
  const auto path = find_column(csv.header, kPathColumns),
             label = find_column(csv.header, kLabelColumns),
             labels = find_column(csv.header, {"labels"}),
             split = find_column(csv.header, {"split"});
  if (!path || (!label && !labels))
    fail(Kind::data, "line 1: the header is '{}', without a column {}; {}",
         fmt::join(csv.header, ","), path ? "label" : "path", kExpected);
  LabelTable table{.rows = {}, .multi_label = !label, .has_split = split.has_value()};
  for (const CsvRow& from : csv.rows) {
    with_context(fmt::format("line {}", from.line), [&] {
      LabelTable::Row row{
          .line = from.line, .file = trimmed(from.cells[*path]), .labels = {}, .split = {}};
      check_file(row.file);
      if (table.multi_label) {
        split_labels(row, from.cells[*labels]);
      } else {
        row.labels = {trimmed(from.cells[*label])};
        if (row.labels[0].empty()) fail(Kind::data, "the label of {} is empty", row.file);
      }
      if (split) row.split = part_named(trimmed(from.cells[*split]));
      table.rows.push_back(std::move(row));
    });
  }
  return checked(std::move(table));
}

LabelTable parse_label_json_lines(std::string_view bytes) {
  LabelTable table;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  for (int64_t line = 1; !bytes.empty(); ++line) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (trimmed(text).empty()) continue;
    with_context(fmt::format("line {}", line), [&] {
      const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
      if (object.is_discarded()) fail(Kind::format, "this is not JSON; expected one object a line");
      table.rows.push_back(json_row(object, table, table.rows.empty()));
      table.rows.back().line = line;
    });
  }
  return checked(std::move(table));
}

bool is_label_table_name(const fs::path& file) {
  const std::string suffix = lower(file.extension().string());
  return suffix == ".csv" || suffix == ".tsv" || suffix == ".jsonl";
}

LabelTable read_label_table(const fs::path& file) {
  const std::string bytes = read_file(file);
  return with_context("reading " + file.string(), [&] {
    return lower(file.extension().string()) == ".jsonl" ? parse_label_json_lines(bytes)
                                                        : parse_label_csv(bytes);
  });
}

}  // namespace espalier
