#include "espalier/data/parts.h"

#include <algorithm>

namespace espalier {
namespace {

template <class T>
std::vector<T> piece(const std::vector<T>& all, size_t first, size_t count) {
  auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

std::vector<Part> parts_of(int count, int64_t most) {
  int64_t wanted = (count + most - 1) / most;
  int number = static_cast<int>(std::clamp<int64_t>(wanted, 1, std::max(1, count / 2)));
  std::vector<Part> parts;
  for (int i = 0, first = 0; i < number; ++i) {
    int size = count / number + (i < count % number ? 1 : 0);
    parts.push_back({first, size});
    first += size;
  }
  return parts;
}

Image picture(const Batch& batch, int64_t i) {
  Image image(batch.width, batch.height, batch.channels);
  const int64_t bytes = static_cast<int64_t>(image.pixels.size());
  std::copy_n(batch.pixels.begin() + i * bytes, bytes, image.pixels.begin());
  return image;
}

Batch cut(const Batch& batch, const Part& part) {
  size_t first = static_cast<size_t>(part.first), count = static_cast<size_t>(part.count);
  size_t bytes = batch.pixels.size() / static_cast<size_t>(batch.count);
  return {.count = part.count,
          .height = batch.height,
          .width = batch.width,
          .channels = batch.channels,
          .pixels = piece(batch.pixels, first * bytes, count * bytes),
          .truth = piece(batch.truth, first, count),
          .indices = piece(batch.indices, first, count)};
}

}  // namespace espalier
