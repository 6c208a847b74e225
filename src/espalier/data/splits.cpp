#include "espalier/data/splits.h"

#include <algorithm>
#include <optional>
#include <set>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/core/progress.h"
#include "espalier/data/cached.h"
#include "espalier/data/idx_set.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/label_table.h"
#include "espalier/data/orchard.h"
#include "espalier/data/orchard_render.h"
#include "espalier/data/subset.h"

namespace espalier {
namespace {

std::string describe(const std::string& what, const Splits& splits) {
  std::string text = what + ": " + with_commas(splits.train->size()) + " train";
  if (splits.val) text += ", " + with_commas(splits.val->size()) + " val";
  if (splits.test) text += ", " + with_commas(splits.test->size()) + " test";
  return text + fmt::format(", {} classes", splits.class_names.size());
}

// Moves a share of `from` into the part it returns; null for share 0.
DatasetPtr take_share(DatasetPtr& from, double share, const char* name, int64_t seed) {
  if (share == 0) return nullptr;
  HeldOut parts = hold_out(*from, share, Random(static_cast<uint64_t>(seed)).stream(name));
  if (parts.held.empty())
    fail(Kind::data, "no class has two pictures, so none can be held out; set {}_share to 0", name);
  DatasetPtr held = subset(from, std::move(parts.held));
  from = subset(from, std::move(parts.kept));
  return held;
}

// Fills the parts that no folder gives: test first, so that it is the same for every val_share.
void hold_out_missing(Splits& splits, const SplitConfig& config) {
  if (!splits.test) splits.test = take_share(splits.train, config.test_share, "test", config.seed);
  if (!splits.val) splits.val = take_share(splits.train, config.val_share, "val", config.seed);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

void mention_left_out(const ImageIndex& index) {
  for (const std::string& line : index.left_out) warn(line);
}

// A table beside the pictures that the user may have meant; the folder is taken for one of classes.
void check_no_table(const ImageIndex& index, const ImageIndex::Part& train) {
  if (train.classes.size() >= 2) return;
  std::error_code ignored;
  std::set<std::string> tables;
  for (const fs::directory_entry& entry : fs::directory_iterator(index.root, ignored))
    if (is_label_table_name(entry.path())) tables.insert(entry.path().string());
  if (!tables.empty())
    fail(Kind::data,
         "{} holds no class folders; to read the labels of a table in it, name the table: {}",
         index.root.string(), *tables.begin());
}

// Folders promise the same classes in every part; an empty one keeps the promise.
void check_same_folders(const ImageIndex& index,
                        const ImageIndex::Part& train,
                        const ImageIndex::Part& other) {
  if (other.classes.empty() && !other.items.empty())
    fail(Kind::data,
         "{} holds {} pictures but no class folders, so nothing says what they show; expected the "
         "folders of {}, or use predict",
         (index.root / other.folder).string(), other.items.size(),
         (index.root / train.folder).string());
  if (other.items.empty())
    fail(Kind::data, "no pictures (jpg, jpeg, png) in {}; fill it or remove it",
         (index.root / other.folder).string());
  std::vector<int64_t> odd;
  std::set_symmetric_difference(train.classes.begin(), train.classes.end(), other.classes.begin(),
                                other.classes.end(), std::back_inserter(odd));
  if (odd.empty()) return;
  const bool missing = std::binary_search(train.classes.begin(), train.classes.end(), odd[0]);
  fail(Kind::data,
       "class folders differ between {0}/{5} and {0}/{1}: '{2}' is only in {3}/ ({4} names differ)",
       index.root.string(), other.folder, index.class_names[static_cast<size_t>(odd[0])],
       missing ? train.folder : other.folder, odd.size(), train.folder);
}

// Rows promise nothing, but what is scored must have been shown.
void check_rows(const ImageIndex& index, const ImageIndex::Part& train) {
  const std::string place = index.root.string();
  if (index.class_names.size() < 2)
    fail(Kind::data, "the table in {} names {} classes; a classifier needs two or more", place,
         index.class_names.size());
  for (size_t c = 0; c < index.class_names.size(); ++c)
    if (!std::binary_search(train.classes.begin(), train.classes.end(), static_cast<int64_t>(c)))
      fail(Kind::data,
           "the class '{}' has no picture in the train split, so it cannot be learnt; move some of "
           "its rows there",
           index.class_names[c]);
}

Splits open_idx(const fs::path& root, const SplitConfig& config) {
  Splits splits;
  splits.channels = 1;
  splits.train = read_idx_set(root, IdxPart::train);
  splits.class_names = splits.train->class_names();
  if (splits.class_names.size() < 2)
    fail(Kind::data, "{} holds only one class; a classifier needs two or more", root.string());
  if (holds_idx_part(root, IdxPart::test))
    splits.test = read_idx_set(root, IdxPart::test, splits.class_names);
  hold_out_missing(splits, config);
  splits.description = describe("IDX set " + root.string(), splits);
  return splits;
}

// "orchard", "orchard:twins", "orchard:twins,mark=0.2"; nothing for other words.
std::optional<OrchardConfig> parse_orchard(const std::string& where) {
  if (where != "orchard" && !where.starts_with("orchard:")) return std::nullopt;
  OrchardConfig config;
  Fields known = fields(config);
  size_t at = std::string("orchard:").size();
  for (size_t end; at < where.size(); at = end + 1) {
    end = std::min(where.find(',', at), where.size());
    std::string word = where.substr(at, end - at);
    size_t equals = word.find('=');
    with_context("in '" + where + "'", [&] {
      if (equals == std::string::npos)
        set_field(known, "kind", word);
      else
        set_field(known, word.substr(0, equals), word.substr(equals + 1));
    });
  }
  return config;
}

Splits open_orchard(const OrchardConfig& config) {
  Splits splits;
  splits.train = cached(make_orchard(config, OrchardSplit::train));
  splits.val = config.val > 0 ? cached(make_orchard(config, OrchardSplit::val)) : nullptr;
  splits.test = config.test > 0 ? cached(make_orchard(config, OrchardSplit::test)) : nullptr;
  splits.class_names = splits.train->class_names();
  if (config.kind == "twins") splits.decisive_part = kMarkInstance;
  splits.description = describe(
      fmt::format("orchard of {} ({} px, seed {})", config.kind, config.size, config.seed), splits);
  return splits;
}

}  // namespace

Fields fields(SplitConfig& config) {
  return {
      field("val_share", config.val_share, "share of the training pictures held out for validation")
          .between(0, 0.9),
      field("test_share", config.test_share,
            "share held out for the test when there is no test folder")
          .between(0, 0.9),
      field("split_seed", config.seed,
            "which pictures are held out; not changed by the run's seed")};
}

Splits open_splits(const std::string& where, const SplitConfig& config) {
  if (std::optional<OrchardConfig> orchard = parse_orchard(where)) return open_orchard(*orchard);
  if (is_folder(where) && holds_idx_set(where)) return open_idx(where, config);
  const ImageIndex index = read_image_index(where);
  mention_left_out(index);
  return split_index(index, where, config);
}

Splits split_index(const ImageIndex& index, const std::string& where, const SplitConfig& config) {
  const ImageIndex::Part* train = index.find("train") ? index.find("train") : index.find("");
  if (!train) fail(Kind::data, "no picture of {} is of the train split", where);
  const bool folders = index.kind == "image folder";
  if (folders) {
    check_no_table(index, *train);
    check_classes(index, *train);
  } else {
    check_rows(index, *train);
  }
  Splits splits;
  splits.class_names = index.class_names;
  splits.multi_label = index.multi_label;
  splits.train = make_dataset(index, *train);
  for (const auto& [name, into] : {std::pair{"val", &splits.val}, {"test", &splits.test}}) {
    const ImageIndex::Part* part = index.find(name);
    if (!part) continue;
    if (folders) check_same_folders(index, *train, *part);
    *into = make_dataset(index, *part);
  }
  hold_out_missing(splits, config);
  splits.description = describe(index.kind + " " + where, splits);
  if (splits.multi_label) splits.description += ", any number of them a picture";
  return splits;
}

DatasetPtr open_images(const std::string& where) {
  if (std::optional<OrchardConfig> orchard = parse_orchard(where))
    return make_orchard(*orchard, OrchardSplit::test);
  fs::path root = where;
  std::error_code ignored;
  if (fs::is_regular_file(root, ignored) && !is_label_table_name(root))
    return make_plain_images(root.parent_path(), {root.filename().string()});
  if (is_folder(root) && holds_idx_set(root))
    return read_idx_set(root, holds_idx_part(root, IdxPart::test) ? IdxPart::test : IdxPart::train);
  const ImageIndex index = read_image_index(root);
  const ImageIndex::Part& part = index.find("test") ? *index.find("test") : index.parts.at(0);
  if (part.items.empty())
    fail(Kind::data, "no pictures (jpg, jpeg, png) in {}", (root / part.folder).string());
  mention_left_out(index);
  return make_dataset(index, part);
}

}  // namespace espalier
