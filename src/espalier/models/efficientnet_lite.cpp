#include "espalier/models/efficientnet_lite.h"

#include <cmath>

#include "espalier/models/common_fields.h"
#include "espalier/nn/init.h"
#include "espalier/nn/pad_same.h"
#include "espalier/nn/round_channels.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/nn/separable.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr int64_t kStemChannels = 32, kLastChannels = 1280, kExpansion = 6;

// Table 1 of the paper behind its first stage, which is one separable convolution.
constexpr int64_t kFirstChannels = 16;
struct Stage {
  int64_t kernel, channels, blocks, stride;
  bool deepens;
};
constexpr Stage kStages[] = {{3, 24, 2, 2, true},  {5, 40, 2, 2, true},  {3, 80, 3, 2, true},
                             {5, 112, 3, 1, true}, {5, 192, 4, 2, true}, {3, 320, 1, 1, false}};

nn::BatchNorm2d batch_norm(int64_t channels, bool tensorflow) {
  return nn::BatchNorm2d(nn::BatchNorm2dOptions(channels).eps(tensorflow ? 1e-3 : 1e-5));
}

// A convolution with a stride, whose padding is even or TensorFlow's.
struct StridedConvolution {
  nn::Conv2d conv{nullptr};
  bool same = false;

  StridedConvolution() = default;
  StridedConvolution(const ConvShape& shape, bool tensorflow)
      : conv(make_convolution(shape)), same(tensorflow && shape.stride > 1) {
    if (same) conv->options.padding(torch::ExpandingArray<2>(0));
  }

  Tensor forward(const Tensor& x) {
    const auto& options = conv->options;
    return conv->forward(same ? pad_same(x, options.kernel_size()->at(0), options.stride()->at(0))
                              : x);
  }
};

// 1x1 up, k x k in each channel for itself, 1x1 down; no rectifier at the narrow end.
struct InvertedResidual : nn::Module {
  nn::Conv2d conv_pw, conv_pwl;
  StridedConvolution conv_dw;
  nn::BatchNorm2d bn1, bn2, bn3;
  bool residual;

  InvertedResidual(int64_t in, int64_t out, int64_t kernel, int64_t stride, bool tensorflow)
      : conv_pw(make_convolution({.in = in, .out = in * kExpansion, .kernel = 1})),
        conv_pwl(make_convolution({.in = in * kExpansion, .out = out, .kernel = 1})),
        conv_dw({.in = in * kExpansion,
                 .out = in * kExpansion,
                 .kernel = kernel,
                 .stride = stride,
                 .groups = in * kExpansion},
                tensorflow),
        bn1(batch_norm(in * kExpansion, tensorflow)),
        bn2(batch_norm(in * kExpansion, tensorflow)),
        bn3(batch_norm(out, tensorflow)),
        residual(stride == 1 && in == out) {
    register_module("conv_pw", conv_pw);
    register_module("bn1", bn1);
    register_module("conv_dw", conv_dw.conv);
    register_module("bn2", bn2);
    register_module("conv_pwl", conv_pwl);
    register_module("bn3", bn3);
  }

  Tensor forward(const Tensor& x) {
    Tensor y = norm_act(bn1, conv_pw->forward(x), Rectifier::relu6);
    y = norm_act(bn2, conv_dw.forward(y), Rectifier::relu6);
    return norm_act(bn3, conv_pwl->forward(y), Rectifier::none, residual ? x : Tensor());
  }
};

class EfficientNetLite : public ImageModel {
 public:
  explicit EfficientNetLite(const EfficientNetLiteConfig& config) : dropout_(config.dropout) {
    auto channels_of = [&](int64_t channels) {
      return round_channels(static_cast<double>(channels) * config.width);
    };
    bool tensorflow = config.tensorflow;
    conv_stem_ = StridedConvolution({.in = config.in_channels, .out = kStemChannels, .stride = 2},
                                    tensorflow);
    register_module("conv_stem", conv_stem_.conv);
    bn1_ = register_module("bn1", batch_norm(kStemChannels, tensorflow));
    int64_t channels = channels_of(kFirstChannels);
    blocks_->push_back(nn::Sequential(std::make_shared<DepthwiseSeparable>(
        kStemChannels, channels, 1, Rectifier::none, bn1_->options.eps())));
    for (const Stage& stage : kStages) {
      nn::Sequential blocks;
      double depth = static_cast<double>(stage.blocks) * (stage.deepens ? config.depth : 1);
      for (int64_t i = 0; i < static_cast<int64_t>(std::ceil(depth)); ++i) {
        int64_t out = channels_of(stage.channels);
        blocks->push_back(std::make_shared<InvertedResidual>(
            channels, out, stage.kernel, i == 0 ? stage.stride : 1, tensorflow));
        channels = out;
      }
      blocks_->push_back(blocks);
    }
    register_module("blocks", blocks_);
    conv_head_ = register_module(
        "conv_head",
        nn::Conv2d(make_convolution({.in = channels, .out = kLastChannels, .kernel = 1})));
    bn2_ = register_module("bn2", batch_norm(kLastChannels, tensorflow));
    classifier_ = register_module("classifier", nn::Linear(kLastChannels, config.classes));
    init_convolutions_by_group(*this);
    init_by_outputs(*classifier_);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    Tensor x = norm_act(bn1_, conv_stem_.forward(images), Rectifier::relu6);
    std::vector<Tensor> maps;
    for (size_t i = 0; i < blocks_->size(); ++i) {
      // Block list i holds stage i; the map before a halving stage is the last of its resolution.
      if (i > 1 && kStages[i - 1].stride == 2) maps.push_back(x);
      x = run_blocks(*blocks_[i]->as<nn::Sequential>(), x);
    }
    maps.push_back(norm_act(bn2_, conv_head_->forward(x), Rectifier::relu6));
    return maps;
  }

  Tensor head(const Tensor& last) override {
    Tensor pooled = torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1);
    return classifier_->forward(torch::dropout(pooled, dropout_, is_training()));
  }

 private:
  double dropout_;
  StridedConvolution conv_stem_;
  nn::Conv2d conv_head_{nullptr};
  nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
  nn::ModuleList blocks_;
  nn::Linear classifier_{nullptr};
};

}  // namespace

Fields fields(EfficientNetLiteConfig& config) {
  return {field("width", config.width, "times the channels of lite0").between(0.05, 16),
          field("depth", config.depth, "times the blocks of lite0, rounded up").between(0.1, 16),
          field("tensorflow", config.tensorflow,
                "padding and norms of the published weights (tf_ in timm)"),
          dropout_field(config.dropout),
          classes_field(config.classes),
          in_channels_field(config.in_channels)};
}

ImageModelPtr make_efficientnet_lite(const EfficientNetLiteConfig& config) {
  return std::make_shared<EfficientNetLite>(config);
}

}  // namespace espalier
