#include "espalier/models/table.h"

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/models/cifar_resnet.h"
#include "espalier/models/convnext.h"
#include "espalier/models/efficientnet_lite.h"
#include "espalier/models/mobilenet_v1.h"
#include "espalier/models/mobilenet_v2.h"
#include "espalier/models/regnet.h"
#include "espalier/models/resnet.h"
#include "espalier/models/shufflenet_v2.h"
#include "espalier/models/squeezenet.h"
#include "espalier/models/vit.h"
#include "espalier/models/widths.h"

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

// What a list of models shows, without building one; the sweep of tests/deploy counts again.
struct Published {
  int64_t side, parameters, macs;
};

template <class Config>
ModelRow row(const std::string& name,
             const std::string& help,
             const Published& published,
             const Config& defaults,
             ImageModelPtr (*make)(const Config&),
             bool any_size = true) {
  return {name,
          help,
          published.side,
          published.parameters,
          published.macs,
          any_size,
          [=](nlohmann::json overrides) {
            nlohmann::json widths = overrides.value("layer_widths", nlohmann::json::object());
            overrides.erase("layer_widths");
            Config config = with_overrides(defaults, overrides);
            ImageModelPtr net = make(config);
            net->name = name;
            net->arguments = to_json(fields(config));
            if (!widths.empty()) {
              set_widths(*net, widths);
              net->arguments["layer_widths"] = widths;
            }
            return net;
          }};
}

// lite0 to lite4: width, depth, side and dropout of Google's release; each in timm's own form and in
// TensorFlow's, that of the published weights.
void add_efficientnet_lite(std::vector<ModelRow>& rows) {
  struct Size {
    Published published;
    double width, depth, dropout;
  };
  constexpr Size kSizes[] = {{{224, 4652008, 385187552}, 1, 1, 0.2},
                             {{240, 5416680, 600185232}, 1, 1.1, 0.2},
                             {{260, 6092072, 859736272}, 1.1, 1.2, 0.3},
                             {{280, 8197096, 1383321872}, 1.2, 1.4, 0.3},
                             {{300, 13006568, 2553034336}, 1.4, 1.8, 0.3}};
  for (bool tensorflow : {false, true}) {
    int number = 0;
    for (const Size& size : kSizes)
      rows.push_back(row(
          (tensorflow ? "tf_efficientnet_lite" : "efficientnet_lite") + std::to_string(number++),
          fmt::format("inverted residuals, width {}, depth {}{}", size.width, size.depth,
                      tensorflow ? ", TensorFlow's padding" : ""),
          size.published,
          EfficientNetLiteConfig{.width = size.width,
                                 .depth = size.depth,
                                 .tensorflow = tensorflow,
                                 .dropout = size.dropout},
          make_efficientnet_lite));
  }
}

