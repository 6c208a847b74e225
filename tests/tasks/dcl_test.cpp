#include "espalier/tasks/dcl.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/deploy/cost.h"
#include "espalier/models/table.h"
#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

constexpr int kSide = 64;
constexpr int64_t kClasses = 3;

ModelMeta meta_of_three() {
  return {.class_names = {"a", "b", "c"},
          .mean = {0.5, 0.5, 0.5},
          .std = {0.25, 0.25, 0.25},
          .input_size = kSide};
}

// Its maps are small numbers, so that few cells are near the kinks of the location loss.
ImageModelPtr small_net() {
  return make_model("resnet20", {{"classes", kClasses}, {"zero_init_last_gamma", true}});
}

// Originals and destroyed copies in turn.
Batch pairs(const DclConfig& dcl, int count) {
  Batch batch{.count = count, .height = kSide, .width = kSide, .channels = 3};
  Random random(4);
  for (int i = 0; i < count * kSide * kSide * 3; ++i)
    batch.pixels.push_back(static_cast<uint8_t>(random.below(256)));
  for (int i = 0; i < count; ++i) {
    batch.truth.push_back({.width = kSide, .height = kSide, .labels = {{.id = i % kClasses}}});
    batch.indices.push_back(i);
  }
  destruct_batches(destruct_config(dcl))(batch, random);
  return batch;
}

struct Parts {
  double total, classes, adversarial, location;
};

Parts parts_of_loss(const Losses& losses) {
  EXPECT_EQ(losses.parts[0].first, "class");
  EXPECT_EQ(losses.parts[1].first, "adversarial");
  EXPECT_EQ(losses.parts[2].first, "location");
  auto part = [&](size_t i) { return losses.parts[i].second.item<double>(); };
  return {losses.total.item<double>(), part(0), part(1), part(2)};
}

double log_softmax_at(const at::Tensor& row, int64_t i) {
  double sum = 0;
  for (int64_t c = 0; c < row.size(0); ++c) sum += std::exp(row[c].item<double>());
  return row[i].item<double>() - std::log(sum);
}

at::Tensor parameter(DclTask& task, const std::string& name) {
  return task.module().named_parameters()[name];
}

// The mean of a map over its rows from y to y + step and as many columns from x.
double pooled(const at::Tensor& map, int64_t y, int64_t x, int64_t step) {
  double sum = 0;
  for (int64_t i = 0; i < step; ++i)
    for (int64_t j = 0; j < step; ++j) sum += map[y * step + i][x * step + j].item<double>();
  return sum / static_cast<double>(step * step);
}

struct Case {
  DclConfig dcl;
  DclTask task;
  Batch batch;
  at::Tensor map;

  explicit Case(DclConfig config, ImageModelPtr net = small_net())
      : dcl(resolve_dcl(config, *net, 3, kSide)),
        task(net, meta_of_three(), {}, dcl),
        batch(pairs(dcl, 3)) {
    task.module().eval();  // batch statistics would hide which picture a value is of
    torch::NoGradGuard guard;
    map = net->features(to_tensor(batch, {{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}})).back();
  }
  int64_t images() const { return batch.count; }
};

// 1 x 1 convolution to channel `c` of the location head at every place, before any activation.
at::Tensor location_channel(Case& c, int64_t image, int64_t channel) {
  at::Tensor weight = parameter(c.task, "location.weight")[channel].flatten();
  at::Tensor bias = parameter(c.task, "location.bias")[channel];
  return (c.map[image] * weight.reshape({-1, 1, 1})).sum(0) + bias;
}

TEST(Dcl, StrictLossesEqualTheFormulasWrittenOut) {
  torch::manual_seed(3);
  Case c({.variant = "strict", .grid = 8, .alpha = 2, .beta = 0.5, .gamma = 0.25});
  Parts found = parts_of_loss(c.task.losses(c.batch));
  torch::NoGradGuard guard;
  at::Tensor logits = c.task.model().head(c.map);
  at::Tensor judged = at::matmul(c.map.mean({2, 3}), parameter(c.task, "adversary.weight").t());
  double classes = 0, adversarial = 0, location = 0;
  for (int64_t i = 0; i < c.images(); ++i) {
    const Annotation& truth = c.batch.truth[static_cast<size_t>(i)];
    const bool copy = i % 2 == 1;
    classes -= log_softmax_at(logits[i], truth.labels[0].id);
    adversarial -= log_softmax_at(judged[i], copy ? 0 : 1);
    at::Tensor rows = location_channel(c, i, 0).clamp_min(0),
               columns = location_channel(c, i, 1).clamp_min(0);
    for (int64_t cell = 0; cell < 64; ++cell) {
      int64_t source = copy ? truth.destruction.source[static_cast<size_t>(cell)] : cell;
      int64_t step = c.map.size(2) / 8;
      location += std::abs(pooled(rows, cell / 8, cell % 8, step) - double(source / 8) / 7) +
                  std::abs(pooled(columns, cell / 8, cell % 8, step) - double(source % 8) / 7);
    }
  }
  double n = static_cast<double>(c.images());
  EXPECT_NEAR(found.classes, classes / n, 1e-6);
  EXPECT_NEAR(found.adversarial, adversarial / n, 1e-6);
  EXPECT_NEAR(found.location, location / n, 1e-6 * location / n);
  EXPECT_NEAR(found.total, 2 * found.classes + 0.5 * found.adversarial + 0.25 * found.location,
              1e-5);
}

