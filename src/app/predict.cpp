// espalier predict RUN IMAGES...: classify images or folders of them.
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/train/classify_recipe.h"

#include "app/evaluation.h"
#include "app/verbs.h"

namespace espalier {
namespace {

nlohmann::ordered_json record_of(const std::string& id,
                                 const Annotation& predicted,
                                 const ModelMeta& meta,
                                 int64_t top) {
  nlohmann::ordered_json answers = nlohmann::ordered_json::array();
  for (size_t i = 0; i < predicted.labels.size() && i < static_cast<size_t>(top); ++i) {
    const Label& label = predicted.labels[i];
    size_t c = static_cast<size_t>(label.id);
    answers.push_back(
        {{"class", c < meta.class_names.size() ? meta.class_names[c] : std::to_string(c)},
         {"probability", label.score}});
  }
  return {{"image", id}, {"answers", answers}};
}

void print_record(const nlohmann::ordered_json& record) {
  fmt::print("{}", record["image"].get<std::string>());
  for (const auto& answer : record["answers"])
    fmt::print("\t{} {:.3f}", answer["class"].get<std::string>(),
               answer["probability"].get<double>());
  fmt::print("\n");
}

}  // namespace

int run_predict(const Arguments& arguments) {
  std::string path, tta = "none";
  std::vector<std::string> places;
  int64_t top = 3, batch = 32;
  NetworkConfig network;
  CommandLine line("espalier predict RUN IMAGE... [flags]",
                   "classifies images, or all images of a folder");
  line.positional("run", path, "run folder, model file or .onnx");
  line.positionals("image", places, "files and folders");
  line.add({field("top", top, "answers an image").between(1, 1e6),
            field("batch", batch, "images at once").between(1, 1e5), tta_field(tta)});
  line.add(fields(network));
  if (!line.parse(arguments)) return 0;
  if (places.empty()) fail(Kind::usage, "name at least one image or folder");

  std::unique_ptr<ClassifyTask> task = open_classifier(path, network);
  task->look_at_mirror_images(tta == "flip");
  nlohmann::ordered_json records = nlohmann::ordered_json::array(),
                         failures = nlohmann::ordered_json::array();
  for (const std::string& place : places) {
    DatasetPtr data = open_images(place);
    Loader loader = evaluation_loader(data, task->meta(), batch, 2);
    Predictions predictions = predict_all(*task, loader, Precision::fp32, place);
    for (size_t i = 0; i < predictions.predicted.size(); ++i) {
      records.push_back(
          record_of(data->id(predictions.indices[i]), predictions.predicted[i], task->meta(), top));
      if (!line.common().json) print_record(records.back());
    }
    for (const SampleFailure& failure : predictions.failures)
      failures.push_back({{"image", failure.id}, {"reason", failure.reason}});
  }
  if (records.empty())
    fail(Kind::data, "none of {} images could be read; the first: {}", failures.size(),
         failures[0]["reason"].get<std::string>());
  for (const auto& failure : failures)
    warn(fmt::format("skipped {}: {}", failure["image"].get<std::string>(),
                     failure["reason"].get<std::string>()));
  if (line.common().json)
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"tta", tta}, {"predictions", records}, {"failures", failures}}
            .dump());
  return 0;
}

}  // namespace espalier
