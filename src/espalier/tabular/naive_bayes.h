// Naive Bayes: columns taken as independent given the class, log P(y | x) = log P(y) + sum_j log P(x_j | y) + constant.
//
//   NaiveBayes model = fit_naive_bayes({.kind = "gaussian"}, x.view(), labels, /*classes=*/3);
//   std::vector<int32_t> guess = model.predict(test.view());
//   model.partial_fit(more.view(), more_labels);     // as if all rows had been there at once
//
// Five kinds, each with scikit-learn's formulas:
//   gaussian     normal columns; variances are biased, plus var_smoothing times the largest variance of any column
//   multinomial  counts (Manning et al., "Introduction to information retrieval", 13.2)
//   complement   counts; weights from all other classes (Rennie et al., "Tackling the poor assumptions of naive Bayes text
//                classifiers", ICML 2003); no prior when there is more than one class
//   bernoulli    columns are above `binarize` or not, and what is absent counts (Manning et al., 13.3)
//   categorical  whole numbers 0..categories-1 without an order
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"
#include "espalier/tabular/sparse.h"

namespace espalier {

struct NaiveBayesConfig {
  std::string kind = "gaussian";
  double alpha = 1;             // added to each count
  double var_smoothing = 1e-9;  // gaussian
  double binarize = 0;          // bernoulli
  bool fit_prior = true;        // else all classes are equally likely
  bool norm = false;            // complement: weights of a class add up to 1
};
Fields fields(NaiveBayesConfig& config);

// What was counted; everything else follows from it.
struct NaiveBayes {
  NaiveBayesConfig config;
  int64_t classes = 0, features = 0;
  std::vector<int64_t> categories;   // categorical: of each column
  std::vector<double> class_weight;  // rows of each class, or their weights
  // gaussian: classes x features; `spread` are sums of squared differences from the mean. Once a row has had a weight,
  // also of all rows together, each counted once, for so var_smoothing has it; until then all_rows is 0.
  Matrix<double> mean, spread, all_mean, all_spread;
  std::vector<double> all_rows;
  // others: classes x features; categorical: x all categories, column by column
  Matrix<double> counts;

  // Throw Error(data) for what check_rows.h refuses, a count below 0, a category outside of its column's, an own number
  // of columns.
  void partial_fit(MatrixView<double> x,
                   std::span<const int32_t> labels,
                   std::span<const double> weights = {});
  // multinomial, complement and bernoulli (binarize >= 0).
  void partial_fit(const SparseView& x,
                   std::span<const int32_t> labels,
                   std::span<const double> weights = {});

  std::vector<double> log_prior() const;  // -inf for a class without a row
  // gaussian: variances; others: log P(x_j | y), or complement's weights. As scikit-learn's var_ and feature_log_prob_.
  Matrix<double> parameters() const;

  // rows x classes: log P(y) + sum_j log P(x_j | y).
  Matrix<double> joint_log_likelihood(MatrixView<double> x) const;
  Matrix<double> joint_log_likelihood(const SparseView& x) const;
  Matrix<double> predict_proba(MatrixView<double> x) const;
  std::vector<int32_t> predict(MatrixView<double> x) const;  // of equally likely classes the lowest
};

// Knows nothing yet. `categories`: for the categorical kind alone.
NaiveBayes empty_naive_bayes(const NaiveBayesConfig& config,
                             int64_t classes,
                             int64_t features,
                             std::vector<int64_t> categories = {});

// A categorical model without `categories` takes one more than the largest number of each column.
NaiveBayes fit_naive_bayes(const NaiveBayesConfig& config,
                           MatrixView<double> x,
                           std::span<const int32_t> labels,
                           int64_t classes,
                           std::span<const double> weights = {},
                           std::vector<int64_t> categories = {});

// Rows of joint log-likelihoods into probabilities; into the place of the largest, the lowest of equals.
void to_probabilities(Matrix<double>& joint);
std::vector<int32_t> largest_of_rows(const Matrix<double>& scores);

void save_naive_bayes(const fs::path& path, const NaiveBayes& model);
NaiveBayes load_naive_bayes(const fs::path& path);  // throws Error(io | format)

}  // namespace espalier
