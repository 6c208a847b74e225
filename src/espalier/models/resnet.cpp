#include "espalier/models/resnet.h"

#include "espalier/core/error.h"
#include "espalier/models/common_fields.h"
#include "espalier/nn/init.h"
#include "espalier/nn/norm_act.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

nn::Conv2d convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// The projection of a shortcut whose branch changes stride or width; null where the identity does.
nn::Sequential projection(int64_t in, int64_t out, int64_t stride) {
  if (stride == 1 && in == out) return nullptr;
  return nn::Sequential(convolution(in, out, 1, stride), nn::BatchNorm2d(out));
}

struct BasicBlock : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  nn::Sequential downsample;

  BasicBlock(int64_t in, int64_t width, int64_t stride)
      : conv1(convolution(in, width, 3, stride)),
        conv2(convolution(width, width, 3, 1)),
        bn1(width),
        bn2(width),
        downsample(projection(in, width, stride)) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (downsample) register_module("downsample", downsample);
  }

  Tensor forward(const Tensor& x) {
    Tensor shortcut = downsample ? downsample->forward(x) : x;
    Tensor y = norm_act(bn1, conv1->forward(x), Rectifier::relu);
    return norm_act(bn2, conv2->forward(y), Rectifier::relu, shortcut);
  }
};

struct Bottleneck : nn::Module {
  static constexpr int64_t kExpansion = 4;
  nn::Conv2d conv1, conv2, conv3;
  nn::BatchNorm2d bn1, bn2, bn3;
  nn::Sequential downsample;

  Bottleneck(int64_t in, int64_t width, int64_t stride)
      : conv1(convolution(in, width, 1, 1)),
        conv2(convolution(width, width, 3, stride)),
        conv3(convolution(width, width * kExpansion, 1, 1)),
        bn1(width),
        bn2(width),
        bn3(width * kExpansion),
        downsample(projection(in, width * kExpansion, stride)) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    register_module("conv3", conv3);
    register_module("bn3", bn3);
    if (downsample) register_module("downsample", downsample);
  }

  Tensor forward(const Tensor& x) {
    Tensor shortcut = downsample ? downsample->forward(x) : x;
    Tensor y = norm_act(bn1, conv1->forward(x), Rectifier::relu);
    y = norm_act(bn2, conv2->forward(y), Rectifier::relu);
    return norm_act(bn3, conv3->forward(y), Rectifier::relu, shortcut);
  }
};

class ResNet : public ImageModel {
 public:
  explicit ResNet(const ResNetConfig& config)
      : conv1_(nn::Conv2dOptions(config.in_channels, config.width, 7)
                   .stride(2)
                   .padding(3)
                   .bias(false)),
        bn1_(config.width),
        fc_(nullptr) {
    register_module("conv1", conv1_);
    register_module("bn1", bn1_);
    int64_t channels = config.width;
    layer1_ = register_module("layer1", stage(config, 0, channels));
    layer2_ = register_module("layer2", stage(config, 1, channels));
    layer3_ = register_module("layer3", stage(config, 2, channels));
    layer4_ = register_module("layer4", stage(config, 3, channels));
    fc_ = register_module("fc", nn::Linear(channels, config.classes));
    init_convolutions(*this);
  }

  Tensor head(const Tensor& last) override {
    return fc_->forward(torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1));
  }

  std::vector<Tensor> features(const Tensor& images) override {
    Tensor x = norm_act(bn1_, conv1_->forward(images), Rectifier::relu);
    x = torch::max_pool2d(x, /*kernel=*/3, /*stride=*/2, /*padding=*/1);
    Tensor c2 = run_blocks(*layer1_, x);
    Tensor c3 = run_blocks(*layer2_, c2);
    Tensor c4 = run_blocks(*layer3_, c3);
    Tensor c5 = run_blocks(*layer4_, c4);
    return {c2, c3, c4, c5};
  }

 private:
  // Appends stage `index` (0..3) to a net that so far gives `channels` channels, and updates them.
  static nn::Sequential stage(const ResNetConfig& config, size_t index, int64_t& channels) {
    nn::Sequential blocks;
    int64_t width = config.width << index;
    for (int64_t i = 0; i < config.depths[index]; ++i) {
      int64_t stride = i == 0 && index > 0 ? 2 : 1;
      if (config.bottleneck) {
        auto block = std::make_shared<Bottleneck>(channels, width, stride);
        if (config.zero_init_last_gamma) zero_gamma(*block->bn3);
        blocks->push_back(block);
        channels = width * Bottleneck::kExpansion;
      } else {
        auto block = std::make_shared<BasicBlock>(channels, width, stride);
        if (config.zero_init_last_gamma) zero_gamma(*block->bn2);
        blocks->push_back(block);
        channels = width;
      }
    }
    return blocks;
  }

  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Sequential layer1_, layer2_, layer3_, layer4_;
  nn::Linear fc_;
};

}  // namespace

Fields fields(ResNetConfig& config) {
  return {
      field("depths", config.depths, "residual blocks of each of the four stages").between(1, 256),
      field("bottleneck", config.bottleneck, "blocks of 1x1, 3x3, 1x1 instead of two 3x3"),
      field("width", config.width, "channels of the first stage").between(1, 4096),
      classes_field(config.classes),
      in_channels_field(config.in_channels),
      field("zero_init_last_gamma", config.zero_init_last_gamma,
            "each residual branch starts at 0 (training from scratch)")};
}

ImageModelPtr make_resnet(const ResNetConfig& config) {
  if (config.depths.size() != 4)
    fail(Kind::usage, "depths: a ResNet has 4 stages, got {} numbers", config.depths.size());
  return std::make_shared<ResNet>(config);
}

}  // namespace espalier
