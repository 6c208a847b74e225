#include "espalier/data/destruct.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/data/transform.h"

namespace espalier {
namespace {

constexpr int kMostCells = 255;  // a side

void check_grid(int grid) {
  if (grid < 1 || grid > kMostCells)
    fail(Kind::usage, "a grid of {} cells a side, not 1 to {}", grid, kMostCells);
}

size_t cells_of(const Destruction& destruction) {
  return static_cast<size_t>(destruction.grid) * static_cast<size_t>(destruction.grid);
}

Destruction in_place(int grid) {
  Destruction whole{.grid = grid, .source = {}};
  whole.source.resize(cells_of(whole));
  std::iota(whole.source.begin(), whole.source.end(), 0);
  return whole;
}

// The order in which 0 .. count-1 stand once each has been sent up to `reach` places away.
std::vector<int> confused_order(int count, double reach, Random& random) {
  std::vector<double> keys(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) keys[static_cast<size_t>(i)] = i + reach * random.uniform(-1, 1);
  std::vector<int> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  return order;
}

// One line of the grid put into a confused order: the cells first, first + step, ...
void confuse_line(Destruction& destruction, int first, int step, double reach, Random& random) {
  std::vector<int> before;
  for (int i = 0; i < destruction.grid; ++i)
    before.push_back(destruction.source[static_cast<size_t>(first + i * step)]);
  const std::vector<int> order = confused_order(destruction.grid, reach, random);
  for (int i = 0; i < destruction.grid; ++i)
    destruction.source[static_cast<size_t>(first + i * step)] =
        before[static_cast<size_t>(order[static_cast<size_t>(i)])];
}

template <class T>
void maybe_swap_last_two(std::vector<T>& items, Random& random) {
  if (items.size() >= 2 && random.chance(0.5)) std::swap(items.back(), items[items.size() - 2]);
}

int bound(int i, int side, int grid) {
  return static_cast<int>(static_cast<int64_t>(i) * side / grid);
}

struct Cell {
  int x0, y0, x1, y1;
  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
};

Cell cell_of(int index, int width, int height, int grid) {
  const int x = index % grid, y = index / grid;
  return {bound(x, width, grid), bound(y, height, grid), bound(x + 1, width, grid),
          bound(y + 1, height, grid)};
}

void check_cells(const Image& image, const Destruction& destruction) {
  check_grid(destruction.grid);
  if (image.width < destruction.grid || image.height < destruction.grid)
    fail(Kind::usage, "an image of {} x {} pixels has no {} cells a side", image.width,
         image.height, destruction.grid);
  const size_t cells = cells_of(destruction);
  if (destruction.source.size() != cells)
    fail(Kind::usage, "a grid of {0} x {0} cells has {1} sources", destruction.grid,
         destruction.source.size());
  for (int source : destruction.source)
    if (source < 0 || static_cast<size_t>(source) >= cells)
      fail(Kind::usage, "a cell comes from cell {} of {}", source, cells);
}

void copy_cell(const Image& from, const Cell& source, Image& to, const Cell& place) {
  const size_t channels = static_cast<size_t>(from.channels);
  const bool same_width = source.width() == place.width();
  for (int y = 0; y < place.height(); ++y) {
    const int from_y = source.y0 + y * source.height() / place.height();
    const uint8_t* in = from.row(from_y) + static_cast<size_t>(source.x0) * channels;
    uint8_t* out = to.row(place.y0 + y) + static_cast<size_t>(place.x0) * channels;
    if (same_width) {
      std::memcpy(out, in, static_cast<size_t>(place.width()) * channels);
      continue;
    }
    for (int x = 0; x < place.width(); ++x) {
      const int from_x = x * source.width() / place.width();
      std::copy_n(in + static_cast<size_t>(from_x) * channels, channels,
                  out + static_cast<size_t>(x) * channels);
    }
  }
}

Image part_of(const Image& image, const Cell& cell) {
  Image part(cell.width(), cell.height(), image.channels);
  copy_cell(image, cell, part, {0, 0, cell.width(), cell.height()});
  return part;
}

// The channels' means of each cell, added up.
std::vector<double> sums_of_means(const Image& image, int grid) {
  std::vector<double> sums;
  for (int i = 0; i < grid * grid; ++i) {
    const Cell cell = cell_of(i, image.width, image.height, grid);
    int64_t sum = 0;
    for (int y = cell.y0; y < cell.y1; ++y) {
      const uint8_t* row = image.row(y);
      sum += std::accumulate(row + cell.x0 * image.channels, row + cell.x1 * image.channels,
                             int64_t{0});
    }
    sums.push_back(static_cast<double>(sum) / (double(cell.width()) * cell.height()));
  }
  return sums;
}

}  // namespace

Destruction draw_destruction(int grid, double reach, Random& random) {
  check_grid(grid);
  if (!(reach >= 0 && (reach < grid || reach == 0)))
    fail(Kind::usage, "a reach of {} in a grid of {} cells a side, not from 0 to below {}", reach,
         grid, grid);
  Destruction moved = in_place(grid);
  for (int row = 0; row < grid; ++row) confuse_line(moved, row * grid, 1, reach, random);
  for (int column = 0; column < grid; ++column) confuse_line(moved, column, grid, reach, random);
  return moved;
}

Destruction draw_published_walk(int grid, Random& random) {
  check_grid(grid);
  std::vector<std::vector<int>> rows;
  std::vector<int> row;
  for (int i = 0; i < grid * grid; ++i) {
    row.push_back(i);
    maybe_swap_last_two(row, random);
    if (static_cast<int>(row.size()) == grid) rows.push_back(std::move(row)), row.clear();
    maybe_swap_last_two(rows, random);
  }
  Destruction moved{.grid = grid, .source = {}};
  for (const std::vector<int>& line : rows)
    moved.source.insert(moved.source.end(), line.begin(), line.end());
  return moved;
}

Destruction draw_jigsaw(int grid, Random& random) {
  check_grid(grid);
  Destruction moved = in_place(grid);
  random.shuffle(moved.source);
  return moved;
}

Destruction inverse(const Destruction& destruction) {
  Destruction back = in_place(destruction.grid);
  for (size_t i = 0; i < destruction.source.size(); ++i)
    back.source[static_cast<size_t>(destruction.source[i])] = static_cast<int>(i);
  return back;
}

Image destruct(const Image& image, const Destruction& destruction) {
  check_cells(image, destruction);
  Image moved(image.width, image.height, image.channels);
  const int grid = destruction.grid;
  for (int i = 0; i < grid * grid; ++i)
    copy_cell(image,
              cell_of(destruction.source[static_cast<size_t>(i)], image.width, image.height, grid),
              moved, cell_of(i, image.width, image.height, grid));
  return moved;
}

Image destruct_published(const Image& image, const Destruction& destruction, int margin) {
  if (margin < 0 || image.width <= 2 * margin || image.height <= 2 * margin)
    fail(Kind::usage, "a margin of {} pixels leaves nothing of an image of {} x {}", margin,
         image.width, image.height);
  const Image inner = part_of(image, {margin, margin, image.width - margin, image.height - margin});
  check_cells(inner, destruction);
  const int grid = destruction.grid, width = inner.width / grid, height = inner.height / grid;
  Image moved(width * grid, height * grid, image.channels);
  for (int i = 0; i < grid * grid; ++i) {
    const Cell source =
        cell_of(destruction.source[static_cast<size_t>(i)], inner.width, inner.height, grid);
    copy_cell(resize(part_of(inner, source), width, height), {0, 0, width, height}, moved,
              cell_of(i, moved.width, moved.height, grid));
  }
  return resize(moved, image.width, image.height);
}

Destruction guess_sources(const Image& original, const Image& destroyed, int grid) {
  Destruction guess = in_place(grid);
  check_cells(original, guess);
  check_cells(destroyed, guess);
  const std::vector<double> known = sums_of_means(original, grid);
  const std::vector<double> seen = sums_of_means(destroyed, grid);
  for (size_t i = 0; i < seen.size(); ++i) {
    const auto nearest = std::min_element(known.begin(), known.end(), [&](double a, double b) {
      return std::abs(a - seen[i]) < std::abs(b - seen[i]);
    });
    guess.source[i] = static_cast<int>(nearest - known.begin());
  }
  return guess;
}

}  // namespace espalier
