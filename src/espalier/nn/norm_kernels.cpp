#include "espalier/nn/norm_kernels.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "espalier/tensor/vectors.h"

#pragma GCC diagnostic ignored "-Wpsabi"

namespace espalier {
namespace {

constexpr int kLanes = 16;
constexpr int kGroup = 4;                 // vectors of one row that are summed in registers
constexpr int64_t kTileBytes = 24 << 10;  // half of a first-level cache
constexpr int64_t kSlabValues = 1 << 16;  // work worth a thread
constexpr int64_t kMostSlabs = 64;

// Few channels waste lanes and wait for one another's sums, so several rows are seen as one wide
// one: 24 channels by 64 rows as 96 by 16. `fold` is the number of rows in one.
int64_t fold_of(Extent extent) {
  if (extent.channels >= kLanes * kGroup && extent.channels % kLanes == 0) return 1;
  for (int64_t fold = 1; fold <= 64; fold *= 2)
    if (extent.rows % fold == 0 && extent.channels * fold >= kLanes * kGroup &&
        extent.channels * fold % kLanes == 0)
      return fold;
  return 1;
}

std::vector<float> repeated(const float* values, int64_t channels, int64_t fold) {
  std::vector<float> all;
  if (!values) return all;
  all.reserve(static_cast<size_t>(channels * fold));
  for (int64_t i = 0; i < fold; ++i) all.insert(all.end(), values, values + channels);
  return all;
}

// The view of the memory that the passes work on, and its slabs of whole rows.
struct Plan {
  int64_t fold, rows, channels, slabs;

  explicit Plan(Extent extent)
      : fold(fold_of(extent)),
        rows(extent.rows / fold),
        channels(extent.channels * fold),
        slabs(std::clamp<int64_t>(rows * channels / kSlabValues, 1, std::min(rows, kMostSlabs))) {}

  // run(slab, first row, end row)
  template <class Run>
  void for_each_slab(const Run& run) const {
    at::parallel_for(0, slabs, 1, [&](int64_t begin, int64_t end) {
      for (int64_t slab = begin; slab < end; ++slab)
        run(slab, rows * slab / slabs, rows * (slab + 1) / slabs);
    });
  }
};

// Calls step.template run<lanes, vectors>(channel) until all channels are done.
template <class Step>
ESPALIER_INLINE inline void over_channels(int64_t channels, const Step& step) {
  int64_t c = 0;
  for (; c + kLanes * kGroup <= channels; c += kLanes * kGroup)
    step.template run<kLanes, kGroup>(c);
  for (; c + kLanes <= channels; c += kLanes) step.template run<kLanes, 1>(c);
  for (; c < channels; ++c) step.template run<1, 1>(c);
}

template <class T>
int64_t rows_a_tile(int64_t channels) {
  return std::max<int64_t>(8, kTileBytes / (channels * static_cast<int64_t>(sizeof(T))));
}

template <Rectifier R, class V>
ESPALIER_INLINE inline V rectified(const V& z) {
  // In this order a NaN passes.
  V zero{};
  if constexpr (R == Rectifier::none) return z;
  V low = zero > z ? zero : z;
  if constexpr (R == Rectifier::relu) return low;
  V six = zero + 6.f;
  return low > six ? six : low;
}

template <Rectifier R, class V>
ESPALIER_INLINE inline V opened(const V& z, const V& dy) {
  V zero{};
  if constexpr (R == Rectifier::none) return dy;
  if constexpr (R == Rectifier::relu) return z <= zero ? zero : dy;
  // Not above 0 or not below 6, in one comparison: g++ 12 takes a second one apart into single numbers.
  return z * (zero + 6.f - z) <= zero ? zero : dy;
}

// --- moments

// Sums of x - shift and of its square over the rows of one tile.
template <class T>
struct TileMoments {
  const T* x;
  int64_t rows, channels;
  const float* shift;
  float *sum, *square;

