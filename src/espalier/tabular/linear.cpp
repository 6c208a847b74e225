#include "espalier/tabular/linear.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/tabular/as_tensor.h"
#include "espalier/tabular/check_rows.h"
#include "espalier/tabular/model_arrays.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using Long = long double;  // 64 bits of mantissa on x86-64

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kSafeCondition = 1e3;
constexpr int64_t kBlock = 512, kParts = 8;
constexpr int kRefinements = 2;
constexpr int64_t kMostColumns = 20000;

// The problem in centred columns of length 1 (up to a power of 2) and, with ridge, one row more for each column.
struct Centred {
  MatrixView<double> x, y;
  std::span<const double> weights;
  double ridge = 0, all_weight = 0;
  std::vector<Long> x_mean, y_mean;
  std::vector<double>
      scale;  // coefficient = scale * coefficient of the scaled column; 0 for a constant one

  int64_t rows() const { return x.rows + (ridge > 0 ? x.columns : 0); }
  Long root_weight(int64_t i) const {
    return weights.empty() ? 1 : std::sqrt(static_cast<Long>(weights[static_cast<size_t>(i)]));
  }
  Long at(int64_t i, int64_t j) const {
    const size_t column = static_cast<size_t>(j);
    if (i >= x.rows) return i - x.rows == j ? std::sqrt(ridge) * scale[column] : 0;
    return (x(i, j) - x_mean[column]) * scale[column] * root_weight(i);
  }
  Long target(int64_t i, int64_t k) const {
    return i >= x.rows ? 0 : (y(i, k) - y_mean[static_cast<size_t>(k)]) * root_weight(i);
  }
};

std::vector<Long> means(MatrixView<double> values, std::span<const double> weights, double all) {
  std::vector<Long> sums(static_cast<size_t>(values.columns));
  std::vector<double> part(sums.size());
  for (int64_t begin = 0; begin < values.rows;
       begin += 64) {  // short sums in doubles, long ones not
    std::fill(part.begin(), part.end(), 0);
    for (int64_t i = begin; i < std::min(values.rows, begin + 64); ++i) {
      const double weight = weights.empty() ? 1 : weights[static_cast<size_t>(i)];
      const double* row = values.row(i);
      for (size_t j = 0; j < part.size(); ++j) part[j] += weight * row[j];
    }
    for (size_t j = 0; j < part.size(); ++j) sums[j] += part[j];
  }
  for (Long& sum : sums) sum /= all;
  return sums;
}

// Rows begin..end-1 of x or y, centred and weighted, as doubles.
at::Tensor centred_rows(MatrixView<double> values,
                        const at::Tensor& mean,
                        std::span<const double> weights,
                        int64_t begin,
                        int64_t end) {
  at::Tensor rows = as_tensor(values.slice(begin, end)) - mean;
  if (weights.empty()) return rows;
  return rows.mul_(at::from_blob(const_cast<double*>(weights.data()) + begin, {end - begin, 1},
                                 at::TensorOptions().dtype(at::kDouble))
                       .sqrt());
}

at::Tensor doubles(const std::vector<Long>& values) {
  std::vector<double> narrow(values.begin(), values.end());
  return at::tensor(narrow, at::kDouble);
}

struct Sums {
  at::Tensor gram, cross, squares;  // X'X, X'Y and the squares of what is left, all centred
};

// Sums over all rows of what `add` makes of centred rows, in kParts parts that are added in order.
Sums sum_rows(
    const Centred& c,
    const std::function<void(const at::Tensor& x, const at::Tensor& y, Sums& sums)>& add) {
  const at::Tensor x_mean = doubles(c.x_mean), y_mean = doubles(c.y_mean);
  std::vector<Sums> parts(kParts);
  for (Sums& part : parts)
    part = {at::zeros({c.x.columns, c.x.columns}, at::kDouble),
            at::zeros({c.x.columns, c.y.columns}, at::kDouble),
            at::zeros({c.y.columns}, at::kDouble)};
  for_row_parts(c.x.rows, kParts, [&](int64_t part, int64_t first, int64_t last) {
    for (int64_t begin = first; begin < last; begin += kBlock) {
      const int64_t end = std::min(last, begin + kBlock);
      add(centred_rows(c.x, x_mean, c.weights, begin, end),
          centred_rows(c.y, y_mean, c.weights, begin, end), parts[static_cast<size_t>(part)]);
    }
  });
  for (size_t p = 1; p < parts.size(); ++p) {
    parts[0].gram.add_(parts[p].gram);
    parts[0].cross.add_(parts[p].cross);
    parts[0].squares.add_(parts[p].squares);
  }
  return parts[0];
}

