#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/page.h"
#include "espalier/report/pages.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

using Runs = std::vector<RunRecord>;

const Score* find_score(const RunRecord& run, const std::string& name) {
  if (run.evaluation() == nullptr) return nullptr;
  for (const Score& score : run.evaluation()->scores.items)
    if (score.name == name) return &score;
  return nullptr;
}

std::vector<std::string> score_names(const Runs& runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    if (run.evaluation() == nullptr) continue;
    for (const Score& score : run.evaluation()->scores.items)
      if (std::find(names.begin(), names.end(), score.name) == names.end())
        names.push_back(score.name);
  }
  return names;
}

// The run whose interval lies wholly on the better side of every other run's; -1 when there is none or one run does not
// say its interval.
int clear_winner(const Runs& runs, const std::string& name) {
  int winner = -1;
  for (size_t r = 0; r < runs.size(); ++r) {
    const Score* own = find_score(runs[r], name);
    if (own == nullptr || !own->interval) return -1;
    bool beats_all = true;
    for (size_t k = 0; k < runs.size() && beats_all; ++k) {
      const Score* other = find_score(runs[k], name);
      if (other == nullptr || !other->interval) return -1;
      if (k == r) continue;
      beats_all = own->higher_is_better ? own->interval->low > other->interval->high
                                        : own->interval->high < other->interval->low;
    }
    if (beats_all) winner = static_cast<int>(r);
  }
  return winner;
}

void run_cell(Html& page, const Runs& runs, size_t r) {
  page.open("th", {{"class", "name"}, {"scope", "row"}});
  run_key(page, runs, r);
  page.close();
}

void title_block(Html& page, const Runs& runs) {
  std::set<std::string> data, splits;
  for (const RunRecord& run : runs) {
    if (run.facts) data.insert(run.facts->data);
    if (run.evaluation() != nullptr) splits.insert(run.evaluation()->split);
  }
  page.open("header").leaf("p", "Comparison", {{"class", "over"}});
  page.leaf("h1", fmt::format("{} runs side by side", runs.size()));
  if (data.size() == 1) page.leaf("p", *data.begin(), {{"class", "lead"}});
  page.close();
  if (data.size() > 1)
    page.open("aside", {{"class", "warnings"}})
        .leaf("p", "These runs saw different data; their scores do not compare directly.")
        .close();
  if (splits.size() > 1)
    page.open("aside", {{"class", "warnings"}})
        .leaf("p",
              "These runs were scored on different splits; their scores do not compare directly.")
        .close();
}

// The headline of each run as a dot with its interval, on one scale.
void headline_chart(Html& page, const Runs& runs, const std::string& name) {
  double low = 1e300, high = -1e300;
  for (const RunRecord& run : runs) {
    const Score* score = find_score(run, name);
    if (score == nullptr) continue;
    low = std::min(low, score->interval ? score->interval->low : score->value);
    high = std::max(high, score->interval ? score->interval->high : score->value);
  }
  if (low > high) return;
  const Axis axis = linear_axis(low, high, 5);
  page.open("figure", {{"class", "forest"}})
      .leaf("figcaption", score_title(name) + ", with 95 % intervals");
  page.open("div", {{"class", "rows"}});
  for (size_t r = 0; r < runs.size(); ++r) {
    const Score* score = find_score(runs[r], name);
    if (score == nullptr) continue;
    const auto x = [&](double value) { return px(100 * std::clamp(axis.at(value), 0.0, 1.0)); };
    page.leaf("span", runs[r].name, {{"class", "name"}});
    page.open("div", {{"class", fmt::format("lane s{}", r % 8)}});
    if (score->interval)
      page.leaf("i", "",
                {{"class", "reach"},
                 {"style", fmt::format("left:{}%;right:{}%", x(score->interval->low),
                                       px(100 - std::stod(x(score->interval->high))))}});
    page.leaf("i", "", {{"class", "point"}, {"style", fmt::format("left:{}%", x(score->value))}})
        .close();
    page.leaf("b", score_text(*score));
  }
  page.leaf("span", "").open("div", {{"class", "lane ticks"}});
  for (double tick : axis.ticks)
    page.leaf("span", is_share(name) ? fmt::format("{:.4g} %", 100 * tick) : tick_text(axis, tick),
              {{"style", fmt::format("left:{}%", px(100 * axis.at(tick)))}});
  page.close().leaf("b", "").close().close();
}

void score_table(Html& page, const Runs& runs, const std::vector<std::string>& names) {
  page.open("div", {{"class", "scroll"}})
      .open("table", {{"class", "scores"}})
      .open("thead")
      .open("tr")
      .leaf("th", "Run");
  std::map<std::string, int> winners;
  bool any = false;
  for (const std::string& name : names) {
    winners[name] = clear_winner(runs, name);
    any = any || winners[name] >= 0;
    page.leaf("th", score_title(name), {{"class", "num"}});
  }
  page.close().close().open("tbody");
  for (size_t r = 0; r < runs.size(); ++r) {
    page.open("tr");
    run_cell(page, runs, r);
    for (const std::string& name : names) {
      const Score* score = find_score(runs[r], name);
      const bool best = winners[name] == static_cast<int>(r);
      page.open("td", {{"class", best ? "num best" : "num"}});
      page.leaf("span", score == nullptr ? "–" : score_text(*score), {{"class", "value"}});
      if (score != nullptr && score->interval) page.leaf("small", interval_text(*score));
      page.close();
    }
    page.close();
  }
  page.close().close().close();
  page.leaf(
      "p",
      any ? "Marked: better than every other run, the 95 % intervals not touching."
          : "No run is marked: the 95 % intervals of the best touch another's, or are not known.",
      {{"class", "absent"}});
}