  template <int W, int K>
  ESPALIER_INLINE void run(int64_t c) const {
    Floats<W> s[K]{}, q[K]{}, about[K];
    for (int k = 0; k < K; ++k) about[k] = load<W>(shift + c + k * W);
    const T* row = x + c;
    for (int64_t r = 0; r < rows; ++r, row += channels) {
      for (int k = 0; k < K; ++k) {
        Floats<W> d = load<W>(row + k * W) - about[k];
        s[k] += d;
        q[k] += d * d;
      }
    }
    for (int k = 0; k < K; ++k) {
      store(s[k], sum + c + k * W);
      store(q[k], square + c + k * W);
    }
  }
};

// Joins (count, mean, sum of squared deviations) of two sets (Chan, Golub and LeVeque 1983).
ESPALIER_INLINE inline void join(
    double na, double& mean, double& m2, double nb, double mean_b, double m2_b) {
  double share = nb / (na + nb), delta = mean_b - mean;
  mean += delta * share;
  m2 += m2_b + delta * delta * na * share;
}

// Sums are taken about the mean of the rows before, which makes one pass as exact as two.
template <class T>
ESPALIER_INLINE inline void slab_moments(
    const T* x, int64_t rows, int64_t channels, float* scratch, double* mean, double* m2) {
  float *shift = scratch, *sum = scratch + channels, *square = scratch + 2 * channels;
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<float>(x[c]);
    m2[c] = 0;
  }
  int64_t tile = rows_a_tile<T>(channels);
  for (int64_t done = 0; done < rows; done += tile) {
    int64_t count = std::min(tile, rows - done);
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) shift[c] = static_cast<float>(mean[c]);
    over_channels(channels,
                  TileMoments<T>{x + done * channels, count, channels, shift, sum, square});
    double na = static_cast<double>(done), nb = static_cast<double>(count), over = 1 / nb;
    double share = nb / (na + nb), weight = na * share;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      double d = sum[c] * over, mean_b = shift[c] + d, delta = mean_b - mean[c];
      mean[c] += delta * share;
      m2[c] += square[c] - sum[c] * d + delta * delta * weight;
    }
  }
}

// --- one pass that reads, scales and rectifies

template <class T, Rectifier R, bool kAdd>
struct Rectify {
  const T *x, *addend;
  const float *scale, *shift;
  T* y;

  template <int W, int K>
  ESPALIER_INLINE void run(int64_t c) const {
    for (int k = 0; k < K; ++k) {
      int64_t i = c + k * W;
      Floats<W> z = load<W>(x + i) * load<W>(scale + i) + load<W>(shift + i);
      if constexpr (kAdd) z += load<W>(addend + i);
      store(rectified<R>(z), y + i);
    }
  }
};

// --- gradients

template <class T, Rectifier R, bool kByOutput>
struct Gate {
  static constexpr bool kReadsX = R != Rectifier::none && !kByOutput;
  const T *dy, *x, *y;
  const float *scale, *shift;

  // dz of W values: `i` from the pointers' start, `c` the channel, `value` of x there.
  template <int W>
  ESPALIER_INLINE Floats<W> dz(int64_t i, int64_t c, const Floats<W>& value) const {
    Floats<W> arrived = load<W>(dy + i);
    if constexpr (R == Rectifier::none) return arrived;
    if constexpr (kByOutput) return opened<R>(load<W>(y + i), arrived);
    return opened<R>(value * load<W>(scale + c) + load<W>(shift + c), arrived);
  }
};

template <class V>
ESPALIER_INLINE inline void add(const V& values, double* to) {
  constexpr int W = sizeof(V) / sizeof(float);
  float lanes[W];
  store(values, lanes);
#pragma omp simd
  for (int l = 0; l < W; ++l) to[l] += lanes[l];
}

template <class T, class G, bool kKeep>
struct TileGradients {
  G gate;
  int64_t first, rows, channels;  // `first`: offset of the tile
  const float* mean;
  T* kept;
  double *sum, *product;

  template <int W, int K>
  ESPALIER_INLINE void run(int64_t c) const {
    Floats<W> s[K]{}, p[K]{}, about[K];
    for (int k = 0; k < K; ++k) about[k] = load<W>(mean + c + k * W);
    int64_t i = first + c;
    for (int64_t r = 0; r < rows; ++r, i += channels) {
      for (int k = 0; k < K; ++k) {
        Floats<W> value = load<W>(gate.x + i + k * W);
        Floats<W> dz = gate.template dz<W>(i + k * W, c + k * W, value);
        s[k] += dz;
        p[k] += dz * (value - about[k]);
        if constexpr (kKeep) store(dz, kept + i + k * W);
      }
    }
    for (int k = 0; k < K; ++k) {
      add(s[k], sum + c + k * W);
      add(p[k], product + c + k * W);
    }
  }
};