Sums sums_of(const Centred& c) {
  return sum_rows(c, [](const at::Tensor& x, const at::Tensor& y, Sums& sums) {
    sums.gram.addmm_(x.t(), x);
    sums.cross.addmm_(x.t(), y);
  });
}

// X' (Y - X w) and the squares of what is left.
Sums left_over(const Centred& c, const at::Tensor& w) {
  return sum_rows(c, [&](const at::Tensor& x, const at::Tensor& y, Sums& sums) {
    const at::Tensor left = at::addmm(y, x, w, 1, -1);
    sums.cross.addmm_(x.t(), left);
    sums.squares.add_(left.square().sum(0));
  });
}

// The scale of each column from its length; a column that is constant up to rounding gets 0.
void find_scales(Centred& c, const double* lengths) {
  for (int64_t j = 0; j < c.x.columns; ++j) {
    const double noise = 4 * kEpsilon *
                         std::abs(static_cast<double>(c.x_mean[static_cast<size_t>(j)])) *
                         std::sqrt(c.all_weight);
    c.scale.push_back(lengths[j] > noise ? std::exp2(-std::round(std::log2(lengths[j]))) : 0);
  }
}

// What both ways give: scaled coefficients, the squares of the residuals, and C with covariance = C C' (scaled).
struct Solved {
  at::Tensor coefficients;  // columns x targets, scaled
  at::Tensor squares;       // of each target
  at::Tensor root;          // columns x columns; undefined without full rank
};

void solve_by_cholesky(const Centred& c,
                       const Sums& sums,
                       const at::Tensor& scaled,
                       Solved& solved) {
  const at::Tensor scale = at::tensor(c.scale, at::kDouble).unsqueeze(1);
  const at::Tensor penalty = c.ridge * scale.square();
  at::Tensor lower, w;
  on_one_thread([&] {
    lower = at::linalg_cholesky(scaled);
    w = at::cholesky_solve(sums.cross * scale, lower);
  });
  const Sums left = left_over(c, w * scale);
  on_one_thread([&] {
    const at::Tensor slope = left.cross * scale;
    const at::Tensor step = at::cholesky_solve(slope - penalty * w, lower);
    solved.coefficients = w + step;
    // |r - A step|^2 without another look at the rows.
    const at::Tensor curve = (sums.gram * scale * scale.t()).mm(step);
    solved.squares = left.squares - (step * (2 * slope - curve)).sum(0);
    solved.root =
        at::linalg_solve_triangular(lower.t(), at::eye(c.x.columns, at::kDouble), /*upper=*/true);
  });
}

// Columns of one target: min |A w - b| refined on [I A; A' 0] [r; w] = [b; 0] with A and b in extended precision.
void refine(
    const Centred& c, const at::Tensor& q, const at::Tensor& r_factor, int64_t k, Solved& solved) {
  const int64_t rows = c.rows(), columns = c.x.columns;
  std::vector<Long> left(static_cast<size_t>(rows)), w(static_cast<size_t>(columns));
  at::Tensor f = at::empty({rows, 1}, at::kDouble), g = at::empty({columns, 1}, at::kDouble);
  for (int round = 0; round <= kRefinements; ++round) {
    std::vector<Long> slope(w.size());
    double* f_at = f.mutable_data_ptr<double>();
    for (int64_t i = 0; i < rows; ++i) {
      const Long residual = left[static_cast<size_t>(i)];
      Long value = c.target(i, k) - residual;
      for (int64_t j = 0; j < columns; ++j) {
        const Long a = c.at(i, j);
        value -= a * w[static_cast<size_t>(j)];
        slope[static_cast<size_t>(j)] -= a * residual;
      }
      f_at[i] = static_cast<double>(value);
    }
    std::copy(slope.begin(), slope.end(), g.mutable_data_ptr<double>());
    const at::Tensor h = at::linalg_solve_triangular(r_factor.t(), g, /*upper=*/false);
    const at::Tensor d = q.t().mm(f);
    const at::Tensor left_step = f - q.mm(d - h);
    const at::Tensor step = at::linalg_solve_triangular(r_factor, d - h, /*upper=*/true);
    for (int64_t i = 0; i < rows; ++i)
      left[static_cast<size_t>(i)] += left_step.const_data_ptr<double>()[i];
    for (int64_t j = 0; j < columns; ++j)
      w[static_cast<size_t>(j)] += step.const_data_ptr<double>()[j];
  }
  Long squares = 0;
  for (int64_t i = 0; i < c.x.rows; ++i)
    squares += left[static_cast<size_t>(i)] * left[static_cast<size_t>(i)];
  double* out = solved.coefficients.mutable_data_ptr<double>();
  for (int64_t j = 0; j < columns; ++j)
    out[j * c.y.columns + k] = static_cast<double>(w[static_cast<size_t>(j)]);
  solved.squares.mutable_data_ptr<double>()[k] = static_cast<double>(squares);
}

