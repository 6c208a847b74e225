#include "espalier/data/splits.h"

#include <algorithm>
#include <array>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/core/progress.h"
#include "espalier/data/cached.h"
#include "espalier/data/idx_set.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/orchard.h"
#include "espalier/data/subset.h"

namespace espalier {
namespace {

std::string with_commas(int64_t number) {
  std::string text = fmt::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

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

constexpr std::array kSplitNames = {"train", "val", "valid", "validation", "test"};

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Names of the visible folders in `root`, sorted.
std::vector<std::string> folders_in(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code status;
  for (fs::directory_iterator walk(root, status), end; !status && walk != end;
       walk.increment(status)) {
    std::error_code ignored;
    std::string name = walk->path().filename().string();
    if (!name.starts_with('.') && walk->is_directory(ignored)) names.push_back(std::move(name));
  }
  if (status) fail(Kind::io, "cannot list the folder {}: {}", root.string(), status.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_split_name(const std::string& name) {
  return std::find(kSplitNames.begin(), kSplitNames.end(), name) != kSplitNames.end();
}

// Whether train/, val/ and test/ in `root` are parts rather than classes ("train" may be a class
// beside "bus").
bool comes_in_parts(const fs::path& root, const std::vector<std::string>& folders) {
  if (folders.empty()) return false;
  bool only_parts = std::all_of(folders.begin(), folders.end(), is_split_name);
  bool has_train = std::find(folders.begin(), folders.end(), "train") != folders.end();
  if (only_parts && !has_train)
    fail(Kind::data, "{0} holds {1}/ but no train/; expected {0}/train/cat/1.jpg, ...",
         root.string(), folders[0]);
  return has_train && (only_parts || !folders_in(root / "train").empty());
}

void check_same_classes(const fs::path& root,
                        const FolderListing& train,
                        const std::string& part,
                        const FolderListing& other) {
  auto names = [](const FolderListing& listing) {
    std::vector<std::string> all;
    for (const FolderListing::Class& one : listing.classes) all.push_back(one.name);
    return all;
  };
  std::vector<std::string> wanted = names(train), given = names(other), odd;
  std::set_symmetric_difference(wanted.begin(), wanted.end(), given.begin(), given.end(),
                                std::back_inserter(odd));
  if (odd.empty()) return;
  bool missing = std::find(wanted.begin(), wanted.end(), odd[0]) != wanted.end();
  fail(Kind::data,
       "class folders differ between {0}/train and {0}/{1}: '{2}' is only in {3}/ ({4} of {5} "
       "names differ)",
       root.string(), part, odd[0], missing ? "train" : part, odd.size(),
       wanted.size() + given.size());
}

// One of the parts beside train/: the first of these folders that is there.
DatasetPtr open_part(const fs::path& root,
                     const FolderListing& train,
                     std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (!is_folder(root / name)) continue;
    FolderListing listing = list_pictures(root / name);
    if (listing.classes.empty() && !listing.loose.empty())
      fail(
          Kind::data,
          "{} holds {} pictures but no class folders, so nothing says what they show; expected the "
          "folders of {}, or use predict",
          (root / name).string(), listing.loose.size(), (root / "train").string());
    if (listing.pictures() == 0)
      fail(Kind::data, "no pictures (jpg, jpeg, png) in {}; fill it or remove it",
           (root / name).string());
    check_same_classes(root, train, name, listing);
    return make_image_folder(root / name, listing, name + "/");
  }
  return nullptr;
}

void mention_loose(const fs::path& root, const FolderListing& listing) {
  if (!listing.loose.empty())
    warn(fmt::format("{} pictures directly in {} belong to no class and are left out",
                     listing.loose.size(), root.string()));
}

Splits open_folder(const fs::path& root, const SplitConfig& config) {
  std::vector<std::string> folders = folders_in(root);
  bool parts = comes_in_parts(root, folders);
  fs::path train_root = parts ? root / "train" : root;
  FolderListing train = list_pictures(train_root);
  check_classes(train_root, train);
  mention_loose(train_root, train);
  Splits splits;
  splits.train = make_image_folder(train_root, train, parts ? "train/" : "");
  splits.class_names = splits.train->class_names();
  if (parts) {
    splits.val = open_part(root, train, {"val", "valid", "validation"});
    splits.test = open_part(root, train, {"test"});
    for (const std::string& name : folders)
      if (!is_split_name(name))
        warn(fmt::format("{} is no part of the data set and is left out", (root / name).string()));
  }
  hold_out_missing(splits, config);
  splits.description = describe("image folder " + root.string(), splits);
  return splits;
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
  splits.description = describe(
      fmt::format("orchard of {} ({} px, seed {})", config.kind, config.size, config.seed), splits);
  return splits;
}

void check_is_folder(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail(Kind::io, "{} does not exist; name a folder of pictures, or 'orchard' for generated ones",
         path.string());
  if (!is_folder(path))
    fail(Kind::data, "{} is a file; a folder is expected (unpack archives first)", path.string());
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
  check_is_folder(where);
  return holds_idx_set(where) ? open_idx(where, config) : open_folder(where, config);
}

DatasetPtr open_images(const std::string& where) {
  if (std::optional<OrchardConfig> orchard = parse_orchard(where))
    return make_orchard(*orchard, OrchardSplit::test);
  fs::path root = where;
  std::error_code ignored;
  if (fs::is_regular_file(root, ignored))
    return make_plain_images(root.parent_path(), {root.filename().string()});
  check_is_folder(root);
  if (holds_idx_set(root))
    return read_idx_set(root, holds_idx_part(root, IdxPart::test) ? IdxPart::test : IdxPart::train);
  std::string part;
  if (comes_in_parts(root, folders_in(root))) part = is_folder(root / "test") ? "test" : "train";
  if (!part.empty()) root /= part;
  FolderListing listing = list_pictures(root);
  if (listing.classes.empty() && !listing.loose.empty())
    return make_plain_images(root, std::move(listing.loose));
  if (listing.pictures() == 0)
    fail(Kind::data, "no pictures (jpg, jpeg, png) in {}", root.string());
  mention_loose(root, listing);
  return make_image_folder(root, listing, part.empty() ? "" : part + "/");
}

}  // namespace espalier
