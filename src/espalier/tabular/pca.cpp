#include "espalier/tabular/pca.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/tabular/as_tensor.h"
#include "espalier/tabular/finite_rows.h"
#include "espalier/tabular/largest_pairs.h"
#include "espalier/tabular/model_arrays.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kMost = int64_t{1} << 31;
constexpr int64_t kRowsAtOnce = 4096;

template <class T>
constexpr at::ScalarType kType = std::is_same_v<T, float> ? at::kFloat : at::kDouble;

// Looks into the view; nothing writes through it.
template <class T>
at::Tensor tensor_of(MatrixView<T> x) {
  return at::from_blob(const_cast<T*>(x.data), {x.rows, x.columns}, {x.stride, 1},
                       at::TensorOptions().dtype(kType<T>));
}

template <class T>
std::vector<T> values_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.to(kType<T>).contiguous();
  return {plain.data_ptr<T>(), plain.data_ptr<T>() + plain.numel()};
}

template <class T>
Matrix<T> matrix_of(const at::Tensor& tensor) {
  Matrix<T> matrix(tensor.size(0), tensor.size(1));
  matrix.values = values_of<T>(tensor);
  return matrix;
}

// Eigenvalues of the covariance that were found, falling, with their directions as rows, and the variance of all.
struct Spectrum {
  at::Tensor variance, directions;  // doubles; of the type of the table
  double total = 0;
};

// Sums in doubles over parts of the rows: a float sum over all of them loses the small components.
template <class T>
at::Tensor mean_of(MatrixView<T> x) {
  at::Tensor sum = at::zeros({x.columns}, at::kDouble);
  for (int64_t r = 0; r < x.rows; r += kRowsAtOnce)
    sum += tensor_of(x.slice(r, std::min(x.rows, r + kRowsAtOnce))).sum(0, false, at::kDouble);
  return sum / static_cast<double>(x.rows);
}

// Half of the products are enough, the matrix being symmetric: blocks of columns on and above the diagonal.
void add_gram(const at::Tensor& part, at::Tensor& sum) {
  const int64_t columns = part.size(1), blocks = columns >= 256 ? 4 : 1;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t from = columns * i / blocks, to = columns * (i + 1) / blocks;
    sum.slice(0, from, to).slice(1, from) +=
        at::mm(part.slice(1, from, to).t(), part.slice(1, from));
  }
}

constexpr int64_t kParts = 4;  // of a sum over rows, added up in their order

template <class T>
at::Tensor covariance_of(MatrixView<T> x, const at::Tensor& mean) {
  const at::Tensor centre = mean.to(kType<T>);
  std::vector<at::Tensor> sums(kParts);
  for_row_parts(x.rows, kParts, [&](int64_t part, int64_t begin, int64_t end) {
    at::Tensor sum = at::zeros({x.columns, x.columns}, at::kDouble);
    at::Tensor block = at::empty({std::min(end - begin, kRowsAtOnce), x.columns}, kType<T>);
    for (int64_t r = begin; r < end; r += kRowsAtOnce) {
      const int64_t last = std::min(end, r + kRowsAtOnce);
      at::Tensor rows = block.slice(0, 0, last - r);
      at::sub_out(rows, tensor_of(x.slice(r, last)), centre);
      add_gram(rows, sum);
    }
    sums[static_cast<size_t>(part)] = sum;
  });
  at::Tensor covariance = at::zeros({x.columns, x.columns}, at::kDouble);
  for (const at::Tensor& sum : sums)
    if (sum.defined()) covariance += sum;
  covariance /= static_cast<double>(x.rows - 1);
  return at::triu(covariance) + at::triu(covariance, 1).t();
}

template <class T>
Spectrum by_covariance(const at::Tensor& covariance, int64_t wanted, uint64_t seed) {
  const double total = covariance.trace().item<double>();
  // A few of many: without the others. Single precision has no use for the last digits.
  if (const EigenPairs found =
          largest_pairs(covariance, wanted, std::is_same_v<T, float> ? 1e-7 : 1e-12, seed);
      found.vectors.defined())
    return {found.values, found.vectors.t().to(kType<T>), total};
  auto [values, vectors] = at::linalg_eigh(covariance);
  return {values.flip(0).clamp_min(0), vectors.flip(1).t().to(kType<T>), total};
}

