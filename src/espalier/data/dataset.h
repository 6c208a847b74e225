// A data set is a list of samples that can be read in any order from any thread. Data sets wrap each other
// (subset, cached, repeated), flashlight's way; augmentation and batching are not their business.
//
//   std::shared_ptr<const Dataset> train = open_splits("photos/", {}).train;
//   Sample s = train->read(7);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "espalier/data/annotation.h"

namespace espalier {

struct Sample {
  Image image;  // 8 bits; gray (1 channel) or RGB (3)
  Annotation truth;
  std::string id;  // where it came from: a path, or a name with a number
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;

  // Sample i, 0 <= i < size(). Safe from several threads at once. `min_side` > 0 says that the reader will
  // shrink the image to no less than this short side, so a decoder may shrink it on the way (never below).
  // Throws Error(data | format | io) naming the sample; the caller counts and skips it.
  virtual Sample read(int64_t i, int min_side = 0) const = 0;

  // Cheap facts that need no decoding.
  virtual std::string id(int64_t i) const = 0;
  virtual int64_t label(int64_t i) const = 0;  // class of the image, -1 when it has none

  virtual const std::vector<std::string>& class_names() const = 0;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

}  // namespace espalier
