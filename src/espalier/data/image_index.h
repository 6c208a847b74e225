// Which pictures a data set has, with the classes and the part of each, known before any of them is opened. Every reader
// of pictures in files gives one; training, checking and caching go on from there.
//
//   ImageIndex index = read_image_index("photos/");          // class folders, perhaps in train/, val/, test/
//   ImageIndex index = read_image_index("photos/labels.csv");  // a table (label_table.h)
//   DatasetPtr train = make_dataset(index, index.parts[0]);
#pragma once

#include <string>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/data/dataset.h"

namespace espalier {

struct ImageIndex {
  struct Item {
    std::string file;                   // below the root: "train/cat/1.jpg"; also the sample's id
    std::vector<int64_t> classes = {};  // ascending; none when nothing says what it shows
  };
  struct Part {
    std::string name;                   // "train", "val", "test"; "" where nothing says so
    std::string folder;                 // below the root; "" for the root itself
    std::vector<Item> items = {};       // in the order of classes and names, or of the table
    std::vector<int64_t> classes = {};  // that have a folder here, with pictures or without
  };
  std::string kind;  // "image folder", "table", "folder with metadata.csv"
  fs::path root;
  std::vector<std::string> class_names = {};  // sorted; as numbers where all are whole numbers
  bool multi_label = false;                   // a picture may show several classes, or none
  std::vector<Part> parts = {};  // train, val, test, those that there are; or one without a name
  std::vector<std::string> left_out =
      {};  // "12 pictures directly in photos belong to no class and are left out"

  const Part* find(const std::string& part) const;  // null when there is none
};

// Finds out by itself which reader applies:
//   a file ending in .csv, .tsv or .jsonl     a table; its paths are relative to its folder
//   a folder with metadata.csv or .jsonl,     Hugging Face's image folder: the same columns, `file_name` among them;
//     itself or in its train/, val/, test/    without `split`, files in train/, val/, test/ are of that part
//   a folder of class folders                 image_folder.h; also inside train/, val/ (valid, validation) and test/
//   a folder of loose pictures                pictures without a class
// Throws Error(io | data | format) with advice. No picture is opened.
ImageIndex read_image_index(const fs::path& where);

// The pictures of one part, as RGB. `label` is the picture's class; of several the one that is rarest in the part, so that
// holding out by label keeps rare classes in both halves; -1 of none.
DatasetPtr make_dataset(const ImageIndex& index, const ImageIndex::Part& part);

}  // namespace espalier