// The solution w0 = scale * w of dependent columns, less its part that changes nothing.
at::Tensor shortest(const at::Tensor& w, const at::Tensor& scale, const at::Tensor& null_rows) {
  at::Tensor all = w * scale;
  if (null_rows.size(0) == 0) return all;
  const at::Tensor basis = std::get<0>(at::linalg_qr(null_rows.t() * scale));
  return all - basis.mm(basis.t().mm(all));
}

// min |R w - d| over w >= 0, by the active set of Lawson and Hanson.
at::Tensor non_negative_solution(const at::Tensor& r_factor, const at::Tensor& d) {
  const int64_t columns = r_factor.size(1);
  at::Tensor w = at::zeros({columns, 1}, at::kDouble);
  std::vector<char> free(static_cast<size_t>(columns));
  const double small = 10 * kEpsilon * static_cast<double>(columns) *
                       std::max(1e-300, r_factor.t().mm(d).abs().max().item<double>());
  for (int64_t round = 0; round < 10 * columns + 10; ++round) {
    const at::Tensor slope = r_factor.t().mm(d - r_factor.mm(w)).contiguous();
    int64_t best = -1;
    for (int64_t j = 0; j < columns; ++j)
      if (!free[static_cast<size_t>(j)] && slope.const_data_ptr<double>()[j] > small &&
          (best < 0 || slope.const_data_ptr<double>()[j] > slope.const_data_ptr<double>()[best]))
        best = j;
    if (best < 0) return w;
    free[static_cast<size_t>(best)] = 1;
    for (;;) {
      std::vector<int64_t> places;
      for (int64_t j = 0; j < columns; ++j)
        if (free[static_cast<size_t>(j)]) places.push_back(j);
      const at::Tensor index = at::tensor(places, at::kLong);
      const at::Tensor part =
          std::get<0>(at::linalg_lstsq(r_factor.index_select(1, index), d, std::nullopt, "gelsy"))
              .contiguous();
      double step = 1;
      for (size_t p = 0; p < places.size(); ++p) {
        const double old = w.const_data_ptr<double>()[places[p]],
                     now = part.const_data_ptr<double>()[p];
        if (now <= 0 && old - now > 0) step = std::min(step, old / (old - now));
      }
      double* at = w.mutable_data_ptr<double>();
      for (size_t p = 0; p < places.size(); ++p)
        at[places[p]] += step * (part.const_data_ptr<double>()[p] - at[places[p]]);
      if (step >= 1) break;
      for (const int64_t j : places)
        if (at[j] <= kEpsilon * at::abs(w).max().item<double>())
          at[j] = 0, free[static_cast<size_t>(j)] = 0;
    }
  }
  fail(Kind::data, "non-negative least squares did not end; are columns nearly equal?");
}

