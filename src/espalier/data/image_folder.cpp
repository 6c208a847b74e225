#include "espalier/data/image_folder.h"

#include <algorithm>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "espalier/core/error.h"
#include "espalier/data/split_names.h"

namespace espalier {
namespace {

constexpr const char* kLayout = "expected one folder a class: {0}/cat/1.jpg, {0}/dog/1.jpg, ...";

struct Entries {
  std::vector<std::string> files, folders;  // sorted
};

// The type of an entry comes with its name; only links need a look of their own.
Entries entries_of(const fs::path& folder) {
  Entries entries;
  std::error_code status;
  fs::directory_iterator walk(folder, status), end;
  for (; !status && walk != end; walk.increment(status)) {
    std::string name = walk->path().filename().string();
    std::error_code broken_link;
    if (name.starts_with('.')) continue;
    if (walk->is_directory(broken_link))
      entries.folders.push_back(std::move(name));
    else if (is_picture_name(name))
      entries.files.push_back(std::move(name));
  }
  if (status) fail(Kind::io, "cannot list the folder {}: {}", folder.string(), status.message());
  std::sort(entries.files.begin(), entries.files.end());
  std::sort(entries.folders.begin(), entries.folders.end());
  return entries;
}

// Remembers folders by what they are, not by name, so that links cannot lead round in circles.
class Visited {
 public:
  bool first_time(const fs::path& folder) {
    struct stat facts {};
    return ::stat(folder.c_str(), &facts) == 0 && seen_.emplace(facts.st_dev, facts.st_ino).second;
  }

