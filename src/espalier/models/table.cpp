#include "espalier/models/table.h"

#include "espalier/core/names.h"
#include "espalier/models/cifar_resnet.h"
#include "espalier/models/resnet.h"

namespace espalier {
namespace {

// Settings from outside over the row's own. A slip in them is the user's word, whoever carried it
// here.
template <class Config>
Config with_overrides(Config config, const nlohmann::json& overrides) {
  try {
    from_json(fields(config), overrides);
  } catch (const Error& error) {
    throw Error(Kind::usage, error.what());
  }
  return config;
}

template <class Config>
ModelRow row(const std::string& name,
             const std::string& help,
             int64_t input_size,
             const Config& defaults,
             ImageModelPtr (*make)(const Config&)) {
  return {name, help, input_size, [=](const nlohmann::json& overrides) {
            Config config = with_overrides(defaults, overrides);
            ImageModelPtr net = make(config);
            net->name = name;
            net->arguments = to_json(fields(config));
            return net;
          }};
}

std::vector<ModelRow> rows() {
  return {
      row("resnet18", "8 basic blocks, for photographs", 224, ResNetConfig{.depths = {2, 2, 2, 2}},
          make_resnet),
      row("resnet34", "16 basic blocks, for photographs", 224, ResNetConfig{.depths = {3, 4, 6, 3}},
          make_resnet),
      row("resnet50", "16 bottlenecks, for photographs", 224,
          ResNetConfig{.depths = {3, 4, 6, 3}, .bottleneck = true}, make_resnet),
      row("resnet101", "33 bottlenecks, for photographs", 224,
          ResNetConfig{.depths = {3, 4, 23, 3}, .bottleneck = true}, make_resnet),
      row("resnet20", "9 basic blocks, for pictures of about 32 pixels", 32,
          CifarResNetConfig{.blocks = 3}, make_cifar_resnet),
      row("resnet32", "15 basic blocks, for pictures of about 32 pixels", 32,
          CifarResNetConfig{.blocks = 5}, make_cifar_resnet),
      row("resnet56", "27 basic blocks, for pictures of about 32 pixels", 32,
          CifarResNetConfig{.blocks = 9}, make_cifar_resnet),
  };
}

}  // namespace

const std::vector<ModelRow>& model_table() {
  static const std::vector<ModelRow> table = rows();
  return table;
}

ImageModelPtr make_model(const std::string& name, const nlohmann::json& overrides) {
  const ModelRow& row = find_named(model_table(), name, "model");
  return with_context(name, [&] { return row.make(overrides); });
}

}  // namespace espalier
