#include "espalier/tasks/dcl.h"

#include <unordered_map>

#include "espalier/core/error.h"
#include "espalier/tasks/trial_maps.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kFinestPooled = 6;  // side of the least map that is pooled by 2
constexpr int64_t kCellsForReachTwo = 5;
constexpr int64_t kPublishedGuess = 7;  // cells a side of compat's guessed targets

at::Tensor trial_map(ImageModel& model, int64_t channels, int64_t side) {
  return trial_maps(model, "dcl", 1, channels, side).back();
}

bool destroyed(const Annotation& truth) {
  return !truth.destruction.source.empty();
}

}  // namespace

Fields fields(DclConfig& config) {
  return {
      field("dcl_variant", config.variant,
            "method dcl as in the paper (strict) or in its published code (compat)")
          .one_of({"strict", "compat"}),
      field("dcl_grid", config.grid, "cells a side; 0: from the network's last map")
          .between(0, 255),
      field("dcl_reach", config.reach,
            "strict: places that a cell may want to move, k of the paper; 0: 2 from five cells "
            "a side on, else 1")
          .between(0, 254),
      field("dcl_alpha", config.alpha, "weight of the class loss").between(0, 1e6),
      field("dcl_beta", config.beta,
            "weight of the adversarial loss, whole against destroyed; 0: without")
          .between(0, 1e6),
      field("dcl_gamma", config.gamma,
            "weight of the location loss: 1 for flexible objects, 0.01 for rigid ones; 0: "
            "without")
          .between(0, 1e6),
      field("dcl_agree", config.agree,
            "weight of the distance (KL divergence) of what is said of a destroyed copy to what "
            "is said of its original; neither the paper nor its code has it")
          .between(0, 1e6),
      field("dcl_adversary", config.adversary,
            "adversarial head: whole or destroyed (pair), or of each class (classes); auto: "
            "pair for strict")
          .one_of({"auto", "pair", "classes"}),
      field("dcl_location", config.location,
            "location head: row and column (pair) or one number (index); auto: pair for strict")
          .one_of({"auto", "pair", "index"})};
}

DclConfig resolve_dcl(DclConfig config, ImageModel& model, int64_t channels, int64_t side) {
  const int64_t map = trial_map(model, channels, side).size(2);
  if (config.grid == 0) config.grid = map >= kFinestPooled && map % 2 == 0 ? map / 2 : map;
  if (config.grid > map)
    fail(Kind::usage,
         "--dcl-grid {}: the last map of {} at {} px has {} x {} places, and a cell needs one; "
         "lower it or raise --size",
         config.grid, model.name, side, map, map);
  if (config.grid < 2)
    fail(Kind::usage,
         "method dcl needs at least 2 x 2 cells, and the last map of {} at {} px has {} x {} "
         "places; raise --size",
         model.name, side, map, map);
  const bool compat = config.variant == "compat";
  config.location_grid = compat ? std::min(kPublishedGuess, map) : config.grid;
  if (config.reach == 0) config.reach = config.grid >= kCellsForReachTwo ? 2 : 1;
  if (config.reach >= static_cast<double>(config.grid))
    fail(Kind::usage, "--dcl-reach {} must be below the {} cells of a side", config.reach,
         config.grid);
  if (config.adversary == "auto") config.adversary = compat ? "classes" : "pair";
  if (config.location == "auto") config.location = compat ? "index" : "pair";
  return config;
}

DestructConfig destruct_config(const DclConfig& config) {
  return {.published = config.variant == "compat",
          .grid = static_cast<int>(config.grid),
          .reach = config.reach,
          .guess_grid = static_cast<int>(config.location_grid)};
}

at::Tensor location_targets(const Batch& batch, int64_t grid, bool pair) {
  const int64_t cells = grid * grid, count = static_cast<int64_t>(batch.truth.size());
  at::Tensor sources = at::empty({count, cells}, at::kLong);
  int64_t* to = sources.mutable_data_ptr<int64_t>();
  for (const Annotation& truth : batch.truth) {
    if (destroyed(truth) && truth.destruction.grid != grid)
      fail(Kind::internal, "a picture destroyed on {} cells a side meets a head of {}",
           truth.destruction.grid, grid);
    for (int64_t i = 0; i < cells; ++i)
      *to++ = destroyed(truth) ? truth.destruction.source[static_cast<size_t>(i)] : i;
  }
  if (!pair) return (sources - cells / 2).to(at::kFloat) / static_cast<double>(cells);
  at::Tensor rows = sources.div(grid, "floor"), columns = sources.remainder(grid);
  return at::stack({rows, columns}, 1).reshape({count, 2, grid, grid}).to(at::kFloat) /
         static_cast<double>(std::max<int64_t>(grid - 1, 1));
}

struct DclTask::Network : torch::nn::Module {
  ImageModelPtr model;
  torch::nn::Linear adversary{nullptr};
  torch::nn::Conv2d location{nullptr};

  // `width`: channels of the last map.
  Network(ImageModelPtr plain, const DclConfig& config, int64_t width, int64_t classes)
      : model(register_module("model", std::move(plain))) {
    if (config.beta > 0)
      adversary = register_module(
          "adversary", torch::nn::Linear(torch::nn::LinearOptions(
                                             width, config.adversary == "pair" ? 2 : 2 * classes)
                                             .bias(false)));
    if (config.gamma > 0)
      location =
          register_module("location", torch::nn::Conv2d(torch::nn::Conv2dOptions(
                                          width, config.location == "pair" ? 2 : 1, /*kernel=*/1)));
  }
};

