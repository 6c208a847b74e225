// From the user's words to data sets: what stands at a path (or the orchard), split into training, validation and
// test parts. The test part is touched only by `eval`.
//
//   Splits splits = open_splits("photos/", {.val_share = 0.1, .seed = 1});
//
// Understood: what read_image_index() finds out by itself (class folders, perhaps under train/, val/ and test/; tables of
// labels; Hugging Face's folders with metadata); the IDX files of MNIST and Fashion-MNIST; "orchard",
// "orchard:twins", "orchard:twins,mark=0.2,noise=0.1" (see orchard.h).
#pragma once

#include <string>

#include "espalier/core/fields.h"
#include "espalier/data/image_index.h"

namespace espalier {

struct SplitConfig {
  double val_share = 0.1;  // held out of training, stratified by class, when there is no val folder
  double test_share = 0.2;  // held out when there is no test folder
  int64_t seed =
      0;  // of the held-out choices only, so that runs with other seeds compare on one split
};
Fields fields(SplitConfig& config);

struct Splits {
  DatasetPtr train, val,
      test;  // test and val may be null when their share is 0 and no folder gives them
  std::vector<std::string> class_names;
  bool multi_label = false;    // a picture may have several classes, or none
  int channels = 3;            // of the images: 1 when all are gray (IDX), else 3
  int64_t decisive_part = -1;  // label of the instances by which classes differ; -1: not known
  std::string description;     // "image folder photos/: 1,200 train, 134 val, 333 test, 40 classes"
};

// Throws Error(io | data | format) with advice: missing, empty, one class only, images but no class folders, ...
Splits open_splits(const std::string& where, const SplitConfig& config);

// The same of an index that was read; `where` is what errors and the description call it.
Splits split_index(const ImageIndex& index, const std::string& where, const SplitConfig& config);

// `where` as one unsplit data set (for predict): what open_splits() takes, loose pictures, or one picture. Of what comes in parts, the test part where there is one (else the training part).
DatasetPtr open_images(const std::string& where);

}  // namespace espalier
