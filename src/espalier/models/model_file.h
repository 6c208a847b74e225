// A trained network on disk: model.safetensors (weights under PyTorch's names, the configuration in
// its metadata, so that the file alone rebuilds the net) and config.json, the same configuration in
// the layout of timm's hub files.
//
//   save_model("runs/a", *net, {.class_names = names, .mean = m, .std = s, .input_size = 96});
//   LoadedModel loaded = load_model("runs/a");  // in a fresh process, with no other knowledge
//   torch::Tensor logits = loaded.net->forward(images);
//
// timm reads the folder too (create_model("local-dir:runs/a", pretrained=True)) where it knows the
// architecture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/format/safetensors.h"
#include "espalier/models/model.h"

namespace espalier {

struct ModelMeta {
  std::string task = "classify";
  std::vector<std::string> class_names = {};  // one an output, or empty when they have no names
  std::vector<double> mean = {}, std = {};    // of each channel, for samples in 0..1
  int64_t input_size = 0;                     // side of the square the net was trained on, pixels
  // squash: both sides; crop: short side, then the centre; pad: long side, then fill
  std::string resize = "squash";
  double crop_share = 1;  // part of the short side that crop keeps
};

// Throws Error(format) saying what is out of range, or does not fit so many classes and channels.
void check_meta(const ModelMeta& meta, int64_t classes, int64_t channels);

struct LoadedModel {
  ImageModelPtr net;  // in eval mode
  ModelMeta meta;
};

// Writes both files, each atomically, weights first. Throws Error(io); Error(internal) when the net
// was not made by make_model or the meta does not fit it; Error(data) naming the tensor when a
// weight is NaN or infinite.
void save_model(const fs::path& folder, const ImageModel& net, const ModelMeta& meta);

// model.safetensors alone, at a path of the caller's choice; load_model() reads it. Errors as save_model.
void save_model_file(const fs::path& path, const ImageModel& net, const ModelMeta& meta);

// `path`: a folder with model.safetensors, or such a file (config.json beside it serves when the
// file carries no configuration of ours, as with folders that timm wrote). `task`: what the caller
// can use; empty for any. Throws Error(io) when a file is missing; Error(format) for a damaged one,
// or one whose tensors are missing, unexpected or misshapen (named); Error(data) for NaN or
// infinite weights (named); Error(unsupported) for an architecture that is not in the table;
// Error(usage) for a model of another task.
LoadedModel load_model(const fs::path& path, const std::string& task = "");

// What a weights file says of its network: in its metadata when it is ours, else by a config.json in
// timm's layout beside it; nothing when there is none, or one of another program.
struct ModelConfig {
  std::string architecture;  // a row of the table, or a name that is none of ours
  ModelMeta meta;
  bool ours = false;  // says everything: load_model() rebuilds the network
};
std::optional<ModelConfig> stored_config(const Safetensors& file, const fs::path& weights);
std::optional<ModelConfig> config_of_folder(const fs::path& folder);

}  // namespace espalier
