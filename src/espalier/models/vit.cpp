#include "espalier/models/vit.h"

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

constexpr double kNormEpsilon = 1e-6, kDeviation = 0.02;
constexpr int64_t kExpansion = 4, kMostPatches = 256;

nn::LayerNorm layer_norm(int64_t width) {
  return nn::LayerNorm(nn::LayerNormOptions({width}).eps(kNormEpsilon));
}

// N x tokens x width -> the same. What the heads work on is as wide as the tokens unless these were
// cut (models/widths.h).
struct Attention : nn::Module {
  int64_t heads;
  nn::Linear qkv, proj;

  Attention(int64_t width, int64_t heads)
      : heads(heads), qkv(width, 3 * width), proj(width, width) {
    register_module("qkv", qkv);
    register_module("proj", proj);
  }

  Tensor forward(const Tensor& x) {
    int64_t width = proj->options.in_features();
    Tensor all = qkv->forward(x);
    auto part = [&](int64_t i) {  // query, key, value: N x heads x tokens x width/heads
      return all.slice(2, i * width, (i + 1) * width)
          .reshape({x.size(0), -1, heads, width / heads})
          .transpose(1, 2);
    };
    Tensor y = torch::scaled_dot_product_attention(part(0), part(1), part(2));
    return proj->forward(y.transpose(1, 2).reshape({x.size(0), -1, width}));
  }
};

struct Block : nn::Module {
  nn::LayerNorm norm1, norm2;
  std::shared_ptr<Attention> attn;
  nn::Linear fc1, fc2;
  double drop;

  Block(int64_t width, int64_t heads, double drop)
      : norm1(layer_norm(width)),
        norm2(layer_norm(width)),
        attn(std::make_shared<Attention>(width, heads)),
        fc1(width, kExpansion * width),
        fc2(kExpansion * width, width),
        drop(drop) {
    register_module("norm1", norm1);
    register_module("attn", attn);
    register_module("norm2", norm2);
    auto mlp = register_module("mlp", std::make_shared<nn::Module>());
    mlp->register_module("fc1", fc1);
    mlp->register_module("fc2", fc2);
  }

  Tensor forward(const Tensor& tokens) {
    Tensor x = tokens + drop_path(attn->forward(norm1->forward(tokens)), drop, is_training());
    Tensor y = fc2->forward(torch::gelu(fc1->forward(norm2->forward(x))));
    return x + drop_path(y, drop, is_training());
  }
};

class ViT : public ImageModel {
 public:
  explicit ViT(const ViTConfig& config)
      : patch_(config.patch), grid_(config.image_size / config.patch) {
    cls_token_ =
        register_parameter("cls_token", torch::empty({1, 1, config.width}).normal_(0, 1e-6));
    pos_embed_ = register_parameter(
        "pos_embed", torch::empty({1, grid_ * grid_ + 1, config.width}).normal_(0, kDeviation));
    auto patch_embed = register_module("patch_embed", std::make_shared<nn::Module>());
    proj_ = patch_embed->register_module(
        "proj", nn::Conv2d(nn::Conv2dOptions(config.in_channels, config.width, config.patch)
                               .stride(config.patch)));
    for (int64_t i = 0; i < config.depth; ++i) {
      double drop = config.drop_path * static_cast<double>(i) /
                    static_cast<double>(std::max<int64_t>(1, config.depth - 1));
      blocks_->push_back(std::make_shared<Block>(config.width, config.heads, drop));
    }
    register_module("blocks", blocks_);
    norm_ = register_module("norm", layer_norm(config.width));
    head_ = register_module("head", nn::Linear(config.width, config.classes));
    init_normal(*blocks_, kDeviation);  // the patches keep LibTorch's own beginning
    init_normal(*head_, kDeviation);
  }

  Tensor forward(const Tensor& images) override {
    Tensor patches = proj_->forward(whole_patches(images));
    Tensor positions = positions_for(patches.size(2), patches.size(3));
    Tensor tokens = patches.flatten(2).transpose(1, 2);
    Tensor x = torch::cat({cls_token_.expand({images.size(0), -1, -1}), tokens}, 1) + positions;
    x = run_blocks(*blocks_, x);
    return head_->forward(norm_->forward(x).select(1, 0));
  }

  std::vector<Tensor> features(const Tensor&) override { return {}; }

 private:
  Tensor whole_patches(const Tensor& images) const {
    int64_t below = (patch_ - images.size(2) % patch_) % patch_,
            right = (patch_ - images.size(3) % patch_) % patch_;
    return below + right > 0 ? torch::constant_pad_nd(images, {0, right, 0, below}, 0) : images;
  }

  Tensor positions_for(int64_t rows, int64_t columns) const {
    if (rows == grid_ && columns == grid_) return pos_embed_;
    int64_t width = pos_embed_.size(2);
    Tensor map = pos_embed_.slice(1, 1)
                     .to(torch::kFloat)
                     .reshape({1, grid_, grid_, width})
                     .permute({0, 3, 1, 2});
    map = at::_upsample_bicubic2d_aa(map, {rows, columns}, /*align_corners=*/false);
    Tensor placed = map.permute({0, 2, 3, 1}).reshape({1, rows * columns, width});
    return torch::cat({pos_embed_.slice(1, 0, 1), placed.to(pos_embed_.scalar_type())}, 1);
  }

  int64_t patch_, grid_;
  Tensor cls_token_, pos_embed_;
  nn::Conv2d proj_{nullptr};
  nn::Sequential blocks_;
  nn::LayerNorm norm_{nullptr};
  nn::Linear head_{nullptr};
};

}  // namespace

Fields fields(ViTConfig& config) {
  return {
      field("image_size", config.image_size, "side at which the learned positions stand")
          .between(1, 4096),
      field("patch", config.patch, "side of a patch in pixels").between(1, 1024),
      field("width", config.width, "numbers a token").between(1, 8192),
      field("depth", config.depth, "blocks").between(1, 256),
      field("heads", config.heads, "of the attention; they divide the width").between(1, 1024),
      field("drop_path", config.drop_path, "share of pictures that skip the last block in training")
          .between(0, 0.9),
      classes_field(config.classes),
      in_channels_field(config.in_channels)};
}

ImageModelPtr make_vit(const ViTConfig& config) {
  if (config.image_size % config.patch != 0)
    fail(Kind::usage, "image_size: patches of {} pixels do not divide {}", config.patch,
         config.image_size);
  if (config.image_size / config.patch > kMostPatches)
    fail(Kind::usage, "image_size: {} patches a side; {} are handled",
         config.image_size / config.patch, kMostPatches);
  if (config.width % config.heads != 0)
    fail(Kind::usage, "heads: {} do not divide a width of {}", config.heads, config.width);
  return std::make_shared<ViT>(config);
}

}  // namespace espalier
