#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/curves.h"
#include "espalier/report/page.h"
#include "espalier/report/pages.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

std::string counted(std::optional<double> count, const std::string& unit) {
  return count ? number_text(*count) + " " + unit : "";
}

// What the samples of a task are.
std::string samples_of(const RunRecord& run) {
  return run.facts && run.facts->task == "table" ? "rows" : "images";
}

std::string meta_line(const Facts& facts, const std::string& samples) {
  std::vector<std::string> parts;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) parts.push_back(part);
  };
  add(counted(facts.classes, "classes"));
  std::string images;
  for (const auto& [count, split] :
       {std::pair{facts.train, "train"}, {facts.val, "validation"}, {facts.test, "test"}})
    if (count)
      images += fmt::format("{}{} {}", images.empty() ? "" : ", ", number_text(*count), split);
  add(images.empty() ? "" : images + " " + samples);
  add(counted(facts.epochs, "epochs"));
  if (facts.seconds) add("trained in " + duration_text(*facts.seconds));
  if (facts.seed) add(fmt::format("seed {:.0f}", *facts.seed));
  std::string line;
  for (const std::string& part : parts) line += (line.empty() ? "" : " · ") + part;
  return line;
}

void title_block(Html& page, const RunRecord& run) {
  page.open("header");
  const Facts facts = run.facts.value_or(Facts{});
  const std::string over = facts.task.empty() ? "run" : facts.task;
  page.leaf("p", facts.model.empty() ? over : over + " · " + run.name, {{"class", "over"}});
  page.leaf("h1", facts.model.empty() ? run.name : facts.model);
  if (!facts.data.empty()) page.leaf("p", facts.data, {{"class", "lead"}});
  page.leaf("p", meta_line(facts, samples_of(run)), {{"class", "meta"}});
  page.close();
}

void card(
    Html& page, const Score& score, bool headline, const std::string& note, double reference) {
  page.open("div", {{"class", headline ? "card headline" : "card"}, {"title", score.help}});
  page.leaf("h3", score_title(score.name));
  page.leaf("p", score_text(score), {{"class", "value"}});
  const std::string interval = interval_text(score);
  page.leaf("p",
            interval.empty() ? (score.higher_is_better ? "higher is better" : "lower is better")
                             : interval,
            {{"class", "interval"}});
  if (headline && is_share(score.name) && score.interval)
    page.raw(share_bar(score.value, *score.interval, reference));
  if (!note.empty()) page.leaf("p", note, {{"class", "note"}});
  page.close();
}

// What the headline has to be better than.
std::string baseline_note(const RunRecord& run, const Evaluation& evaluation) {
  if (run.facts && run.facts->baseline_accuracy)
    return "A linear model on the pixels: " + percent_text(*run.facts->baseline_accuracy);
  int64_t most = 0, all = 0;
  for (const ClassRow& row : evaluation.per_class) {
    most = std::max(most, row.support);
    all += row.support;
  }
  if (all == 0) return "";
  return "Always the commonest class: " +
         percent_text(static_cast<double>(most) / static_cast<double>(all));
}

void evaluated_cards(Html& page, const RunRecord& run, const Evaluation& evaluation) {
  int64_t images = 0;
  for (const ClassRow& row : evaluation.per_class) images += row.support;
  std::string where = fmt::format("On the {} split", evaluation.split);
  if (images > 0)
    where += fmt::format(", {} {}", number_text(static_cast<double>(images)), samples_of(run));
  if (evaluation.mirrored) where += ", each looked at with its mirror image";
  if (std::any_of(evaluation.scores.items.begin(), evaluation.scores.items.end(),
                  [](const Score& s) { return s.interval.has_value(); }))
    where += "; ranges are 95 % intervals";
  page.leaf("p", where, {{"class", "where"}}).open("div", {{"class", "cards"}});
  const double baseline = run.facts ? run.facts->baseline_accuracy.value_or(-1) : -1;
  bool headline = true;
  for (const Score& score : evaluation.scores.items) {
    const bool accuracy = score.name == "accuracy";
    card(page, score, headline, accuracy ? baseline_note(run, evaluation) : "",
         accuracy ? baseline : -1);
    headline = false;
  }
  page.close();
}

void other_splits(Html& page, const RunRecord& run) {
  for (size_t i = 1; i < run.evaluations.size(); ++i) {
    const Evaluation& other = run.evaluations[i];
    if (other.scores.items.empty()) continue;
    std::string line = fmt::format("On the {} split{}: ", other.split,
                                   other.mirrored ? ", with mirror images" : "");
    for (const Score& score : other.scores.items)
      line += fmt::format("{}{} {}", &score == &other.scores.items.front() ? "" : ", ",
                          score_title(score.name), score_text(score));
    page.leaf("p", line, {{"class", "meta"}});
  }
}

}  // namespace

void score_cards(Html& page, const RunRecord& run) {
  page.open("section", {{"class", "scores"}});
  const Evaluation* evaluation = run.evaluation();
  if (evaluation != nullptr && !evaluation->scores.items.empty()) {
    evaluated_cards(page, run, *evaluation);
  } else if (run.facts && run.facts->best_value) {
    const std::string name = run.facts->best_score.empty() ? "score" : run.facts->best_score;
    page.leaf("p", "Best on the validation split", {{"class", "where"}})
        .open("div", {{"class", "cards"}});
    const std::string note = !run.facts->best_epoch ? ""
                             : *run.facts->best_epoch == 0
                                 ? "the linear probe"
                                 : fmt::format("after epoch {:.0f}", *run.facts->best_epoch);
    card(page, {name, *run.facts->best_value, true, std::nullopt, ""}, true, note, -1);
    page.close();
  }
  if (evaluation == nullptr)
    absent(page, "No scores on the test split yet. Run",
           "espalier eval " + run.name +
               (samples_of(run) == "rows" ? " --data CSV" : " --split test"));
  other_splits(page, run);
  page.close();
}

void curve_section(Html& page, const std::vector<RunRecord>& runs) {
  const std::vector<LineChart> charts = learning_curves(runs);
  section(page, "Learning curves");
  if (charts.empty()) absent(page, "There is no training log. Run", "espalier train");
  page.open("div", {{"class", "charts"}});
  for (const LineChart& chart : charts) page.raw(line_chart(chart));
  page.close().close();
}

std::string single_page(const RunRecord& run) {
  Html page;
  const std::string what = run.facts && !run.facts->model.empty() ? run.facts->model + " · " : "";
  begin_page(page, what + run.name);
  title_block(page, run);
  warning_box(page, run.warnings);
  score_cards(page, run);
  const bool table =
      run.facts && run.facts->task == "table";  // learns in one go, and from no pictures
  if (!table) curve_section(page, {run});
  pruning_section(page, run);
  cross_validation_section(page, run);
  fit_section(page, run);
  if (const Evaluation* evaluation = run.evaluation()) {
    confusion_section(page, *evaluation);
    ranking_section(page, *evaluation);
    class_table_section(page, *evaluation);
    if (!table) {
      look_alike_section(page, *evaluation);
      evidence_section(page, run);
      picture_section(page, run);
    }
  }
  failure_section(page, run);
  cost_section(page, run);
  config_section(page, run);
  end_page(page);
  return page.take();
}

}  // namespace espalier
