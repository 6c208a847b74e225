// Samples in rows and columns, as a data set that a contact sheet shows: what preview commands make.
//
//   SampleGrid grid(rows, columns, names);
//   grid.at(0, 1) = sample;
//   Image sheet = contact_sheet(grid, {.columns = columns, .rows = rows});
#pragma once

#include "espalier/data/dataset.h"

namespace espalier {

// A cell without a sample stays empty.
class SampleGrid : public Dataset {
 public:
  SampleGrid(int64_t rows, int64_t columns, std::vector<std::string> class_names)
      : columns_(columns),
        samples_(static_cast<size_t>(rows * columns)),
        class_names_(std::move(class_names)) {}

  Sample& at(int64_t row, int64_t column) {
    return samples_[static_cast<size_t>(row * columns_ + column)];
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  Sample read(int64_t i, int) const override { return samples_[static_cast<size_t>(i)]; }
  std::string id(int64_t i) const override { return samples_[static_cast<size_t>(i)].id; }
  int64_t label(int64_t) const override { return -1; }
  const std::vector<std::string>& class_names() const override { return class_names_; }

 private:
  int64_t columns_;
  std::vector<Sample> samples_;
  std::vector<std::string> class_names_;
};

// So many indices of 0 .. size-1, evenly spread.
std::vector<int64_t> spread(int64_t size, int64_t count);

}  // namespace espalier
