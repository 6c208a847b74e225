// Does the score by which a method picks widths say how well they train? Random widths within one budget, each
// scored by every rule and trained from fresh weights; then how the two rankings agree, as Kendall's tau.
//
//   RankLabConfig lab{.to = "macs=0.5", .vectors = 20};
//   RankResult result = run_rank_lab(lab, recipe, "lab/rank");   // goes on where it was stopped
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/rank_correlation.h"
#include "espalier/prune/prune_run.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {

struct RankLabConfig {
  std::vector<std::string> rules = {};  // names of ranking_rules(); empty: all
  std::string to = "macs=0.5";          // parse_budget(); every vector uses about all of it
  int64_t vectors = 20;
  int64_t base_epochs = 0;  // of the network whose weights the rules look at; 0: as the others
  MetaPruningConfig meta;
  WidthConfig widths;
  JudgeConfig judge;
  bool keep_runs = false;  // else a run's folder goes once its line is in results.csv
};
Fields fields(RankLabConfig& config);

struct RankingRule {
  std::string name, help;
  void (*change)(MetaPruningConfig&);  // null: as the user says
  // What scores widths; `problem` outlives it.
  std::function<double(const Counts&)> (*scorer)(const PruneProblem& problem);
};
const std::vector<RankingRule>& ranking_rules();

struct RuleRanking {
  std::string name, help;
  NumberPairs pairs;  // score, accuracy: of the vectors that have both
};

struct RankResult {
  std::vector<std::pair<std::string, std::string>> setting;
  std::vector<RuleRanking> rules;
  int64_t runs = 0, wanted = 0;
};

// `recipe` trains the network that is pruned and every vector (seed 0). Writes base/, widths/, search/, scores.csv (a
// line a rule and vector), results.csv (a line a vector), report.html after each run and runs/ into `out`. Throws as
// prune_classifier() and train_classifier().
RankResult run_rank_lab(const RankLabConfig& lab,
                        const ClassifyRecipe& recipe,
                        const fs::path& out);

// "ranks: 0.52 (0.20 to 0.75)", "no ranking shown: ...", "ranks the wrong way: ..."; what is claimed follows from the
// interval alone.
std::string verdict(const RuleRanking& rule);

nlohmann::ordered_json to_json(const RankResult& result);
std::string rank_page(const RankResult& result);

}  // namespace espalier
