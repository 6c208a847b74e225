// Pictures in folders: a folder a class, classes in the order of their names, pictures found at any
// depth inside.
//
//   DatasetPtr set = make_image_folder("photos/");         // photos/cat/1.jpg, photos/dog/a/2.png, ...
//   FolderListing listing = list_pictures("photos/train"); // what is there, without opening a picture
//
// A picture is a file named .jpg, .jpeg or .png, in any case. Names that begin with a dot are left
// out; links to folders are followed, each folder once. Every sample is RGB; `id` is the path below
// the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/data/image_index.h"

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

bool is_picture_name(std::string_view name);

// Names of the visible folders in `root`, sorted. Throws Error(io).
std::vector<std::string> folders_in(const fs::path& root);

// Throws Error(io) when the folder is missing or cannot be read. No picture is opened.
FolderListing list_pictures(const fs::path& root);

// Of a folder of class folders, or of train/, val/ (valid, validation, dev) and test/ with class folders in each, or of loose
// pictures. Throws Error(data) with advice for parts without train/.
ImageIndex index_image_folder(const fs::path& root);

// The pictures of class folders. Throws Error(data) as check_classes.
DatasetPtr make_image_folder(const fs::path& root);

// These pictures with no class (label -1, no class names), paths below the root.
DatasetPtr make_plain_images(const fs::path& root, const std::vector<std::string>& files);

// Throws Error(data) with advice where a part cannot teach a classifier: nothing there, loose pictures
// only, a single class, a class without pictures.
void check_classes(const ImageIndex& index, const ImageIndex::Part& part);

}  // namespace espalier
