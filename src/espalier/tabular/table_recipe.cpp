#include "espalier/tabular/table_recipe.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/metrics/mean_scores.h"
#include "espalier/metrics/regression.h"
#include "espalier/tabular/labelled_rows.h"
#include "espalier/tabular/table_split.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kFewNumbers = 20;  // different whole numbers that may still be classes

bool may_be_classes(const Column& column) {
  std::vector<double> values;
  for (const double value : column.numbers) {
    if (std::isnan(value)) continue;
    if (value != std::floor(value)) return false;
    const auto at = std::lower_bound(values.begin(), values.end(), value);
    if (at != values.end() && *at == value) continue;
    values.insert(at, value);
    if (values.size() > kFewNumbers) return false;
  }
  return true;
}

Goal goal_of(const TableRecipe& recipe, const Table& table) {
  const LearnerRow& row = find_named(learners(), recipe.model, "model");
  const auto can = [&](Goal goal) {
    return std::find(row.goals.begin(), row.goals.end(), goal) != row.goals.end();
  };
  if (can(Goal::describe)) return Goal::describe;
  if (recipe.target.empty())
    fail(Kind::usage, "--target names the column that {} is to learn", recipe.model);
  const Column& target = table.at(recipe.target);
  Goal goal = target.is_numeric() && target.kind != ColumnKind::boolean && !may_be_classes(target)
                  ? Goal::regress
                  : Goal::classify;
  if (recipe.goal != "auto")
    goal = recipe.goal == "classify" ? Goal::classify : Goal::regress;
  else if (row.goals.size() == 1)
    goal = row.goals[0];
  if (!can(goal)) {
    std::string others;
    for (const LearnerRow& other : learners())
      if (std::find(other.goals.begin(), other.goals.end(), goal) != other.goals.end())
        others += (others.empty() ? "" : ", ") + other.name;
    fail(Kind::usage, "{} does not {}; {} can", recipe.model, goal_name(goal), others);
  }
  return goal;
}

TableModel fit_rows(const TableRecipe& recipe,
                    const Table& table,
                    const Rows& rows,
                    Goal goal,
                    std::unique_ptr<Learner> learner) {
  EncodingConfig config = recipe.encoding;
  if (config.encoding == "auto")
    config.encoding = find_named(learners(), recipe.model, "model").encoding;
  const Table part = part_of(table, rows);
  TableModel model{.name = recipe.model,
                   .encoding = fit_encoding(table, recipe.target, goal, config, rows),
                   .learner = std::move(learner)};
  model.learner->fit(labelled_rows(model.encoding, part).examples());
  return model;
}

// Without what a run has one of: its seed and its threads.
Fields own_options(Learner& learner) {
  Fields own;
  for (const Field& option : learner.options())
    if (option.name != "seed" && option.name != "threads") own.push_back(option);
  return own;
}

Annotation annotation_of(const double* shares, int64_t classes) {
  Annotation annotation;
  for (int64_t c = 0; c < classes; ++c)
    annotation.labels.push_back({.id = c, .score = static_cast<float>(shares[c])});
  std::stable_sort(annotation.labels.begin(), annotation.labels.end(),
                   [](const Label& a, const Label& b) { return a.score > b.score; });
  return annotation;
}

void fill_answers(const std::vector<int32_t>& labels,
                  const Matrix<double>& shares,
                  const std::vector<std::string>& classes,
                  Answers& answers) {
  answers.classes = classes;
  answers.truth = labels;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double* row = shares.row(static_cast<int64_t>(i));
    answers.answer.push_back(
        static_cast<int32_t>(std::max_element(row, row + shares.columns) - row));
    answers.probability.push_back(row[classes.size() == 2 ? 1 : labels[i]]);
  }
}

Json folds_json(const std::vector<Scores>& folds) {
  const Scores means = mean_scores(folds);
  Json json = to_json(means);
  for (const Score& mean : means.items)
    for (const Scores& fold : folds) json[mean.name]["folds"].push_back(fold.at(mean.name).value);
  return json;
}

void write_summary(const TableRecipe& recipe,
                   const TableOutcome& outcome,
                   const SplitRows& split,
                   RunFolder& run) {
  const Encoding& encoding = outcome.model.encoding;
  Json summary = {
      {"task", "table"},
      {"model", recipe.model},
      {"data", fmt::format("{}: {}, {}", fs::path(recipe.data).filename().string(),
                           counted(outcome.rows, "row"),
                           counted(static_cast<int64_t>(encoding.columns.size()), "column"))},
      {"target", recipe.target},
      {"goal", goal_name(encoding.goal)},
      {"dataset", {{"train", split.train.size()}, {"val", split.held_out.size()}}},
      {"machine", machine_line()},
      {"versions", {{"espalier", ESPALIER_VERSION}, {"libtorch", torch_version()}}},
      {"threads", runtime_threads()},
      {"seconds", outcome.seconds},
      {"seed", recipe.seed},
      {"failures", {{"count", outcome.left_out}, {"named", Json::array()}}},
      {"fit", outcome.model.learner->facts(encoding.names())}};
  if (encoding.goal == Goal::classify) summary["classes"] = encoding.classes;
  if (!outcome.folds.empty())
    summary["cross_validation"] = {{"folds", outcome.folds.size()},
                                   {"scores", folds_json(outcome.folds)}};
  write_file_atomic(run / "summary.json", summary.dump(2) + "\n");
}

}  // namespace

void TableRecipe::choose_learner() {
  learner = find_named(learners(), model, "model").make();
}

