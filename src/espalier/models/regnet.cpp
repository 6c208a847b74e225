#include "espalier/models/regnet.h"

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/models/common_fields.h"
#include "espalier/nn/conv_norm.h"
#include "espalier/nn/init.h"
#include "espalier/nn/run_blocks.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

// Hu et al. 2017, arXiv 1709.01507: each channel times a gate that is computed from all means.
struct SqueezeExcitation : nn::Module {
  nn::Conv2d fc1, fc2;

  SqueezeExcitation(int64_t channels, int64_t squeezed)
      : fc1(nn::Conv2dOptions(channels, squeezed, 1)),
        fc2(nn::Conv2dOptions(squeezed, channels, 1)) {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
  }

  Tensor forward(const Tensor& x) {
    Tensor gate = torch::relu(fc1->forward(torch::adaptive_avg_pool2d(x, {1, 1})));
    return x * torch::sigmoid(fc2->forward(gate));
  }
};

struct Block : nn::Module {
  std::shared_ptr<ConvNorm> proj, a, b, c;
  std::shared_ptr<SqueezeExcitation> se;

  Block(int64_t in, int64_t out, int64_t stride, const RegNetConfig& config) {
    if (in != out || stride != 1)
      proj = register_module(
          "proj",
          std::make_shared<ConvNorm>(ConvShape{.in = in, .out = out, .kernel = 1, .stride = stride},
                                     Rectifier::none));
    auto f = register_module("f", std::make_shared<nn::Module>());
    auto add = [&](const std::string& name, const ConvShape& shape, Rectifier rectifier) {
      return f->register_module(name, std::make_shared<ConvNorm>(shape, rectifier));
    };
    a = add("a", {.in = in, .out = out, .kernel = 1}, Rectifier::relu);
    b = add("b",
            {.in = out, .out = out, .stride = stride, .groups = out / group_width(out, config)},
            Rectifier::relu);
    auto squeezed =
        static_cast<int64_t>(std::nearbyint(config.squeeze_ratio * static_cast<double>(in)));
    if (squeezed > 0)
      se = f->register_module("se", std::make_shared<SqueezeExcitation>(out, squeezed));
    c = add("c", {.in = out, .out = out, .kernel = 1}, Rectifier::relu);
  }

  static int64_t group_width(int64_t width, const RegNetConfig& config) {
    return std::min(width, config.group_width);
  }

  Tensor forward(const Tensor& x) {
    Tensor shortcut = proj ? proj->forward(x) : x;
    Tensor y = b->forward(a->forward(x));
    return c->forward(se ? se->forward(y) : y, shortcut);
  }
};

class RegNet : public ImageModel {
 public:
  explicit RegNet(const RegNetConfig& config) {
    int64_t channels = config.stem_width;
    stem_ = register_module(
        "stem",
        std::make_shared<ConvNorm>(
            ConvShape{.in = config.in_channels, .out = channels, .stride = 2}, Rectifier::relu));
    auto trunk = register_module("trunk_output", std::make_shared<nn::Module>());
    for (size_t i = 0; i < config.depths.size(); ++i) {
      std::string name = "block" + std::to_string(i + 1);
      auto stage = trunk->register_module(name, std::make_shared<nn::Module>());
      std::vector<std::shared_ptr<Block>> blocks;
      for (int64_t k = 0; k < config.depths[i]; ++k) {
        blocks.push_back(stage->register_module(
            name + "-" + std::to_string(k),
            std::make_shared<Block>(channels, config.widths[i], k == 0 ? 2 : 1, config)));
        channels = config.widths[i];
      }
      stages_.push_back(std::move(blocks));
    }
    fc_ = register_module("fc", nn::Linear(channels, config.classes));
    init_convolutions(*this);
    init_normal(*fc_, 0.01);
  }

  std::vector<Tensor> features(const Tensor& images) override {
    std::vector<Tensor> maps;
    Tensor x = stem_->forward(images);
    for (const auto& stage : stages_) {
      for (const auto& block : stage) x = run_block(*block, x);
      maps.push_back(x);
    }
    return maps;
  }

  Tensor head(const Tensor& last) override {
    return fc_->forward(torch::adaptive_avg_pool2d(last, {1, 1}).flatten(1));
  }

 private:
  std::shared_ptr<ConvNorm> stem_;
  std::vector<std::vector<std::shared_ptr<Block>>> stages_;
  nn::Linear fc_{nullptr};
};

}  // namespace

Fields fields(RegNetConfig& config) {
  return {
      field("depths", config.depths, "blocks of each of the four stages").between(1, 256),
      field("widths", config.widths, "channels of each stage").between(1, 8192),
      field("group_width", config.group_width, "channels a group of the 3x3 convolutions")
          .between(1, 8192),
      field("squeeze_ratio", config.squeeze_ratio,
            "channels of the gate's middle layer to the block's input; 0: no gate")
          .between(0, 4),
      field("stem_width", config.stem_width, "channels of the first convolution").between(1, 8192),
      classes_field(config.classes),
      in_channels_field(config.in_channels)};
}

ImageModelPtr make_regnet(const RegNetConfig& config) {
  if (config.depths.size() != 4 || config.widths.size() != 4)
    fail(Kind::usage, "a RegNet has 4 stages, got {} depths and {} widths", config.depths.size(),
         config.widths.size());
  for (int64_t width : config.widths)
    if (width % Block::group_width(width, config) != 0)
      fail(Kind::usage, "widths: groups of {} do not divide {}", config.group_width, width);
  return std::make_shared<RegNet>(config);
}

}  // namespace espalier
