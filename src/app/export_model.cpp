#include "app/export_model.h"

#include "espalier/deploy/export.h"
#include "espalier/tasks/open_classifier.h"

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

}  // namespace espalier
