#include "espalier/tabular/naive_bayes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/tabular/as_tensor.h"
#include "espalier/tabular/check_rows.h"
#include "espalier/tabular/gaussian_sums.h"
#include "espalier/tabular/model_arrays.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double sum_of(const double* values, int64_t count) {
  return std::accumulate(values, values + count, 0.0);
}

// The number of a category, checked.
int64_t category(double value, int64_t categories, int64_t row, int64_t column) {
  if (!(value >= 0) || value >= static_cast<double>(categories) || value != std::floor(value))
    fail(Kind::data, "row {}, column {}: {} is not a category 0..{}", row + 1, column + 1, value,
         categories - 1);
  return static_cast<int64_t>(value);
}

std::vector<int64_t> starts_of(const std::vector<int64_t>& categories) {
  std::vector<int64_t> starts(categories.size() + 1);
  std::partial_sum(categories.begin(), categories.end(), starts.begin() + 1);
  return starts;
}

void check_sparse(const SparseView& x, const NaiveBayes& model) {
  const std::string& kind = model.config.kind;
  if (kind == "gaussian" || kind == "categorical")
    fail(Kind::usage, "{} naive Bayes takes no sparse rows", kind);
  if (kind == "bernoulli" && model.config.binarize < 0)
    fail(Kind::usage, "sparse rows need binarize >= 0, not {}", model.config.binarize);
  if (x.rows() < 1 || x.width != model.features)
    fail(Kind::data, "{} sparse rows of {} columns; the model has {} columns", x.rows(), x.width,
         model.features);
  if (x.columns.size() != x.values.size() || x.starts.front() != 0 ||
      x.starts.back() != static_cast<int64_t>(x.values.size()) ||
      !std::is_sorted(x.starts.begin(), x.starts.end()))
    fail(Kind::data, "sparse rows whose starts, columns and values do not fit");
  for (const int32_t column : x.columns)
    if (column < 0 || column >= x.width)
      fail(Kind::data, "a sparse value in column {}, outside 0..{}", column, x.width - 1);
  for (const double value : x.values)
    if (!std::isfinite(value)) fail(Kind::data, "a sparse value is {}", value);
}

// What value v of a column adds to a count.
double counted(const NaiveBayesConfig& config, double v, int64_t row, int64_t column) {
  if (config.kind == "bernoulli") return v > config.binarize;
  if (v < 0)
    fail(Kind::data, "row {}, column {}: {} is below 0, and {} naive Bayes counts", row + 1,
         column + 1, v, config.kind);
  return v;
}

// Bernoulli: weights of what is present, and what all being absent gives.
void absent_part(const Matrix<double>& logs, Matrix<double>& weights, std::vector<double>& bias) {
  for (int64_t c = 0; c < logs.rows; ++c)
    for (int64_t j = 0; j < logs.columns; ++j) {
      const double absent = std::log1p(-std::exp(logs(c, j)));
      weights(c, j) = logs(c, j) - absent;
      bias[static_cast<size_t>(c)] += absent;
    }
}

struct LinearPart {
  Matrix<double> weights;    // classes x features
  std::vector<double> bias;  // of each class
};

LinearPart linear_part(const NaiveBayes& model) {
  LinearPart part{model.parameters(), model.log_prior()};
  if (model.config.kind == "complement" && model.classes > 1)
    std::fill(part.bias.begin(), part.bias.end(), 0);
  if (model.config.kind == "bernoulli") absent_part(model.parameters(), part.weights, part.bias);
  return part;
}

void gaussian_rows(const NaiveBayes& model, MatrixView<double> x, Matrix<double>& joint) {
  const Matrix<double> variance = model.parameters();
  Matrix<double> scale(model.classes, model.features);
  std::vector<double> constant = model.log_prior();
  for (int64_t c = 0; c < model.classes; ++c)
    for (int64_t j = 0; j < model.features; ++j) {
      if (model.class_weight[static_cast<size_t>(c)] == 0) continue;  // its prior is -inf
      scale(c, j) = 0.5 / variance(c, j);
      constant[static_cast<size_t>(c)] -= 0.5 * std::log(2 * M_PI * variance(c, j));
    }
  gaussian_joint(x, model.mean, scale, constant, joint);
}