template <class T>
Spectrum by_svd(MatrixView<T> x, const at::Tensor& mean) {
  const at::Tensor centred = tensor_of(x) - mean.to(kType<T>);
  auto [u, s, v] = at::linalg_svd(centred, false);
  const at::Tensor variance = s.to(at::kDouble).square() / static_cast<double>(x.rows - 1);
  return {variance, v, variance.sum().item<double>()};
}

// Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.1, on a table that is never centred as a whole.
template <class T>
Spectrum by_sketch(MatrixView<T> x,
                   const at::Tensor& mean,
                   int64_t wanted,
                   const PcaConfig& config) {
  const int64_t smaller = std::min(x.rows, x.columns), width = std::min(smaller, wanted + 10);
  int64_t rounds = config.power_iterations;
  if (rounds < 0) rounds = static_cast<double>(wanted) < 0.1 * static_cast<double>(smaller) ? 7 : 4;
  const at::Tensor table = tensor_of(x), centre = mean.to(kType<T>).unsqueeze(0);
  auto times = [&](const at::Tensor& right) {
    at::Tensor result = at::empty({x.rows, right.size(1)}, kType<T>);
    const at::Tensor off = at::mm(centre, right);
    for_row_blocks(x.rows, [&](int64_t begin, int64_t end) {
      result.slice(0, begin, end).copy_(at::mm(table.slice(0, begin, end), right) - off);
    });
    return result;
  };
  auto transposed_times = [&](const at::Tensor& right) {
    std::vector<at::Tensor> sums(kParts);
    for_row_parts(x.rows, kParts, [&](int64_t part, int64_t begin, int64_t end) {
      sums[static_cast<size_t>(part)] =
          at::mm(table.slice(0, begin, end).t(), right.slice(0, begin, end));
    });
    at::Tensor result;
    on_one_thread([&] {
      torch::NoGradGuard guard;
      result = at::mm(centre.t(), right.sum(0, true)).neg_();
    });
    for (const at::Tensor& sum : sums)
      if (sum.defined()) result += sum;
    return result;
  };
  auto orthonormal = [](const at::Tensor& columns) {
    at::Tensor basis;
    on_one_thread([&] {
      torch::NoGradGuard guard;
      basis = std::get<0>(at::linalg_qr(columns, "reduced"));
    });
    return basis;
  };
  at::Tensor sketch = at::empty({x.columns, width}, kType<T>);
  Random random(static_cast<uint64_t>(config.seed));
  T* values = sketch.data_ptr<T>();
  for (int64_t i = 0; i < sketch.numel(); ++i) values[i] = static_cast<T>(random.normal());
  at::Tensor range = orthonormal(times(sketch));
  for (int64_t i = 0; i < rounds; ++i)
    range = orthonormal(times(orthonormal(transposed_times(range))));
  at::Tensor s, v;
  const at::Tensor small = transposed_times(range).t();
  on_one_thread([&] {
    torch::NoGradGuard guard;
    auto [left, values, right] = at::linalg_svd(small, false);
    s = values, v = right;
  });
  std::vector<double> squares(kParts);
  for_row_parts(x.rows, kParts, [&](int64_t part, int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r += kRowsAtOnce) {
      const at::Tensor rows = tensor_of(x.slice(r, std::min(end, r + kRowsAtOnce)));
      const at::Tensor off = rows.to(at::kDouble) - mean;
      squares[static_cast<size_t>(part)] += off.square().sum().item<double>();
    }
  });
  const double total = std::accumulate(squares.begin(), squares.end(), 0.0);
  const auto freedom = static_cast<double>(x.rows - 1);
  return {s.to(at::kDouble).square() / freedom, v, total / freedom};
}

