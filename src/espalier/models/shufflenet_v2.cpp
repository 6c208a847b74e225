#include "espalier/models/shufflenet_v2.h"

#include "espalier/core/error.h"
#include "espalier/models/common_fields.h"
#include "espalier/nn/conv_norm.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

// 3x3 in each channel for itself, its norm, 1x1, its norm, ReLU: what both branches end in.
// torchvision counts the ReLUs among the children, so theirs are `first`, +1, +2, +3.
struct Tail {
  nn::Conv2d depthwise{nullptr}, pointwise{nullptr};
  nn::BatchNorm2d depthwise_norm{nullptr}, pointwise_norm{nullptr};

  void add_to(nn::Module& branch, int first, int64_t in, int64_t out, int64_t stride) {
    auto name = [&](int i) { return std::to_string(first + i); };
    depthwise = branch.register_module(
        name(0),
        nn::Conv2d(make_convolution({.in = in, .out = in, .stride = stride, .groups = in})));
    depthwise_norm = branch.register_module(name(1), nn::BatchNorm2d(in));
    pointwise = branch.register_module(
        name(2), nn::Conv2d(make_convolution({.in = in, .out = out, .kernel = 1})));
    pointwise_norm = branch.register_module(name(3), nn::BatchNorm2d(out));
  }

  Tensor forward(const Tensor& x) {
    Tensor y = norm_act(depthwise_norm, depthwise->forward(x), Rectifier::none);
    return norm_act(pointwise_norm, pointwise->forward(y), Rectifier::relu);
  }
};

// Figure 3 c (one half passes by) and d (stride 2: both halves are computed from everything).
struct Block : nn::Module {
  bool halves;
  Tail left, right;
  nn::Conv2d first;
  nn::BatchNorm2d first_norm;

  Block(int64_t in, int64_t out, int64_t stride)
      : halves(stride == 2),
        first(make_convolution({.in = halves ? in : out / 2, .out = out / 2, .kernel = 1})),
        first_norm(out / 2) {
    if (halves) {
      auto branch = register_module("branch1", std::make_shared<nn::Module>());
      left.add_to(*branch, 0, in, out / 2, stride);
    }
    auto branch = register_module("branch2", std::make_shared<nn::Module>());
    branch->register_module("0", first);
    branch->register_module("1", first_norm);
    right.add_to(*branch, 3, out / 2, out / 2, stride);
  }

  Tensor forward(const Tensor& x) {
    int64_t half = x.size(1) / 2;
    Tensor passed = halves ? left.forward(x) : x.slice(1, 0, half);
    Tensor y = halves ? x : x.slice(1, half);
    y = right.forward(norm_act(first_norm, first->forward(y), Rectifier::relu));
    return torch::channel_shuffle(torch::cat({passed, y}, 1), 2);
  }
};

class ShuffleNetV2 : public ImageModel {
 public:
  explicit ShuffleNetV2(const ShuffleNetV2Config& config) {
    int64_t channels = config.channels[0];
    conv1_ = register_module(
        "conv1",
        std::make_shared<ConvNorm>(
            ConvShape{.in = config.in_channels, .out = channels, .stride = 2}, Rectifier::relu));
    for (size_t stage = 0; stage < config.depths.size(); ++stage) {
      nn::Sequential blocks;
      int64_t out = config.channels[stage + 1];
      for (int64_t i = 0; i < config.depths[stage]; ++i) {
        blocks->push_back(std::make_shared<Block>(channels, out, i == 0 ? 2 : 1));
        channels = out;
      }
      stages_.push_back(register_module("stage" + std::to_string(stage + 2), blocks));
    }
    int64_t last = config.channels.back();
    conv5_ = register_module(
        "conv5", std::make_shared<ConvNorm>(ConvShape{.in = channels, .out = last, .kernel = 1},
                                            Rectifier::relu));
    fc_ = register_module("fc", nn::Linear(last, config.classes));
  }

  std::vector<Tensor> features(const Tensor& images) override {
    Tensor x = conv1_->forward(images);
    std::vector<Tensor> maps = {torch::max_pool2d(x, /*kernel=*/3, /*stride=*/2, /*padding=*/1)};
    for (nn::Sequential& stage : stages_) maps.push_back(run_blocks(*stage, maps.back()));
    maps.back() = conv5_->forward(maps.back());
    return maps;
  }

  Tensor head(const Tensor& last) override {
    return fc_->forward(torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1));
  }

 private:
  std::shared_ptr<ConvNorm> conv1_, conv5_;
  std::vector<nn::Sequential> stages_;
  nn::Linear fc_{nullptr};
};

}  // namespace

Fields fields(ShuffleNetV2Config& config) {
  return {
      field("depths", config.depths, "blocks of each of the three stages").between(1, 256),
      field("channels", config.channels, "of the stem, the three stages and the last convolution")
          .between(1, 8192),
      classes_field(config.classes), in_channels_field(config.in_channels)};
}

ImageModelPtr make_shufflenet_v2(const ShuffleNetV2Config& config) {
  if (config.depths.size() != 3)
    fail(Kind::usage, "depths: a ShuffleNetV2 has 3 stages, got {} numbers", config.depths.size());
  if (config.channels.size() != 5)
    fail(Kind::usage, "channels: stem, 3 stages and last convolution make 5 numbers, got {}",
         config.channels.size());
  for (size_t stage = 1; stage <= 3; ++stage)
    if (config.channels[stage] % 2 != 0)
      fail(Kind::usage, "channels: {} cannot be halved", config.channels[stage]);
  return std::make_shared<ShuffleNetV2>(config);
}

}  // namespace espalier
