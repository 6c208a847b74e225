// Pretrained weights from outside, into a network of the table: files of PyTorch (.pth, .pt, .th),
// .safetensors, folders of timm's or Hugging Face's layout, run folders of ours.
//
//   WeightFile file = WeightFile::open("efficientnet-lite0.pth");
//   ImageModelPtr net = make_model("tf_efficientnet_lite0", {{"classes", 40}});
//   WeightReport report = load_weights(*net, file);
//   say(report.summary());
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/format/stored_tensor.h"
#include "espalier/models/input_view.h"
#include "espalier/models/model.h"
#include "espalier/models/model_file.h"

namespace espalier {

struct WeightFile {
  // Throws Error(io | format | unsupported) naming the file and the place in it. A folder holds
  // model.safetensors or pytorch_model.bin.
  static WeightFile open(const fs::path& path);

  fs::path path;     // of the file itself
  std::string form;  // "PyTorch, legacy form"
  std::vector<StoredTensor> tensors;
  std::optional<ModelConfig> config;   // what stands in the file or beside it
  std::shared_ptr<const void> memory;  // that the tensors look into
};

// What became of one tensor of the file or of the network.
struct WeightLine {
  enum class Fate {
    loaded,
    reshaped,  // loaded after a change that loses nothing: see note
    head,      // of the last layer, for other classes: left as initialised
    missing,   // not in the file: left as initialised
    skipped,   // the network has no use for it
  };
  Fate fate;
  std::string ours, theirs;    // names; "" where there is none
  std::vector<int64_t> shape;  // the file's where it has one
  std::string note = "";
};

struct WeightReport {
  std::string file, form;
  std::string naming;  // whose names, "" for ours
  std::string prefix;  // that stood before the names, "state_dict.module."
  std::vector<WeightLine> lines;
  InputView view;  // how the images looked that the weights were trained on

  int64_t count(WeightLine::Fate fate) const;
  std::string summary() const;  // one line
  std::string table() const;    // a line for each tensor
};
nlohmann::ordered_json to_json(const WeightReport& report);

// Puts the file's tensors into the network by name, whatever prefix they share and under whichever
// known names. The last layer keeps its initial values when it is absent from the file or of other
// classes: another number, or other names than `classes` where both are known; a first convolution over three colours is summed for gray images. Every other tensor
// must be there: Error(usage) saying how few fit, and which row of the table fits best, for weights of
// another network; Error(data) naming the tensor for NaN or infinite weights. Nothing has been changed
// then.
WeightReport load_weights(ImageModel& net,
                          const WeightFile& file,
                          const std::vector<std::string>& classes = {});

// The rows of the table that a file's names and shapes fit wholly: none, one, or several that differ in
// what names and shapes do not say. What the file's configuration says counts first.
std::vector<std::string> fitting_models(const WeightFile& file);

// The network that a file's weights make, with their own last layer. `model`: a row of the table; a
// file of ours says itself what it is. Errors as load_weights; Error(usage) when the last layer is not
// in the file.
struct WholeModel {
  LoadedModel loaded;
  WeightReport report;
};
WholeModel whole_model(const WeightFile& file, const std::string& model);

}  // namespace espalier
