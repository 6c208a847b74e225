// Truths counted by answers, and what follows from the counts alone.
//
//   ConfusionMatrix confusion = confusion_matrix(truth, answered, classes);
//   double f1 = precision_recall(confusion).average(Averaging::macro).f;
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace espalier {

struct ConfusionMatrix {
  explicit ConfusionMatrix(int64_t classes);

  int64_t classes;
  std::vector<double> counts;  // classes x classes, row: truth

  double& at(int64_t truth, int64_t answer) { return counts[place(truth, answer)]; }
  double at(int64_t truth, int64_t answer) const { return counts[place(truth, answer)]; }
  double truths(int64_t c) const;   // sum of a row
  double answers(int64_t c) const;  // sum of a column
  double right() const;             // sum of the diagonal
  double all() const;

 private:
  size_t place(int64_t truth, int64_t answer) const {
    return static_cast<size_t>(truth * classes + answer);
  }
};

// Lists of one length, numbers 0 .. classes - 1; `weight` of each sample, empty: 1. Throws Error(data) naming the sample
// that is otherwise, for a negative or infinite weight, and for none at all.
ConfusionMatrix confusion_matrix(std::span<const int32_t> truth,
                                 std::span<const int32_t> answered,
                                 int64_t classes,
                                 std::span<const double> weight = {});

double accuracy(const ConfusionMatrix& confusion);  // share that is right
double balanced_accuracy(
    const ConfusionMatrix& confusion);  // mean recall of the classes that occur

// A share of nothing (no sample of the class, none answered) is 0, as scikit-learn's by default.
struct PrecisionRecall {
  double precision = 0, recall = 0, f = 0;
};
enum class Averaging {
  micro,     // of all decisions together: accuracy, when each sample has one answer
  macro,     // each class that occurs in truth or answers counts the same
  weighted,  // each class counts as its truths do
};
struct ClassPrecisionRecall {
  std::vector<PrecisionRecall> of_class;  // for two classes the second is scikit-learn's "binary"
  std::vector<double> truths, answers, hits;
  double beta = 1;

  PrecisionRecall average(Averaging averaging) const;
};
// F-beta = (1 + beta^2) P R / (beta^2 P + R); beta > 1 leans towards recall.
ClassPrecisionRecall precision_recall(const ConfusionMatrix& confusion, double beta = 1);

// Correlation of truth and answer, -1..1, 0 for chance; for more than two classes that of Gorodkin, "Comparing two
// K-category assignments by a K-category correlation coefficient", 2004. 0 where either is constant.
double matthews_correlation(const ConfusionMatrix& confusion);

// Agreement beyond chance (Cohen 1960; weighted: 1968): 1 is full, 0 is chance. How much a disagreement weighs: 1, or the
// distance of the classes' numbers, or its square. Where truth and answer are the same constant, nothing can be said
// and it is NaN.
enum class KappaWeights { none, linear, quadratic };
double cohen_kappa(const ConfusionMatrix& confusion, KappaWeights weights = KappaWeights::none);

}  // namespace espalier
