// Pruning a trained classifier from its run folder to a new one: choose, cut, train again, compare.
//
//   PruneRecipe recipe{.run = "runs/mine", .to = "macs=0.5"};
//   RunFolder out = RunFolder::create("runs/pruned", false);
//   PruneOutcome outcome = prune_classifier(recipe, out);
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/scores.h"
#include "espalier/prune/classifier_data.h"
#include "espalier/prune/latency_profile.h"
#include "espalier/train/quantise_classifier.h"
#include "espalier/train/run_folder.h"

namespace espalier {

// In the folder of a pruned run: how it was asked for.
constexpr const char* kRecipe = "prune.toml";

struct PruneRecipe {
  std::string run = "";   // run folder or model file
  std::string to = "";    // parse_budget()
  std::string data = "";  // "": what the run was trained on
  std::string then = "finetune";
  int64_t epochs = 0;  // 0: as many as the run was trained
  double lr = 0;       // 0: the run's
  bool distill = false;
  bool int8 = false;  // writes what is left in eight bits as well
  QuantiseConfig quantise = {};
  std::string table = "";  // for a limit on latency: its file, measured first where there is none
  MethodOptions method = {};
  WidthConfig widths = {};
  JudgeConfig judge = {};
};
// All but run.
Fields fields(PruneRecipe& recipe);

// One network, measured.
struct NetworkFigures {
  PrunedCost cost;        // bytes: of the file as it is
  double latency_ms = 0;  // of one picture, folded, fp32, on this machine's runtime and threads
  std::optional<Score> accuracy;  // on the validation part, where there is one
};

// What is left, in eight bits.
struct Int8Figures {
  Int8Classifier file;
  double latency_ms = 0;
};

struct PruneOutcome {
  NetworkFigures before, after;
  Structure structure;  // of the network before
  Counts counts;
  std::vector<PruneCandidate> searched;
  std::vector<LatencyPoint> latencies;                 // before, after
  std::vector<std::pair<double, double>> timed_model;  // milliseconds measured and predicted
  double search_seconds = 0, seconds = 0;
  std::optional<Int8Figures> int8 = {};  // where the recipe asked for it
};

// Writes an ordinary run into `out`, with the network as it was cut and before it was trained again
// in out/pruned, and prune.json; with recipe.int8 also out/model-int8.onnx. A long search keeps what it has found in out/search. Throws
// Error(usage) for a budget that cannot be held; else as load_model(), trace() and
// train_classifier(). resume: goes on with what stands in `out`, of the same recipe.
PruneOutcome prune_classifier(const PruneRecipe& recipe, RunFolder& out, bool resume = false);

// The flat figures that scripts want: macs, macs_before, parameters, ... accuracy, accuracy_before; in
// eight bits int8_bytes, int8_latency_ms, int8_accuracy and what else to_json(Int8Classifier) says.
nlohmann::ordered_json to_json(const PruneOutcome& outcome);

// Before and after, a line a figure, with the share that is left.
std::string comparison_table(const PruneOutcome& outcome);

}  // namespace espalier
