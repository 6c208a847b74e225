#include "espalier/data/cached.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// The part of a mask outside of which it is 0.
struct CroppedMask {
  int x = 0, y = 0, width = 0, height = 0;  // of the part and of the whole
  Image part;
};

bool any_set(const Image& mask, int y) {
  const uint8_t* row = mask.row(y);
  return std::any_of(row, row + mask.width, [](uint8_t v) { return v != 0; });
}

CroppedMask crop(const Image& mask) {
  CroppedMask cropped{.width = mask.width, .height = mask.height, .part = {}};
  int top = 0, bottom = mask.height, left = mask.width, right = 0;
  while (top < bottom && !any_set(mask, top)) ++top;
  while (bottom > top && !any_set(mask, bottom - 1)) --bottom;
  for (int y = top; y < bottom; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (mask.at(x, y)) left = std::min(left, x), right = std::max(right, x + 1);
  if (top == bottom) return cropped;
  cropped.x = left, cropped.y = top;
  cropped.part = Image(right - left, bottom - top, 1);
  for (int y = top; y < bottom; ++y)
    std::copy(mask.row(y) + left, mask.row(y) + right, cropped.part.row(y - top));
  return cropped;
}

Image uncrop(const CroppedMask& cropped) {
  Image mask(cropped.width, cropped.height, 1);
  for (int y = 0; y < cropped.part.height; ++y)
    std::copy(cropped.part.row(y), cropped.part.row(y) + cropped.part.width,
              mask.row(y + cropped.y) + cropped.x);
  return mask;
}

struct Kept {
  Sample sample;                   // instance masks taken out
  std::vector<CroppedMask> masks;  // one an instance
  int min_side = 0;
};

std::shared_ptr<const Kept> pack(Sample sample, int min_side) {
  auto kept = std::make_shared<Kept>();
  for (Instance& instance : sample.truth.instances) {
    kept->masks.push_back(crop(instance.mask));
    instance.mask = {};
  }
  kept->sample = std::move(sample);
  kept->min_side = min_side;
  return kept;
}

Sample unpack(const Kept& kept) {
  Sample sample = kept.sample;
  for (size_t k = 0; k < kept.masks.size(); ++k)
    if (kept.masks[k].width > 0) sample.truth.instances[k].mask = uncrop(kept.masks[k]);
  return sample;
}

uint64_t bytes_of(const Kept& kept) {
  const Annotation& truth = kept.sample.truth;
  uint64_t bytes = sizeof(Kept) + kept.sample.image.pixels.size() + truth.semantic.pixels.size() +
                   truth.alpha.pixels.size() + kept.sample.id.size() +
                   truth.points.size() * sizeof(Point) + truth.labels.size() * sizeof(Label);
  for (const CroppedMask& mask : kept.masks)
    bytes += sizeof(Instance) + sizeof(CroppedMask) + mask.part.pixels.size();
  return bytes;
}

class Cached : public Dataset {
 public:
  Cached(DatasetPtr base, uint64_t max_bytes)
      : base_(std::move(base)), max_bytes_(max_bytes), kept_(static_cast<size_t>(base_->size())) {}

  int64_t size() const override { return base_->size(); }
  std::string id(int64_t i) const override { return base_->id(i); }
  int64_t label(int64_t i) const override { return base_->label(i); }
  const std::vector<std::string>& class_names() const override { return base_->class_names(); }

  Sample read(int64_t i, int min_side) const override {
    if (i < 0 || i >= size()) return base_->read(i, min_side);  // the base says what is wrong
    if (const auto kept = find(i); kept && kept->min_side == min_side) return unpack(*kept);
    Sample sample = base_->read(i, min_side);
    keep(i, pack(sample, min_side));
    return sample;
  }

 private:
  std::shared_ptr<const Kept> find(int64_t i) const {
    std::shared_lock lock(mutex_);
    return kept_[static_cast<size_t>(i)];
  }

  void keep(int64_t i, std::shared_ptr<const Kept> kept) const {
    const uint64_t bytes = bytes_of(*kept);
    std::unique_lock lock(mutex_);
    std::shared_ptr<const Kept>& place = kept_[static_cast<size_t>(i)];
    if (place || bytes > max_bytes_ - used_) return;
    used_ += bytes;
    place = std::move(kept);
  }

  DatasetPtr base_;
  uint64_t max_bytes_;
  mutable std::shared_mutex mutex_;
  mutable std::vector<std::shared_ptr<const Kept>> kept_;
  mutable uint64_t used_ = 0;
};

}  // namespace

DatasetPtr cached(DatasetPtr base, uint64_t max_bytes) {
  if (!base) fail(Kind::internal, "cached: no data set");
  return std::make_shared<Cached>(std::move(base), max_bytes);
}

}  // namespace espalier