void categorical_rows(const NaiveBayes& model, MatrixView<double> x, Matrix<double>& joint) {
  // Category by category, so that a row adds up lists of one number a class.
  const Matrix<double> by_class = model.parameters();
  Matrix<double> logs(by_class.columns, by_class.rows);
  for (int64_t c = 0; c < by_class.rows; ++c)
    for (int64_t k = 0; k < by_class.columns; ++k) logs(k, c) = by_class(c, k);
  const std::vector<double> prior = model.log_prior();
  const std::vector<int64_t> starts = starts_of(model.categories);
  for (int64_t i = 0; i < x.rows; ++i) {
    double* sums = joint.row(i);
    std::copy(prior.begin(), prior.end(), sums);
    for (int64_t j = 0; j < model.features; ++j) {
      const size_t at = static_cast<size_t>(j);
      const double* part = logs.row(starts[at] + category(x(i, j), model.categories[at], i, j));
      for (int64_t c = 0; c < model.classes; ++c) sums[c] += part[c];
    }
  }
}

void linear_rows(const NaiveBayes& model, MatrixView<double> x, Matrix<double>& joint) {
  torch::NoGradGuard guard;
  LinearPart part = linear_part(model);
  const at::Tensor weights = as_tensor(part.weights).t();
  const at::Tensor bias =
      at::from_blob(part.bias.data(), {model.classes}, at::TensorOptions().dtype(at::kDouble));
  at::Tensor all = as_tensor(joint);
  for_row_blocks(x.rows, [&](int64_t begin, int64_t end) {
    at::Tensor rows = as_tensor(x.slice(begin, end));
    if (model.config.kind == "bernoulli") rows = rows.gt(model.config.binarize).to(at::kDouble);
    at::Tensor out = all.slice(0, begin, end);
    at::addmm_out(out, bias, rows, weights);
  });
}

// All rows together, from classes whose rows weigh 1 each.
void all_from_classes(NaiveBayes& model) {
  model.all_rows[0] = sum_of(model.class_weight.data(), model.classes);
  if (model.all_rows[0] == 0) return;
  for (int64_t j = 0; j < model.features; ++j) {
    double mean = 0, spread = 0;
    for (int64_t c = 0; c < model.classes; ++c)
      mean += model.class_weight[static_cast<size_t>(c)] / model.all_rows[0] * model.mean(c, j);
    for (int64_t c = 0; c < model.classes; ++c)
      spread += model.spread(c, j) + model.class_weight[static_cast<size_t>(c)] *
                                         (model.mean(c, j) - mean) * (model.mean(c, j) - mean);
    model.all_mean(0, j) = mean;
    model.all_spread(0, j) = spread;
  }
}

}  // namespace

Fields fields(NaiveBayesConfig& c) {
  return {field("kind", c.kind, "what columns are taken for")
              .one_of({"gaussian", "multinomial", "complement", "bernoulli", "categorical"}),
          field("alpha", c.alpha, "added to each count (not gaussian)").between(0, 1e12),
          field("var_smoothing", c.var_smoothing,
                "gaussian: added to variances, as a share of the largest")
              .between(0, 1e12),
          field("binarize", c.binarize, "bernoulli: a column is present above this"),
          field("fit_prior", c.fit_prior, "classes are as likely as they are frequent"),
          field("norm", c.norm, "complement: weights of a class add up to 1")};
}