void solve_by_qr(const LinearConfig& config, const Centred& c, LinearFit& fit, Solved& solved) {
  const int64_t rows = c.rows(), columns = c.x.columns;
  at::Tensor a = at::empty({rows, columns}, at::kDouble),
             b = at::empty({rows, c.y.columns}, at::kDouble);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j)
      a.mutable_data_ptr<double>()[i * columns + j] = static_cast<double>(c.at(i, j));
    for (int64_t k = 0; k < c.y.columns; ++k)
      b.mutable_data_ptr<double>()[i * c.y.columns + k] = static_cast<double>(c.target(i, k));
  }
  const auto [q, r_factor] = at::linalg_qr(a);
  const auto [u, s, vt] = at::linalg_svd(r_factor, /*full_matrices=*/true);
  const at::Tensor values = s.contiguous();
  const double largest = values.const_data_ptr<double>()[0];
  const double cut = largest * kEpsilon * static_cast<double>(std::max(rows, columns));
  int64_t rank = 0;
  while (rank < values.numel() && values.const_data_ptr<double>()[rank] > cut) ++rank;
  fit.rank = rank;
  fit.condition = rank == columns ? largest / values.const_data_ptr<double>()[columns - 1]
                                  : std::numeric_limits<double>::infinity();
  const at::Tensor scale = at::tensor(c.scale, at::kDouble).unsqueeze(1);
  // Columns of scale 0 are left out by the scale; their rows of the null space are unit vectors.
  const at::Tensor unit = at::where(scale == 0, at::ones_like(scale), scale);
  if (config.ridge == 0) {
    const at::Tensor own = at::linalg_svdvals(r_factor / unit.t()).contiguous();
    fit.singular_values.assign(own.const_data_ptr<double>(),
                               own.const_data_ptr<double>() + own.numel());
  }
  solved.coefficients = at::zeros({columns, c.y.columns}, at::kDouble);
  solved.squares = at::zeros({c.y.columns}, at::kDouble);
  if (config.non_negative) {
    for (int64_t k = 0; k < c.y.columns; ++k)
      solved.coefficients.slice(1, k, k + 1)
          .copy_(scale * non_negative_solution(r_factor, q.t().mm(b.slice(1, k, k + 1))));
  } else if (rank == columns) {
    for (int64_t k = 0; k < c.y.columns; ++k) refine(c, q, r_factor, k, solved);
    solved.coefficients.mul_(scale);
    solved.root = vt.t() / values.unsqueeze(0);
    return;
  } else {
    const at::Tensor w =
        vt.slice(0, 0, rank)
            .t()
            .mm(u.slice(1, 0, rank).t().mm(q.t().mm(b)) / values.slice(0, 0, rank).unsqueeze(1));
    solved.coefficients = shortest(w, unit, vt.slice(0, rank, columns));
  }
  solved.squares = left_over(c, solved.coefficients).squares;
}

// Of each target, about its own mean, whether the model has an intercept or not.
std::vector<double> total_squares(const Centred& c) {
  const std::vector<Long> mean = means(c.y, c.weights, c.all_weight);
  std::vector<double> total(mean.size());
  for (int64_t i = 0; i < c.y.rows; ++i) {
    const double weight = c.weights.empty() ? 1 : c.weights[static_cast<size_t>(i)];
    for (size_t k = 0; k < mean.size(); ++k) {
      const double offset = static_cast<double>(c.y(i, static_cast<int64_t>(k)) - mean[k]);
      total[k] += weight * offset * offset;
    }
  }
  return total;
}

void take_statistics(const LinearConfig& config,
                     const Centred& c,
                     const Solved& solved,
                     LinearFit& fit) {
  const double degrees = static_cast<double>(c.x.rows - fit.rank - config.intercept);
  const at::Tensor squares = solved.squares.contiguous();
  const std::vector<double> total = total_squares(c);
  for (int64_t k = 0; k < c.y.columns; ++k) {
    const double left = squares.const_data_ptr<double>()[k], whole = total[static_cast<size_t>(k)];
    fit.r2.push_back(whole > 0 ? 1 - left / whole : 0);
    fit.deviation.push_back(degrees > 0 ? std::sqrt(left / degrees) : kNothing);
  }
  if (!solved.root.defined() || config.ridge > 0 || config.non_negative) return;
  const at::Tensor root = at::tensor(c.scale, at::kDouble).unsqueeze(1) * solved.root;
  const at::Tensor lengths = root.square().sum(1).sqrt().contiguous();
  const double mean_part = doubles(c.x_mean).unsqueeze(0).mm(root).square().sum().item<double>();
  fit.errors = Matrix<double>(c.y.columns, c.x.columns);
  for (int64_t k = 0; k < c.y.columns; ++k) {
    const double deviation = fit.deviation[static_cast<size_t>(k)];
    for (int64_t j = 0; j < c.x.columns; ++j)
      fit.errors(k, j) = deviation * lengths.const_data_ptr<double>()[j];
    fit.intercept_errors.push_back(
        config.intercept ? deviation * std::sqrt(1 / c.all_weight + mean_part) : 0);
  }
}

void check_arguments(MatrixView<double> x, MatrixView<double> y, std::span<const double> weights) {
  check_numbers(x);
  if (x.columns > kMostColumns)
    fail(Kind::unsupported, "linear regression takes {} columns, not {}", kMostColumns, x.columns);
  if (y.rows != x.rows) fail(Kind::data, "{} targets for {} rows", y.rows, x.rows);
  with_context("target", [&] { check_numbers(y); });
  check_weights(weights, x.rows);
}

}  // namespace

Fields fields(LinearConfig& c) {
  return {field("intercept", c.intercept, "a constant is added, free of any penalty"),
          field("ridge", c.ridge, "penalty on squared coefficients; 0: least squares")
              .between(0, 1e300),
          field("non_negative", c.non_negative, "no coefficient below 0"),
          field("solver", c.solver, "exact: QR also where normal equations are safe")
              .one_of({"auto", "exact"})};
}

