#include "espalier/models/cifar_resnet.h"

#include "espalier/models/common_fields.h"
#include "espalier/nn/init.h"
#include "espalier/nn/norm_act.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;
using torch::indexing::Slice;

nn::Conv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// Option A: every `stride`th pixel, with zero channels added half before and half behind.
Tensor pad_shortcut(const Tensor& x, int64_t stride, int64_t more_channels) {
  Tensor y = x.index({Slice(), Slice(), Slice(0, {}, stride), Slice(0, {}, stride)});
  int64_t before = more_channels / 2;
  return torch::constant_pad_nd(y, {0, 0, 0, 0, before, more_channels - before}, 0);
}

struct Block : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  nn::Sequential shortcut{nullptr};
  int64_t stride;
  bool widens;

  Block(int64_t in, int64_t out, int64_t stride, bool project)
      : conv1(convolution(in, out, 3, stride)),
        conv2(convolution(out, out, 3, 1)),
        bn1(out),
        bn2(out),
        stride(stride),
        widens(in != out) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (project && (stride != 1 || in != out))
      shortcut = register_module(
          "shortcut", nn::Sequential(convolution(in, out, 1, stride), nn::BatchNorm2d(out)));
  }

  Tensor forward(const Tensor& x) {
    Tensor y = norm_act(bn1, conv1->forward(x), Rectifier::relu);
    return norm_act(bn2, conv2->forward(y), Rectifier::relu, passed_by(x));
  }

  Tensor passed_by(const Tensor& x) {
    if (shortcut) return shortcut->forward(x);
    if (stride == 1 && !widens) return x;
    return pad_shortcut(x, stride, bn2->options.num_features() - x.size(1));
  }
};

class CifarResNet : public ImageModel {
 public:
  explicit CifarResNet(const CifarResNetConfig& config)
      : conv1_(convolution(config.in_channels, config.width, 3, 1)),
        bn1_(config.width),
        linear_(config.width * 4, config.classes) {
    register_module("conv1", conv1_);
    register_module("bn1", bn1_);
    layer1_ = register_module("layer1", stage(config, config.width, config.width));
    layer2_ = register_module("layer2", stage(config, config.width, config.width * 2));
    layer3_ = register_module("layer3", stage(config, config.width * 2, config.width * 4));
    register_module("linear", linear_);
    init_convolutions(*this);
  }

  Tensor head(const Tensor& last) override {
    return linear_->forward(torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1));
  }

  std::vector<Tensor> features(const Tensor& images) override {
    Tensor x = norm_act(bn1_, conv1_->forward(images), Rectifier::relu);
    Tensor fine = run_blocks(*layer1_, x);
    Tensor middle = run_blocks(*layer2_, fine);
    Tensor coarse = run_blocks(*layer3_, middle);
    return {fine, middle, coarse};
  }

 private:
  static nn::Sequential stage(const CifarResNetConfig& config, int64_t in, int64_t out) {
    nn::Sequential blocks;
    for (int64_t i = 0; i < config.blocks; ++i) {
      int64_t from = i == 0 ? in : out;
      auto block =
          std::make_shared<Block>(from, out, from == out ? 1 : 2, config.shortcut == "conv");
      if (config.zero_init_last_gamma) zero_gamma(*block->bn2);
      blocks->push_back(block);
    }
    return blocks;
  }

  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Sequential layer1_, layer2_, layer3_;
  nn::Linear linear_;
};

}  // namespace

Fields fields(CifarResNetConfig& config) {
  return {
      field("blocks", config.blocks, "residual blocks a stage: the net has 6 blocks + 2 layers")
          .between(1, 400),
      field("width", config.width, "channels of the first stage").between(1, 4096),
      classes_field(config.classes),
      in_channels_field(config.in_channels),
      field("shortcut", config.shortcut, "where the stride changes: zero padding or a projection")
          .one_of({"pad", "conv"}),
      field("zero_init_last_gamma", config.zero_init_last_gamma,
            "each residual branch starts at 0 (training from scratch)")};
}

ImageModelPtr make_cifar_resnet(const CifarResNetConfig& config) {
  return std::make_shared<CifarResNet>(config);
}

}  // namespace espalier
