// From a path to something that classifies: a run folder, a folder with model.safetensors and config.json, a .safetensors
// file, or an exported .onnx file.
//
//   std::unique_ptr<ClassifyTask> task = open_classifier("runs/classify-1");
#pragma once

#include <map>
#include <memory>
#include <string>

#include "espalier/deploy/network.h"
#include "espalier/tasks/classify.h"

namespace espalier {

// Throws Error(io | format | usage | unsupported) naming the file and what is wrong with it.
// `config` is about .onnx files only: modules run on LibTorch.
std::unique_ptr<ClassifyTask> open_classifier(const fs::path& path,
                                              const NetworkConfig& config = {});

// What an exported file says of itself (ONNX metadata_props), and back; Error(format) naming the key.
std::map<std::string, std::string> onnx_metadata(const ModelMeta& meta);
ModelMeta meta_from_onnx(const std::map<std::string, std::string>& metadata);

}  // namespace espalier