TEST(Dcl, CompatLossesEqualTheFormulasOfThePublishedCode) {
  torch::manual_seed(3);
  Case c({.variant = "compat", .grid = 4});
  ASSERT_EQ(c.dcl.location_grid, 7);
  Parts found = parts_of_loss(c.task.losses(c.batch));
  torch::NoGradGuard guard;
  at::Tensor judged = at::matmul(c.map.mean({2, 3}), parameter(c.task, "adversary.weight").t());
  ASSERT_EQ(judged.size(1), 2 * kClasses);
  double adversarial = 0, location = 0;
  for (int64_t i = 0; i < c.images(); ++i) {
    const Annotation& truth = c.batch.truth[static_cast<size_t>(i)];
    const bool copy = i % 2 == 1;
    adversarial -= log_softmax_at(judged[i], truth.labels[0].id + (copy ? kClasses : 0));
    at::Tensor places = at::adaptive_avg_pool2d(location_channel(c, i, 0).unsqueeze(0), {7, 7})[0];
    for (int64_t cell = 0; cell < 49; ++cell) {
      int64_t source = copy ? truth.destruction.source[static_cast<size_t>(cell)] : cell;
      location +=
          std::abs(std::tanh(places[cell / 7][cell % 7].item<double>()) - double(source - 24) / 49);
    }
  }
  double n = static_cast<double>(c.images());
  EXPECT_NEAR(found.adversarial, adversarial / n, 1e-6);
  EXPECT_NEAR(found.location, location / n / 49, 1e-6);
  EXPECT_NEAR(found.total, found.classes + found.adversarial + 0.01 * found.location, 1e-6);
}

TEST(Dcl, AgreementDrawsCopiesToWhatIsSaidOfTheirOriginals) {
  torch::manual_seed(3);
  DclConfig dcl =
      resolve_dcl({.grid = 4, .beta = 0, .gamma = 0, .agree = 3}, *small_net(), 3, kSide);
  ImageModelPtr net = make_model("resnet20", {{"classes", kClasses}});
  net->named_parameters()["linear.weight"].detach().mul_(5);  // so that copies differ
  DclTask task(net, meta_of_three(), {}, dcl);
  Batch batch = pairs(dcl, 2);
  Losses losses = task.losses(batch);
  ASSERT_EQ(losses.parts.size(), 2u);
  EXPECT_EQ(losses.parts[1].first, "agreement");
  task.module().train();
  const at::Tensor logits = task.model().forward(task.images_of(batch));
  double expected = 0;
  for (int64_t pair = 0; pair < 2; ++pair)
    for (int64_t c = 0; c < kClasses; ++c) {
      const double original = log_softmax_at(logits[2 * pair], c);
      expected += std::exp(original) * (original - log_softmax_at(logits[2 * pair + 1], c)) / 2;
    }
  EXPECT_GT(expected, 1e-4);
  EXPECT_NEAR(losses.parts[1].second.item<double>(), expected, 1e-6 * std::max(1.0, expected));
  EXPECT_NEAR(losses.total.item<double>(), losses.parts[0].second.item<double>() + 3 * expected,
              1e-5);
}

TEST(Dcl, TheLocationHeadsGradientsEqualFiniteDifferences) {
  for (const char* variant : {"strict", "compat"}) {
    torch::manual_seed(3);
    Case c({.variant = variant, .grid = 4});
    auto location = [&] { return c.task.losses(c.batch).parts[2].second; };
    c.task.module().zero_grad();
    location().backward();
    torch::NoGradGuard guard;
    for (const char* name : {"location.weight", "location.bias"}) {
      at::Tensor values = parameter(c.task, name).flatten();
      at::Tensor slopes = parameter(c.task, name).grad().flatten();
      for (int64_t i = 0; i < std::min<int64_t>(values.size(0), 5); ++i) {
        const float before = values[i].item<float>(), step = 1e-3f;
        auto at_value = [&](float value) {
          values[i].fill_(value);
          return location().item<double>();
        };
        double slope = (at_value(before + step) - at_value(before - step)) / (2 * double(step));
        values[i].fill_(before);
        EXPECT_NEAR(slopes[i].item<double>(), slope, 0.02 * std::max(1.0, std::abs(slope)))
            << variant << " " << name << " " << i;
      }
    }
  }
}

