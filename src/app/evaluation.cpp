#include "app/evaluation.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/data/subset.h"
#include "espalier/format/png.h"
#include "espalier/report/overlay.h"
#include "espalier/tasks/evidence.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr size_t kPictures = 12;
constexpr int64_t kBatch = 64;

// Positions of the wrong answers, most confident first, and the same of the right ones.
std::vector<size_t> by_confidence(const Predictions& predictions, bool wrong) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < predictions.truth.size(); ++i)
    if ((predictions.truth[i].labels[0].id != predictions.predicted[i].labels[0].id) == wrong)
      chosen.push_back(i);
  std::stable_sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) {
    return predictions.predicted[a].labels[0].score > predictions.predicted[b].labels[0].score;
  });
  if (chosen.size() > kPictures) chosen.resize(kPictures);
  return chosen;
}

Image picture_of(const Batch& batch) {
  Image image(batch.width, batch.height, batch.channels);
  image.pixels = batch.pixels;
  return image;
}

// Writes the picture as the network saw it, and the same under its evidence for the predicted class.
nlohmann::ordered_json keep_picture(ClassifyTask& task,
                                    const DatasetPtr& data,
                                    const Predictions& predictions,
                                    size_t i,
                                    const fs::path& folder,
                                    const std::string& name) {
  const Annotation& predicted = predictions.predicted[i];
  auto one = subset(data, {predictions.indices[i]});
  Loader loader = evaluation_loader(one, task.meta(), 1, 0);
  loader.start_epoch(0);
  std::optional<Batch> batch = loader.next();
  if (!batch || batch->count != 1)
    fail(Kind::internal, "a picture that was read before could not be read again");
  Image image = picture_of(*batch);
  Raster<float> map =
      evidence_maps(task.model(), to_tensor(*batch, {task.meta().mean, task.meta().std}),
                    {predicted.labels[0].id})[0];
  write_png(folder / (name + ".png"), image);
  write_png(folder / (name + "-evidence.png"), overlay_heat(image, map));
  const std::vector<std::string>& classes = task.meta().class_names;
  std::string prefix = folder.filename().string() + "/" + name;
  return {{"id", data->id(predictions.indices[i])},
          {"truth", classes.at(static_cast<size_t>(predictions.truth[i].labels[0].id))},
          {"predicted", classes.at(static_cast<size_t>(predicted.labels[0].id))},
          {"confidence", predicted.labels[0].score},
          {"image", prefix + ".png"},
          {"evidence", prefix + "-evidence.png"}};
}

}  // namespace

Evaluation evaluate_classifier(ClassifyTask& task,
                               const DatasetPtr& data,
                               const std::string& split,
                               const fs::path& folder) {
  if (data->class_names() != task.meta().class_names)
    fail(Kind::data,
         "the data have {} classes and the model {}, or their names differ; score a model on the "
         "classes it learnt",
         data->class_names().size(), task.meta().class_names.size());
  Loader loader = evaluation_loader(data, task.meta(), kBatch, 2);
  Predictions predictions = predict_all(task, loader, Precision::fp32, "scoring " + split);
  if (predictions.truth.empty())
    fail(Kind::data, "not one image of the {} split could be read", split);
  Evaluation evaluation{.result = score_classification(predictions.truth, predictions.predicted,
                                                       task.meta().class_names),
                        .failures = predictions.failures,
                        .images = static_cast<int64_t>(predictions.truth.size())};
  if (folder.empty()) return evaluation;

  nlohmann::ordered_json record = to_json(evaluation.result, task.meta().class_names);
  fs::path pictures = folder / ("eval-" + split);
  fs::remove_all(pictures);
  for (const char* kind : {"mistakes", "examples"}) {
    record[kind] = nlohmann::ordered_json::array();
    int number = 0;
    for (size_t i : by_confidence(predictions, std::string(kind) == "mistakes"))
      record[kind].push_back(keep_picture(task, data, predictions, i, pictures,
                                          fmt::format("{}-{:02}", kind, ++number)));
  }
  record["failures"] = nlohmann::ordered_json::array();
  for (const SampleFailure& failure : predictions.failures)
    record["failures"].push_back({{"id", failure.id}, {"reason", failure.reason}});
  write_file_atomic(folder / ("eval-" + split + ".json"), record.dump(1) + "\n");
  return evaluation;
}

}  // namespace espalier
