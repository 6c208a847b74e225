// Pictures in folders: a folder a class, classes in the order of their names, pictures found at any
// depth inside.
//
//   DatasetPtr set = make_image_folder("photos/");         // photos/cat/1.jpg, photos/dog/a/2.png,
//   ... FolderListing listing = list_pictures("photos/train"); // what is there, without opening a
//   picture
//
// A picture is a file named .jpg, .jpeg or .png, in any case. Names that begin with a dot are left
// out; links to folders are followed, each folder once. Every sample is RGB; `id` is the path below
// the root.
#pragma once

#include <string>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/data/dataset.h"

namespace espalier {

struct FolderListing {
  struct Class {
    std::string name;
    std::vector<std::string> files;  // below the root: "cat/1.jpg"; sorted
  };
  std::vector<Class> classes;      // one for each folder, with pictures or without; sorted by name
  std::vector<std::string> loose;  // pictures in the root itself; sorted
  int64_t pictures() const;        // in classes
};

// Throws Error(io) when the folder is missing or cannot be read. No picture is opened.
FolderListing list_pictures(const fs::path& root);

// The listing as a data set, labels in the order of `classes`. `prefix` (such as "train/") goes in
// front of the ids.
DatasetPtr make_image_folder(const fs::path& root,
                             const FolderListing& listing,
                             const std::string& prefix = "");

// Throws Error(data) with advice unless there are at least two class folders and a picture in each.
DatasetPtr make_image_folder(const fs::path& root);

// These pictures with no class (label -1, no class names), paths below the root.
DatasetPtr make_plain_images(const fs::path& root, std::vector<std::string> files);

// Throws Error(data) with advice: nothing there, loose pictures only, a single class, a class
// without pictures.
void check_classes(const fs::path& root, const FolderListing& listing);

}  // namespace espalier
