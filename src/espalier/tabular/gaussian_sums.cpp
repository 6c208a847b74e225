#include "espalier/tabular/gaussian_sums.h"

#include <algorithm>
#include <cstring>

#include "espalier/tensor/torch.h"
#include "espalier/tensor/vectors.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {
namespace {

constexpr int64_t kLanes = 8, kFitRows = 512, kRowsAtOnce = 4, kParallelRows = 1024;
typedef double Eight __attribute__((vector_size(64)));

ESPALIER_INLINE inline Eight load_eight(const double* from) {
  Eight value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

ESPALIER_INLINE inline void store_eight(const Eight& value, double* to) {
  std::memcpy(to, &value, sizeof value);
}

// sums += w d, squares += w d^2 with d = row - shift; the last, partial vector one by one.
ESPALIER_INLINE inline void add_row(const double* row,
                                    const double* shift,
                                    double weight,
                                    int64_t count,
                                    double* sums,
                                    double* squares) {
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const Eight d = load_eight(row + j) - load_eight(shift + j), wd = weight * d;
    store_eight(load_eight(sums + j) + wd, sums + j);
    store_eight(load_eight(squares + j) + wd * d, squares + j);
  }
  for (; j < count; ++j) {
    const double d = row[j] - shift[j];
    sums[j] += weight * d;
    squares[j] += weight * d * d;
  }
}

// A block of sums about the mean so far (which keeps d small) joins the class.
void merge(double weight,
           const double* sums,
           const double* squares,
           int64_t count,
           double& class_weight,
           double* mean,
           double* spread) {
  const double all = class_weight + weight;
  for (int64_t j = 0; j < count; ++j) {
    const double offset = sums[j] / weight;  // of the block's mean
    spread[j] += std::max(0.0, squares[j] - sums[j] * offset) +
                 offset * offset * class_weight * (weight / all);
    mean[j] += offset * (weight / all);
  }
  class_weight = all;
}

}  // namespace

void add_gaussian_rows(MatrixView<double> x,
                       std::span<const int32_t> labels,
                       std::span<const double> weights,
                       std::vector<double>& class_weight,
                       Matrix<double>& mean,
                       Matrix<double>& spread) {
  const int64_t width = x.columns;
  Matrix<double> sums(mean.rows, width), squares(mean.rows, width);
  std::vector<double> block_weight(class_weight.size());
  std::vector<int32_t> met;  // classes of the block
  for (int64_t begin = 0; begin < x.rows; begin += kFitRows) {
    const int64_t end = std::min(x.rows, begin + kFitRows);
    for (int64_t i = begin; i < end; ++i) {
      const size_t at = static_cast<size_t>(i);
      const int32_t c = labels[at];
      const double weight = weights.empty() ? 1 : weights[at];
      if (weight == 0) continue;
      if (block_weight[static_cast<size_t>(c)] == 0) {
        met.push_back(c);
        if (class_weight[static_cast<size_t>(c)] == 0) std::copy_n(x.row(i), width, mean.row(c));
      }
      block_weight[static_cast<size_t>(c)] += weight;
    }
    with_widest_vectors([&]() ESPALIER_INLINE {
      for (int64_t i = begin; i < end; ++i) {
        const size_t at = static_cast<size_t>(i);
        const int32_t c = labels[at];
        const double weight = weights.empty() ? 1 : weights[at];
        if (weight != 0) add_row(x.row(i), mean.row(c), weight, width, sums.row(c), squares.row(c));
      }
    });
    for (const int32_t c : met) {
      const size_t at = static_cast<size_t>(c);
      merge(block_weight[at], sums.row(c), squares.row(c), width, class_weight[at], mean.row(c),
            spread.row(c));
      std::fill_n(sums.row(c), width, 0);
      std::fill_n(squares.row(c), width, 0);
      block_weight[at] = 0;
    }
    met.clear();
  }
}

void gaussian_joint(MatrixView<double> x,
                    const Matrix<double>& mean,
                    const Matrix<double>& scale,
                    const std::vector<double>& constant,
                    Matrix<double>& joint) {
  const int64_t width = x.columns, classes = mean.rows;
  const int64_t groups = (classes + kLanes - 1) / kLanes;
  // For each group of eight classes and each column: eight means, eight scales.
  std::vector<double> packed(static_cast<size_t>(groups * width * 2 * kLanes));
  std::vector<double> start(static_cast<size_t>(groups * kLanes));
  std::copy(constant.begin(), constant.end(), start.begin());
  for (int64_t c = 0; c < classes; ++c)
    for (int64_t j = 0; j < width; ++j) {
      double* place = &packed[static_cast<size_t>((c / kLanes * width + j) * 2 * kLanes)];
      place[c % kLanes] = mean(c, j);
      place[kLanes + c % kLanes] = scale(c, j);
    }

  at::parallel_for(0, x.rows, kParallelRows, [&](int64_t begin, int64_t end) {
    with_widest_vectors([&]() ESPALIER_INLINE {
      for (int64_t i = begin; i < end; i += kRowsAtOnce) {
        const double* rows[kRowsAtOnce];  // of the last few, the last one again
        for (int64_t r = 0; r < kRowsAtOnce; ++r) rows[r] = x.row(std::min(i + r, end - 1));
        for (int64_t g = 0; g < groups; ++g) {
          const double* pack = &packed[static_cast<size_t>(g * width * 2 * kLanes)];
          Eight s0 = load_eight(&start[static_cast<size_t>(g * kLanes)]), s1 = s0, s2 = s0, s3 = s0;
          for (int64_t j = 0; j < width; ++j, pack += 2 * kLanes) {
            const Eight m = load_eight(pack), w = load_eight(pack + kLanes);
            const Eight d0 = rows[0][j] - m, d1 = rows[1][j] - m, d2 = rows[2][j] - m,
                        d3 = rows[3][j] - m;
            s0 -= d0 * d0 * w;
            s1 -= d1 * d1 * w;
            s2 -= d2 * d2 * w;
            s3 -= d3 * d3 * w;
          }
          double out[kRowsAtOnce][kLanes];
          store_eight(s0, out[0]);
          store_eight(s1, out[1]);
          store_eight(s2, out[2]);
          store_eight(s3, out[3]);
          const int64_t count = std::min(kLanes, classes - g * kLanes);
          for (int64_t r = 0; r < std::min(kRowsAtOnce, end - i); ++r)
            std::copy_n(out[r], count, joint.row(i + r) + g * kLanes);
        }
      }
    });
  });
}

}  // namespace espalier

#pragma GCC diagnostic pop
