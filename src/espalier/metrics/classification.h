// Scores of an image classifier: truth and predicted probabilities in, named numbers, confusion
// matrix, per-class table and reliability bins out.
//
//   ClassificationResult result = score_classification(truth, predicted, class_names);
//   fmt::print("accuracy {:.3f}\n", result.scores.at("accuracy").value);
//   write_file_atomic(run / "eval-test.json", to_json(result, class_names).dump(1));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/data/annotation.h"
#include "espalier/metrics/scores.h"

namespace espalier {

// One class of the table. As in scikit-learn, a share of nothing (no sample of the class, none
// predicted) is 0.
struct ClassRow {
  int64_t support = 0;    // samples whose truth is this class
  int64_t predicted = 0;  // samples that were given this class
  double precision = 0, recall = 0, f1 = 0;
  Interval recall_interval;  // Wilson, 95 %
};

// Samples whose highest probability lies in (low, high].
struct ReliabilityBin {
  double low = 0, high = 0;
  int64_t count = 0;
  double confidence = 0, accuracy = 0;  // means over the bin; 0 when it is empty
};

struct ClassificationResult {
  Scores scores;  // accuracy, top5 (more than 5 classes), macro_f1, log_loss, calibration_error
  std::vector<std::vector<int64_t>> confusion;  // [truth][predicted], counts
  std::vector<ClassRow> per_class;
  std::vector<ReliabilityBin> reliability;  // 15 of equal width
  double majority_share = 0;                // accuracy of always naming the commonest class
};

// truth[i].labels[0] is the class of sample i; predicted[i].labels holds every class once with its
// probability, best first. Macro F1 averages over classes that occur in truth or prediction
// (scikit-learn's rule); log loss is in nats, probabilities clamped to [2^-23, 1 - 2^-23]; the
// calibration error is ECE with 15 bins of Guo et al., "On calibration of modern neural networks",
// ICML 2017, eq. 3. Throws Error(data) naming the sample for a class out of range, a missing or
// repeated class, a probability that is no number in [0, 1], a wrong order, a sum off 1 by more
// than 0.01, for no samples at all, and for lists of different length.
ClassificationResult score_classification(const std::vector<Annotation>& truth,
                                          const std::vector<Annotation>& predicted,
                                          const std::vector<std::string>& classes);

// The keys of eval-<split>.json: scores, classes, confusion, per_class, reliability
// (docs/design.md, section 7).
nlohmann::ordered_json to_json(const ClassificationResult& result,
                               const std::vector<std::string>& classes);

}  // namespace espalier
