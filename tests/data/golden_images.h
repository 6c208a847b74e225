// Pictures in golden files and of noise, and how far another picture is from one.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/core/random.h"
#include "espalier/data/dataset.h"
#include "espalier/format/image.h"

namespace espalier {

using Json = nlohmann::json;

inline Json read_golden(const std::string& name) {
  return Json::parse(read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / name));
}

inline Image stored(const Json& json) {
  Image image(json.at("width"), json.at("height"), json.at("channels"));
  image.pixels = json.at("pixels").get<std::vector<uint8_t>>();
  return image;
}

// The largest difference in levels; 999 for different sizes.
inline int farthest(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.channels != b.channels) return 999;
  int worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    worst = std::max(worst, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  return worst;
}

inline Image noise(int width, int height, int channels, uint64_t seed = 1) {
  Random random(seed);
  Image image(width, height, channels);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  return image;
}

// Nothing but the picture.
inline Sample sample_of(Image image) {
  Sample sample;
  sample.image = std::move(image);
  return sample;
}

}  // namespace espalier
