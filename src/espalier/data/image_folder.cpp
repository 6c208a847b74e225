#include "espalier/data/image_folder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "espalier/core/error.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

constexpr const char* kLayout = "expected one folder a class: {0}/cat/1.jpg, {0}/dog/1.jpg, ...";

bool is_picture_name(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  std::string suffix;
  for (char c : name.substr(dot + 1))
    suffix += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return suffix == "jpg" || suffix == "jpeg" || suffix == "png";
}

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

class ImageFolder : public Dataset {
 public:
  ImageFolder(fs::path root, std::string prefix, std::vector<std::string> names)
      : root_(std::move(root)), prefix_(std::move(prefix)), names_(std::move(names)) {}

  void add(const std::vector<std::string>& files, int64_t label) {
    files_.insert(files_.end(), files.begin(), files.end());
    labels_.resize(files_.size(), label);
  }

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }

  Sample read(int64_t i, int min_side) const override {
    Sample sample;
    sample.image = read_image(root_ / files_.at(static_cast<size_t>(i)),
                              {.channels = Channels::rgb, .min_side = min_side});
    sample.truth.width = sample.image.width;
    sample.truth.height = sample.image.height;
    if (label(i) >= 0) sample.truth.labels = {{.id = label(i)}};
    sample.id = id(i);
    return sample;
  }

  std::string id(int64_t i) const override { return prefix_ + files_.at(static_cast<size_t>(i)); }
  int64_t label(int64_t i) const override { return labels_.at(static_cast<size_t>(i)); }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  fs::path root_;
  std::string prefix_;
  std::vector<std::string> names_, files_;
  std::vector<int64_t> labels_;
};

}  // namespace

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

void check_classes(const fs::path& root, const FolderListing& listing) {
  std::string place = root.string(), layout = fmt::format(kLayout, place);
  if (listing.classes.empty() && listing.loose.empty())
    fail(Kind::data, "no pictures (jpg, jpeg, png) in {}; {}", place, layout);
  if (listing.classes.empty())
    fail(Kind::data, "{} holds {} pictures but no class folders; {}", place, listing.loose.size(),
         layout);
  if (listing.pictures() == 0)
    fail(Kind::data, "the {} folders in {} hold no pictures (jpg, jpeg, png); {}",
         listing.classes.size(), place, layout);
  if (listing.classes.size() == 1)
    fail(Kind::data, "{} holds only one class, '{}'; a classifier needs two or more; {}", place,
         listing.classes[0].name, layout);
  for (const FolderListing::Class& one : listing.classes)
    if (one.files.empty())
      fail(Kind::data,
           "the class folder {} holds no pictures (jpg, jpeg, png); remove it or fill it",
           (root / one.name).string());
}

DatasetPtr make_image_folder(const fs::path& root,
                             const FolderListing& listing,
                             const std::string& prefix) {
  std::vector<std::string> names;
  for (const FolderListing::Class& one : listing.classes) names.push_back(one.name);
  auto set = std::make_shared<ImageFolder>(root, prefix, names);
  for (size_t i = 0; i < listing.classes.size(); ++i)
    set->add(listing.classes[i].files, static_cast<int64_t>(i));
  return set;
}

DatasetPtr make_image_folder(const fs::path& root) {
  FolderListing listing = list_pictures(root);
  check_classes(root, listing);
  return make_image_folder(root, listing);
}

DatasetPtr make_plain_images(const fs::path& root, std::vector<std::string> files) {
  auto set = std::make_shared<ImageFolder>(root, "", std::vector<std::string>{});
  set->add(files, -1);
  return set;
}

}  // namespace espalier
