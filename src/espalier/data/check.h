// What a data set holds and what is wrong with it: counts, balance, sizes, broken files, copies and near copies, copies
// that stand both in training and test data.
//
//   DataCheck check = check_data("photos/", {}, {.workers = 2});
//   if (check.harmful()) ...
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/data/duplicates.h"
#include "espalier/data/splits.h"

namespace espalier {

struct CheckConfig {
  int64_t workers = 2;
  bool near = true;  // also near copies
};
Fields fields(CheckConfig& config);

struct CheckedPicture {
  std::string id = {};
  size_t part = 0, index = 0;  // sample `index` of the part's data set
  std::vector<int64_t> classes = {};
  int width = 0, height = 0;  // pixels, upright; 0 where it could not be read
  std::string failure = {};   // why it could not
  bool broken() const { return !failure.empty(); }
};

struct DataCheck {
  struct Part {
    std::string name;  // "train", "val", "test"; "all" where nothing is split
    DatasetPtr data = {};
    int64_t pictures = 0, broken = 0, unlabelled = 0;
    std::vector<int64_t> per_class = {};  // pictures of each class, broken ones too
  };
  struct Copies {
    std::vector<size_t> members = {};  // of `pictures`
    bool exact = false;                // the same bytes
    bool leak = false;                 // in train and in val or test
    bool conflict = false;             // of different classes
  };

  std::string where = {}, description = {};
  std::vector<std::string> class_names = {};
  bool multi_label = false;
  std::string refusal = {};  // why training would not take the data; empty when it would
  std::vector<std::string> notes = {};
  std::vector<Part> parts = {};
  std::vector<CheckedPicture> pictures = {};  // in the order of parts and samples
  std::vector<Copies> copies = {};            // leaks first, then conflicts, then the rest
  double seconds = 0;

  int64_t broken() const;
  // Number of pictures outside of train that have a copy in train.
  int64_t leaked() const;
  // Classes with pictures in some part but not in all: of such a class, the parts without any.
  struct Absence {
    int64_t id;
    std::vector<std::string> parts;
  };
  std::vector<Absence> absences() const;
  // The largest class of train (or all) as a multiple of the smallest that has a picture; 0 without classes.
  double imbalance() const;
  // Broken pictures, leaks, copies of different classes, or data that training refuses.
  bool harmful() const;
};

// Splits as training with `split` would. Reads every picture once, JPEG at a smaller scale. Throws Error(io | data | format)
// where there are no pictures at all, Error(interrupted).
DataCheck check_data(const std::string& where, const SplitConfig& split, const CheckConfig& config);

// {"data", "pictures", "classes", "parts", "imbalance", "sizes", "broken", "leaks", "conflicts", "duplicates",
// "near_duplicates", "absent", "harmful", "seconds"}; lists hold at most 1000 entries, counts all.
nlohmann::ordered_json to_json(const DataCheck& check);

}  // namespace espalier
