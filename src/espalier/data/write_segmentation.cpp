#include "espalier/data/write_segmentation.h"

#include <array>
#include <cmath>

#include "espalier/core/error.h"

namespace espalier {
namespace {

// Right, down, left, up; turning right is +1.
constexpr std::array<int, 4> kDx{1, 0, -1, 0}, kDy{0, 1, 0, -1};

// Which of the four unit edges leave each grid corner, mask to the right hand of each.
class EdgeGrid {
 public:
  explicit EdgeGrid(const Image& mask)
      : width_(mask.width + 1),
        leaving_(static_cast<size_t>(width_) * static_cast<size_t>(mask.height + 1), 0) {
    const auto set = [&](int x, int y) {
      return x >= 0 && y >= 0 && x < mask.width && y < mask.height && mask.at(x, y) != 0;
    };
    for (int y = 0; y < mask.height; ++y)
      for (int x = 0; x < mask.width; ++x) {
        if (!set(x, y)) continue;
        if (!set(x, y - 1)) add(x, y, 0);
        if (!set(x + 1, y)) add(x + 1, y, 1);
        if (!set(x, y + 1)) add(x + 1, y + 1, 2);
        if (!set(x - 1, y)) add(x, y + 1, 3);
      }
  }

  bool has(int x, int y, int way) const { return leaving_[index(x, y)] >> way & 1; }
  void take(int x, int y, int way) { leaving_[index(x, y)] &= static_cast<uint8_t>(~(1 << way)); }

 private:
  size_t index(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
  }
  void add(int x, int y, int way) { leaving_[index(x, y)] |= static_cast<uint8_t>(1 << way); }

  int width_;
  std::vector<uint8_t> leaving_;
};

// Follows edges from the corner, keeping to the right where two curves meet, until back at the
// start.
Contour follow(EdgeGrid& grid, int x, int y, int way) {
  Contour contour;
  const int start_x = x, start_y = y, start_way = way;
  int64_t twice_area = 0;
  do {
    if (x != start_x || y != start_y || way != start_way) grid.take(x, y, way);
    const int next_x = x + kDx[static_cast<size_t>(way)],
              next_y = y + kDy[static_cast<size_t>(way)];
    twice_area += static_cast<int64_t>(x) * next_y - static_cast<int64_t>(next_x) * y;
    x = next_x, y = next_y;
    int turn = (way + 1) % 4;  // right, then straight on, then left
    for (int k = 0; k < 3 && !grid.has(x, y, turn); ++k) turn = (turn + 3) % 4;
    if (turn != way) contour.corners.insert(contour.corners.end(), {x, y});
    way = turn;
  } while (x != start_x || y != start_y || way != start_way);
  grid.take(start_x, start_y, start_way);  // kept until now, so that the curve closes on it
  contour.hole = twice_area < 0;
  return contour;
}

}  // namespace

double Contour::area() const {
  double twice = 0;
  for (size_t k = 0; k + 1 < corners.size(); k += 2) {
    const size_t next = (k + 2) % corners.size();
    twice += static_cast<double>(corners[k]) * corners[next + 1] -
             static_cast<double>(corners[next]) * corners[k + 1];
  }
  return std::abs(twice) / 2;
}

std::vector<Contour> mask_contours(const Image& mask) {
  EdgeGrid grid(mask);
  std::vector<Contour> contours;
  // Every curve has an edge to the right: along the top of a part, or along the bottom of a hole.
  for (int y = 0; y <= mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (grid.has(x, y, 0)) contours.push_back(follow(grid, x, y, 0));
  return contours;
}

std::vector<uint32_t> rle_counts(const Image& mask) {
  std::vector<uint32_t> counts{0};
  bool inside = false;
  for (int x = 0; x < mask.width; ++x)
    for (int y = 0; y < mask.height; ++y) {
      if ((mask.at(x, y) != 0) != inside) {
        inside = !inside;
        counts.push_back(0);
      }
      ++counts.back();
    }
  return counts;
}

Image mask_from_counts(const std::vector<uint32_t>& counts, int width, int height) {
  const uint64_t pixels = static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
  uint64_t filled = 0;
  for (uint32_t count : counts) filled += count;
  if (filled != pixels)
    fail(Kind::format, "the runs of a mask cover {} pixels, but it has {} x {}", filled, width,
         height);
  Image mask(width, height, 1);
  uint64_t at = 0;
  for (size_t k = 0; k < counts.size(); ++k)
    for (uint32_t left = counts[k]; left > 0; --left, ++at)
      if (k % 2 == 1)
        mask.at(static_cast<int>(at / static_cast<uint64_t>(height)),
                static_cast<int>(at % static_cast<uint64_t>(height))) = 255;
  return mask;
}

}  // namespace espalier