std::vector<ModelRow> rows() {
  std::vector<ModelRow> rows = {
      row("resnet18", "8 basic blocks, for photographs", {224, 11689512, 1814073344},
          ResNetConfig{.depths = {2, 2, 2, 2}}, make_resnet),
      row("resnet34", "16 basic blocks, for photographs", {224, 21797672, 3663761408},
          ResNetConfig{.depths = {3, 4, 6, 3}}, make_resnet),
      row("resnet50", "16 bottlenecks, for photographs", {224, 25557032, 4089184256},
          ResNetConfig{.depths = {3, 4, 6, 3}, .bottleneck = true}, make_resnet),
      row("resnet101", "33 bottlenecks, for photographs", {224, 44549160, 7801405440},
          ResNetConfig{.depths = {3, 4, 23, 3}, .bottleneck = true}, make_resnet),
      row("resnet20", "9 basic blocks, for pictures of about 32 pixels", {32, 269722, 40551040},
          CifarResNetConfig{.blocks = 3}, make_cifar_resnet),
      row("resnet32", "15 basic blocks, for pictures of about 32 pixels", {32, 464154, 68862592},
          CifarResNetConfig{.blocks = 5}, make_cifar_resnet),
      row("resnet56", "27 basic blocks, for pictures of about 32 pixels", {32, 853018, 125485696},
          CifarResNetConfig{.blocks = 9}, make_cifar_resnet),
      row("mobilenet_v1", "13 separable convolutions, any width", {224, 4231976, 568740352},
          MobileNetV1Config{}, make_mobilenet_v1),
      row("mobilenet_v2", "17 inverted residuals, any width", {224, 3504872, 300774272},
          MobileNetV2Config{}, make_mobilenet_v2),
      row("shufflenet_v2_x0_5", "16 shuffled blocks of two halves", {224, 1366792, 40476448},
          ShuffleNetV2Config{.channels = {24, 48, 96, 192, 1024}}, make_shufflenet_v2),
      row("shufflenet_v2_x1_0", "the same, about twice the channels", {224, 2278604, 144907992},
          ShuffleNetV2Config{}, make_shufflenet_v2),
      row("shufflenet_v2_x1_5", "three times", {224, 3503624, 295759392},
          ShuffleNetV2Config{.channels = {24, 176, 352, 704, 1024}}, make_shufflenet_v2),
      row("shufflenet_v2_x2_0", "four to five times", {224, 7393996, 583253464},
          ShuffleNetV2Config{.channels = {24, 244, 488, 976, 2048}}, make_shufflenet_v2),
      row("squeezenet1_0", "8 fire modules, no norms", {224, 1248424, 818924576},
          SqueezeNetConfig{}, make_squeezenet),
      row("squeezenet1_1", "the same with less than half of the work", {224, 1235496, 349151936},
          SqueezeNetConfig{.light = true}, make_squeezenet),
      row("regnet_y_400mf", "16 grouped residual blocks with gates", {224, 4344144, 401842848},
          RegNetConfig{}, make_regnet),
      row("regnet_y_1_6gf", "27 grouped residual blocks with gates", {224, 11202430, 1612076160},
          RegNetConfig{.depths = {2, 6, 17, 2}, .widths = {48, 120, 336, 888}, .group_width = 24},
          make_regnet),
      row("convnext_tiny", "18 blocks of wide depthwise convolutions and layer norms",
          {224, 28589128, 4455531264}, ConvNeXtConfig{}, make_convnext),
      row("vit_small", "12 transformer blocks on patches of 16 pixels", {224, 22050664, 4598882304},
          ViTConfig{}, make_vit,
          /*any_size=*/false),
  };
  add_efficientnet_lite(rows);
  return rows;
}

}  // namespace

const std::vector<ModelRow>& model_table() {
  static const std::vector<ModelRow> table = rows();
  return table;
}

std::string our_model_name(const std::string& published) {
  if (published == "mobilenetv1_100") return "mobilenet_v1";
  if (published == "vit_small_patch16_224") return "vit_small";
  return published;
}

ModelChoice parse_model(const std::string& text) {
  const size_t colon = std::min(text.find(':'), text.size());
  ModelChoice choice{.name = find_named(model_table(), text.substr(0, colon), "model").name};
  for (size_t at = colon + 1, end; at < text.size(); at = end + 1) {
    end = at;
    for (int depth = 0; end < text.size() && (depth > 0 || text[end] != ','); ++end)
      depth += (text[end] == '[') - (text[end] == ']');
    const std::string word = text.substr(at, end - at);
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size())
      fail(Kind::usage, "in '{}': '{}' is no setting; they look like width=0.5", text, word);
    const std::string value = word.substr(equals + 1);
    nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
    choice.arguments[word.substr(0, equals)] =
        parsed.is_discarded() ? nlohmann::json(value) : parsed;
  }
  return choice;
}

ImageModelPtr make_model(const std::string& name, const nlohmann::json& overrides) {
  const ModelRow& row = find_named(model_table(), name, "model");
  return with_context(name, [&] { return row.make(overrides); });
}

}  // namespace espalier