NaiveBayes empty_naive_bayes(const NaiveBayesConfig& config,
                             int64_t classes,
                             int64_t features,
                             std::vector<int64_t> categories) {
  const bool gaussian = config.kind == "gaussian", categorical = config.kind == "categorical";
  if (classes < 1 || features < 1)
    fail(Kind::data, "naive Bayes of {} classes and {} columns", classes, features);
  if (categorical != !categories.empty() ||
      (categorical && static_cast<int64_t>(categories.size()) != features))
    fail(Kind::data, "{} naive Bayes: numbers of categories for {} of {} columns", config.kind,
         categories.size(), features);
  for (const int64_t count : categories)
    if (count < 1) fail(Kind::data, "a column of {} categories", count);
  NaiveBayes model;
  model.config = config;
  model.classes = classes;
  model.features = features;
  model.categories = std::move(categories);
  model.class_weight.assign(static_cast<size_t>(classes), 0);
  if (gaussian) {
    model.mean = model.spread = Matrix<double>(classes, features);
    model.all_mean = model.all_spread = Matrix<double>(1, features);
    model.all_rows = {0};
  } else {
    model.counts =
        Matrix<double>(classes, categorical ? starts_of(model.categories).back() : features);
  }
  return model;
}

void NaiveBayes::partial_fit(MatrixView<double> x,
                             std::span<const int32_t> labels,
                             std::span<const double> weights) {
  check_numbers(x);
  check_columns(x, features);
  check_labels(labels, x.rows, classes);
  check_weights(weights, x.rows);
  if (config.kind == "gaussian") {
    if (!weights.empty() && all_rows[0] == 0) all_from_classes(*this);
    if (!weights.empty() || all_rows[0] > 0)
      add_gaussian_rows(x, std::vector<int32_t>(labels.size()), {}, all_rows, all_mean, all_spread);
    return add_gaussian_rows(x, labels, weights, class_weight, mean, spread);
  }
  const std::vector<int64_t> starts = starts_of(categories);
  for (int64_t i = 0; i < x.rows; ++i) {
    const size_t at = static_cast<size_t>(i);
    const double weight = weights.empty() ? 1 : weights[at];
    const double* row = x.row(i);
    double* sums = counts.row(labels[at]);
    if (config.kind == "categorical") {
      for (size_t j = 0; j < categories.size(); ++j)
        sums[starts[j] + category(row[j], categories[j], i, static_cast<int64_t>(j))] += weight;
    } else {
      for (int64_t j = 0; j < features; ++j)
        if (row[j] != 0 || config.kind == "bernoulli")
          sums[j] += weight * counted(config, row[j], i, j);
    }
    class_weight[static_cast<size_t>(labels[at])] += weight;
  }
}

void NaiveBayes::partial_fit(const SparseView& x,
                             std::span<const int32_t> labels,
                             std::span<const double> weights) {
  check_sparse(x, *this);
  check_labels(labels, x.rows(), classes);
  check_weights(weights, x.rows());
  for (size_t i = 0; i < labels.size(); ++i) {
    const double weight = weights.empty() ? 1 : weights[i];
    double* sums = counts.row(labels[i]);
    for (int64_t k = x.starts[i]; k < x.starts[i + 1]; ++k) {
      const int32_t column = x.columns[static_cast<size_t>(k)];
      sums[column] += weight * counted(config, x.values[static_cast<size_t>(k)],
                                       static_cast<int64_t>(i), column);
    }
    class_weight[static_cast<size_t>(labels[i])] += weight;
  }
}

std::vector<double> NaiveBayes::log_prior() const {
  const double all = sum_of(class_weight.data(), classes);
  std::vector<double> prior(class_weight.size(), kNever);
  for (size_t c = 0; c < prior.size(); ++c)
    if (class_weight[c] > 0)
      prior[c] = config.fit_prior ? std::log(class_weight[c]) - std::log(all)
                                  : -std::log(static_cast<double>(classes));
  return prior;
}

