#include "espalier/models/mobilenet_v1.h"

#include "espalier/models/common_fields.h"
#include "espalier/nn/init.h"
#include "espalier/nn/round_channels.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/nn/separable.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

// Table 1 of the paper, cut where the stride changes; the first block of each but the first halves.
struct Stage {
  int64_t channels, blocks;
};
constexpr Stage kStages[] = {{64, 1}, {128, 2}, {256, 2}, {512, 6}, {1024, 2}};

class MobileNetV1 : public ImageModel {
 public:
  explicit MobileNetV1(const MobileNetV1Config& config) : dropout_(config.dropout) {
    int64_t channels = round_channels(32 * config.width);
    conv_stem_ = register_module(
        "conv_stem",
        nn::Conv2d(make_convolution({.in = config.in_channels, .out = channels, .stride = 2})));
    bn1_ = register_module("bn1", nn::BatchNorm2d(channels));
    for (const Stage& stage : kStages) {
      int64_t out = round_channels(static_cast<double>(stage.channels) * config.width);
      nn::Sequential blocks;
      for (int64_t i = 0; i < stage.blocks; ++i) {
        int64_t stride = i == 0 && !blocks_->is_empty() ? 2 : 1;
        blocks->push_back(
            std::make_shared<DepthwiseSeparable>(channels, out, stride, Rectifier::relu6));
        channels = out;
      }
      blocks_->push_back(blocks);
    }
    register_module("blocks", blocks_);
    classifier_ = register_module("classifier", nn::Linear(channels, config.classes));
    init_convolutions_by_group(*this);
    init_by_outputs(*classifier_);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    std::vector<Tensor> maps;
    Tensor x = norm_act(bn1_, conv_stem_->forward(images), Rectifier::relu6);
    for (const auto& stage : *blocks_) {
      x = run_blocks(*stage->as<nn::Sequential>(), x);
      maps.push_back(x);
    }
    maps.erase(maps.begin());  // stride 2
    return maps;
  }

  Tensor head(const Tensor& last) override {
    Tensor pooled = torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1);
    return classifier_->forward(torch::dropout(pooled, dropout_, is_training()));
  }

 private:
  double dropout_;
  nn::Conv2d conv_stem_{nullptr};
  nn::BatchNorm2d bn1_{nullptr};
  nn::ModuleList blocks_;
  nn::Linear classifier_{nullptr};
};

}  // namespace

Fields fields(MobileNetV1Config& config) {
  return {field("width", config.width, "times the published channels").between(0.05, 16),
          dropout_field(config.dropout), classes_field(config.classes),
          in_channels_field(config.in_channels)};
}

ImageModelPtr make_mobilenet_v1(const MobileNetV1Config& config) {
  return std::make_shared<MobileNetV1>(config);
}

}  // namespace espalier
