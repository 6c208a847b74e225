#include "app/random_model.h"

#include <algorithm>
#include <utility>

#include "espalier/core/names.h"
#include "espalier/models/table.h"
#include "espalier/nn/recalibrate.h"
#include "espalier/tasks/images.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {

Fields fields(RandomModelConfig& config) {
  return {
      field("size", config.size,
            "side of the images in pixels; 0: that of the published figures, or the file's")
          .between(0, 4096),
      field("classes", config.classes, "outputs of a model with random weights; 0: as published")
          .between(0, 1e6)};
}

bool is_model_name(const std::string& word) {
  const std::vector<ModelRow>& rows = model_table();
  const std::string name = word.substr(0, word.find(':'));
  return std::any_of(rows.begin(), rows.end(), [&](const ModelRow& r) { return r.name == name; });
}

LoadedModel random_model(const std::string& name, const RandomModelConfig& config) {
  ModelChoice choice = parse_model(name);
  if (config.classes > 0) choice.arguments["classes"] = config.classes;
  seed_generator(1);
  LoadedModel made{.net = make_model(choice.name, choice.arguments), .meta = {}};
  int64_t channels = made.net->arguments.at("in_channels");
  Normalisation usual = Normalisation::usual(channels);
  made.meta.mean = usual.mean;
  made.meta.std = usual.deviation;
  made.meta.input_size =
      config.size > 0 ? config.size : find_named(model_table(), choice.name, "model").input_size;
  at::Tensor images = at::randn({2, channels, made.meta.input_size, made.meta.input_size});
  bool done = false;
  recalibrate_norms(*made.net, [&] {
    if (!done) made.net->forward(images);
    return !std::exchange(done, true);
  });
  made.net->eval();
  return made;
}

}  // namespace espalier
