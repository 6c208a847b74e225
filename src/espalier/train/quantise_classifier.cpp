#include "espalier/train/quantise_classifier.h"

#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/data/subset.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr int64_t kBatch = 32, kWorkers = 2;
constexpr double kNotable = 0.005;  // loss of accuracy that is worth a warning

std::optional<Score> accuracy_of(ClassifyTask& task, const DatasetPtr& pictures) {
  Loader loader = evaluation_loader(pictures, task.meta(), kBatch, kWorkers);
  Predictions predictions = predict_all(task, loader, Precision::fp32, "validating");
  if (predictions.truth.empty()) return std::nullopt;
  return task.score(predictions.truth, predictions.predicted).headline();
}

DatasetPtr chosen(const DatasetPtr& train, int64_t count) {
  if (!train || train->size() == 0)
    fail(Kind::data, "int8 needs training pictures to measure the ranges of values on");
  std::vector<int64_t> order(static_cast<size_t>(train->size()));
  std::iota(order.begin(), order.end(), int64_t{0});
  Random(0).stream("calibration").shuffle(order);
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  return subset(train, order);
}

std::string text_of(const Score& score) {
  std::string text = fmt::format("{:.4f}", score.value);
  if (score.interval)
    text += fmt::format(" (95 % {:.4f} .. {:.4f})", score.interval->low, score.interval->high);
  return text;
}

}  // namespace

Int8Classifier quantise_classifier(const LoadedModel& model,
                                   const Splits& splits,
                                   const QuantiseConfig& config,
                                   const fs::path& path) {
  Int8Classifier int8;
  ClassifyTask floats(model.net, model.meta, {});
  DatasetPtr pictures = chosen(splits.train, config.calibrate);
  Loader loader = evaluation_loader(pictures, model.meta, kBatch, kWorkers);
  loader.start_epoch(0);
  Progress progress("measuring ranges", pictures->size(), "img");
  auto next = [&]() -> std::optional<at::Tensor> {
    while (std::optional<Batch> batch = loader.next())
      if (batch->count > 0) {
        progress.advance(batch->count);
        return floats.images_of(*batch);
      }
    return std::nullopt;
  };
  int64_t side = model.meta.input_size, channels = static_cast<int64_t>(model.meta.mean.size());
  Graph graph = folded_graph(*model.net, onnx_metadata(model.meta), {1, channels, side, side});
  int8.report = export_int8(graph, next, config, path);
  progress.finish();
  say(fmt::format("int8: {} layers, {:.1f} kB, the same first answer for {:.1f} % of the pictures",
                  int8.report.quantised.layers, static_cast<double>(int8.report.bytes) / 1e3,
                  100 * int8.report.same_answers));
  if (std::string left = to_text(int8.report.quantised); !left.empty()) say(left);
  if (!splits.val || splits.val->size() == 0) return int8;
  int8.accuracy_float = accuracy_of(floats, splits.val);
  int8.accuracy = accuracy_of(*open_classifier(path), splits.val);
  if (!int8.accuracy || !int8.accuracy_float) return int8;
  say(fmt::format("validation accuracy {} in int8, {} in float", text_of(*int8.accuracy),
                  text_of(*int8.accuracy_float)));
  if (double lost = int8.accuracy_float->value - int8.accuracy->value; lost > kNotable)
    warn(
        fmt::format("int8 costs {:.1f} points of accuracy; another --percentile or more "
                    "pictures (--calibrate) may cost less, --keep-float excepts layers",
                    100 * lost));
  return int8;
}

nlohmann::ordered_json to_json(const Int8Classifier& int8) {
  nlohmann::ordered_json json = {{"int8_layers", int8.report.quantised.layers},
                                 {"int8_bytes", int8.report.bytes},
                                 {"int8_same_answers", int8.report.same_answers},
                                 {"int8_in_float", nlohmann::ordered_json::object()}};
  for (const auto& [node, why] : int8.report.quantised.in_float) json["int8_in_float"][node] = why;
  auto add = [&](const std::string& name, const std::optional<Score>& score) {
    if (!score) return;
    json[name] = score->value;
    if (score->interval) json[name + "_interval"] = {score->interval->low, score->interval->high};
  };
  add("int8_accuracy", int8.accuracy);
  add("accuracy_float", int8.accuracy_float);
  return json;
}

}  // namespace espalier
