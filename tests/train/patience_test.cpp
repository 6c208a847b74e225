#include "espalier/train/patience.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/files.h"

namespace espalier {
namespace {

Score score(double value, bool higher = true) {
  return {.name = "s", .value = value, .higher_is_better = higher, .interval = {}, .help = ""};
}

TEST(Patience, CountsEpochsWithoutAnImprovementOfMoreThanTheDelta) {
  Patience patience;
  EXPECT_TRUE(patience.observe(score(0.5), 0.1));
  EXPECT_FALSE(patience.observe(score(0.6), 0.1));
  EXPECT_FALSE(patience.observe(score(NAN), 0.1));
  EXPECT_EQ(patience.stale, 2);
  EXPECT_TRUE(patience.observe(score(0.61), 0.1));
  EXPECT_EQ(patience.stale, 0);
  EXPECT_EQ(patience.best, 0.61);
}

TEST(Patience, LowerIsBetterWhereTheScoreSaysSo) {
  Patience patience;
  EXPECT_FALSE(patience.observe(score(NAN, false), 0));
  EXPECT_TRUE(patience.observe(score(2, false), 0));
  EXPECT_TRUE(patience.observe(score(1, false), 0));
  EXPECT_FALSE(patience.observe(score(1, false), 0));
}

TEST(Plateau, FollowsPythonsReduceLROnPlateauAlsoWhenSavedEachEpoch) {
  fs::path here = fs::path(__FILE__).parent_path();
  auto golden =
      nlohmann::json::parse(read_file(here.parent_path() / "golden" / "schedules.json"))["plateau"];
  for (const auto& row : golden["runs"]) {
    Plateau plateau;
    for (size_t i = 0; i < golden["scores"].size(); ++i) {
      const auto& value = golden["scores"][i];
      plateau.observe(score(value.is_null() ? NAN : value.get<double>(), row["higher_is_better"]),
                      row["min_delta"], row["patience"], row["gamma"], row["floor"]);
      EXPECT_NEAR(plateau.factor, row["factors"][i], 1e-12) << row["patience"] << ", epoch " << i;
      nlohmann::json saved = nlohmann::json::parse(to_json(plateau).dump());
      plateau = {};
      from_json(saved, plateau);
    }
  }
}

}  // namespace
}  // namespace espalier
