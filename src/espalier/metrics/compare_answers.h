// Which of two models is better on the same samples, and whether that could be chance.
//
//   AnswerComparison comparison = compare_answers(first, second);
//   fmt::print("{}\n", verdict(comparison, "tree", "forest"));
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/answers.h"
#include "espalier/metrics/mcnemar.h"
#include "espalier/metrics/scores.h"

namespace espalier {

struct ComparedScore {
  std::string name;
  bool higher_is_better = true;
  double first = 0, second = 0;
  Interval interval;        // of first - second, 95 %
  std::optional<double> p;  // two-sided, that there is no difference
  std::string test;         // where interval and p are from

  double difference() const { return first - second; }
};

struct AnswerComparison {
  int64_t samples = 0;
  // Classes: accuracy (paired bootstrap; McNemar's mid-p), log_loss (paired bootstrap) and, for two classes with two
  // samples each, auc (DeLong). Numbers: rmse and mae (paired bootstrap). The first decides.
  std::vector<ComparedScore> scores;
  std::optional<McNemar> disagreements;  // classes
  int winner = 0;  // 1: the first, 2: the second, 0: neither is shown to be better, at 5 %
};

// Samples are found by their ids, in whatever order. Throws Error(data) when the two were not asked the same: naming an id
// that only one knows, knows twice, or has another truth for, or the classes in which they differ.
AnswerComparison compare_answers(const Answers& first, const Answers& second);

// In one or two plain sentences.
std::string verdict(const AnswerComparison& comparison,
                    const std::string& first,
                    const std::string& second);

nlohmann::ordered_json to_json(const AnswerComparison& comparison);

}  // namespace espalier
