#include "espalier/models/squeezenet.h"

#include <algorithm>

#include "espalier/models/common_fields.h"
#include "espalier/nn/init.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr int64_t kSmallestSide = 21;  // leaves one pixel behind the last pooling

// 1x1 down, then 1x1 and 3x3 side by side.
struct Fire : nn::Module {
  nn::Conv2d squeeze, expand1x1, expand3x3;

  Fire(int64_t in, int64_t narrow, int64_t wide)
      : squeeze(nn::Conv2dOptions(in, narrow, 1)),
        expand1x1(nn::Conv2dOptions(narrow, wide, 1)),
        expand3x3(nn::Conv2dOptions(narrow, wide, 3).padding(1)) {
    register_module("squeeze", squeeze);
    register_module("expand1x1", expand1x1);
    register_module("expand3x3", expand3x3);
  }

  Tensor forward(const Tensor& x) {
    Tensor y = torch::relu(squeeze->forward(x));
    return torch::cat({torch::relu(expand1x1->forward(y)), torch::relu(expand3x3->forward(y))}, 1);
  }
};

// Table 1 of the paper, and the authors' release 1.1: fire modules by their narrow and wide channels;
// a pooling stands before the first of each row.
struct FireShape {
  int64_t narrow, wide;
};
using Stages = std::vector<std::vector<FireShape>>;
const Stages kFirst = {
    {{16, 64}, {16, 64}, {32, 128}}, {{32, 128}, {48, 192}, {48, 192}, {64, 256}}, {{64, 256}}};
const Stages kLight = {
    {{16, 64}, {16, 64}}, {{32, 128}, {32, 128}}, {{48, 192}, {48, 192}, {64, 256}, {64, 256}}};

class SqueezeNet : public ImageModel {
 public:
  explicit SqueezeNet(const SqueezeNetConfig& config) : dropout_(config.dropout) {
    auto features = register_module("features", std::make_shared<nn::Module>());
    int64_t channels = config.light ? 64 : 96;
    conv_ = features->register_module(
        "0", nn::Conv2d(
                 nn::Conv2dOptions(config.in_channels, channels, config.light ? 3 : 7).stride(2)));
    int64_t place = 2;  // in torchvision's list of layers, where rectifiers and poolings count
    for (const auto& stage : config.light ? kLight : kFirst) {
      ++place;
      stages_.emplace_back();
      for (const FireShape& fire : stage) {
        stages_.back().push_back(features->register_module(
            std::to_string(place++), std::make_shared<Fire>(channels, fire.narrow, fire.wide)));
        channels = 2 * fire.wide;
      }
    }
    auto classifier = register_module("classifier", std::make_shared<nn::Module>());
    classifier_ = classifier->register_module(
        "1", nn::Conv2d(nn::Conv2dOptions(channels, config.classes, 1)));
    // Without norms the size of values must be kept by what comes in, not by what goes out.
    for (const auto& module : modules(/*include_self=*/false))
      if (const auto* conv = module->as<nn::Conv2d>()) {
        nn::init::kaiming_uniform_(conv->weight);
        nn::init::zeros_(conv->bias);
      }
    init_normal(*classifier_, 0.01);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    int64_t down = std::max<int64_t>(kSmallestSide - images.size(2), 0);
    int64_t right = std::max<int64_t>(kSmallestSide - images.size(3), 0);
    Tensor x = down + right > 0 ? torch::constant_pad_nd(images, {0, right, 0, down}) : images;
    x = torch::relu(conv_->forward(x));
    std::vector<Tensor> maps;
    for (const auto& stage : stages_) {
      x = torch::max_pool2d(x, /*kernel=*/3, /*stride=*/2, /*padding=*/0, /*dilation=*/1,
                            /*ceil_mode=*/true);
      for (const auto& fire : stage) x = run_block(*fire, x);
      maps.push_back(x);
    }
    return maps;
  }

  Tensor head(const Tensor& last) override {
    Tensor x = torch::relu(classifier_->forward(torch::dropout(last, dropout_, is_training())));
    return torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
  }

 private:
  double dropout_;
  nn::Conv2d conv_{nullptr}, classifier_{nullptr};
  std::vector<std::vector<std::shared_ptr<Fire>>> stages_;
};

}  // namespace

Fields fields(SqueezeNetConfig& config) {
  return {field("light", config.light, "release 1.1: a smaller first convolution, earlier pooling"),
          dropout_field(config.dropout), classes_field(config.classes),
          in_channels_field(config.in_channels)};
}

ImageModelPtr make_squeezenet(const SqueezeNetConfig& config) {
  return std::make_shared<SqueezeNet>(config);
}

}  // namespace espalier
