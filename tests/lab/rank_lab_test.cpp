#include "espalier/lab/rank_lab.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/format/csv.h"

#include "tests/expect_error.h"
#include "tests/lab/tiny_prune.h"

namespace espalier {
namespace {

class RankLab : public ::testing::Test {
 protected:
  RankLab() {
    testing::make_tiny(lab);
    lab.vectors = 4;
  }

  testing::LabFolder folder{"rank_lab"};
  const fs::path& out = folder.path();
  RankLabConfig lab;
  ClassifyRecipe recipe = testing::tiny_prune_recipe();
};

TEST_F(RankLab, ScoresAndTrainsEveryVectorOnceAndGoesOn) {
  const RankResult result = run_rank_lab(lab, recipe, out);
  EXPECT_EQ(result.runs, 4);
  ASSERT_EQ(result.rules.size(), ranking_rules().size());
  for (const RuleRanking& rule : result.rules) EXPECT_EQ(rule.pairs.size(), 4u) << rule.name;
  EXPECT_EQ(parse_csv(read_file(out / "scores.csv")).rows.size(), 4 * ranking_rules().size());
  const std::string line = parse_csv(read_file(out / "results.csv")).rows.at(0).cells.at(3);

  lab.vectors = 5;
  const RankResult more = run_rank_lab(lab, recipe, out);
  EXPECT_EQ(more.runs, 5);
  EXPECT_EQ(more.rules[2].pairs[0], result.rules[2].pairs[0]);
  CsvTable csv = parse_csv(read_file(out / "results.csv"));
  ASSERT_EQ(csv.rows.size(), 5u);
  EXPECT_EQ(csv.rows[0].cells[3], line);  // the seconds of the first time: it was not trained again
  EXPECT_FALSE(fs::exists(out / "runs" / "000"));
  const std::string page = read_file(out / "report.html");
  EXPECT_NE(page.find("5 of 5 runs"), std::string::npos);
  EXPECT_NE(page.find("Test accuracy over score"), std::string::npos);
  EXPECT_EQ(to_json(more)["rules"].size(), ranking_rules().size());
}

TEST_F(RankLab, RefusesUnknownRulesAndMoreVectorsThanThereAre) {
  lab.rules = {"eagel"};
  expect_error([&] { run_rank_lab(lab, recipe, out); }, Kind::usage, "eagleeye");
  lab.rules = {"logwidth"};
  lab.widths.least_width = 1;
  lab.to = "macs=1.0";
  expect_error([&] { run_rank_lab(lab, recipe, out); }, Kind::usage, "--vectors 4");
}

TEST(Ranking, ClaimsFollowFromTheInterval) {
  RuleRanking rule{.name = "r", .help = "", .pairs = {}};
  EXPECT_EQ(verdict(rule), "0 vectors say nothing yet");
  for (int i = 0; i < 20; ++i) rule.pairs.emplace_back(i, i);
  EXPECT_TRUE(verdict(rule).starts_with("ranks: 1.00"));
  for (auto& [score, accuracy] : rule.pairs) accuracy = -accuracy;
  EXPECT_TRUE(verdict(rule).starts_with("ranks the wrong way: -1.00"));
  for (int i = 0; i < 20; ++i) rule.pairs[static_cast<size_t>(i)].second = (i * 7) % 5;
  EXPECT_TRUE(verdict(rule).starts_with("no ranking shown: "));
}

}  // namespace
}  // namespace espalier
