// Scoring a classifier on one split and keeping what a report shows of it.
#pragma once

#include "espalier/metrics/classification.h"

#include "app/looks.h"

namespace espalier {

// What eval and predict may do beside the plain answer; "flip" stands for
// ClassifyTask::look_at_mirror_images().
Field tta_field(std::string& tta);

struct ScoredSplit {
  ClassificationResult result;
  std::vector<SampleFailure> failures;
  int64_t images = 0;
  MeasuredEvidence evidence;
};

// Predicts all of `data` in fp32 and scores it. When `folder` is not empty, writes eval-<split>.json
// and the pictures it names into it: the most confident mistakes, some right answers, some that are
// the same for every network, and look-alikes beside each other, all with maps of evidence. Where the
// places of objects are known, the evidence is measured if there is a folder or `places.masked`.
ScoredSplit evaluate_classifier(ClassifyTask& task,
                                const DatasetPtr& data,
                                const std::string& split,
                                const fs::path& folder,
                                const KnownPlaces& places = {});

}  // namespace espalier