TEST(Dcl, MixedLabelsGoToTheOriginalsOrTheCopiesHalf) {
  torch::manual_seed(3);
  Case c({.variant = "compat", .grid = 4});
  Batch mixed = c.batch;
  for (Annotation& truth : mixed.truth)  // the same class in two shares
    truth.labels = {{.id = truth.labels[0].id, .score = 0.75f},
                    {.id = truth.labels[0].id, .score = 0.25f}};
  EXPECT_NEAR(parts_of_loss(c.task.losses(mixed)).adversarial,
              parts_of_loss(c.task.losses(c.batch)).adversarial, 1e-6);
}

TEST(Dcl, TheAdversarialHeadOfClassesHasAVerdictOfItsOwn) {
  torch::manual_seed(3);
  Case c({.variant = "compat", .grid = 4});
  const auto verdicts = c.task.verdicts(c.batch);
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(verdicts[1].first, "adversary");
  EXPECT_TRUE(at::allclose(verdicts[2].second, verdicts[0].second + verdicts[1].second));
  torch::NoGradGuard guard;
  at::Tensor halves = at::matmul(c.map.mean({2, 3}), parameter(c.task, "adversary.weight").t());
  EXPECT_NEAR(verdicts[1].second[0][1].item<double>(),
              (halves[0][1] + halves[0][1 + kClasses]).item<double>(), 1e-5);
  EXPECT_EQ(Case({.variant = "strict", .grid = 4}).task.verdicts(c.batch).size(), 1u);
}

TEST(Dcl, AWeightOfZeroLeavesItsHeadOut) {
  torch::manual_seed(3);
  Case c({.grid = 4, .beta = 0, .gamma = 0});
  Losses losses = c.task.losses(c.batch);
  EXPECT_EQ(losses.parts.size(), 1u);
  for (const auto& item : c.task.module().named_parameters())
    EXPECT_TRUE(item.key().starts_with("model.")) << item.key();
}

TEST(Dcl, WhatIsSavedIsThePlainNetwork) {
  torch::manual_seed(3);
  for (const char* variant : {"strict", "compat"}) {
    Case c({.variant = variant});
    fs::path folder = fs::path(testing::TempDir()) / "espalier_dcl_saved";
    c.task.save(folder);
    LoadedModel loaded = load_model(folder);
    torch::NoGradGuard guard;
    at::Tensor images = at::randn({2, 3, kSide, kSide});
    EXPECT_TRUE(at::equal(loaded.net->forward(images), c.task.model().forward(images)));
    ImageModelPtr plain = small_net();
    Cost ours = count_cost(*loaded.net, 3, kSide, kSide),
         theirs = count_cost(*plain, 3, kSide, kSide);
    EXPECT_EQ(ours.parameters, theirs.parameters);
    EXPECT_EQ(ours.macs, theirs.macs);
    fs::remove_all(folder);
  }
}

TEST(Dcl, TheGridFollowsFromTheLastMap) {
  ImageModelPtr net = make_model("resnet18", {{"classes", kClasses}});
  for (auto [side, grid] : {std::pair{448, 7}, {224, 7}, {192, 3}, {160, 5}, {128, 4}})
    EXPECT_EQ(resolve_dcl({}, *net, 3, side).grid, grid) << side;
  EXPECT_EQ(resolve_dcl({}, *net, 3, 448).reach, 2);
  EXPECT_EQ(resolve_dcl({}, *net, 3, 128).reach, 1);
}

TEST(Dcl, SettingsThatDoNotFitAreRefused) {
  ImageModelPtr net = make_model("resnet18", {{"classes", kClasses}});
  expect_error([&] { resolve_dcl({.grid = 8}, *net, 3, 224); }, Kind::usage, "7 x 7");
  expect_error([&] { resolve_dcl({}, *net, 3, 32); }, Kind::usage, "raise --size");
  expect_error([&] { resolve_dcl({.reach = 4}, *net, 3, 128); }, Kind::usage, "below the 4");
  ImageModelPtr vit = make_model("vit_small", {{"classes", kClasses}});
  expect_error([&] { resolve_dcl({}, *vit, 3, 224); }, Kind::unsupported, "feature maps");
}

}  // namespace
}  // namespace espalier
