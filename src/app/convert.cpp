// espalier convert IN OUT: weights of PyTorch, safetensors, timm's folders or a run of ours as another of these.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/format/safetensors.h"
#include "espalier/format/torch_file.h"
#include "espalier/models/table.h"
#include "espalier/models/weights.h"
#include "espalier/tensor/stored.h"

#include "app/verbs.h"

namespace espalier {
namespace {

struct ConvertConfig {
  std::string model;
  std::vector<std::string> classes;
  std::vector<double> mean, std;
  bool show = false;
};

Fields fields(ConvertConfig& config) {
  return {field("model", config.model,
                "a name that `espalier models` lists; empty: the one that names and shapes fit"),
          field("classes", config.classes, "names of the outputs, in their order"),
          field("mean", config.mean,
                "of each channel, for samples in 0..1; empty: as the weights want it"),
          field("std", config.std, "deviation of each channel, likewise").between(1e-6, 1e6),
          field("show", config.show, "print what became of each tensor")};
}

enum class Form { torch, safetensors, folder };

Form form_of(const fs::path& out) {
  if (is_torch_name(out)) return Form::torch;
  if (out.extension() == ".safetensors") return Form::safetensors;
  if (out.extension().empty() || fs::is_directory(out)) return Form::folder;
  fail(Kind::usage, "{}: OUT is a .pth, .pt, .th or .safetensors file, or a folder", out.string());
}

// The row of the table, "" when the file is of no network of ours.
std::string model_of(const WeightFile& file, const std::string& asked) {
  if (!asked.empty()) return find_named(model_table(), asked, "model").name;
  std::vector<std::string> names = fitting_models(file);
  if (names.size() > 1)
    fail(Kind::usage, "{}: names and shapes fit {}; say which one by --model", file.path.string(),
         fmt::join(names, " and "));
  return names.empty() ? "" : names.front();
}

// What was asked for over what the weights say.
void override_meta(const ConvertConfig& config, LoadedModel& model) {
  ModelMeta& meta = model.meta;
  auto replace = [](const char* what, const auto& asked, auto& value, size_t wanted) {
    if (asked.empty()) return;
    if (asked.size() != wanted)
      fail(Kind::usage, "--{}: {} given, {} needed", what, asked.size(), wanted);
    value = asked;
  };
  replace("classes", config.classes, meta.class_names, model.net->arguments.at("classes"));
  replace("mean", config.mean, meta.mean, meta.mean.size());
  replace("std", config.std, meta.std, meta.std.size());
}

void write_model(const LoadedModel& model, const fs::path& out) {
  switch (form_of(out)) {
    case Form::torch:
      return write_torch_file(out, StoredTensors(module_state(*model.net)).tensors);
    case Form::safetensors:
      return save_model_file(out, *model.net, model.meta);
    case Form::folder:
      return save_model(out, *model.net, model.meta);
  }
}

// As they stand, under their own names.
void write_tensors(const WeightFile& file, const fs::path& out) {
  switch (form_of(out)) {
    case Form::torch:
      return write_torch_file(out, file.tensors);
    case Form::safetensors:
      return write_safetensors(out, file.tensors, {{"format", "pt"}});
    case Form::folder:
      fail(Kind::usage,
           "{}: no model of the table fits these weights wholly, so no configuration can stand "
           "beside them; "
           "--model NAME says what is missing, a .pth or .safetensors file keeps all as it is",
           file.path.string());
  }
}

}  // namespace

int run_convert(const Arguments& arguments) {
  std::string in;
  std::vector<std::string> outs;
  ConvertConfig config;
  CommandLine line("espalier convert IN [OUT] [flags]",
                   "reads weights and writes them in the form of OUT, under torchvision's or "
                   "timm's names; without OUT "
                   "says what is in them");
  line.positional("in", in, ".pth, .pt, .th, .safetensors, folder of timm's layout, run folder");
  line.positionals("out", outs, ".pth, .pt, .th, .safetensors, or a folder: with config.json");
  line.add(fields(config));
  if (!line.parse(arguments)) return 0;
  if (outs.size() > 1) fail(Kind::usage, "one OUT, not {}", outs.size());
  const std::string out = outs.empty() ? "" : outs.front();
  if (!out.empty()) form_of(out);  // a slip is told before the weights are read

  WeightFile file = WeightFile::open(in);
  const std::string name = model_of(file, config.model);
  nlohmann::ordered_json record = {
      {"in", in}, {"form", file.form}, {"tensors", file.tensors.size()}};
  if (name.empty()) {
    say(fmt::format("{} ({}): {} tensors of no model of the table, names kept", in, file.form,
                    file.tensors.size()));
    if (!out.empty()) write_tensors(file, out);
    if (config.show)
      for (const StoredTensor& tensor : file.tensors)
        fmt::print("{}  [{}]  {}\n", tensor.name, fmt::join(tensor.shape, ", "), tensor.dtype);
  } else {
    WholeModel whole = whole_model(file, name);
    override_meta(config, whole.loaded);
    record["model"] = name;
    record["weights"] = to_json(whole.report);
    say(whole.report.summary());
    say(fmt::format(
        "model: {}; input: mean {:.3f}, deviation {:.3f} ({})", name,
        fmt::join(whole.loaded.meta.mean, " "), fmt::join(whole.loaded.meta.std, " "),
        config.mean.empty() && config.std.empty() ? whole.report.view.source : "as asked for"));
    if (!out.empty()) write_model(whole.loaded, out);
    if (config.show) fmt::print("{}", whole.report.table());
  }
  if (!out.empty()) {
    record["out"] = out;
    say("written: " + out);
  }
  if (line.common().json) fmt::print("{}\n", record.dump());
  return 0;
}

}  // namespace espalier
