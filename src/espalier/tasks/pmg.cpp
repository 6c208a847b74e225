#include "espalier/tasks/pmg.h"

#include "espalier/core/error.h"
#include "espalier/tasks/trial_maps.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace nn = torch::nn;
constexpr size_t kStages = 3;
constexpr double kWholeWeight = 2;

nn::Sequential convolution(int64_t in, int64_t out, int64_t kernel) {
  return nn::Sequential(
      nn::Conv2d(nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).bias(false)),
      nn::BatchNorm2d(out), nn::ReLU());
}

nn::Sequential classifier(int64_t in, int64_t width, int64_t classes) {
  return nn::Sequential(nn::BatchNorm1d(in), nn::Linear(in, width), nn::BatchNorm1d(width),
                        nn::ELU(), nn::Linear(width, classes));
}

// The last three maps, finest first.
std::vector<at::Tensor> last_three(const std::vector<at::Tensor>& maps) {
  return {maps.end() - kStages, maps.end()};
}

// The pictures of a batch with this grid (0: whole ones).
Batch of_grid(const Batch& batch, int64_t grid) {
  Batch chosen{.height = batch.height, .width = batch.width, .channels = batch.channels};
  const size_t bytes = batch.pixels.size() / batch.truth.size();
  for (size_t i = 0; i < batch.truth.size(); ++i) {
    if (batch.truth[i].destruction.grid != grid) continue;
    const auto begin = batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    chosen.pixels.insert(chosen.pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(bytes));
    chosen.truth.push_back(batch.truth[i]);
    chosen.indices.push_back(batch.indices[i]);
    ++chosen.count;
  }
  return chosen;
}

}  // namespace

Fields fields(PmgConfig& config) {
  return {
      field("pmg_grids", config.grids,
            "method pmg: cells a side of the jigsaws of the three stages, finest map first; empty: "
            "8, 4, 2, below 224 px 4, 2, 1")
          .between(1, 255),
      field("pmg_width", config.width, "method pmg: width of the added heads").between(1, 8192)};
}

PmgConfig resolve_pmg(PmgConfig config, int64_t side) {
  if (config.grids.empty())
    config.grids = side < 224 ? std::vector<int64_t>{4, 2, 1} : std::vector<int64_t>{8, 4, 2};
  return config;
}

struct PmgTask::Network : nn::Module {
  ImageModelPtr model;
  std::vector<nn::Sequential> blocks, heads;
  nn::Sequential whole{nullptr};

  Network(ImageModelPtr plain, int64_t width, const std::vector<at::Tensor>& maps, int64_t classes)
      : model(register_module("model", std::move(plain))) {
    for (size_t i = 0; i < kStages; ++i) {
      nn::Sequential block = convolution(maps[i].size(1), width, 1);
      block->extend(*convolution(width, 2 * width, 3));
      blocks.push_back(register_module("block" + std::to_string(i + 1), block));
      heads.push_back(
          register_module("head" + std::to_string(i + 1), classifier(2 * width, width, classes)));
    }
    whole = register_module("whole",
                            classifier(2 * width * static_cast<int64_t>(kStages), width, classes));
  }

  // N x 2 width: the largest value of each channel of the stage's block.
  at::Tensor features(size_t stage, const at::Tensor& map) {
    return blocks[stage]->forward(map).amax({2, 3});
  }
};

PmgTask::PmgTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config, PmgConfig pmg)
    : ClassifyTask(model, meta, config), pmg_(std::move(pmg)) {
  if (pmg_.grids.size() != kStages)
    fail(Kind::usage, "--pmg-grids names {} grids, one for each of {} stages is wanted",
         pmg_.grids.size(), kStages);
  const std::vector<at::Tensor> maps = last_three(
      trial_maps(*model, "pmg", kStages, static_cast<int64_t>(meta.mean.size()), meta.input_size));
  network_ = std::make_shared<Network>(model, pmg_.width, maps,
                                       static_cast<int64_t>(meta.class_names.size()));
}

nn::Module& PmgTask::module() {
  return *network_;
}

Losses PmgTask::losses(const Batch& batch) {
  Losses sum;
  auto add = [&](const std::string& name, double weight, const at::Tensor& loss) {
    sum.parts.emplace_back(name, loss);
    sum.total = sum.total.defined() ? sum.total + weight * loss : weight * loss;
  };
  for (size_t i = 0; i < kStages; ++i) {
    const Batch jigsaws = of_grid(batch, pmg_.grids[i]);
    if (jigsaws.count < 2) continue;  // the heads' norms need two
    const at::Tensor map = last_three(model().features(images_of(jigsaws)))[i];
    const at::Tensor logits =
        network_->heads[i]->forward(network_->features(i, map)).to(at::kFloat);
    add("stage" + std::to_string(i + 1), 1, class_losses(logits, jigsaws).total);
  }
  const Batch originals = of_grid(batch, 0);
  if (originals.count < 2) return sum;
  const std::vector<at::Tensor> maps = last_three(model().features(images_of(originals)));
  std::vector<at::Tensor> features;
  for (size_t i = 0; i < kStages; ++i) features.push_back(network_->features(i, maps[i]));
  add("whole", kWholeWeight,
      class_losses(network_->whole->forward(at::cat(features, 1)).to(at::kFloat), originals).total);
  add("class", 1, class_losses(model().head(maps.back()).to(at::kFloat), originals).total);
  return sum;
}

std::vector<std::pair<std::string, at::Tensor>> PmgTask::verdicts(const Batch& batch) {
  torch::NoGradGuard guard;
  const std::vector<at::Tensor> maps = last_three(model().features(images_of(batch)));
  std::vector<at::Tensor> features;
  at::Tensor sum;
  for (size_t i = 0; i < kStages; ++i) {
    features.push_back(network_->features(i, maps[i]));
    const at::Tensor logits = network_->heads[i]->forward(features.back()).to(at::kFloat);
    sum = sum.defined() ? sum + logits : logits;
  }
  const at::Tensor whole = network_->whole->forward(at::cat(features, 1)).to(at::kFloat);
  return {{"network", model().head(maps.back()).to(at::kFloat)},
          {"stages", whole},
          {"sum", sum + whole}};
}

}  // namespace espalier
