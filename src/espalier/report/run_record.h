// What a run folder says (docs/design.md, section 7), read with distrust: every file is optional,
// and whatever is damaged is left out with a warning that names the file and the place.
//
//   RunRecord run = read_run("runs/classify-3");
//   for (const std::string& line : run.warnings) ...
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/metrics/class_ranking.h"
#include "espalier/metrics/classification.h"
#include "espalier/metrics/evidence_share.h"
#include "espalier/metrics/scores.h"

namespace espalier {

// NaN where the line did not say.
struct StepRecord {
  double step = 0, epoch = 0, loss = 0, lr = 0, images_per_second = 0;
};

struct EpochRecord {
  double epoch = 0, step = 0, train_loss = 0, seconds = 0;
  Scores scores;  // of the validation split
};

struct SampleReason {
  std::string id, reason;
};

// One prediction worth seeing. Pictures are data: URIs, "" when there is none.
struct ShownPrediction {
  std::string id, truth, predicted, image, evidence;
  double confidence = 0;
  bool small = false;  // the picture is under 64 pixels wide: show its pixels
  std::optional<EvidenceShare> object, part;
};

// Two classes that are taken for each other: a mistake, and what it was taken for.
struct LookAlikePair {
  std::string truth, taken_for;
  int64_t count = 0, other_way = 0;
  ShownPrediction mistaken;
  std::optional<ShownPrediction> right;
};

struct Evaluation {
  std::string split;
  bool mirrored = false;  // each picture was looked at with its mirror image
  Scores scores;
  std::vector<std::string> classes;
  std::vector<std::vector<int64_t>> confusion;  // classes x classes, or empty
  std::vector<ClassRow> per_class;              // one a class, or empty
  std::vector<ReliabilityBin> reliability;
  std::vector<ClassCurve> curves;  // of_class is one of `classes`
  std::vector<ShownPrediction> mistakes, examples, looks;
  std::vector<LookAlikePair> pairs;
  std::optional<MeanEvidenceShare> object, part;  // where the evidence falls
  int64_t unmeasured = 0;                         // pictures whose masks could not be read
};

struct Coefficient {
  std::string column;
  std::optional<double> value, error, t;
};

// What a model of tables says of itself.
struct FitFacts {
  std::string target;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Coefficient> coefficients;
  std::optional<double> folds;
  Scores cross_validation;  // means over the folds
};

struct Facts {
  std::string task, model, data, machine, precision, input;
  std::vector<std::pair<std::string, std::string>> versions;
  std::optional<double> classes, threads, seconds, epochs, seed;
  std::optional<double> parameters, macs, latency_ms, baseline_accuracy, probe_accuracy;
  std::optional<double> train, val, test;  // samples
  std::optional<double> best_epoch, best_value;
  std::string best_score;
  FitFacts fit;
};

struct ExportFacts {
  std::optional<double> max_abs_diff, nodes, opset, bytes;
};

// A network before and after it was pruned, and how its widths were found.
struct PruningFacts {
  struct Figure {
    std::string name;  // the key of prune.json: "macs", "latency_ms", ...
    double before = 0, after = 0;
  };
  struct Layer {
    std::string name;
    double before = 0, after = 0;  // channels
  };
  struct Timing {
    double batch = 0, threads = 0, before = 0, after = 0;  // milliseconds of the batch
  };
  struct Candidate {
    double macs = 0, score = 0;
  };
  std::string run, budget, method, scope, then;
  std::vector<Figure> figures;
  std::optional<Interval> accuracy_before, accuracy_after;
  std::vector<Layer> layers;
  std::vector<Timing> timings;
  std::vector<Candidate> searched;                     // in the order of the search
  std::vector<std::pair<double, double>> timed_model;  // milliseconds measured and predicted
  std::optional<double> search_seconds, seconds;
};

struct RunRecord {
  std::string name;  // of the folder
  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;
  std::optional<Facts> facts;
  std::vector<Evaluation> evaluations;  // test first
  std::optional<ExportFacts> exported;
  std::optional<PruningFacts> pruning;
  std::string config_text;  // config.toml as it stands, "" when there is none
  std::vector<std::pair<std::string, std::string>> config;  // dotted key, value
  int64_t failure_count = 0;
  std::vector<SampleReason> failures;  // the named ones
  std::vector<std::string> warnings;

  const Evaluation* evaluation() const {
    return evaluations.empty() ? nullptr : &evaluations.front();
  }
};

// Throws Error(io) when there is no such folder, Error(usage) when nothing in it comes from a run.
RunRecord read_run(const fs::path& folder);

}  // namespace espalier