template <class T, class G, bool kCentred, bool kKeep>
struct RowGradient {
  G gate;
  int64_t first;
  const float *mean, *factor, *slope, *offset;
  T *dx, *kept;

  template <int W, int K>
  ESPALIER_INLINE void run(int64_t c) const {
    for (int k = 0; k < K; ++k) {
      int64_t j = c + k * W, i = first + j;
      Floats<W> value{};
      if constexpr (kCentred || G::kReadsX) value = load<W>(gate.x + i);
      Floats<W> dz = gate.template dz<W>(i, j, value);
      if constexpr (kKeep) store(dz, kept + i);
      Floats<W> d = dz * load<W>(factor + j);
      if constexpr (kCentred)
        d -= (value - load<W>(mean + j)) * load<W>(slope + j) + load<W>(offset + j);
      store(d, dx + i);
    }
  }
};

// run.template operator()<Rectifier>()
template <class Run>
void by_rectifier(Rectifier rectifier, const Run& run) {
  if (rectifier == Rectifier::relu) return run.template operator()<Rectifier::relu>();
  if (rectifier == Rectifier::relu6) return run.template operator()<Rectifier::relu6>();
  run.template operator()<Rectifier::none>();
}

// run(gate) with the gate of `in`, whose scale and shift are those of the plan.
template <class T, class Run>
void by_gate(const Opened<T>& in, const float* scale, const float* shift, const Run& run) {
  by_rectifier(in.rectifier, [&]<Rectifier R>() {
    if (in.y)
      run(Gate<T, R, true>{in.dy, in.x, in.y, scale, shift});
    else
      run(Gate<T, R, false>{in.dy, in.x, in.y, scale, shift});
  });
}

}  // namespace

template <class T>
void channel_moments(const T* x, Extent extent, float* mean, float* variance) {
  Plan plan(extent);
  size_t width = static_cast<size_t>(plan.channels);
  std::vector<double> means(width * static_cast<size_t>(plan.slabs)), m2s(means.size());
  plan.for_each_slab([&](int64_t slab, int64_t begin, int64_t end) {
    std::vector<float> scratch(3 * width);
    with_widest_vectors([&]() ESPALIER_INLINE {
      slab_moments(x + begin * plan.channels, end - begin, plan.channels, scratch.data(),
                   means.data() + slab * plan.channels, m2s.data() + slab * plan.channels);
    });
  });
  for (int64_t c = 0; c < extent.channels; ++c) {
    double count = 0, m = 0, m2 = 0;
    for (int64_t slab = 0; slab < plan.slabs; ++slab) {
      double n =
          static_cast<double>(plan.rows * (slab + 1) / plan.slabs - plan.rows * slab / plan.slabs);
      for (int64_t f = 0; f < plan.fold; ++f) {
        size_t i = static_cast<size_t>(slab * plan.channels + f * extent.channels + c);
        join(count, m, m2, n, means[i], m2s[i]);
        count += n;
      }
    }
    mean[c] = static_cast<float>(m);
    variance[c] = static_cast<float>(std::max(0.0, m2 / static_cast<double>(extent.rows)));
  }
}

template <class T>
void scale_and_rectify(const T* x,
                       const T* addend,
                       const float* scale,
                       const float* shift,
                       Rectifier rectifier,
                       T* y,
                       Extent extent) {
  Plan plan(extent);
  std::vector<float> scales = repeated(scale, extent.channels, plan.fold);
  std::vector<float> shifts = repeated(shift, extent.channels, plan.fold);
  by_rectifier(rectifier, [&]<Rectifier R>() {
    plan.for_each_slab([&](int64_t, int64_t begin, int64_t end) {
      auto rows = [&]<bool kAdd>() ESPALIER_INLINE {
        with_widest_vectors([&]() ESPALIER_INLINE {
          for (int64_t r = begin; r < end; ++r) {
            int64_t at = r * plan.channels;
            over_channels(plan.channels, Rectify<T, R, kAdd>{x + at, kAdd ? addend + at : nullptr,
                                                             scales.data(), shifts.data(), y + at});
          }
        });
      };
      if (addend)
        rows.template operator()<true>();
      else
        rows.template operator()<false>();
    });
  });
}