Fields fields(TableRecipe& r) {
  std::vector<std::string> names;
  for (const LearnerRow& row : learners()) names.push_back(row.name);
  Fields all = {
      field("data", r.data, "CSV or TSV file, plain or gzip"),
      field("target", r.target, "column to learn"),
      field("model", r.model, "which model; its own flags stand last").one_of(names),
      field("goal", r.goal, "auto: numbers that are no classes are regressed")
          .one_of({"auto", "classify", "regress"}),
      field("holdout", r.holdout, "share of the rows held out for validation; 0: none")
          .between(0, 0.9),
      field("cv", r.cv, "folds of cross-validation beside that; 0: none").between(0, 1000),
      field("seed", r.seed, "of who is held out and of the folds")};
  all = join(join(all, fields(r.table)), fields(r.encoding));
  return r.learner ? join(all, own_options(*r.learner)) : all;
}

TableOutcome train_table(TableRecipe& recipe, RunFolder& run) {
  const auto start = std::chrono::steady_clock::now();
  if (recipe.data.empty()) fail(Kind::usage, "--data names the table to learn from");
  if (!recipe.learner) recipe.choose_learner();
  for (const Field& option : recipe.learner->options())
    if (option.name == "seed") set_field({option}, option.name, std::to_string(recipe.seed));
  if (recipe.cv == 1) fail(Kind::usage, "cv: cross-validation takes 2 folds or more");
  Table table = read_table(recipe.data, recipe.table);
  const Goal goal = goal_of(recipe, table);
  if (goal == Goal::describe) recipe.holdout = 0, recipe.cv = 0;
  write_file_atomic(run / "config.toml", to_toml(fields(recipe)));

  TableOutcome outcome;
  outcome.left_out = table.rows();
  table = with_known_target(table, recipe.target, goal);
  if (table.rows() == 0) fail(Kind::data, "{}: no row has a target", recipe.data);
  outcome.rows = table.rows();
  outcome.left_out -= outcome.rows;
  if (outcome.left_out > 0)
    warn(fmt::format("{} without a target left out", counted(outcome.left_out, "row")));

  const std::vector<double> places =
      places_of(strata(table, recipe.target, goal), Random(static_cast<uint64_t>(recipe.seed)));
  const SplitRows split = split_rows(places, 0, recipe.holdout);
  if (split.train.empty())
    fail(Kind::data, "--holdout {} leaves no row to learn from", recipe.holdout);
  for (int64_t fold = 0; fold < recipe.cv; ++fold) {
    const double width = 1 / static_cast<double>(recipe.cv),
                 low = static_cast<double>(fold) * width;
    const SplitRows part = split_rows(places, low, fold + 1 == recipe.cv ? 2 : low + width);
    if (part.held_out.empty())
      fail(Kind::usage, "cv: {} folds of {}", recipe.cv, counted(outcome.rows, "row"));
    const TableModel model =
        fit_rows(recipe, table, part.train, goal, fresh_learner(recipe.model, *recipe.learner));
    outcome.folds.push_back(score_table(model, part_of(table, part.held_out)).scores);
  }
  outcome.model = fit_rows(recipe, table, split.train, goal, std::move(recipe.learner));
  if (!outcome.model.encoding.left_out.empty())
    say(fmt::format("left out, for they hold text or nothing: {}",
                    fmt::join(outcome.model.encoding.left_out, ", ")));
  save_table_model(run.path(), outcome.model);
  if (!split.held_out.empty()) {
    outcome.validation = score_table(outcome.model, part_of(table, split.held_out));
    write_table_score(run.path(), "val", *outcome.validation, outcome.model.encoding);
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_summary(recipe, outcome, split, run);
  return outcome;
}

TableScore score_table(const TableModel& model, const Table& whole) {
  const Encoding& encoding = model.encoding;
  if (encoding.goal == Goal::describe)
    fail(Kind::usage, "{} learned from no target; there is nothing to score", model.name);
  const Table table = with_known_target(whole, encoding.target.name, encoding.goal);
  if (table.rows() == 0) fail(Kind::data, "no row has a target to be scored by");
  const Matrix<double> answers = model.learner->predict(encoding.encode(table).view());
  TableScore score{.scores = {}, .classes = {}, .curves = {}, .answers = {}, .rows = table.rows()};
  for (const int64_t line : table.lines) score.answers.id.push_back(std::to_string(line));
  if (encoding.goal == Goal::regress) {
    score.answers.true_number = encoding.numbers(table);
    score.answers.number = answers.values;
    score.scores = score_regression(score.answers.true_number, score.answers.number);
    return score;
  }
  const std::vector<int32_t> labels = encoding.labels(table);
  std::vector<Annotation> truth(labels.size()), predicted;
  for (size_t i = 0; i < labels.size(); ++i) {
    truth[i].labels = {{.id = labels[i]}};
    predicted.push_back(annotation_of(answers.row(static_cast<int64_t>(i)), answers.columns));
  }
  score.classes = score_classification(truth, predicted, encoding.classes);
  score.scores = score.classes->scores;
  // Of the doubles: as floats, probabilities near 1 tie.
  ClassRanking ranking =
      rank_classes({.truth = labels, .score = answers.values, .classes = answers.columns});
  score.scores.items.insert(score.scores.items.end(), ranking.scores.begin(), ranking.scores.end());
  score.curves = std::move(ranking.curves);
  fill_answers(labels, answers, encoding.classes, score.answers);
  return score;
}

void write_table_score(const fs::path& run,
                       const std::string& split,
                       const TableScore& score,
                       const Encoding& encoding) {
  Json json = Json::object();
  if (score.classes) json = to_json(*score.classes, encoding.classes);
  json["scores"] = to_json(score.scores);
  if (score.classes) json["curves"] = to_json(score.curves);
  json["rows"] = score.rows;
  write_file_atomic(run / fmt::format("eval-{}.json", split), json.dump(1) + "\n");
  write_answers(run, split, score.answers);
}

}  // namespace espalier
