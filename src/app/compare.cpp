// espalier compare A B: two models' answers to the same samples.
#include "app/compare.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/metrics/compare_answers.h"
#include "espalier/report/answers_page.h"
#include "espalier/tabular/learner.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/train/classify_recipe.h"

#include "app/split_answers.h"
#include "app/table_run.h"

namespace espalier {
namespace {

struct Source {
  std::string data, split;
  NetworkConfig network;
};

// Answers younger than the weights that they should be of.
bool still_hold(const fs::path& run, const std::string& split) {
  const fs::path answers = run / fmt::format("eval-{}.csv", split),
                 weights = run / "model.safetensors";
  std::error_code error;
  const auto written = fs::last_write_time(answers, error);
  return !error && (!fs::exists(weights) || fs::last_write_time(weights) <= written);
}

Answers answer_pictures(const std::string& path, const Source& source) {
  const std::unique_ptr<ClassifyTask> task = open_classifier(path, source.network);
  const fs::path run = run_of(path);
  ClassifyRecipe recipe;
  if (!run.empty())
    read_toml(fields(recipe), run / "config.toml");
  else if (source.data.empty())
    fail(Kind::usage, "{} does not say what it was trained on; name --data", path);
  if (!source.data.empty()) recipe.data = source.data;
  const DatasetPtr pictures = choose_split(open_splits(recipe.data, recipe.split), source.split);
  return answers_of(predict_split(*task, pictures, source.split), *pictures,
                    task->meta().class_names);
}

// What was kept by eval or train, unless other data were asked for; else anew.
Answers answers_from(const std::string& path, const Source& source) {
  return with_context(path, [&] {
    if (!fs::exists(path)) fail(Kind::io, "it does not exist");
    const bool table = is_table_model(path);
    if (source.data.empty() && fs::is_directory(path) && still_hold(path, source.split))
      if (std::optional<Answers> kept = read_answers(path, source.split)) return *kept;
    if (table && source.data.empty())
      fail(Kind::usage,
           "no answers are kept of the {} split; name a table with --data, or --split val for the "
           "rows held out in training",
           source.split);
    return table ? answer_table(path, source.data) : answer_pictures(path, source);
  });
}

void print_comparison(const AnswerComparison& comparison,
                      const std::string& first,
                      const std::string& second) {
  const size_t wide = std::max<size_t>({first.size(), second.size(), 10});
  fmt::print("{:<12} {:>{}} {:>{}} {:>11}   95 %\n", "", first, wide, second, wide, "difference");
  for (const ComparedScore& score : comparison.scores) {
    fmt::print("{:<12} {:>{}.4f} {:>{}.4f} {:>+11.4f}   {:+.4f} .. {:+.4f}", score.name,
               score.first, wide, score.second, wide, score.difference(), score.interval.low,
               score.interval.high);
    if (score.p) fmt::print("   p {:.4f}", *score.p);
    fmt::print("   {}\n", score.test);
  }
  if (const std::optional<McNemar>& test = comparison.disagreements)
    fmt::print("both right {}, only {} {}, only {} {}, both wrong {}\n", test->both, first,
               test->first_only, second, test->second_only, test->neither);
  fmt::print("{}\n", verdict(comparison, first, second));
}

}  // namespace

int run_compare(const Arguments& arguments) {
  std::string first, second, out;
  Source source{.data = "", .split = "test", .network = {}};
  CommandLine line("espalier compare A B [flags]",
                   "two models on the same samples: which is better, and could it be chance");
  line.positional("a", first, "run folder, model file or .onnx");
  line.positional("b", second, "the other");
  line.add({field("data", source.data,
                  "data set or table to ask both; empty: what eval kept, else the run's own data"),
            field("split", source.split, "which part").one_of({"train", "val", "test"}),
            field("out", out, "HTML file with the comparison; empty: none")});
  line.add(fields(source.network));
  if (!line.parse(arguments)) return 0;
  if (first.empty() || second.empty()) fail(Kind::usage, "name two runs to compare");

  const Answers one = answers_from(first, source), other = answers_from(second, source);
  const AnswerComparison comparison =
      with_context(fmt::format("comparing {} and {}", first, second),
                   [&] { return compare_answers(one, other); });
  if (!out.empty()) {
    const std::string where =
        source.data.empty() ? fmt::format("on the {} split", source.split) : "on " + source.data;
    write_file_atomic(out, answers_page(comparison, first, second, where));
  }
  if (!line.common().json) {
    print_comparison(comparison, first, second);
    return 0;
  }
  nlohmann::ordered_json result = {{"first", first}, {"second", second}, {"split", source.split}};
  result.update(to_json(comparison));
  result["verdict"] = verdict(comparison, first, second);
  fmt::print("{}\n", result.dump());
  return 0;
}

}  // namespace espalier
