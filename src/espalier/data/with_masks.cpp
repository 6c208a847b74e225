#include "espalier/data/with_masks.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "espalier/core/error.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/transform.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

std::string without_suffix(const std::string& file) {
  return fs::path(file).replace_extension().generic_string();
}

// The masks of a folder by their paths below it, without suffix.
std::map<std::string, std::string> masks_in(const fs::path& folder) {
  const FolderListing listing = list_pictures(folder);
  std::map<std::string, std::string> masks;
  const auto add = [&](const std::string& file) { masks.emplace(without_suffix(file), file); };
  for (const FolderListing::Class& inner : listing.classes)
    std::for_each(inner.files.begin(), inner.files.end(), add);
  std::for_each(listing.loose.begin(), listing.loose.end(), add);
  return masks;
}

// The longest end of the picture's path that a mask has; "" when none has.
std::string mask_of(const std::string& id, const std::map<std::string, std::string>& masks) {
  std::string name = without_suffix(id);
  while (true) {
    const auto found = masks.find(name);
    if (found != masks.end()) return found->second;
    const size_t slash = name.find('/');
    if (slash == std::string::npos) return "";
    name.erase(0, slash + 1);
  }
}

// A photograph may have been decoded at an eighth of its size, rounded up: a pixel of either is
// allowed.
bool same_shape(const Image& mask, const Image& picture) {
  const int64_t off = int64_t{mask.width} * picture.height - int64_t{mask.height} * picture.width;
  return std::abs(off) <= std::max(mask.width + picture.width, mask.height + picture.height);
}

Image read_mask(const fs::path& file, const Image& picture) {
  Image mask = read_image(file, {.channels = Channels::gray});
  if (!same_shape(mask, picture))
    fail(Kind::data,
         "the mask {} is {} x {}, the picture {} x {}: one is not the other scaled, so it is not "
         "known where the object lies",
         file.string(), mask.width, mask.height, picture.width, picture.height);
  if (std::all_of(mask.pixels.begin(), mask.pixels.end(), [](uint8_t v) { return v < 2; }))
    for (uint8_t& v : mask.pixels) v = v == 0 ? 0 : 255;
  return resize(mask, picture.width, picture.height);
}

class WithMasks : public Dataset {
 public:
  WithMasks(DatasetPtr base, fs::path folder) : base_(std::move(base)), folder_(std::move(folder)) {
    const std::map<std::string, std::string> masks = masks_in(folder_);
    std::map<std::string, std::string> taken;
    for (int64_t i = 0; i < base_->size(); ++i) {
      const std::string id = base_->id(i);
      files_.push_back(mask_of(id, masks));
      if (files_.back().empty()) continue;
      const auto [other, first] = taken.emplace(files_.back(), id);
      if (!first)
        fail(Kind::data,
             "the mask {} would be that of {} and of {}; put masks into folders as the pictures "
             "are",
             (folder_ / files_.back()).string(), other->second, id);
    }
    if (taken.empty() && base_->size() > 0)
      fail(Kind::data, "{} holds no mask for any picture; for {} it would be named {}.png",
           folder_.string(), base_->id(0), fs::path(base_->id(0)).stem().string());
  }

  int64_t size() const override { return base_->size(); }
  std::string id(int64_t i) const override { return base_->id(i); }
  int64_t label(int64_t i) const override { return base_->label(i); }
  const std::vector<std::string>& class_names() const override { return base_->class_names(); }

  Sample read(int64_t i, int min_side) const override {
    Sample sample = base_->read(i, min_side);
    const std::string& file = files_.at(static_cast<size_t>(i));
    if (file.empty()) fail(Kind::data, "{} has no mask in {}", base_->id(i), folder_.string());
    with_context(base_->id(i),
                 [&] { sample.truth.alpha = read_mask(folder_ / file, sample.image); });
    return sample;
  }

 private:
  DatasetPtr base_;
  fs::path folder_;
  std::vector<std::string> files_;  // below the folder; "" where there is none
};

}  // namespace

DatasetPtr with_masks(DatasetPtr base, const fs::path& folder) {
  return std::make_shared<WithMasks>(std::move(base), folder);
}

}  // namespace espalier
