// espalier export RUN: a folded .onnx file, checked against the network it came from.
// espalier export RUN --int8: the same in eight bits.
// espalier export MODEL: the same of a model of the table with random weights.
#include "espalier/deploy/export.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/models/model_file.h"
#include "espalier/tasks/open_classifier.h"

#include "app/export_model.h"
#include "app/random_model.h"
#include "app/verbs.h"

namespace espalier {

int run_export(const Arguments& arguments) {
  std::string path, out, data;
  bool int8 = false;
  RandomModelConfig random;
  QuantiseConfig quantise;
  CommandLine line("espalier export RUN [flags]",
                   "writes the network as ONNX with its norms folded, and checks that the file "
                   "gives the same answers");
  line.positional("run", path, "run folder, model file, or a model's name: random weights");
  line.add(
      {field("out", out,
             "the .onnx file; empty: model.onnx (model-int8.onnx) in the run folder, or NAME.onnx"),
       field("int8", int8,
             "in eight bits (QuantizeLinear, DequantizeLinear), calibrated on training pictures; "
             "the accuracy on validation pictures is printed beside the float network's"),
       field("data", data, "for int8: data set; empty: the one the run was trained on")});
  line.add(fields(quantise));
  line.add(fields(random));
  if (!line.parse(arguments)) return 0;

  bool untrained = !fs::exists(path) && is_model_name(path);
  if (!untrained && (random.size > 0 || random.classes > 0))
    fail(Kind::usage, "--size and --classes are for a model's name; '{}' has its own", path);
  fs::path folder = fs::is_directory(path) ? fs::path(path) : fs::path(path).parent_path();
  const std::string ending = int8 ? "-int8.onnx" : ".onnx";
  fs::path file = !out.empty() ? fs::path(out)
                  : untrained  ? fs::path(path + ending)
                               : folder / ("model" + ending);
  const LoadedModel model = untrained ? random_model(path, random) : load_model(path);
  if (int8) {
    fs::path run = !untrained && fs::exists(folder / "config.toml") ? folder : fs::path();
    if (run.empty() && data.empty() && !untrained)
      fail(Kind::usage, "{} does not say what it was trained on; name --data", path);
    nlohmann::ordered_json record = export_int8_model(model, run, data, quantise, file);
    fmt::print("{}\n", line.common().json ? record.dump()
                                          : fmt::format("{}: {:.1f} MB, {} layers in int8",
                                                        record["onnx"].get<std::string>(),
                                                        record["int8_bytes"].get<double>() / 1e6,
                                                        record["int8_layers"].get<int64_t>()));
    return 0;
  }
  nlohmann::ordered_json record = export_model(model, file);
  if (line.common().json) {
    fmt::print("{}\n", record.dump());
    return 0;
  }
  fmt::print("{}: {} nodes, {:.1f} MB, {} norms folded, largest difference to the network {:.1e}\n",
             record["onnx"].get<std::string>(), record["nodes"].get<int64_t>(),
             static_cast<double>(record["bytes"].get<int64_t>()) / 1e6,
             record["folded_norms"].get<int64_t>(), record["onnx_max_abs_diff"].get<double>());
  return 0;
}

}  // namespace espalier
