#include "espalier/tabular/logistic.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/tabular/as_tensor.h"
#include "espalier/tabular/check_rows.h"
#include "espalier/tabular/model_arrays.h"
#include "espalier/tabular/naive_bayes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kMostUnknowns = 6000, kMostSteps = 200;
constexpr double kDecrement = 1e-22;  // of the loss, below which a step changes nothing

// In the scaled columns with one of ones behind them: `outputs` rows of unknowns, one for two classes.
struct Problem {
  at::Tensor x;        // rows x (columns + 1)
  at::Tensor truth;    // rows x outputs
  at::Tensor weights;  // rows x 1
  at::Tensor penalty;  // 1 x (columns + 1)
  int64_t outputs = 0;

  bool binary() const { return outputs == 1; }
};

at::Tensor shares_of(const Problem& p, const at::Tensor& logits) {
  return p.binary() ? at::sigmoid(logits) : at::softmax(logits, 1);
}

double loss_of(const Problem& p, const at::Tensor& w) {
  const at::Tensor logits = p.x.mm(w.t());
  const at::Tensor each = p.binary()
                              ? at::softplus(logits, 1, 700) - p.truth * logits
                              : at::logsumexp(logits, {1}, true) - (p.truth * logits).sum(1, true);
  return (each * p.weights).sum().item<double>() +
         0.5 * (p.penalty * w.square()).sum().item<double>();
}

// (outputs (columns + 1))^2. Adding one number to all intercepts changes nothing; a term of rank one holds them at mean 0.
at::Tensor hessian_of(const Problem& p, const at::Tensor& shares) {
  const int64_t width = p.x.size(1), k = p.outputs;
  at::Tensor hessian = at::zeros({k * width, k * width}, at::kDouble);
  for (int64_t a = 0; a < k; ++a)
    for (int64_t b = 0; b <= a; ++b) {
      const at::Tensor left = shares.slice(1, a, a + 1), right = shares.slice(1, b, b + 1);
      const at::Tensor curve = p.weights * (a == b ? left * (1 - left) : -left * right);
      at::Tensor block = p.x.t().mm(p.x * curve);
      if (a == b) block.diagonal().add_(p.penalty.squeeze(0));
      if (!p.binary()) block[width - 1][width - 1].add_(1.0);
      hessian.slice(0, a * width, (a + 1) * width)
          .slice(1, b * width, (b + 1) * width)
          .copy_(block);
      hessian.slice(0, b * width, (b + 1) * width)
          .slice(1, a * width, (a + 1) * width)
          .copy_(block.t());
    }
  return hessian;
}

// H^-1 g with H brought to a diagonal of ones; without an intercept its row and column are those of a penalty.
at::Tensor solve(const at::Tensor& hessian, const at::Tensor& gradient) {
  const at::Tensor scale = hessian.diagonal().clamp_min(1e-300).rsqrt();
  const at::Tensor scaled = hessian * scale.unsqueeze(1) * scale.unsqueeze(0);
  const auto [lower, info] = at::linalg_cholesky_ex(scaled);
  const at::Tensor right = (gradient * scale).unsqueeze(1);
  if (info.item<int64_t>() == 0) return at::cholesky_solve(right, lower).squeeze(1) * scale;
  return std::get<0>(at::linalg_lstsq(scaled, right, std::nullopt, "gelsd")).squeeze(1) * scale;
}

at::Tensor minimise(const Problem& p, LogisticFit& fit) {
  at::Tensor w = at::zeros({p.outputs, p.x.size(1)}, at::kDouble);
  fit.loss = loss_of(p, w);
  for (fit.steps = 0; fit.steps < kMostSteps; ++fit.steps) {
    const at::Tensor shares = shares_of(p, p.x.mm(w.t()));
    const at::Tensor gradient = ((shares - p.truth) * p.weights).t().mm(p.x) + p.penalty * w;
    const at::Tensor step = solve(hessian_of(p, shares), gradient.reshape(-1)).view_as(w);
    const double decrement = (gradient * step).sum().item<double>();
    // The last step is taken too: it is the one that meets the minimum to rounding.
    const bool last = !(decrement > kDecrement * std::max(1e-300, fit.loss));
    double length = 1, loss = loss_of(p, w - step);
    while (!last && !(loss <= fit.loss - 1e-4 * length * decrement + 1e-14 * fit.loss) &&
           length > 1e-12)
      loss = loss_of(p, w - (length /= 2) * step);
    w = w - length * step;
    fit.loss = loss;
    if (last) return w;
  }
  return w;
}

Problem problem_of(const LogisticConfig& config,
                   const at::Tensor& scaled,
                   const at::Tensor& scale,
                   std::span<const int32_t> labels,
                   int64_t classes,
                   const at::Tensor& weights) {
  const int64_t rows = scaled.size(0);
  Problem p;
  p.outputs = classes == 2 ? 1 : classes;
  // Without an intercept its column is 0 and its unknowns stay 0 under any penalty.
  p.x = at::cat({scaled, at::full({rows, 1}, config.intercept ? 1.0 : 0.0, at::kDouble)}, 1);
  p.weights = weights;
  const at::Tensor penalty = config.l2 * scale.square();
  p.penalty =
      at::cat({penalty, at::full({1}, config.intercept ? 0.0 : 1.0, at::kDouble)}).unsqueeze(0);
  p.truth = at::zeros({rows, p.outputs}, at::kDouble);
  double* truth = p.truth.mutable_data_ptr<double>();
  for (int64_t i = 0; i < rows; ++i) {
    const int32_t label = labels[static_cast<size_t>(i)];
    if (p.binary())
      truth[i] = label;
    else
      truth[i * p.outputs + label] = 1;
  }
  return p;
}