 private:
  std::set<std::pair<dev_t, ino_t>> seen_;
};

void collect(const fs::path& root,
             const std::string& below,
             Visited& visited,
             std::vector<std::string>& files) {
  if (!visited.first_time(root / below)) return;
  Entries entries = entries_of(root / below);
  for (const std::string& name : entries.files) files.push_back(below + "/" + name);
  for (const std::string& name : entries.folders) collect(root, below + "/" + name, visited, files);
}

// Whether train/, val/ and test/ in `root` are parts rather than classes ("train" may be a class
// beside "bus").
bool comes_in_parts(const fs::path& root, const std::vector<std::string>& folders) {
  if (folders.empty()) return false;
  const auto is_part = [](const std::string& name) { return !split_name(name).empty(); };
  const auto train = std::find_if(folders.begin(), folders.end(), [](const std::string& name) {
    return split_name(name) == "train";
  });
  const bool only_parts = std::all_of(folders.begin(), folders.end(), is_part);
  if (only_parts && train == folders.end())
    fail(Kind::data, "{0} holds {1}/ but no train/; expected {0}/train/cat/1.jpg, ...",
         root.string(), folders[0]);
  return train != folders.end() && (only_parts || !folders_in(root / *train).empty());
}

// A part and its listing, whose classes have no numbers yet.
struct ListedPart {
  ImageIndex::Part part;
  FolderListing listing;
};

void take_listing(ImageIndex& index, ListedPart listed) {
  ImageIndex::Part& part = listed.part;
  const std::string prefix = part.folder.empty() ? "" : part.folder + "/";
  for (const FolderListing::Class& one : listed.listing.classes) {
    const auto at = std::lower_bound(index.class_names.begin(), index.class_names.end(), one.name);
    const int64_t id = at - index.class_names.begin();
    part.classes.push_back(id);
    for (const std::string& file : one.files)
      part.items.push_back({.file = prefix + file, .classes = {id}});
  }
  std::vector<std::string>& loose = listed.listing.loose;
  if (part.classes.empty()) {
    for (const std::string& file : loose) part.items.push_back({.file = prefix + file});
  } else if (!loose.empty()) {
    index.left_out.push_back(
        fmt::format("{} pictures directly in {} belong to no class and are left out", loose.size(),
                    (index.root / part.folder).string()));
  }
  index.parts.push_back(std::move(part));
}

}  // namespace

bool is_picture_name(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  std::string suffix;
  for (char c : name.substr(dot + 1))
    suffix += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return suffix == "jpg" || suffix == "jpeg" || suffix == "png";
}

std::vector<std::string> folders_in(const fs::path& root) {
  return entries_of(root).folders;
}

int64_t FolderListing::pictures() const {
  size_t count = 0;
  for (const Class& one : classes) count += one.files.size();
  return static_cast<int64_t>(count);
}

FolderListing list_pictures(const fs::path& root) {
  std::error_code status;
  if (!fs::exists(root, status)) fail(Kind::io, "the folder {} does not exist", root.string());
  FolderListing listing;
  Entries entries = entries_of(root);
  listing.loose = std::move(entries.files);
  for (const std::string& name : entries.folders) {
    Visited visited;
    visited.first_time(root);
    listing.classes.push_back({.name = name, .files = {}});
    collect(root, name, visited, listing.classes.back().files);
  }
  return listing;
}

void check_classes(const ImageIndex& index, const ImageIndex::Part& part) {
  const std::string place = (index.root / part.folder).string(),
                    layout = fmt::format(kLayout, place);
  if (part.classes.empty() && part.items.empty())
    fail(Kind::data, "no pictures (jpg, jpeg, png) in {}; {}", place, layout);
  if (part.classes.empty())
    fail(Kind::data, "{} holds {} pictures but no class folders; {}", place, part.items.size(),
         layout);
  if (part.items.empty())
    fail(Kind::data, "the {} folders in {} hold no pictures (jpg, jpeg, png); {}",
         part.classes.size(), place, layout);
  const auto name = [&](int64_t id) { return index.class_names.at(static_cast<size_t>(id)); };
  if (part.classes.size() == 1)
    fail(Kind::data, "{} holds only one class, '{}'; a classifier needs two or more; {}", place,
         name(part.classes[0]), layout);
  std::vector<bool> filled(index.class_names.size());
  for (const ImageIndex::Item& item : part.items)
    filled[static_cast<size_t>(item.classes[0])] = true;
  for (int64_t id : part.classes)
    if (!filled[static_cast<size_t>(id)])
      fail(Kind::data,
           "the class folder {} holds no pictures (jpg, jpeg, png); remove it or fill it",
           (index.root / part.folder / name(id)).string());
}

ImageIndex index_image_folder(const fs::path& root) {
  ImageIndex index{.kind = "image folder", .root = root};
  std::vector<ListedPart> listed;
  const std::vector<std::string> folders = folders_in(root);
  if (!comes_in_parts(root, folders)) {
    listed.push_back({.part = {}, .listing = list_pictures(root)});
  } else {
    for (const char* part : {"train", "val", "test"})
      for (const std::string& folder : folders) {
        if (split_name(folder) != part) continue;
        if (!listed.empty() && listed.back().part.name == part)
          index.left_out.push_back(fmt::format("{} is a second {} part and is left out",
                                               (root / folder).string(), part));
        else
          listed.push_back(
              {.part = {.name = part, .folder = folder}, .listing = list_pictures(root / folder)});
      }
    for (const std::string& folder : folders)
      if (split_name(folder).empty())
        index.left_out.push_back((root / folder).string() +
                                 " is no part of the data set and is left out");
  }
  std::set<std::string> names;
  for (const ListedPart& one : listed)
    for (const FolderListing::Class& named : one.listing.classes) names.insert(named.name);
  index.class_names.assign(names.begin(), names.end());
  for (ListedPart& one : listed) take_listing(index, std::move(one));
  return index;
}

DatasetPtr make_image_folder(const fs::path& root) {
  ImageIndex index{.kind = "image folder", .root = root};
  FolderListing listing = list_pictures(root);
  for (const FolderListing::Class& one : listing.classes) index.class_names.push_back(one.name);
  take_listing(index, {.part = {}, .listing = std::move(listing)});
  check_classes(index, index.parts[0]);
  return make_dataset(index, index.parts[0]);
}

DatasetPtr make_plain_images(const fs::path& root, const std::vector<std::string>& files) {
  ImageIndex index{.kind = "pictures", .root = root, .parts = {{}}};
  for (const std::string& file : files) index.parts[0].items.push_back({.file = file});
  return make_dataset(index, index.parts[0]);
}

}  // namespace espalier
