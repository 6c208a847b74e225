#include "espalier/models/model_file.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/format/torch_file.h"
#include "espalier/models/table.h"
#include "espalier/tensor/budget.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"
#include "espalier/tensor/without_init.h"

namespace espalier {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kConfig = "config.json";
constexpr uint64_t kLargestConfig = 16 << 20;

// Our word for fitting a picture into the square, and timm's.
struct ResizeWord {
  const char* ours;
  const char* timms;
};
constexpr ResizeWord kResizeWords[] = {{"squash", "squash"}, {"crop", "center"}, {"pad", "border"}};

const char* timms_word(const std::string& ours) {
  for (const ResizeWord& row : kResizeWords)
    if (ours == row.ours) return row.timms;
  fail(Kind::internal, "resize is squash, crop or pad, not '{}'", ours);
}

std::string our_word(const std::string& timms) {
  for (const ResizeWord& row : kResizeWords)
    if (timms == row.timms) return row.ours;
  fail(Kind::unsupported, "crop_mode '{}' is not known", timms);
}

// The first convolution and the last linear layer by name, which timm adapts to other channels and
// classes.
void describe_ends(const ImageModel& net, ordered_json& config, ordered_json& pretrained) {
  std::string first, last;
  int64_t features = 0;
  for (const auto& item : net.named_modules()) {
    if (first.empty() && item.value()->as<torch::nn::Conv2d>()) first = item.key();
    if (const auto* linear = item.value()->as<torch::nn::Linear>()) {
      last = item.key();
      features = linear->options.in_features();
    }
  }
  if (features > 0) config["num_features"] = features;
  if (!first.empty()) pretrained["first_conv"] = first;
  if (!last.empty()) pretrained["classifier"] = last;
}

ordered_json to_config(const ImageModel& net, const ModelMeta& meta) {
  int64_t channels = net.arguments.at("in_channels");
  ordered_json pretrained = {{"custom_load", false},
                             {"input_size", {channels, meta.input_size, meta.input_size}},
                             {"fixed_input_size", false},
                             {"interpolation", "bilinear"},
                             {"crop_pct", meta.crop_share},
                             {"crop_mode", timms_word(meta.resize)},
                             {"mean", meta.mean},
                             {"std", meta.std},
                             {"num_classes", net.arguments.at("classes")}};
  ordered_json config = {{"architecture", net.name}, {"num_classes", net.arguments.at("classes")}};
  describe_ends(net, config, pretrained);
  config["global_pool"] = "avg";
  if (!meta.class_names.empty()) config["label_names"] = meta.class_names;
  config["pretrained_cfg"] = pretrained;
  // timm passes "model_args" on to its own constructor, so what only we understand stands apart.
  config["espalier"] = {{"task", meta.task}, {"arguments", net.arguments}};
  return config;
}

// What a configuration that is not ours implies: timm's figures for classes and channels.
json implied_arguments(const json& config) {
  json arguments = {{"in_channels", config.at("pretrained_cfg").at("input_size").at(0)}};
  if (config.contains("num_classes")) arguments["classes"] = config["num_classes"];
  return arguments;
}

ModelMeta read_meta(const json& config) {
  const json& pretrained = config.at("pretrained_cfg");
  ModelMeta meta;
  if (config.contains("label_names")) config["label_names"].get_to(meta.class_names);
  pretrained.at("mean").get_to(meta.mean);
  pretrained.at("std").get_to(meta.std);
  pretrained.at("input_size").at(1).get_to(meta.input_size);
  meta.resize = our_word(pretrained.value("crop_mode", "center"));
  meta.crop_share = pretrained.value("crop_pct", 1.0);
  if (config.contains("espalier")) config["espalier"].at("task").get_to(meta.task);
  return meta;
}

struct ConfigText {
  std::string text;
  std::string place;  // for messages
};

ConfigText find_config(const Safetensors& file, const fs::path& weights) {
  auto own = file.metadata().find("espalier");
  if (own != file.metadata().end())
    return {own->second, weights.string() + ", metadata 'espalier'"};
  fs::path beside = weights.parent_path() / kConfig;
  if (!fs::exists(beside))
    fail(Kind::io, "it carries no configuration of ours, and there is no {} beside it", kConfig);
  return {read_file(beside, kLargestConfig), beside.string()};
}

void check_architecture(const std::string& name) {
  std::vector<std::string> known;
  for (const ModelRow& row : model_table()) {
    if (row.name == name) return;
    known.push_back(row.name);
  }
  throw Error(Kind::unsupported, unknown_name("architecture", name, known));
}

ImageModelPtr build(const json& config, const Safetensors& file) {
  std::string name = our_model_name(config.at("architecture"));
  check_architecture(name);
  json arguments =
      config.contains("espalier") ? config["espalier"].at("arguments") : implied_arguments(config);
  int64_t bytes = 0;
  for (const StoredTensor& tensor : file.tensors())
    bytes += static_cast<int64_t>(tensor.bytes.size());
  int64_t allowed = 8 * bytes + (16 << 20);  // half precision doubles; the rest is room
  // A cut network is built whole first; memory that nobody writes to is none.
  if (arguments.contains("layer_widths")) allowed += int64_t{1} << 30;
  AllocationBudget budget(allowed);
  WithoutInit scope;  // load_state() fills or refuses
  try {
    return make_model(name, arguments);
  } catch (const Error& error) {
    throw Error(Kind::format, error.what());  // the words were the file's, not the user's
  }
}

// That layers fit together follows from a family's config, but not from single widths.
void check_widths_fit(ImageModel& net) {
  torch::NoGradGuard no_grad;
  net.forward(at::zeros({1, net.arguments.at("in_channels").get<int64_t>(), 32, 32}));
}

// The text of a net's configuration, once both are fit to be saved.
std::string checked_config(const ImageModel& net, const ModelMeta& meta) {
  if (net.name.empty())
    fail(Kind::internal, "save_model: the network has no name; make it by make_model");
  try {
    check_meta(meta, net.arguments.at("classes"), net.arguments.at("in_channels"));
  } catch (const Error& error) {
    fail(Kind::internal, "save_model: {}", error.what());
  }
  return to_config(net, meta).dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void save_with_config(const fs::path& path, const ImageModel& net, const std::string& config) {
  NamedTensors state = module_state(net);
  for (const auto& [name, tensor] : state)
    if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>())
      fail(Kind::data, "tensor '{}' holds a NaN or an infinity: not saved", name);
  save_tensors(path, state, {{"format", "pt"}, {"espalier", config}});
}

std::optional<ModelConfig> parse_config(const ConfigText& found) {
  try {
    const json config = json::parse(found.text);
    if (!config.contains("architecture") || !config.contains("pretrained_cfg"))
      return std::nullopt;  // another program's
    ModelMeta meta = read_meta(config);
    check_meta(meta, static_cast<int64_t>(meta.class_names.size()),
               static_cast<int64_t>(meta.mean.size()));
    return ModelConfig{our_model_name(config["architecture"]), meta, config.contains("espalier")};
  } catch (Error& error) {
    throw error.while_doing(found.place);
  } catch (const json::exception& error) {
    fail(Kind::format, "{}: {}", found.place, error.what());
  }
}

}  // namespace

