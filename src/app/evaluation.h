// Scoring a classifier on one split and keeping what a report shows of it.
#pragma once

#include "espalier/metrics/classification.h"
#include "espalier/tasks/classify.h"
#include "espalier/train/loop.h"

namespace espalier {

struct Evaluation {
  ClassificationResult result;
  std::vector<SampleFailure> failures;
  int64_t images = 0;
};

// Predicts all of `data` in fp32 and scores it. When `folder` is not empty, writes eval-<split>.json and the pictures of
// the most confident mistakes with their evidence maps into it.
Evaluation evaluate_classifier(ClassifyTask& task,
                               const DatasetPtr& data,
                               const std::string& split,
                               const fs::path& folder);

}  // namespace espalier