// Minka 2000, equation 77: log evidence of `rank` directions.
double minka_evidence(const std::vector<double>& variance, int64_t rank, int64_t rows) {
  constexpr double kTiny = 1e-15;
  const auto columns = static_cast<int64_t>(variance.size());
  const auto n = static_cast<double>(rows);
  const auto k = static_cast<double>(rank);
  auto at = [&](int64_t i) { return variance[static_cast<size_t>(i)]; };
  if (at(rank - 1) < kTiny) return -std::numeric_limits<double>::infinity();
  double prior = -k * std::log(2.0), large = 0, rest = 0;
  for (int64_t i = 1; i <= rank; ++i) {
    const double half = static_cast<double>(columns - i + 1) / 2;
    prior += std::lgamma(half) - std::log(std::numbers::pi) * half;
    large += std::log(at(i - 1));
  }
  for (int64_t i = rank; i < columns; ++i) rest += at(i);
  const double noise = std::max(kTiny, rest / static_cast<double>(columns - rank));
  const double parameters = static_cast<double>(columns) * k - k * (k + 1) / 2;
  double hessian = 0;
  for (int64_t i = 0; i < rank; ++i)
    for (int64_t j = i + 1; j < columns; ++j)
      hessian +=
          std::log((at(i) - at(j)) * (1 / (j < rank ? at(j) : noise) - 1 / at(i))) + std::log(n);
  return prior - large * n / 2 - std::log(noise) * n * static_cast<double>(columns - rank) / 2 +
         std::log(2 * std::numbers::pi) * (parameters + k) / 2 - hessian / 2 - k * std::log(n) / 2;
}

int64_t minka_rank(const std::vector<double>& variance, int64_t rows) {
  int64_t best = 1;
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t rank = 1; rank < static_cast<int64_t>(variance.size()); ++rank)
    if (const double evidence = minka_evidence(variance, rank, rows); evidence > most) {
      most = evidence;
      best = rank;
    }
  return best;
}

// Each row's entry of largest size becomes positive.
at::Tensor with_signs(const at::Tensor& rows) {
  const at::Tensor place = rows.abs().argmax(1, true);
  return rows * rows.gather(1, place).sign();
}

std::string chosen_solver(const PcaConfig& config, int64_t rows, int64_t columns, int64_t wanted) {
  if (config.solver != "auto") return config.solver;
  const int64_t smaller = std::min(rows, columns);
  if (columns <= 1000 && rows >= 10 * columns) return "covariance";
  if (std::max(rows, columns) <= 500 || config.minka || config.share > 0) return "full";
  return wanted >= 1 && static_cast<double>(wanted) < 0.8 * static_cast<double>(smaller)
             ? "randomized"
             : "full";
}

template <class T>
void check(const PcaConfig& config, MatrixView<T> x) {
  PcaConfig copy = config;
  for (const Field& f : fields(copy)) set_field({f}, f.name, field_text(f));
  if (x.rows < 2 || x.columns < 1)
    fail(Kind::data, "a table of {} rows and {} columns has no components", x.rows, x.columns);
  check_finite_rows(x);
  if (config.components > std::min(x.rows, x.columns))
    fail(Kind::usage, "{} components of {} rows and {} columns", config.components, x.rows,
         x.columns);
  if (config.solver == "randomized" && (config.minka || config.share > 0))
    fail(Kind::usage,
         "solver = randomized finds a given number of components: give it, or take "
         "solver = full");
  if (config.minka && x.rows < x.columns)
    fail(Kind::usage, "Minka's choice needs as many rows as columns; there are {} and {}", x.rows,
         x.columns);
}

}  // namespace

Fields fields(PcaConfig& c) {
  return {
      field("components", c.components, "directions; 0: all").between(0, 1e9),
      field("share", c.share, "of the variance to be explained, instead of a number").between(0, 1),
      field("minka", c.minka, "as many as Minka's evidence says"),
      field("solver", c.solver, "full: SVD; covariance: for many rows; randomized: for few of many")
          .one_of({"auto", "full", "covariance", "randomized"}),
      field("whiten", c.whiten, "codes of variance 1"),
      field("power_iterations", c.power_iterations, "of randomized; -1: chosen").between(-1, 1000),
      field("seed", c.seed, "of randomized").between(0, 9e15)};
}