void check_meta(const ModelMeta& meta, int64_t classes, int64_t channels) {
  if (!meta.class_names.empty() && static_cast<int64_t>(meta.class_names.size()) != classes)
    fail(Kind::format, "{} class names for {} outputs", meta.class_names.size(), classes);
  if (channels < 1 || static_cast<int64_t>(meta.mean.size()) != channels ||
      meta.std.size() != meta.mean.size())
    fail(Kind::format, "mean and std have {} and {} values for {} channels", meta.mean.size(),
         meta.std.size(), channels);
  for (size_t i = 0; i < meta.mean.size(); ++i)
    if (!std::isfinite(meta.mean[i]) || !std::isfinite(meta.std[i]) || meta.std[i] <= 0)
      fail(Kind::format, "mean {} and std {} of channel {} cannot normalise", meta.mean[i],
           meta.std[i], i);
  if (meta.input_size < 1 || meta.input_size > 16384)
    fail(Kind::format, "an input size of {} pixels", meta.input_size);
  if (std::none_of(std::begin(kResizeWords), std::end(kResizeWords),
                   [&](const ResizeWord& row) { return meta.resize == row.ours; }))
    fail(Kind::format, "resize is squash, crop or pad, not '{}'", meta.resize);
  if (!(meta.crop_share >= 0.1 && meta.crop_share <= 1))
    fail(Kind::format, "a crop of {} of the picture: 0.1 to 1 is possible", meta.crop_share);
}

void save_model(const fs::path& folder, const ImageModel& net, const ModelMeta& meta) {
  std::string config = checked_config(net, meta);
  save_with_config(folder / kWeights, net, config);
  write_file_atomic(folder / kConfig, config);
}

void save_model_file(const fs::path& path, const ImageModel& net, const ModelMeta& meta) {
  save_with_config(path, net, checked_config(net, meta));
}

std::optional<ModelConfig> stored_config(const Safetensors& file, const fs::path& weights) {
  auto own = file.metadata().find("espalier");
  if (own == file.metadata().end()) return config_of_folder(weights.parent_path());
  return parse_config({own->second, weights.string() + ", metadata 'espalier'"});
}

std::optional<ModelConfig> config_of_folder(const fs::path& folder) {
  fs::path beside = folder / kConfig;
  if (!fs::exists(beside)) return std::nullopt;
  return parse_config({read_file(beside, kLargestConfig), beside.string()});
}

LoadedModel load_model(const fs::path& path, const std::string& task) {
  fs::path weights = fs::is_directory(path) ? path / kWeights : path;
  if (!fs::exists(weights))
    fail(Kind::io, "{}: no such file; give a run folder that holds {}, or such a file",
         weights.string(), kWeights);
  if (is_torch_name(weights))
    fail(Kind::usage, "{0} is a file of PyTorch; `espalier convert {0} FOLDER` makes a model of it",
         weights.string());
  Safetensors file = Safetensors::read(weights);
  std::string place = weights.string();
  try {
    ConfigText found = find_config(file, weights);
    place = found.place;
    const json config = json::parse(found.text);
    ModelMeta meta = read_meta(config);
    if (!task.empty() && meta.task != task)
      fail(Kind::usage, "this is a model for '{}', not for '{}'", meta.task, task);
    ImageModelPtr net = build(config, file);
    check_meta(meta, net->arguments.at("classes"), net->arguments.at("in_channels"));
    place = weights.string();
    load_state(*net, file.tensors());
    net->eval();
    if (net->arguments.contains("layer_widths")) check_widths_fit(*net);
    return {net, meta};
  } catch (Error& error) {
    throw error.while_doing(place);
  } catch (const json::exception& error) {
    fail(Kind::format, "{}: {}", place, error.what());
  } catch (const c10::Error& error) {
    fail(Kind::format, "{}: {}", place, error.what_without_backtrace());
  }
}

}  // namespace espalier