std::string optional_text(std::optional<double> value, std::string (*text)(double)) {
  return value ? text(*value) : "–";
}
std::string milliseconds(double value) {
  return number_text(value, 3) + " ms";
}
std::string plain(double value) {
  return number_text(value);
}

void cost_table(Html& page, const Runs& runs) {
  section(page, "Cost");
  page.open("div", {{"class", "scroll"}})
      .open("table")
      .open("thead")
      .open("tr")
      .leaf("th", "Run")
      .leaf("th", "Model");
  for (const char* name : {"Parameters", "Multiply-adds", "Latency", "Epochs", "Training"})
    page.leaf("th", name, {{"class", "num"}});
  page.close().close().open("tbody");
  for (size_t r = 0; r < runs.size(); ++r) {
    const Facts facts = runs[r].facts.value_or(Facts{});
    page.open("tr");
    run_cell(page, runs, r);
    page.leaf("td", facts.model.empty() ? "–" : facts.model);
    for (const std::string& cell :
         {optional_text(facts.parameters, si_text), optional_text(facts.macs, si_text),
          optional_text(facts.latency_ms, milliseconds), optional_text(facts.epochs, plain),
          optional_text(facts.seconds, duration_text)})
      page.leaf("td", cell, {{"class", "num"}});
    page.close();
  }
  page.close().close().close().close();
}

struct Difference {
  size_t index = 0;
  double range = 0;
};

// Classes whose recall moves most between the runs, when all runs know the same classes.
void class_differences(Html& page, const Runs& runs) {
  for (const RunRecord& run : runs)
    if (run.evaluation() == nullptr || run.evaluation()->per_class.empty() ||
        run.evaluation()->classes != runs[0].evaluation()->classes)
      return;
  std::vector<Difference> differences;
  for (size_t c = 0; c < runs[0].evaluation()->classes.size(); ++c) {
    double low = 1, high = 0;
    for (const RunRecord& run : runs) {
      low = std::min(low, run.evaluation()->per_class[c].recall);
      high = std::max(high, run.evaluation()->per_class[c].recall);
    }
    if (high > low) differences.push_back({c, high - low});
  }
  if (differences.empty()) return;
  std::stable_sort(differences.begin(), differences.end(),
                   [](const auto& a, const auto& b) { return a.range > b.range; });
  if (differences.size() > 10) differences.resize(10);
  section(page, "Classes that move most");
  page.open("div", {{"class", "scroll"}})
      .open("table", {{"class", "classes"}})
      .open("thead")
      .open("tr")
      .leaf("th", "Class");
  for (const RunRecord& run : runs) page.leaf("th", run.name, {{"colspan", "2"}});
  page.close().close().open("tbody");
  for (const Difference& difference : differences) {
    page.open("tr").leaf("td", runs[0].evaluation()->classes[difference.index],
                         {{"class", "name"}});
    for (const RunRecord& run : runs) {
      const ClassRow& row = run.evaluation()->per_class[difference.index];
      page.open("td", {{"class", "barcell"}})
          .raw(share_bar(row.recall, row.recall_interval))
          .close();
      page.leaf("td", percent_text(row.recall), {{"class", "num"}});
    }
    page.close();
  }
  page.close().close().close();
  page.leaf("p", "Recall, with 95 % intervals.", {{"class", "absent"}}).close();
}

void config_differences(Html& page, const Runs& runs) {
  std::vector<std::string> keys;
  std::vector<std::map<std::string, std::string>> values(runs.size());
  std::set<std::string> known;
  for (size_t r = 0; r < runs.size(); ++r)
    for (const auto& [key, value] : runs[r].config) {
      values[r][key] = value;
      if (known.insert(key).second) keys.push_back(key);
    }
  if (keys.empty()) return;
  std::erase_if(keys, [&](const std::string& key) {
    return std::all_of(values.begin(), values.end(), [&](const auto& v) {
      return v.contains(key) && v.at(key) == values[0].at(key);
    });
  });
  section(page, "What was configured differently");
  if (keys.empty()) page.leaf("p", "Nothing: the configurations are equal.", {{"class", "meta"}});
  page.open("div", {{"class", "scroll"}}).open("table", {{"class", "config"}});
  if (!keys.empty()) {
    page.open("thead").open("tr").leaf("th", "Key");
    for (const RunRecord& run : runs) page.leaf("th", run.name);
    page.close().close();
  }
  page.open("tbody");
  for (const std::string& key : keys) {
    page.open("tr").leaf("th", key, {{"class", "mono"}, {"scope", "row"}});
    for (const auto& own : values)
      page.leaf("td", own.contains(key) ? own.at(key) : "–", {{"class", "mono"}});
    page.close();
  }
  page.close().close().close().close();
}

}  // namespace

std::string comparison_page(const Runs& runs) {
  Html page;
  begin_page(page, fmt::format("{} runs · Espalier", runs.size()));
  title_block(page, runs);
  std::vector<std::string> warnings;
  for (const RunRecord& run : runs)
    for (const std::string& line : run.warnings) warnings.push_back(run.name + "/" + line);
  warning_box(page, warnings);
  const std::vector<std::string> names = score_names(runs);
  section(page, "Scores");
  if (!names.empty()) {
    headline_chart(page, runs, names.front());
    score_table(page, runs, names);
  }
  for (const RunRecord& run : runs)
    if (run.evaluation() == nullptr)
      absent(page, run.name + " has no scores yet. Run",
             "espalier eval " + run.name + " --split test");
  page.close();
  curve_section(page, runs);
  class_differences(page, runs);
  looks_comparison(page, runs);
  cost_table(page, runs);
  pruning_comparison(page, runs);
  config_differences(page, runs);
  end_page(page);
  return page.take();
}

}  // namespace espalier