template <class T>
void gradient_sums(const Opened<T>& in,
                   const float* mean,
                   Extent extent,
                   T* dz,
                   double* sum,
                   double* product_sum) {
  Plan plan(extent);
  size_t width = static_cast<size_t>(plan.channels);
  std::vector<float> scales = repeated(in.scale, extent.channels, plan.fold);
  std::vector<float> shifts = repeated(in.shift, extent.channels, plan.fold);
  std::vector<float> means = repeated(mean, extent.channels, plan.fold);
  std::vector<double> sums(width * static_cast<size_t>(plan.slabs)), products(sums.size());
  by_gate(in, scales.data(), shifts.data(), [&]<class G>(const G& gate) {
    plan.for_each_slab([&](int64_t slab, int64_t begin, int64_t end) {
      auto tiles = [&]<bool kKeep>() ESPALIER_INLINE {
        with_widest_vectors([&]() ESPALIER_INLINE {
          int64_t tile = rows_a_tile<T>(plan.channels);
          for (int64_t r = begin; r < end; r += tile)
            over_channels(plan.channels,
                          TileGradients<T, G, kKeep>{
                              gate, r * plan.channels, std::min(tile, end - r), plan.channels,
                              means.data(), dz, sums.data() + slab * plan.channels,
                              products.data() + slab * plan.channels});
        });
      };
      if (dz)
        tiles.template operator()<true>();
      else
        tiles.template operator()<false>();
    });
  });
  std::fill_n(sum, extent.channels, 0.0);
  std::fill_n(product_sum, extent.channels, 0.0);
  for (size_t i = 0; i < sums.size(); ++i) {
    size_t c = i % static_cast<size_t>(extent.channels);
    sum[c] += sums[i];
    product_sum[c] += products[i];
  }
}

template <class T>
void input_gradient(const Opened<T>& in,
                    const float* mean,
                    const float* factor,
                    const float* slope,
                    const float* offset,
                    Extent extent,
                    T* dx,
                    T* dz) {
  Plan plan(extent);
  std::vector<float> scales = repeated(in.scale, extent.channels, plan.fold);
  std::vector<float> shifts = repeated(in.shift, extent.channels, plan.fold);
  std::vector<float> means = repeated(mean, extent.channels, plan.fold);
  std::vector<float> factors = repeated(factor, extent.channels, plan.fold);
  std::vector<float> slopes = repeated(slope, extent.channels, plan.fold);
  std::vector<float> offsets = repeated(offset, extent.channels, plan.fold);
  by_gate(in, scales.data(), shifts.data(), [&]<class G>(const G& gate) {
    plan.for_each_slab([&](int64_t, int64_t begin, int64_t end) {
      auto rows = [&]<bool kCentred, bool kKeep>() ESPALIER_INLINE {
        with_widest_vectors([&]() ESPALIER_INLINE {
          for (int64_t r = begin; r < end; ++r)
            over_channels(plan.channels, RowGradient<T, G, kCentred, kKeep>{
                                             gate, r * plan.channels, means.data(), factors.data(),
                                             slopes.data(), offsets.data(), dx, dz});
        });
      };
      if (slope && dz)
        rows.template operator()<true, true>();
      else if (slope)
        rows.template operator()<true, false>();
      else if (dz)
        rows.template operator()<false, true>();
      else
        rows.template operator()<false, false>();
    });
  });
}

#define ESPALIER_FOR(T)                                                                          \
  template void channel_moments(const T*, Extent, float*, float*);                               \
  template void scale_and_rectify(const T*, const T*, const float*, const float*, Rectifier, T*, \
                                  Extent);                                                       \
  template void gradient_sums(const Opened<T>&, const float*, Extent, T*, double*, double*);     \
  template void input_gradient(const Opened<T>&, const float*, const float*, const float*,       \
                               const float*, Extent, T*, T*);
ESPALIER_FOR(float)
ESPALIER_FOR(c10::BFloat16)
#undef ESPALIER_FOR

}  // namespace espalier