namespace {

Matrix<double> variances(const NaiveBayes& model) {
  NaiveBayes all = model;
  if (model.all_rows[0] == 0) all_from_classes(all);
  const double largest =
      *std::max_element(all.all_spread.values.begin(), all.all_spread.values.end()) /
      all.all_rows[0];
  Matrix<double> variance = model.spread;
  for (int64_t c = 0; c < model.classes; ++c)
    for (int64_t j = 0; j < model.features; ++j) {
      const double weight = model.class_weight[static_cast<size_t>(c)];
      variance(c, j) =
          (weight > 0 ? variance(c, j) / weight : 0) + model.config.var_smoothing * largest;
    }
  return variance;
}

Matrix<double> complement_weights(const NaiveBayes& model) {
  Matrix<double> weights = model.counts;
  for (int64_t j = 0; j < model.features; ++j) {
    double all = 0;
    for (int64_t c = 0; c < model.classes; ++c) all += model.counts(c, j);
    for (int64_t c = 0; c < model.classes; ++c)
      weights(c, j) = all + model.config.alpha - model.counts(c, j);
  }
  for (int64_t c = 0; c < model.classes; ++c) {
    double* row = weights.row(c);
    const double all = sum_of(row, model.features);
    for (int64_t j = 0; j < model.features; ++j) row[j] = std::log(row[j] / all);
    const double logs = model.config.norm ? sum_of(row, model.features) : -1;
    for (int64_t j = 0; j < model.features; ++j) row[j] /= logs;
  }
  return weights;
}

}  // namespace

Matrix<double> NaiveBayes::parameters() const {
  if (config.kind == "gaussian") return variances(*this);
  if (config.kind == "complement") return complement_weights(*this);
  Matrix<double> logs = counts;
  const double alpha = config.alpha;
  const auto smooth = [&](double* values, int64_t count, double all) {
    for (int64_t j = 0; j < count; ++j) values[j] = std::log(values[j] + alpha) - std::log(all);
  };
  for (int64_t c = 0; c < classes; ++c) {
    double* row = logs.row(c);
    if (config.kind == "categorical") {
      const std::vector<int64_t> starts = starts_of(categories);
      for (size_t j = 0; j < categories.size(); ++j)
        smooth(row + starts[j], categories[j],
               sum_of(row + starts[j], categories[j]) + alpha * static_cast<double>(categories[j]));
    } else if (config.kind == "bernoulli") {
      smooth(row, features, class_weight[static_cast<size_t>(c)] + 2 * alpha);
    } else {
      smooth(row, features, sum_of(row, features) + alpha * static_cast<double>(features));
    }
  }
  return logs;
}

Matrix<double> NaiveBayes::joint_log_likelihood(MatrixView<double> x) const {
  check_numbers(x);
  check_columns(x, features);
  Matrix<double> joint(x.rows, classes);
  if (config.kind == "gaussian")
    gaussian_rows(*this, x, joint);
  else if (config.kind == "categorical")
    categorical_rows(*this, x, joint);
  else
    linear_rows(*this, x, joint);
  return joint;
}

Matrix<double> NaiveBayes::joint_log_likelihood(const SparseView& x) const {
  check_sparse(x, *this);
  const LinearPart part = linear_part(*this);
  Matrix<double> joint(x.rows(), classes), by_column(features, classes);
  for (int64_t c = 0; c < classes; ++c)
    for (int64_t j = 0; j < features; ++j) by_column(j, c) = part.weights(c, j);
  for (int64_t i = 0; i < x.rows(); ++i) {
    double* sums = joint.row(i);
    std::copy(part.bias.begin(), part.bias.end(), sums);
    for (int64_t k = x.starts[static_cast<size_t>(i)]; k < x.starts[static_cast<size_t>(i) + 1];
         ++k) {
      const double value = x.values[static_cast<size_t>(k)];
      const double times = config.kind == "bernoulli" ? value > config.binarize : value;
      const double* weights = by_column.row(x.columns[static_cast<size_t>(k)]);
      if (times != 0)
        for (int64_t c = 0; c < classes; ++c) sums[c] += times * weights[c];
    }
  }
  return joint;
}

Matrix<double> NaiveBayes::predict_proba(MatrixView<double> x) const {
  Matrix<double> joint = joint_log_likelihood(x);
  to_probabilities(joint);
  return joint;
}

std::vector<int32_t> NaiveBayes::predict(MatrixView<double> x) const {
  return largest_of_rows(joint_log_likelihood(x));
}