LinearFit fit_linear(const LinearConfig& config,
                     MatrixView<double> x,
                     MatrixView<double> y,
                     std::span<const double> weights) {
  torch::NoGradGuard guard;
  check_arguments(x, y, weights);
  Centred c;
  c.x = x;
  c.y = y;
  c.weights = weights;
  c.ridge = config.ridge;
  for (const double weight : weights) c.all_weight += weight;
  if (weights.empty()) c.all_weight = static_cast<double>(x.rows);
  c.x_mean.assign(static_cast<size_t>(x.columns), 0);
  c.y_mean.assign(static_cast<size_t>(y.columns), 0);
  if (config.intercept) {
    c.x_mean = means(x, weights, c.all_weight);
    c.y_mean = means(y, weights, c.all_weight);
  }

  const Sums sums = sums_of(c);
  const at::Tensor lengths = sums.gram.diagonal().sqrt().contiguous();
  find_scales(c, lengths.const_data_ptr<double>());
  const at::Tensor scale = at::tensor(c.scale, at::kDouble);
  at::Tensor scaled = sums.gram * scale.unsqueeze(1) * scale.unsqueeze(0);
  scaled.diagonal().add_(config.ridge * scale.square());
  LinearFit fit;
  at::Tensor of_gram, spectrum;
  on_one_thread([&] {
    of_gram = at::linalg_eigvalsh(sums.gram).flip(0).clamp_min(0).sqrt().contiguous();
    spectrum = at::linalg_eigvalsh(scaled).contiguous();
  });
  fit.singular_values.assign(of_gram.const_data_ptr<double>(),
                             of_gram.const_data_ptr<double>() + std::min(x.rows, x.columns));
  const double low = spectrum.const_data_ptr<double>()[0],
               high = spectrum.const_data_ptr<double>()[x.columns - 1];
  Solved solved;
  const bool safe = low > 0 && high / low < kSafeCondition * kSafeCondition;
  if (safe && !config.non_negative && config.solver == "auto" && scale.min().item<double>() > 0) {
    fit.solver = "cholesky";
    fit.rank = x.columns;
    fit.condition = std::sqrt(high / low);
    solve_by_cholesky(c, sums, scaled, solved);
    solved.coefficients = solved.coefficients * scale.unsqueeze(1);
  } else {
    fit.solver = "qr";
    on_one_thread([&] { solve_by_qr(config, c, fit, solved); });
  }
  fit.model.coefficients = as_matrix(solved.coefficients.t());
  for (int64_t k = 0; k < y.columns; ++k) {
    Long intercept = c.y_mean[static_cast<size_t>(k)];
    for (int64_t j = 0; j < x.columns; ++j)
      intercept -= c.x_mean[static_cast<size_t>(j)] * fit.model.coefficients(k, j);
    fit.model.intercepts.push_back(static_cast<double>(intercept));
  }
  on_one_thread([&] { take_statistics(config, c, solved, fit); });
  return fit;
}

Matrix<double> LinearModel::predict(MatrixView<double> x) const {
  torch::NoGradGuard guard;
  check_numbers(x);
  check_columns(x, coefficients.columns);
  Matrix<double> out(x.rows, coefficients.rows);
  at::Tensor all = as_tensor(out);
  const at::Tensor weights = as_tensor(coefficients.view()).t();
  const at::Tensor bias = at::tensor(intercepts, at::kDouble);
  for_row_blocks(x.rows, [&](int64_t begin, int64_t end) {
    at::Tensor part = all.slice(0, begin, end);
    at::addmm_out(part, bias, as_tensor(x.slice(begin, end)), weights);
  });
  return out;
}

double LinearFit::t(int64_t target, int64_t column) const {
  return model.coefficients(target, column) / errors(target, column);
}

void save_linear(const fs::path& path, const LinearModel& model) {
  ArrayWriter out("linear");
  out.set("features", model.coefficients.columns);
  out.add("coefficients", model.coefficients.values, model.coefficients.columns);
  out.add("intercepts", model.intercepts);
  out.write(path);
}

LinearModel load_linear(const fs::path& path) {
  const ArrayReader in(path, "linear");
  const int64_t features = in.number("features", 1, 1 << 24);
  LinearModel model;
  model.intercepts = in.array<double>("intercepts");
  const auto targets = static_cast<int64_t>(model.intercepts.size());
  model.coefficients.values = in.array<double>("coefficients", targets * features);
  model.coefficients.rows = targets;
  model.coefficients.columns = features;
  if (targets < 1) in.refuse("a model without a target");
  return model;
}

}  // namespace espalier
