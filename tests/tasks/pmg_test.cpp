#include "espalier/tasks/pmg.h"

#include <gtest/gtest.h>

#include "espalier/data/destruct_batches.h"
#include "espalier/models/table.h"
#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

constexpr int kSide = 32;

ModelMeta meta_of_three() {
  return {.class_names = {"a", "b", "c"},
          .mean = {0.5, 0.5, 0.5},
          .std = {0.25, 0.25, 0.25},
          .input_size = kSide};
}

Batch pictures(int count) {
  Batch batch{.count = count, .height = kSide, .width = kSide, .channels = 3};
  Random random(4);
  for (int i = 0; i < count * kSide * kSide * 3; ++i)
    batch.pixels.push_back(static_cast<uint8_t>(random.below(256)));
  for (int i = 0; i < count; ++i) {
    batch.truth.push_back({.width = kSide, .height = kSide, .labels = {{.id = i % 3}}});
    batch.indices.push_back(i);
  }
  return batch;
}

PmgTask small_task(PmgConfig config = {.grids = {4, 2, 1}, .width = 8}) {
  torch::manual_seed(3);
  return PmgTask(make_model("resnet20", {{"classes", 3}}), meta_of_three(), {}, std::move(config));
}

TEST(Pmg, SmallPicturesGetFewerCells) {
  EXPECT_EQ(resolve_pmg({}, 448).grids, (std::vector<int64_t>{8, 4, 2}));
  EXPECT_EQ(resolve_pmg({}, 224).grids, (std::vector<int64_t>{8, 4, 2}));
  EXPECT_EQ(resolve_pmg({}, 160).grids, (std::vector<int64_t>{4, 2, 1}));
  EXPECT_EQ(resolve_pmg({.grids = {6, 3, 1}}, 96).grids, (std::vector<int64_t>{6, 3, 1}));
}

TEST(Pmg, EachHeadLearnsFromItsOwnGrain) {
  PmgTask task = small_task();
  Batch batch = pictures(4);
  Random random(9);
  jigsaw_batches({4, 2, 1})(batch, random);
  Losses losses = task.losses(batch);
  std::vector<std::string> names;
  double total = 0;
  for (const auto& [name, part] : losses.parts) {
    names.push_back(name);
    total += (name == "whole" ? 2 : 1) * part.item<double>();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"stage1", "stage2", "stage3", "whole", "class"}));
  EXPECT_NEAR(losses.total.item<double>(), total, 1e-5);

  // Without the coarsest jigsaws the third stage's own head has nothing to learn from.
  Batch fine = pictures(4);
  jigsaw_batches({4, 2})(fine, random);
  task.module().zero_grad();
  task.losses(fine).total.backward();
  for (const auto& item : task.module().named_parameters()) {
    const bool idle = item.key().starts_with("head3.");
    EXPECT_EQ(item.value().grad().defined(), !idle) << item.key();
  }
}

TEST(Pmg, ItsVerdictsAreThreeAndTheNetworksOwnIsTheFirst) {
  PmgTask task = small_task();
  task.module().eval();
  const Batch batch = pictures(2);
  const auto verdicts = task.verdicts(batch);
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_TRUE(at::allclose(verdicts[0].second, task.logits(batch)));
  EXPECT_EQ(verdicts[1].second.sizes(), (std::vector<int64_t>{2, 3}));
}

TEST(Pmg, WhatDoesNotFitIsRefused) {
  expect_error([] { small_task({.grids = {4, 2}}); }, Kind::usage, "3 stages");
  expect_error(
      [] {
        PmgTask(make_model("vit_small", {{"classes", 3}}), meta_of_three(), {},
                {.grids = {4, 2, 1}});
      },
      Kind::unsupported, "vit_small");
}

}  // namespace
}  // namespace espalier
