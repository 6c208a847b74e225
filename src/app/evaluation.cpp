#include "app/evaluation.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/metrics/class_ranking.h"

#include "app/split_answers.h"

namespace espalier {
namespace {

constexpr size_t kMostRanked = size_t{1} << 27;  // probabilities that curves are drawn of: 1 GiB

nlohmann::ordered_json keep_pairs(Looks& looks,
                                  const std::vector<LookAlikes>& pairs,
                                  const std::vector<std::string>& classes,
                                  const fs::path& pictures) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const LookAlikes& pair : pairs) {
    const std::string name = fmt::format("pair-{:02}", list.size() + 1);
    nlohmann::ordered_json entry = {
        {"truth", classes.at(static_cast<size_t>(pair.truth))},
        {"taken_for", classes.at(static_cast<size_t>(pair.taken_for))},
        {"count", pair.count},
        {"other_way", pair.other_way},
        {"mistaken", looks.keep({pair.mistaken}, name + "-mistaken", pictures)[0]}};
    if (!pair.right.empty()) entry["right"] = looks.keep(pair.right, name + "-right", pictures)[0];
    list.push_back(std::move(entry));
  }
  return list;
}

// Samples x classes.
std::vector<double> probability_rows(const Predictions& predictions, size_t classes) {
  std::vector<double> rows(predictions.predicted.size() * classes);
  for (size_t i = 0; i < predictions.predicted.size(); ++i)
    for (const Label& label : predictions.predicted[i].labels)
      rows[i * classes + static_cast<size_t>(label.id)] = std::min(1.0F, label.score);
  return rows;
}

}  // namespace

Field tta_field(std::string& tta) {
  return field("tta", tta,
               "test-time augmentation; flip: the mean of the probabilities of the picture and its "
               "mirror image, in twice the time")
      .one_of({"none", "flip"});
}

ScoredSplit evaluate_classifier(ClassifyTask& task,
                                const DatasetPtr& data,
                                const std::string& split,
                                const fs::path& folder,
                                const KnownPlaces& places) {
  const std::vector<std::string>& classes = task.meta().class_names;
  const Predictions predictions = predict_split(task, data, split);
  ScoredSplit scored{
      .result = score_classification(predictions.truth, predictions.predicted, classes),
      .failures = predictions.failures,
      .images = static_cast<int64_t>(predictions.truth.size()),
      .evidence = {}};
  ClassRanking ranking;
  if (predictions.truth.size() <= kMostRanked / classes.size())
    ranking = rank_classes({.truth = true_classes(predictions),
                            .score = probability_rows(predictions, classes.size()),
                            .classes = static_cast<int64_t>(classes.size())});
  scored.result.scores.items.insert(scored.result.scores.items.end(), ranking.scores.begin(),
                                    ranking.scores.end());
  Looks looks(task, data, predictions, places);
  if (looks.places_known() && (places.masked || !folder.empty())) scored.evidence = looks.measure();
  if (folder.empty()) return scored;

  nlohmann::ordered_json record = to_json(scored.result, classes);
  record["curves"] = to_json(ranking.curves);
  record["tta"] = task.looks_at_mirror_images() ? "flip" : "none";
  const fs::path pictures = folder / ("eval-" + split);
  fs::remove_all(pictures);
  record["mistakes"] = looks.keep(most_confident(predictions, true), "mistakes", pictures);
  record["examples"] = looks.keep(most_confident(predictions, false), "examples", pictures);
  record["looks"] = looks.keep(fixed_looks(predictions), "looks", pictures);
  record["pairs"] =
      keep_pairs(looks, look_alikes(predictions, scored.result.confusion), classes, pictures);
  if (looks.places_known()) record["evidence"] = to_json(scored.evidence);
  record["failures"] = nlohmann::ordered_json::array();
  for (const SampleFailure& failure : predictions.failures)
    record["failures"].push_back({{"id", failure.id}, {"reason", failure.reason}});
  write_file_atomic(folder / ("eval-" + split + ".json"), record.dump(1) + "\n");
  write_answers(folder, split, answers_of(predictions, *data, classes));
  return scored;
}

}  // namespace espalier
