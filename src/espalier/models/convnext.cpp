#include "espalier/models/convnext.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/models/common_fields.h"
#include "espalier/nn/drop_path.h"
#include "espalier/nn/init.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr double kNormEpsilon = 1e-6;
constexpr int64_t kLeastSide = 32, kExpansion = 4;

nn::LayerNorm layer_norm(int64_t channels) {
  return nn::LayerNorm(nn::LayerNormOptions({channels}).eps(kNormEpsilon));
}

// A layer norm over the channels of each pixel.
Tensor norm_pixels(nn::LayerNorm& norm, const Tensor& x) {
  return norm->forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

struct Block : nn::Module {
  nn::Conv2d depthwise;
  nn::LayerNorm norm;
  nn::Linear up, down;
  Tensor layer_scale;
  double drop;

  Block(int64_t width, double scale, double drop)
      : depthwise(nn::Conv2dOptions(width, width, 7).padding(3).groups(width)),
        norm(layer_norm(width)),
        up(width, kExpansion * width),
        down(kExpansion * width, width),
        drop(drop) {
    layer_scale = register_parameter("layer_scale", torch::full({width, 1, 1}, scale));
    // torchvision's numbers count the permutations and the GELU between.
    auto block = register_module("block", std::make_shared<nn::Module>());
    block->register_module("0", depthwise);
    block->register_module("2", norm);
    block->register_module("3", up);
    block->register_module("5", down);
  }

  Tensor forward(const Tensor& x) {
    Tensor y = norm->forward(depthwise->forward(x).permute({0, 2, 3, 1}));
    y = down->forward(torch::gelu(up->forward(y))).permute({0, 3, 1, 2});
    return drop_path(layer_scale * y, drop, is_training()) + x;
  }
};

class ConvNeXt : public ImageModel {
 public:
  explicit ConvNeXt(const ConvNeXtConfig& config) {
    auto features = register_module("features", std::make_shared<nn::Module>());
    auto child = [&](auto module) {
      return features->register_module(std::to_string(features->children().size()),
                                       std::move(module));
    };
    int64_t blocks = 0, all = 0;
    for (int64_t depth : config.depths) all += depth;
    for (size_t i = 0; i < config.depths.size(); ++i) {
      int64_t width = config.widths[i];
      auto entry = child(std::make_shared<nn::Module>());
      nn::LayerNorm norm = layer_norm(i == 0 ? width : config.widths[i - 1]);
      nn::Conv2d shrink(i == 0 ? nn::Conv2dOptions(config.in_channels, width, 4).stride(4)
                               : nn::Conv2dOptions(config.widths[i - 1], width, 2).stride(2));
      entry->register_module(i == 0 ? "1" : "0", norm);
      entry->register_module(i == 0 ? "0" : "1", shrink);
      nn::Sequential stage;
      for (int64_t k = 0; k < config.depths[i]; ++k, ++blocks) {
        double drop = config.drop_path * static_cast<double>(blocks) /
                      static_cast<double>(std::max<int64_t>(1, all - 1));
        stage->push_back(std::make_shared<Block>(width, config.layer_scale, drop));
      }
      child(stage);
      norms_.push_back(norm);
      shrinks_.push_back(shrink);
      stages_.push_back(stage);
    }
    auto classifier = register_module("classifier", std::make_shared<nn::Module>());
    norm_ = classifier->register_module("0", layer_norm(config.widths.back()));
    linear_ = classifier->register_module("2", nn::Linear(config.widths.back(), config.classes));
    init_normal(*this, 0.02);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    std::vector<Tensor> maps;
    Tensor x = at_least_one_pixel(images);
    for (size_t i = 0; i < stages_.size(); ++i) {
      x = i == 0 ? norm_pixels(norms_[i], shrinks_[i]->forward(x))
                 : shrinks_[i]->forward(norm_pixels(norms_[i], x));
      x = run_blocks(*stages_[i], x);
      maps.push_back(x);
    }
    return maps;
  }

  Tensor head(const Tensor& last) override {
    Tensor pooled = torch::adaptive_avg_pool2d(last, {1, 1});
    return linear_->forward(norm_pixels(norm_, pooled).flatten(1));
  }

 private:
  static Tensor at_least_one_pixel(const Tensor& images) {
    int64_t below = std::max<int64_t>(0, kLeastSide - images.size(2)),
            right = std::max<int64_t>(0, kLeastSide - images.size(3));
    return below + right > 0 ? torch::constant_pad_nd(images, {0, right, 0, below}, 0) : images;
  }

  std::vector<nn::LayerNorm> norms_;
  std::vector<nn::Conv2d> shrinks_;
  std::vector<nn::Sequential> stages_;
  nn::LayerNorm norm_{nullptr};
  nn::Linear linear_{nullptr};
};

}  // namespace

Fields fields(ConvNeXtConfig& config) {
  return {
      field("depths", config.depths, "blocks of each of the four stages").between(1, 256),
      field("widths", config.widths, "channels of each stage").between(1, 8192),
      field("drop_path", config.drop_path, "share of pictures that skip the last block in training")
          .between(0, 0.9),
      field("layer_scale", config.layer_scale, "factor of each branch at the beginning")
          .between(0, 1),
      classes_field(config.classes),
      in_channels_field(config.in_channels)};
}

ImageModelPtr make_convnext(const ConvNeXtConfig& config) {
  if (config.depths.size() != 4 || config.widths.size() != 4)
    fail(Kind::usage, "a ConvNeXt has 4 stages, got {} depths and {} widths", config.depths.size(),
         config.widths.size());
  return std::make_shared<ConvNeXt>(config);
}

}  // namespace espalier
