#include "app/split_answers.h"

#include "espalier/core/error.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr int64_t kBatch = 64;

}  // namespace

fs::path run_of(const fs::path& path) {
  fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  return fs::exists(folder / "config.toml") ? folder : fs::path();
}

DatasetPtr choose_split(const Splits& splits, const std::string& name) {
  DatasetPtr data = name == "train" ? splits.train : name == "val" ? splits.val : splits.test;
  if (!data || data->size() == 0) fail(Kind::data, "the data have no {} split", name);
  return data;
}

Predictions predict_split(ClassifyTask& task, const DatasetPtr& data, const std::string& split) {
  const std::vector<std::string>& classes = task.meta().class_names;
  if (data->class_names() != classes)
    fail(Kind::data,
         "the data have {} classes and the model {}, or their names differ; score a model on the "
         "classes it learnt",
         data->class_names().size(), classes.size());
  Loader loader = evaluation_loader(data, task.meta(), kBatch, 2);
  Predictions predictions = predict_all(task, loader, Precision::fp32, "scoring " + split);
  if (predictions.truth.empty())
    fail(Kind::data, "not one image of the {} split could be read", split);
  return predictions;
}

std::vector<int32_t> true_classes(const Predictions& predictions) {
  std::vector<int32_t> truth;
  for (const Annotation& one : predictions.truth)
    truth.push_back(static_cast<int32_t>(one.labels.front().id));
  return truth;
}

Answers answers_of(const Predictions& predictions,
                   const Dataset& data,
                   const std::vector<std::string>& classes) {
  Answers answers{.classes = classes};
  answers.truth = true_classes(predictions);
  for (size_t i = 0; i < answers.truth.size(); ++i) {
    const std::vector<Label>& labels = predictions.predicted[i].labels;
    answers.id.push_back(data.id(predictions.indices[i]));
    answers.answer.push_back(static_cast<int32_t>(labels.front().id));
    const int64_t shown = classes.size() == 2 ? 1 : answers.truth[i];
    for (const Label& label : labels)
      if (label.id == shown) answers.probability.push_back(label.score);
  }
  return answers;
}

}  // namespace espalier
