#include "espalier/data/table_index.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "espalier/core/error.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/label_table.h"
#include "espalier/data/split_names.h"

namespace espalier {
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// A table found in a folder of a data set; its paths are relative to where it stands.
struct Found {
  LabelTable table;
  fs::path file;
  std::string folder, part;  // below the data set's root; the part when the folder names it
};

void check_files(const Found& found, const fs::path& root) {
  const std::vector<LabelTable::Row>& rows = found.table.rows;
  const size_t stride = std::max<size_t>(1, rows.size() / 10);
  for (size_t i = 0; i < rows.size(); i += stride)
    if (is_there(root / found.folder / rows[i].file)) return;
  const LabelTable::Row& row = rows[0];
  fail(Kind::data,
       "{}, line {}: {} does not exist, nor do other pictures of the table; paths are relative to "
       "the "
       "table's folder",
       found.file.string(), row.line, (root / found.folder / row.file).string());
}

std::optional<int64_t> as_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "10" stands after "9" where every name is a number.
std::vector<std::string> class_order(const std::set<std::string>& names) {
  std::vector<std::string> order(names.begin(), names.end());
  if (std::all_of(order.begin(), order.end(),
                  [](const auto& name) { return as_number(name).has_value(); }))
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return *as_number(a) < *as_number(b); });
  return order;
}

// Whether every file stands in a folder train/, val/ or test/.
bool split_by_folder(const LabelTable& table) {
  return std::all_of(table.rows.begin(), table.rows.end(), [](const LabelTable::Row& row) {
    const size_t slash = row.file.find('/');
    return slash != std::string::npos && !split_name(row.file.substr(0, slash)).empty();
  });
}

ImageIndex index_tables(const fs::path& root,
                        const std::string& kind,
                        const std::vector<Found>& tables) {
  ImageIndex index{.kind = kind, .root = root, .multi_label = tables[0].table.multi_label};
  std::set<std::string> names;
  for (const Found& found : tables) {
    if (found.table.multi_label != index.multi_label)
      fail(Kind::data, "{} has a column '{}' and {} '{}'; use one of them", tables[0].file.string(),
           index.multi_label ? "labels" : "label", found.file.string(),
           index.multi_label ? "label" : "labels");
    check_files(found, root);
    for (const LabelTable::Row& row : found.table.rows)
      names.insert(row.labels.begin(), row.labels.end());
  }
  index.class_names = class_order(names);
  std::map<std::string_view, int64_t> ids;
  for (size_t c = 0; c < index.class_names.size(); ++c)
    ids[index.class_names[c]] = static_cast<int64_t>(c);

  std::map<std::string, ImageIndex::Part> parts;
  for (const Found& found : tables) {
    const bool by_folder =
        found.part.empty() && !found.table.has_split && split_by_folder(found.table);
    for (const LabelTable::Row& row : found.table.rows) {
      const std::string name = !found.part.empty() ? found.part
                               : by_folder ? split_name(row.file.substr(0, row.file.find('/')))
                                           : row.split;
      ImageIndex::Part& part = parts[name];
      part.name = name;
      part.folder = found.folder;
      ImageIndex::Item item{.file = (fs::path(found.folder) / row.file).string()};
      for (const std::string& label : row.labels) item.classes.push_back(ids.at(label));
      std::sort(item.classes.begin(), item.classes.end());
      part.items.push_back(std::move(item));
    }
  }
  for (const char* name : {"", "train", "val", "test"}) {
    const auto found = parts.find(name);
    if (found == parts.end()) continue;
    std::set<int64_t> classes;
    for (const ImageIndex::Item& item : found->second.items)
      classes.insert(item.classes.begin(), item.classes.end());
    found->second.classes.assign(classes.begin(), classes.end());
    index.parts.push_back(std::move(found->second));
  }
  return index;
}

// metadata.csv or metadata.jsonl of a folder; an empty path when it has neither.
fs::path metadata_of(const fs::path& folder) {
  const fs::path csv = folder / "metadata.csv", lines = folder / "metadata.jsonl";
  if (is_there(csv) && is_there(lines))
    fail(Kind::data, "{} holds both metadata.csv and metadata.jsonl; remove one", folder.string());
  return is_there(csv) ? csv : is_there(lines) ? lines : fs::path();
}

}  // namespace

ImageIndex index_label_table(const fs::path& file) {
  const Found found{.table = read_label_table(file), .file = file, .folder = {}, .part = {}};
  return index_tables(file.parent_path(), "table", {found});
}

std::optional<ImageIndex> index_metadata_folder(const fs::path& root) {
  std::vector<Found> tables;
  if (const fs::path file = metadata_of(root); !file.empty()) {
    tables.push_back({.table = read_label_table(file), .file = file, .folder = {}, .part = {}});
  } else {
    for (const std::string& folder : folders_in(root)) {
      const std::string part = split_name(folder);
      if (part.empty()) continue;
      if (const fs::path inner = metadata_of(root / folder); !inner.empty())
        tables.push_back(
            {.table = read_label_table(inner), .file = inner, .folder = folder, .part = part});
    }
  }
  if (tables.empty()) return std::nullopt;
  return index_tables(root, "folder with " + tables[0].file.filename().string(), tables);
}

}  // namespace espalier