template <class T>
Pca<T> fit_pca(const PcaConfig& config, MatrixView<T> x) {
  torch::NoGradGuard guard;
  check(config, x);
  const int64_t smaller = std::min(x.rows, x.columns);
  const bool open = config.minka || config.share > 0;  // how many is not known before
  const int64_t wanted = config.components > 0 && !open ? config.components : smaller;
  Pca<T> pca{.rows = x.rows, .whiten = config.whiten};
  pca.solver = chosen_solver(config, x.rows, x.columns, wanted);
  at::Tensor mean;
  on_one_thread([&] {
    torch::NoGradGuard inner;
    mean = mean_of(x);
  });
  at::Tensor covariance;
  if (pca.solver == "covariance") covariance = covariance_of(x, mean);
  Spectrum found;
  if (pca.solver == "randomized")
    found = by_sketch(x, mean, wanted, config);
  else
    on_one_thread([&] {
      torch::NoGradGuard inner;
      found = pca.solver == "full"
                  ? by_svd(x, mean)
                  : by_covariance<T>(covariance, wanted, static_cast<uint64_t>(config.seed));
    });
  std::vector<double> variance = values_of<double>(found.variance);
  int64_t kept = wanted;
  if (config.minka) {
    variance.resize(static_cast<size_t>(smaller));
    kept = minka_rank(variance, x.rows);
  } else if (config.share > 0) {
    double sum = 0;
    for (kept = 0; kept < smaller && !(sum > config.share * found.total); ++kept)
      sum += variance[static_cast<size_t>(kept)];
  }
  variance.resize(static_cast<size_t>(kept));
  pca.mean = values_of<T>(mean);
  pca.components = matrix_of<T>(with_signs(found.directions.slice(0, 0, kept)));
  double explained = 0;
  for (const double v : variance) {
    pca.ratio.push_back(found.total > 0 ? v / found.total : 0);
    explained += v;
  }
  if (kept < smaller)
    pca.noise_variance =
        std::max(0.0, found.total - explained) / static_cast<double>(smaller - kept);
  pca.variance = std::move(variance);
  return pca;
}

template <class T>
Matrix<T> Pca<T>::transform(MatrixView<T> x) const {
  torch::NoGradGuard guard;
  if (x.columns != components.columns)
    fail(Kind::data, "the components have {} columns, not {}", components.columns, x.columns);
  at::Tensor directions = tensor_of(components.view()).t();
  if (whiten)
    directions =
        directions / at::tensor(variance, at::kDouble).clamp_min(1e-300).sqrt().to(kType<T>);
  // (x - mean) D as x D - mean D would cancel; so a part at a time is centred.
  Matrix<T> codes(x.rows, components.rows);
  const at::Tensor centre = tensor_of(MatrixView<T>{mean.data(), 1, x.columns, x.columns});
  for_row_blocks(x.rows, [&](int64_t begin, int64_t end) {
    at::Tensor to = tensor_of(codes.view().slice(begin, end));
    at::mm_out(to, tensor_of(x.slice(begin, end)) - centre, directions);
  });
  return codes;
}

template <class T>
Matrix<T> Pca<T>::inverse_transform(MatrixView<T> codes) const {
  torch::NoGradGuard guard;
  if (codes.columns != components.rows)
    fail(Kind::data, "there are {} components, not {}", components.rows, codes.columns);
  at::Tensor directions = tensor_of(components.view());
  if (whiten)
    directions = directions * at::tensor(variance, at::kDouble).sqrt().to(kType<T>).unsqueeze(1);
  const at::Tensor centre =
      tensor_of(MatrixView<T>{mean.data(), 1, components.columns, components.columns});
  return matrix_of<T>(at::mm(tensor_of(codes), directions) + centre);
}

template <class T>
void IncrementalPca<T>::add(MatrixView<T> part) {
  on_one_thread([&] { add_alone(part); });
}

template <class T>
void IncrementalPca<T>::add_alone(MatrixView<T> part) {
  torch::NoGradGuard guard;
  check_finite_rows(part);
  const int64_t columns = part.columns;
  if (rows_ > 0 && columns != static_cast<int64_t>(mean_.size()))
    fail(Kind::data, "the first part had {} columns, not {}", mean_.size(), columns);
  if (components_ < 1 || components_ > columns || (rows_ == 0 && components_ > part.rows))
    fail(Kind::usage, "{} components of a first part of {} rows and {} columns", components_,
         part.rows, columns);
  const at::Tensor x = tensor_of(part).to(at::kDouble), centre = x.mean(0);
  const auto before = static_cast<double>(rows_), now = static_cast<double>(part.rows);
  at::Tensor stacked = x - centre;
  at::Tensor mean = centre, squares = stacked.square().sum(0);
  if (rows_ > 0) {
    // What was seen stands for itself by its directions, and the step between the means by one more row.
    const at::Tensor old = at::tensor(mean_, at::kDouble), step = old - centre;
    stacked = at::cat({at::tensor(scaled_, at::kDouble).view({components_, columns}), stacked,
                       (std::sqrt(before * now / (before + now)) * step).unsqueeze(0)});
    squares =
        squares + at::tensor(squares_, at::kDouble) + before * now / (before + now) * step.square();
    mean = (before * old + now * centre) / (before + now);
  }
  auto [u, s, v] = at::linalg_svd(stacked, false);
  rows_ += part.rows;
  mean_ = values_of<double>(mean);
  squares_ = values_of<double>(squares);
  scaled_ = values_of<double>(s.slice(0, 0, components_).unsqueeze(1) * v.slice(0, 0, components_));
  singular_ = values_of<double>(s);
}