DclTask::DclTask(ImageModelPtr model, ModelMeta meta, ClassifyConfig config, DclConfig dcl)
    : ClassifyTask(model, meta, config), dcl_(std::move(dcl)) {
  const int64_t channels = static_cast<int64_t>(meta.mean.size());
  const int64_t width = trial_map(*model, channels, meta.input_size).size(1);
  network_ =
      std::make_shared<Network>(model, dcl_, width, static_cast<int64_t>(meta.class_names.size()));
}

torch::nn::Module& DclTask::module() {
  return *network_;
}

Losses DclTask::losses(const Batch& batch) {
  const at::Tensor map = model().features(images_of(batch)).back();
  const at::Tensor logits = model().head(map).to(at::kFloat);
  Losses losses = class_losses(logits, batch);
  losses.parts.insert(losses.parts.begin(), {"class", losses.total});
  losses.total = dcl_.alpha * losses.total;
  auto add = [&](const char* name, double weight, const at::Tensor& loss) {
    losses.parts.emplace_back(name, loss);
    losses.total = losses.total + weight * loss;
  };
  if (dcl_.beta > 0) add("adversarial", dcl_.beta, adversarial_loss(map, batch));
  if (dcl_.gamma > 0) add("location", dcl_.gamma, location_loss(map, batch));
  if (dcl_.agree > 0) add("agreement", dcl_.agree, agreement_loss(logits, batch));
  return losses;
}

std::vector<std::pair<std::string, at::Tensor>> DclTask::verdicts(const Batch& batch) {
  if (!network_->adversary || dcl_.adversary != "classes") return ClassifyTask::verdicts(batch);
  torch::NoGradGuard guard;
  const at::Tensor map = model().features(images_of(batch)).back();
  const at::Tensor own = model().head(map).to(at::kFloat);
  const at::Tensor halves = network_->adversary->forward(map.mean({2, 3})).to(at::kFloat);
  const at::Tensor adversary = halves.slice(1, 0, own.size(1)) + halves.slice(1, own.size(1));
  return {{"network", own}, {"adversary", adversary}, {"sum", own + adversary}};
}

at::Tensor DclTask::adversarial_loss(const at::Tensor& map, const Batch& batch) const {
  const at::Tensor logits = network_->adversary->forward(map.mean({2, 3})).to(at::kFloat);
  const bool pair = dcl_.adversary == "pair";
  std::vector<int64_t> whole;  // 1: an original
  for (const Annotation& truth : batch.truth) whole.push_back(destroyed(truth) ? 0 : 1);
  at::Tensor originals = at::tensor(whole, at::kLong);
  if (pair) return at::cross_entropy_loss(logits, originals);
  const int64_t classes = logits.size(1) / 2;
  at::Tensor targets = class_targets(batch, classes);
  if (targets.dim() == 1)
    return at::cross_entropy_loss(logits, targets + classes * (1 - originals));
  at::Tensor shares = originals.to(at::kFloat).unsqueeze(1);
  return at::cross_entropy_loss(logits, at::cat({targets * shares, targets * (1 - shares)}, 1));
}

at::Tensor DclTask::location_loss(const at::Tensor& map, const Batch& batch) const {
  const int64_t grid = dcl_.location_grid;
  const bool pair = dcl_.location == "pair";
  const at::Tensor targets = location_targets(batch, grid, pair);
  at::Tensor places = network_->location->forward(map).to(at::kFloat);
  if (pair) {
    places = at::adaptive_avg_pool2d(at::relu(places), {grid, grid});
    return (places - targets).abs().sum({1, 2, 3}).mean();
  }
  places = at::tanh(at::adaptive_avg_pool2d(places, {grid, grid})).flatten(1);
  return (places - targets).abs().mean();
}

at::Tensor DclTask::agreement_loss(const at::Tensor& logits, const Batch& batch) const {
  std::unordered_map<int64_t, int64_t> place_of;  // of an original, by its index in the data
  std::vector<int64_t> copies, originals;
  const auto count = std::ssize(batch.truth);
  for (int64_t i = 0; i < count; ++i)
    if (!destroyed(batch.truth[static_cast<size_t>(i)]))
      place_of[batch.indices[static_cast<size_t>(i)]] = i;
  for (int64_t i = 0; i < count; ++i) {
    if (!destroyed(batch.truth[static_cast<size_t>(i)])) continue;
    auto original = place_of.find(batch.indices[static_cast<size_t>(i)]);
    if (original == place_of.end()) continue;
    copies.push_back(i);
    originals.push_back(original->second);
  }
  if (copies.empty()) return logits.sum() * 0;
  auto said_of = [](const at::Tensor& all, const std::vector<int64_t>& rows) {
    return all.index_select(0, at::tensor(rows, at::kLong)).log_softmax(1);
  };
  const at::Tensor wanted = said_of(logits.detach(), originals);
  return (wanted.exp() * (wanted - said_of(logits, copies))).sum(1).mean();
}

}  // namespace espalier