NaiveBayes fit_naive_bayes(const NaiveBayesConfig& config,
                           MatrixView<double> x,
                           std::span<const int32_t> labels,
                           int64_t classes,
                           std::span<const double> weights,
                           std::vector<int64_t> categories) {
  if (config.kind == "categorical" && categories.empty()) {
    check_numbers(x);
    categories.assign(static_cast<size_t>(x.columns), 1);
    for (int64_t i = 0; i < x.rows; ++i)
      for (size_t j = 0; j < categories.size(); ++j) {
        const int64_t column = static_cast<int64_t>(j);
        categories[j] = std::max(categories[j], category(x(i, column), 1 << 24, i, column) + 1);
      }
  }
  NaiveBayes model = empty_naive_bayes(config, classes, x.columns, std::move(categories));
  model.partial_fit(x, labels, weights);
  return model;
}

void to_probabilities(Matrix<double>& joint) {
  for (int64_t i = 0; i < joint.rows; ++i) {
    double *row = joint.row(i), all = 0;
    const double largest = *std::max_element(row, row + joint.columns);
    for (int64_t c = 0; c < joint.columns; ++c) all += row[c] = std::exp(row[c] - largest);
    for (int64_t c = 0; c < joint.columns; ++c) row[c] /= all;
  }
}

std::vector<int32_t> largest_of_rows(const Matrix<double>& scores) {
  std::vector<int32_t> places;
  for (int64_t i = 0; i < scores.rows; ++i) {
    const double* row = scores.row(i);
    places.push_back(static_cast<int32_t>(std::max_element(row, row + scores.columns) - row));
  }
  return places;
}

void save_naive_bayes(const fs::path& path, const NaiveBayes& model) {
  ArrayWriter out("naive-bayes");
  NaiveBayesConfig config = model.config;
  for (const Field& option : fields(config)) out.set(option.name, field_text(option));
  out.set("classes", model.classes);
  out.set("features", model.features);
  out.add("class_weight", model.class_weight);
  if (config.kind == "gaussian") {
    out.add("mean", model.mean.values, model.features);
    out.add("spread", model.spread.values, model.features);
    out.add("all_rows", model.all_rows);
    out.add("all_mean", model.all_mean.values);
    out.add("all_spread", model.all_spread.values);
  } else {
    out.add("counts", model.counts.values, model.counts.columns);
  }
  if (config.kind == "categorical") out.add("categories", model.categories);
  out.write(path);
}

NaiveBayes load_naive_bayes(const fs::path& path) {
  const ArrayReader in(path, "naive-bayes");
  NaiveBayesConfig config;
  try {
    for (const Field& option : fields(config))
      set_field(fields(config), option.name, in.text(option.name));
  } catch (const Error& error) {
    in.refuse(error.what());
  }
  const int64_t classes = in.number("classes", 1, 1 << 24),
                features = in.number("features", 1, 1 << 24);
  std::vector<int64_t> categories;
  if (config.kind == "categorical") {
    categories = in.array<int64_t>("categories", features);
    for (const int64_t count : categories)
      if (count < 1 || count > 1 << 24) in.refuse("a column with no number of categories");
  }
  const std::vector<double> class_weight = in.array<double>("class_weight", classes);
  if (std::any_of(class_weight.begin(), class_weight.end(), [](double w) { return w < 0; }))
    in.refuse("a class with a weight below 0");
  const auto matrix = [&](const char* name, int64_t rows, int64_t columns) {
    Matrix<double> read;
    if (columns > (int64_t{1} << 40) / rows) in.refuse("more numbers than any file holds");
    read.values = in.array<double>(name, rows * columns);
    read.rows = rows;
    read.columns = columns;
    return read;
  };
  NaiveBayes model;
  model.config = config;
  model.classes = classes;
  model.features = features;
  model.categories = categories;
  model.class_weight = class_weight;
  if (config.kind == "gaussian") {
    model.mean = matrix("mean", classes, features);
    model.spread = matrix("spread", classes, features);
    model.all_rows = in.array<double>("all_rows", 1);
    model.all_mean = matrix("all_mean", 1, features);
    model.all_spread = matrix("all_spread", 1, features);
  } else {
    model.counts =
        matrix("counts", classes, categories.empty() ? features : starts_of(categories).back());
  }
  return model;
}

}  // namespace espalier