template <class T>
Pca<T> IncrementalPca<T>::result() const {
  torch::NoGradGuard guard;
  if (rows_ < 2) fail(Kind::data, "{} rows have no components", rows_);
  const auto columns = static_cast<int64_t>(mean_.size());
  const auto freedom = static_cast<double>(rows_ - 1);
  Pca<T> pca{.rows = rows_, .solver = "incremental"};
  pca.mean.assign(mean_.begin(), mean_.end());
  const at::Tensor scaled = at::tensor(scaled_, at::kDouble).view({components_, columns});
  const at::Tensor singular = at::tensor(singular_, at::kDouble).slice(0, 0, components_);
  pca.components = matrix_of<T>(with_signs(scaled / singular.unsqueeze(1).clamp_min(1e-300)));
  double total = 0, rest = 0;
  for (const double s : squares_) total += s;
  for (size_t i = 0; i < singular_.size(); ++i) {
    const double square = singular_[i] * singular_[i];
    if (i >= static_cast<size_t>(components_)) {
      rest += square / freedom;
      continue;
    }
    pca.variance.push_back(square / freedom);
    pca.ratio.push_back(total > 0 ? square / total : 0);
  }
  const auto others = static_cast<double>(singular_.size()) - static_cast<double>(components_);
  if (others > 0 && components_ < columns) pca.noise_variance = rest / others;
  return pca;
}

template <class T>
void save_pca(const fs::path& path, const Pca<T>& pca) {
  ArrayWriter out("pca");
  out.set("columns", pca.components.columns);
  out.set("rows", pca.rows);
  out.set("whiten", pca.whiten);
  out.set("solver", pca.solver);
  out.add("mean", pca.mean);
  out.add("components", pca.components.values, pca.components.columns);
  out.add("variance", pca.variance);
  out.add("ratio", pca.ratio);
  out.add("noise_variance", std::vector<double>{pca.noise_variance});
  out.write(path);
}

template <class T>
Pca<T> load_pca(const fs::path& path) {
  const ArrayReader in(path, "pca");
  const int64_t columns = in.number("columns", 1, kMost);
  Pca<T> pca{.rows = in.number("rows", 2, std::numeric_limits<int64_t>::max()),
             .whiten = in.number("whiten", 0, 1) == 1,
             .solver = in.text("solver")};
  pca.mean = in.array<T>("mean", columns);
  pca.variance = in.array<double>("variance");
  const auto kept = static_cast<int64_t>(pca.variance.size());
  pca.ratio = in.array<double>("ratio", kept);
  pca.noise_variance = in.array<double>("noise_variance", 1)[0];
  pca.components = Matrix<T>(0, columns);
  pca.components.rows = kept;
  if (kept < 1 || kept > columns)
    in.refuse(fmt::format("{} components of {} columns", kept, columns));
  pca.components.values = in.array<T>("components", kept * columns);
  for (const double v : pca.variance)
    if (v < 0) in.refuse(fmt::format("array 'variance' holds {}", v));
  return pca;
}

#define ESPALIER_PCA(T)                                     \
  template struct Pca<T>;                                   \
  template class IncrementalPca<T>;                         \
  template Pca<T> fit_pca(const PcaConfig&, MatrixView<T>); \
  template void save_pca(const fs::path&, const Pca<T>&);   \
  template Pca<T> load_pca(const fs::path&);
ESPALIER_PCA(float)
ESPALIER_PCA(double)
#undef ESPALIER_PCA

}  // namespace espalier
