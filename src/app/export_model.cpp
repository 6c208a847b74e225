#include "app/export_model.h"

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/deploy/export.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"
#include "espalier/train/quantise_classifier.h"

namespace espalier {

nlohmann::ordered_json export_model(const LoadedModel& model, const fs::path& file) {
  int64_t side = model.meta.input_size, channels = static_cast<int64_t>(model.meta.mean.size());
  ExportReport report =
      export_onnx(*model.net, onnx_metadata(model.meta), channels, side, side, file);
  nlohmann::ordered_json record = {
      {"onnx", file.string()}, {"onnx_max_abs_diff", report.max_abs_diff},
      {"nodes", report.nodes}, {"bytes", report.bytes},
      {"opset", 17},           {"folded_norms", report.fold.folded}};
  fs::path folder = file.parent_path();
  if (file.filename() == "model.onnx" && fs::exists(folder / "config.toml"))
    write_file_atomic(folder / "export.json", record.dump(2) + "\n");
  return record;
}

nlohmann::ordered_json export_int8_model(const LoadedModel& model,
                                         const fs::path& run,
                                         const std::string& data,
                                         const QuantiseConfig& config,
                                         const fs::path& file) {
  Int8Classifier int8;
  if (run.empty() && data.empty()) {
    warn("ranges measured on random numbers: the file is good for measuring speed only");
    constexpr int64_t kBatches = 2, kBatch = 4;
    int64_t side = model.meta.input_size, channels = static_cast<int64_t>(model.meta.mean.size());
    int64_t left = kBatches;
    torch::manual_seed(1);
    auto noise = [&]() -> std::optional<at::Tensor> {
      if (left-- == 0) return std::nullopt;
      return at::randn({kBatch, channels, side, side});
    };
    int8.report =
        export_int8(folded_graph(*model.net, onnx_metadata(model.meta), {1, channels, side, side}),
                    noise, config, file);
  } else {
    ClassifyRecipe recipe;
    if (!run.empty()) read_toml(fields(recipe), run / "config.toml");
    if (!data.empty()) recipe.data = data;
    int8 = quantise_classifier(model, open_splits(recipe.data, recipe.split), config, file);
  }
  nlohmann::ordered_json record = {{"onnx", file.string()}};
  record.update(to_json(int8));
  if (!run.empty() && file.filename() == "model-int8.onnx" && file.parent_path() == run)
    write_file_atomic(run / "export-int8.json", record.dump(2) + "\n");
  return record;
}

}  // namespace espalier
