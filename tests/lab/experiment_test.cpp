#include "espalier/lab/experiment.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace espalier {
namespace {

Way way_with(std::vector<double> values, const std::vector<double>& reference) {
  Way way{.name = "new", .help = "the new <way>", .values = values, .gain = {}};
  way.gain = paired_difference(values, reference);
  return way;
}

TEST(Experiment, ClaimsFollowFromTheInterval) {
  EXPECT_EQ(verdict(way_with({0.52, 0.53, 0.54}, {0.5, 0.51, 0.52})),
            "better by 2.0 points (+2.0 to +2.0)");
  EXPECT_TRUE(
      verdict(way_with({0.50, 0.51, 0.47}, {0.52, 0.53, 0.49})).starts_with("worse by 2.0"));
  EXPECT_TRUE(verdict(way_with({0.5, 0.6}, {0.55, 0.52})).starts_with("no difference shown"));
  EXPECT_TRUE(verdict(way_with({0.5}, {0.4})).starts_with("one pair"));
  EXPECT_EQ(verdict({.name = "reference", .help = "", .values = {0.5}, .gain = {}}), "");
}

TEST(Experiment, ThePageShowsEachWayAndEscapesWhatItIsGiven) {
  ExperimentResult result{.name = "x",
                          .title = "Does it?",
                          .question = "",
                          .setting = {{"data", "a<b"}},
                          .reference = "old",
                          .ways = {},
                          .runs = 6,
                          .wanted = 8};
  result.ways.push_back({.name = "old", .help = "", .values = {0.5, 0.51, 0.52}, .gain = {}});
  result.ways.push_back(way_with({0.52, 0.53, 0.55}, {0.5, 0.51, 0.52}));
  const std::string page = experiment_page(result);
  EXPECT_NE(page.find("6 of 8 runs"), std::string::npos);
  EXPECT_NE(page.find("the new &lt;way&gt;"), std::string::npos);
  EXPECT_NE(page.find("a&lt;b"), std::string::npos);
  EXPECT_NE(page.find("better by 2.3 points"), std::string::npos);
  EXPECT_NE(page.find("3 of 3"), std::string::npos);
  nlohmann::ordered_json json = to_json(result);
  EXPECT_EQ(json["ways"][1]["pairs"], 3);
  EXPECT_NEAR(json["ways"][1]["gain"].get<double>(), 0.07 / 3, 1e-12);
}

}  // namespace
}  // namespace espalier
