#include "espalier/models/mobilenet_v2.h"

#include <algorithm>

#include "espalier/models/common_fields.h"
#include "espalier/nn/conv_norm.h"
#include "espalier/nn/init.h"
#include "espalier/nn/round_channels.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

// Table 2 of the paper: expansion factor t, output channels c, repetitions n, first stride s.
struct Stage {
  int64_t expansion, channels, blocks, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

// 1x1 up, 3x3 in each channel for itself, 1x1 down; no rectifier at the narrow end.
struct InvertedResidual : nn::Module {
  std::shared_ptr<ConvNorm> expand, depthwise;
  nn::Conv2d project;
  nn::BatchNorm2d norm;
  int64_t stride;
  bool residual;

  InvertedResidual(int64_t in, int64_t out, int64_t stride, int64_t expansion)
      : project(make_convolution({.in = in * expansion, .out = out, .kernel = 1})),
        norm(out),
        stride(stride),
        residual(stride == 1 && in == out) {
    int64_t inner = in * expansion;
    auto conv = register_module("conv", std::make_shared<nn::Module>());
    auto add = [&](auto module) {
      return conv->register_module(std::to_string(conv->children().size()), std::move(module));
    };
    if (expansion != 1)
      expand = add(std::make_shared<ConvNorm>(ConvShape{.in = in, .out = inner, .kernel = 1},
                                              Rectifier::relu6));
    depthwise = add(std::make_shared<ConvNorm>(
        ConvShape{.in = inner, .out = inner, .stride = stride, .groups = inner}, Rectifier::relu6));
    add(project.ptr());
    add(norm.ptr());
  }

  Tensor forward(const Tensor& x) {
    Tensor y = depthwise->forward(expand ? expand->forward(x) : x);
    return norm_act(norm, project->forward(y), Rectifier::none, residual ? x : Tensor());
  }
};

class MobileNetV2 : public ImageModel {
 public:
  explicit MobileNetV2(const MobileNetV2Config& config) : dropout_(config.dropout) {
    auto features = register_module("features", std::make_shared<nn::Module>());
    auto add = [&](auto module) {
      return features->register_module(std::to_string(features->children().size()),
                                       std::move(module));
    };
    int64_t channels = round_channels(32 * config.width);
    stem_ = add(std::make_shared<ConvNorm>(
        ConvShape{.in = config.in_channels, .out = channels, .stride = 2}, Rectifier::relu6));
    for (const Stage& stage : kStages) {
      int64_t out = round_channels(static_cast<double>(stage.channels) * config.width);
      for (int64_t i = 0; i < stage.blocks; ++i) {
        blocks_.push_back(add(std::make_shared<InvertedResidual>(
            channels, out, i == 0 ? stage.stride : 1, stage.expansion)));
        channels = out;
      }
    }
    int64_t last = round_channels(1280 * std::max(1.0, config.width));
    last_ = add(std::make_shared<ConvNorm>(ConvShape{.in = channels, .out = last, .kernel = 1},
                                           Rectifier::relu6));
    // torchvision's classifier is a sequence of dropout, which has no parameters, and the layer.
    classifier_ = nn::Linear(last, config.classes);
    register_module("classifier", std::make_shared<nn::Module>())
        ->register_module("1", classifier_);
    init_convolutions(*this);
    init_normal(*classifier_, 0.01);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    std::vector<Tensor> maps;
    Tensor x = stem_->forward(images);
    int64_t stride = 2;
    for (const auto& block : blocks_) {
      if (block->stride == 2 && stride > 2) maps.push_back(x);
      stride *= block->stride;
      x = run_block(*block, x);
    }
    maps.push_back(last_->forward(x));
    return maps;
  }

  Tensor head(const Tensor& last) override {
    Tensor pooled = torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1);
    return classifier_->forward(torch::dropout(pooled, dropout_, is_training()));
  }

 private:
  double dropout_;
  std::shared_ptr<ConvNorm> stem_, last_;
  std::vector<std::shared_ptr<InvertedResidual>> blocks_;
  nn::Linear classifier_{nullptr};
};

}  // namespace

Fields fields(MobileNetV2Config& config) {
  return {field("width", config.width, "times the published channels").between(0.05, 16),
          dropout_field(config.dropout), classes_field(config.classes),
          in_channels_field(config.in_channels)};
}

ImageModelPtr make_mobilenet_v2(const MobileNetV2Config& config) {
  return std::make_shared<MobileNetV2>(config);
}

}  // namespace espalier