void check_classes(std::span<const int32_t> labels) {
  if (std::all_of(labels.begin(), labels.end(), [&](int32_t label) { return label == labels[0]; }))
    fail(Kind::data, "all rows are of one class; logistic regression tells classes apart");
}

}  // namespace

Fields fields(LogisticConfig& c) {
  return {field("l2", c.l2, "penalty on squared coefficients; scikit-learn's 1 / C")
              .between(1e-12, 1e12),
          field("intercept", c.intercept, "a constant is added, free of any penalty")};
}

LogisticFit fit_logistic_table(const LogisticConfig& config,
                               MatrixView<double> x,
                               std::span<const int32_t> labels,
                               int64_t classes,
                               std::span<const double> weights) {
  torch::NoGradGuard guard;
  check_numbers(x);
  check_labels(labels, x.rows, classes);
  check_weights(weights, x.rows);
  check_classes(labels);
  if (!(config.l2 > 0)) fail(Kind::usage, "l2 is {}, not above 0", config.l2);
  const int64_t unknowns = (classes == 2 ? 1 : classes) * (x.columns + 1);
  if (unknowns > kMostUnknowns)
    fail(Kind::unsupported,
         "logistic regression of {} classes on {} columns has {} unknowns, more than {}", classes,
         x.columns, unknowns, kMostUnknowns);

  const at::Tensor raw = as_tensor(x);
  const at::Tensor mean = config.intercept ? raw.mean(0) : at::zeros({x.columns}, at::kDouble);
  const at::Tensor centred = raw - mean;
  const at::Tensor length = centred.square().mean(0).sqrt();
  const at::Tensor scale =
      at::where(length > 1e-14 * mean.abs(), 1 / length, at::zeros_like(length));
  const at::Tensor each = weights.empty()
                              ? at::ones({x.rows, 1}, at::kDouble)
                              : at::from_blob(const_cast<double*>(weights.data()), {x.rows, 1},
                                              at::TensorOptions().dtype(at::kDouble));
  // A constant column has scale 0 and with it no penalty; one of 1 keeps the system regular.
  const at::Tensor penalty_scale = at::where(scale == 0, at::ones_like(scale), scale);
  const Problem p = problem_of(config, centred * scale, penalty_scale, labels, classes, each);
  LogisticFit fit;
  at::Tensor w;
  on_one_thread([&] { w = minimise(p, fit); });
  const at::Tensor coefficients = w.slice(1, 0, x.columns) * scale;
  const at::Tensor intercepts =
      (w.select(1, x.columns) * static_cast<double>(config.intercept) - coefficients.mv(mean))
          .contiguous();
  fit.model.classes = classes;
  fit.model.coefficients = as_matrix(coefficients);
  fit.model.intercepts.assign(intercepts.const_data_ptr<double>(),
                              intercepts.const_data_ptr<double>() + intercepts.numel());
  return fit;
}

Matrix<double> LogisticClassifier::predict_proba(MatrixView<double> x) const {
  torch::NoGradGuard guard;
  check_numbers(x);
  check_columns(x, coefficients.columns);
  Matrix<double> shares(x.rows, classes);
  at::Tensor all = as_tensor(shares);
  const at::Tensor weights = as_tensor(coefficients.view()).t(),
                   bias = at::tensor(intercepts, at::kDouble);
  for_row_blocks(x.rows, [&](int64_t begin, int64_t end) {
    const at::Tensor logits = at::addmm(bias, as_tensor(x.slice(begin, end)), weights);
    all.slice(0, begin, end)
        .copy_(classes == 2 ? at::cat({at::sigmoid(-logits), at::sigmoid(logits)}, 1)
                            : at::softmax(logits, 1));
  });
  return shares;
}

std::vector<int32_t> LogisticClassifier::predict(MatrixView<double> x) const {
  return largest_of_rows(predict_proba(x));
}

void save_logistic(const fs::path& path, const LogisticClassifier& model) {
  ArrayWriter out("logistic");
  out.set("classes", model.classes);
  out.set("features", model.coefficients.columns);
  out.add("coefficients", model.coefficients.values, model.coefficients.columns);
  out.add("intercepts", model.intercepts);
  out.write(path);
}

LogisticClassifier load_logistic(const fs::path& path) {
  const ArrayReader in(path, "logistic");
  LogisticClassifier model;
  model.classes = in.number("classes", 2, 1 << 24);
  const int64_t features = in.number("features", 1, 1 << 24),
                rows = model.classes == 2 ? 1 : model.classes;
  model.coefficients.values = in.array<double>("coefficients", rows * features);
  model.coefficients.rows = rows;
  model.coefficients.columns = features;
  model.intercepts = in.array<double>("intercepts", rows);
  return model;
}

}  // namespace espalier
