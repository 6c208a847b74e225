// Logistic regression, binary and multinomial, with the squared penalty: the classifier among the linear models.
//
//   LogisticFit fit = fit_logistic_table({.l2 = 1}, x.view(), labels, /*classes=*/3);
//   Matrix<double> shares = fit.model.predict_proba(test.view());
//
// Minimises  sum_i w_i cross_entropy(y_i, x_i) + l2/2 |W|^2  with a free intercept, which is scikit-learn's
// LogisticRegression(C = 1 / l2); two classes have one row of coefficients, that of the second. Newton's method on centred
// and scaled columns, so that units do not matter and the minimum is met to rounding. (nn/logistic.h is for many wide
// features of a network, by L-BFGS.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct LogisticConfig {
  double l2 = 1;  // > 0
  bool intercept = true;
};
Fields fields(LogisticConfig& config);

struct LogisticClassifier {
  int64_t classes = 0;
  Matrix<double> coefficients;     // classes x columns; 1 x columns for two classes
  std::vector<double> intercepts;  // one a row

  Matrix<double> predict_proba(MatrixView<double> x) const;  // rows x classes
  std::vector<int32_t> predict(MatrixView<double> x) const;  // of equally likely classes the lowest
};

struct LogisticFit {
  LogisticClassifier model;
  int64_t steps = 0;
  double loss = 0;  // what was minimised
};

// Throws Error(data) for what check_rows.h refuses and when all rows are of one class; Error(unsupported) for more than
// 6000 unknowns.
LogisticFit fit_logistic_table(const LogisticConfig& config,
                               MatrixView<double> x,
                               std::span<const int32_t> labels,
                               int64_t classes,
                               std::span<const double> weights = {});

void save_logistic(const fs::path& path, const LogisticClassifier& model);
LogisticClassifier load_logistic(const fs::path& path);  // throws Error(io | format)

}  // namespace espalier
