#include "espalier/metrics/evidence_share.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "tests/expect_error.h"

namespace espalier {
namespace {

Image mask_of(std::vector<uint8_t> row) {
  Image mask(static_cast<int>(row.size()), 1, 1);
  mask.pixels = std::move(row);
  return mask;
}

Raster<float> map_of(std::vector<float> row) {
  Raster<float> map(static_cast<int>(row.size()), 1, 1);
  map.pixels = std::move(row);
  return map;
}

// {3, 1} over four pixels is 3, 2.5, 1.5, 1: eight in all.
TEST(EvidenceShare, IsThatOfTheStretchedMap) {
  const auto left = evidence_share(map_of({3, 1}), mask_of({255, 255, 0, 0}));
  ASSERT_TRUE(left.has_value());
  EXPECT_DOUBLE_EQ(left->share, 5.5 / 8);
  EXPECT_DOUBLE_EQ(left->even, 0.5);
  const auto soft = evidence_share(map_of({3, 1}), mask_of({0, 51, 0, 255}));
  EXPECT_DOUBLE_EQ(soft->share, (0.2 * 2.5 + 1) / 8);
  EXPECT_DOUBLE_EQ(soft->even, 1.2 / 4);
  const auto flat = evidence_share(map_of({7, 7, 7}), mask_of({0, 255, 51, 0, 0}));
  EXPECT_NEAR(flat->share, flat->even, 1e-9) << "an even map gives the share of the picture";
}

TEST(EvidenceShare, WhatSpeaksAgainstOrIsNoNumberIsNoEvidence) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto share = evidence_share(map_of({nan, -5, 2, 2}), mask_of({255, 255, 255, 0}));
  EXPECT_DOUBLE_EQ(share->share, 0.5);
}

TEST(EvidenceShare, NothingWithoutEvidenceOrMask) {
  EXPECT_FALSE(evidence_share(map_of({0, 0}), mask_of({255, 0})));
  EXPECT_FALSE(evidence_share(map_of({1, 0}), mask_of({0, 0})));
  EXPECT_FALSE(evidence_share(map_of({1, 0}), {}));
  EXPECT_FALSE(evidence_share({}, mask_of({255, 0})));
  expect_error([] { evidence_share(map_of({1}), Image(2, 2, 3, 9)); }, Kind::internal, "3");
}

TEST(ObjectMask, AlphaThenInstancesThenSemantic) {
  Annotation truth;
  EXPECT_TRUE(object_mask(truth).empty());
  truth.instances = {{.label = 0}};
  EXPECT_TRUE(object_mask(truth).empty()) << "a box alone is no mask";
  truth.semantic = mask_of({0, 3, Annotation::kIgnore, 1});
  EXPECT_EQ(object_mask(truth), mask_of({0, 255, 0, 255}));
  truth.instances.push_back({.label = 2, .mask = mask_of({255, 0, 0, 0})});
  truth.instances.push_back({.label = 1, .mask = mask_of({255, 0, 255, 0})});
  EXPECT_EQ(object_mask(truth), mask_of({255, 0, 255, 0}));
  truth.alpha = mask_of({0, 9, 0, 0});
  EXPECT_EQ(object_mask(truth), truth.alpha);
  EXPECT_EQ(part_mask(truth, 2), mask_of({255, 0, 0, 0}));
  EXPECT_TRUE(part_mask(truth, 5).empty());
}

TEST(MeanShare, HasTheIntervalOfTheMean) {
  EXPECT_FALSE(mean_share({{0.2, 0.1}}).interval) << "one picture does not tell";
  std::vector<EvidenceShare> shares(5, {0.2, 0.1});
  shares.resize(10, {0.4, 0.3});
  const MeanEvidenceShare mean = mean_share(shares);
  EXPECT_EQ(mean.pictures, 10);
  EXPECT_NEAR(mean.mean.share, 0.3, 1e-12);
  EXPECT_NEAR(mean.mean.even, 0.2, 1e-12);
  ASSERT_TRUE(mean.interval.has_value());
  // Deviation with n - 1: 0.1 sqrt(10 / 9), of the mean 0.1 / 3; Student's t of 9 degrees: 2.262157.
  EXPECT_NEAR(mean.interval->low, 0.3 - 2.262157 * 0.1 / 3, 1e-7);
  EXPECT_NEAR(mean.interval->high, 0.3 + 2.262157 * 0.1 / 3, 1e-7);
  EXPECT_EQ(to_json(mean)["pictures"], 10);
  EXPECT_EQ(mean_share({}).pictures, 0);
  std::vector<EvidenceShare> rare(20);
  rare[0].share = 0.1;
  EXPECT_EQ(mean_share(rare).interval->low, 0) << "a share is never negative";
}

}  // namespace
}  // namespace espalier
