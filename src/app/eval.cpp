// espalier eval RUN: score a run folder, a model file or an exported ONNX file.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/data/with_masks.h"
#include "espalier/report/report.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/train/classify_recipe.h"

#include "app/classifier_diagnosis.h"
#include "app/diagnosis.h"
#include "app/evaluation.h"
#include "app/print_scores.h"
#include "app/split_answers.h"
#include "app/verbs.h"

namespace espalier {
namespace {

void print_evidence(const MeasuredEvidence& evidence) {
  for (const auto& [name, place] :
       {std::pair{"evidence on object", &evidence.object}, {"evidence on part", &evidence.part}}) {
    if (place->pictures == 0) continue;
    fmt::print("{:<18} {:.4f}", name, place->mean.share);
    if (place->interval)
      fmt::print("   95 % {:.4f} .. {:.4f}", place->interval->low, place->interval->high);
    fmt::print("   spread evenly {:.4f}\n", place->mean.even);
  }
  if (!evidence.failures.empty())
    warn(fmt::format("{} without a usable mask not measured; the first, {}: {}",
                     counted(static_cast<int64_t>(evidence.failures.size()), "picture"),
                     evidence.failures[0].id, evidence.failures[0].reason));
}

}  // namespace

int run_eval(const Arguments& arguments) {
  std::string path, split = "test", data, masks, out, tta = "none";
  NetworkConfig network;
  bool why = false;
  DiagnoseConfig diagnosis_config;
  CommandLine line("espalier eval RUN [flags]",
                   "scores a run folder, a model file or an .onnx on one split");
  line.positional("run", path, "run folder, model file or .onnx");
  line.add(
      {field("data", data, "data set; empty: the one the run was trained on"),
       field("split", split, "which part").one_of({"train", "val", "test"}),
       field("masks", masks,
             "folder with a mask of the object for each picture, of the same name: measures "
             "how much of the evidence falls on it"),
       field("out", out, "where eval-<split>.json goes; empty: the run folder"), tta_field(tta),
       field("diagnose", why, "why is it not better? Writes diagnosis.html beside the scores")});
  line.add(fields(network));
  line.add(fields(diagnosis_config));
  if (!line.parse(arguments)) return 0;

  std::unique_ptr<ClassifyTask> task = open_classifier(path, network);
  task->look_at_mirror_images(tta == "flip");
  fs::path run = run_of(path);
  ClassifyRecipe recipe;
  if (!run.empty())
    read_toml(fields(recipe), run / "config.toml");
  else if (data.empty())
    fail(Kind::usage, "{} does not say what it was trained on; name --data", path);
  if (!data.empty()) recipe.data = data;
  Splits splits = open_splits(recipe.data, recipe.split);
  // Only the run's own model speaks for the run; an exported file or another's weights leave its record alone.
  fs::path folder = !out.empty() ? fs::path(out) : fs::is_directory(path) ? run : fs::path();
  DatasetPtr pictures = choose_split(splits, split);
  KnownPlaces places{.decisive_part = splits.decisive_part};
  if (!masks.empty()) places.masked = with_masks(pictures, masks);
  ScoredSplit evaluation = evaluate_classifier(*task, pictures, split, folder, places);
  if (!run.empty() && folder == run) write_report({run}, run / "report.html");

  std::optional<Diagnosis> diagnosis;
  if (why) {
    install_interrupt_handler();
    if (folder.empty()) fail(Kind::usage, "--out names a folder for the diagnosis");
    diagnosis =
        diagnose_classifier(*task, splits, pictures, split, !data.empty(), diagnosis_config);
    keep_diagnosis(*diagnosis, folder);
  }
  if (!line.common().json) {
    print_scores(evaluation.result.scores);
    print_evidence(evaluation.evidence);
    fmt::print("{} images, {} unreadable\n", evaluation.images, evaluation.failures.size());
    if (diagnosis) print_diagnosis(*diagnosis, folder);
    return 0;
  }
  nlohmann::ordered_json result = {
      {"run", path}, {"data", recipe.data}, {"split", split}, {"tta", tta}};
  add_scores(evaluation.result.scores, result);
  result["images"] = evaluation.images;
  result["failures"] = evaluation.failures.size();
  if (evaluation.evidence.known() || !masks.empty())
    result["evidence"] = to_json(evaluation.evidence);
  if (diagnosis) result["diagnosis"] = to_json(*diagnosis);
  fmt::print("{}\n", result.dump());
  return 0;
}

}  // namespace espalier
