// How well a classifier's probabilities rank, beside how often it is right: areas, agreement, and the curves of classes
// against the rest with the point at which it works.
//
//   ClassRanking ranking = rank_classes({.truth = labels, .score = rows, .classes = 3});
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/class_samples.h"
#include "espalier/metrics/scores.h"

namespace espalier {

struct SharePoint {
  double x = 0, y = 0;
};

// One class against the others.
struct ClassCurve {
  int64_t of_class = 0;
  double auc = 0, average_precision = 0;
  double share = 0;             // of the samples that are of this class: what precision chance has
  std::vector<SharePoint> roc;  // false positive rate, true positive rate; about 100 points
  std::vector<SharePoint> precision_recall;  // recall, precision
  // What the answers do, each sample being given its most probable class.
  double true_positive_rate = 0, false_positive_rate = 0, precision = 0;
};

struct ClassRanking {
  // auc and average_precision (of two classes: of the second, the AUC with DeLong's interval; of more: the mean over
  // classes that occur and are not alone), mcc, kappa, brier. What has no value is left out.
  std::vector<Score> scores;
  // Of two classes the second; of more those that are ranked worst, worst first.
  std::vector<ClassCurve> curves;
};

// `samples` with probabilities and without weights; the answer is the first of the most probable. Throws Error(data) as
// ClassSamples and brier_score() say.
ClassRanking rank_classes(const ClassSamples& samples);

// The key "curves" of eval-<split>.json.
nlohmann::ordered_json to_json(const std::vector<ClassCurve>& curves);

}  // namespace espalier
