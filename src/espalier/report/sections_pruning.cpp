#include <algorithm>
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/line_chart.h"
#include "espalier/report/page.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

std::string lead(const PruningFacts& pruning) {
  std::string line = pruning.method.empty() ? "Pruned" : "Channels chosen by " + pruning.method;
  if (!pruning.scope.empty() && pruning.scope != "global") line += " within each " + pruning.scope;
  if (!pruning.budget.empty()) line += " under " + pruning.budget;
  if (pruning.then == "finetune") line += ", then trained on with the weights that stayed";
  if (pruning.then == "scratch") line += ", then trained from fresh weights";
  if (pruning.then == "nothing") line += ", not trained since";
  if (pruning.search_seconds) line += "; the choice took " + duration_text(*pruning.search_seconds);
  if (pruning.seconds) line += ", everything " + duration_text(*pruning.seconds);
  return line + ".";
}

std::string figure_title(const std::string& name) {
  const std::pair<const char*, const char*> titles[] = {
      {"macs", "Multiply-adds"},          {"parameters", "Parameters"},
      {"activations", "Activations"},     {"traffic", "Memory traffic, bytes"},
      {"bytes", "File, bytes"},           {"latency_ms", "Latency, one picture"},
      {"accuracy", "Validation accuracy"}};
  for (const auto& [key, title] : titles)
    if (name == key) return title;
  return name;
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

std::string figure_text(const std::string& name, double value) {
  if (name == "accuracy") return percent_text(value);
  return name == "latency_ms" ? number_text(value, 3) + " ms" : si_text(value);
}

void row(Html& page,
         const std::string& name,
         const std::string& before,
         const std::string& after,
         const std::string& left) {
  page.open("tr").leaf("th", name, {{"scope", "row"}});
  for (const std::string& cell : {before, after, left}) page.leaf("td", cell, {{"class", "num"}});
  page.close();
}

std::string left(double before, double after) {
  return before > 0 ? percent_text(after / before) : "–";
}

std::string with_interval(double share, const std::optional<Interval>& interval) {
  return interval ? fmt::format("{} ({:.1f} – {:.1f})", percent_text(share), 100 * interval->low,
                                100 * interval->high)
                  : percent_text(share);
}

void before_after(Html& page, const PruningFacts& pruning) {
  page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr").leaf("th", "");
  for (const char* name : {"Before", "After", "Left"}) page.leaf("th", name, {{"class", "num"}});
  page.close().close().open("tbody");
  for (const auto& [name, before, after] : pruning.figures) {
    if (name == "accuracy")
      row(page, figure_title(name), with_interval(before, pruning.accuracy_before),
          with_interval(after, pruning.accuracy_after),
          fmt::format("{:+.1f} points", 100 * (after - before)));
    else
      row(page, figure_title(name), figure_text(name, before), figure_text(name, after),
          left(before, after));
  }
  for (const PruningFacts::Timing& timing : pruning.timings)
    row(page,
        fmt::format("{}, {}",
                    timing.batch == 1 ? "One picture" : number_text(timing.batch) + " pictures",
                    timing.threads == 1 ? "one thread" : number_text(timing.threads) + " threads"),
        number_text(timing.before, 3) + " ms", number_text(timing.after, 3) + " ms",
        left(timing.before, timing.after));
  page.close().close().close();
}

void widths(Html& page, const PruningFacts& pruning) {
  if (pruning.layers.empty()) return;
  double widest = 0;
  for (const PruningFacts::Layer& layer : pruning.layers) widest = std::max(widest, layer.before);
  page.leaf("h3", "Channels that stayed, layer by layer").open("div", {{"class", "balance"}});
  for (const PruningFacts::Layer& layer : pruning.layers) {
    const double stayed = std::min(layer.after, layer.before);
    page.leaf("span", layer.name, {{"class", "name mono"}}).open("div", {{"class", "stack s0"}});
    page.leaf("i", "", {{"style", fmt::format("width:{}%", px(100 * stayed / widest))}});
    page.leaf("i", "",
              {{"class", "gone"},
               {"style", fmt::format("width:{}%", px(100 * (layer.before - stayed) / widest))}});
    page.close().leaf("span",
                      fmt::format("{} of {}", number_text(stayed), number_text(layer.before)));
  }
  page.close();
}

// Scores in the order of the search, and the best so far.
LineChart search_chart(const PruningFacts& pruning) {
  Series all{.name = "candidate", .faint = true, .scattered = true};
  Series best{.name = "best so far"};
  for (const PruningFacts::Candidate& candidate : pruning.searched) {
    all.x.push_back(static_cast<double>(all.x.size() + 1));
    all.y.push_back(candidate.score);
    best.x.push_back(all.x.back());
    best.y.push_back(std::max(best.y.empty() ? candidate.score : best.y.back(), candidate.score));
  }
  return {.title = "Search", .x_label = "candidate", .percent = true, .series = {all, best}};
}

// Every candidate, and those that no other beats at its cost.
LineChart front_chart(const PruningFacts& pruning) {
  std::vector<PruningFacts::Candidate> sorted = pruning.searched;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.macs != b.macs ? a.macs < b.macs : a.score > b.score;
  });
  Series all{.name = "candidate", .faint = true, .scattered = true};
  Series front{.name = "none better for less", .colour = 1, .dots = true};
  double best = -std::numeric_limits<double>::infinity();
  for (const PruningFacts::Candidate& candidate : sorted) {
    all.x.push_back(candidate.macs);
    all.y.push_back(candidate.score);
    if (!(candidate.score > best)) continue;
    best = candidate.score;
    front.x.push_back(candidate.macs);
    front.y.push_back(candidate.score);
  }
  return {.title = "Score against multiply-adds",
          .x_label = "multiply-adds",
          .percent = true,
          .tight_x = false,
          .series = {all, front}};
}

LineChart prediction_chart(const PruningFacts& pruning) {
  Series networks{.name = "random network", .scattered = true};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& [measured, predicted] : pruning.timed_model) {
    networks.x.push_back(measured);
    networks.y.push_back(predicted);
    low = std::min({low, measured, predicted});
    high = std::max({high, measured, predicted});
  }
  Series ideal{.name = "as measured", .x = {low, high}, .y = {low, high}, .colour = 1};
  return {.title = "Latency, predicted against measured",
          .x_label = "measured, ms",
          .tight_x = false,
          .series = {ideal, networks}};
}

const PruningFacts::Figure* find_figure(const PruningFacts& pruning, const std::string& name) {
  for (const PruningFacts::Figure& figure : pruning.figures)
    if (figure.name == name) return &figure;
  return nullptr;
}

LineChart accuracy_against(const std::string& cost, const std::vector<RunRecord>& runs) {
  LineChart chart{.title = "Validation accuracy against " + lower_first(figure_title(cost)),
                  .x_label = cost == "latency_ms" ? "ms" : "",
                  .percent = true,
                  .tight_x = false,
                  .series = {}};
  Series before{.name = "before", .colour = 7, .scattered = true};
  for (size_t r = 0; r < runs.size(); ++r) {
    if (!runs[r].pruning) continue;
    const auto* price = find_figure(*runs[r].pruning, cost);
    const auto* accuracy = find_figure(*runs[r].pruning, "accuracy");
    if (price == nullptr || accuracy == nullptr) continue;
    before.x.push_back(price->before);
    before.y.push_back(accuracy->before);
    chart.series.push_back({.name = runs[r].name,
                            .x = {price->after},
                            .y = {accuracy->after},
                            .colour = static_cast<int>(r),
                            .scattered = true});
  }
  chart.series.push_back(std::move(before));
  return chart;
}

}  // namespace

void pruning_comparison(Html& page, const std::vector<RunRecord>& runs) {
  const auto pruned =
      std::count_if(runs.begin(), runs.end(), [](const RunRecord& run) { return run.pruning; });
  if (pruned < 2) return;
  section(page, "What pruning kept");
  page.open("div", {{"class", "charts"}});
  for (const char* cost : {"macs", "latency_ms", "bytes"})
    page.raw(line_chart(accuracy_against(cost, runs)));
  page.close().close();
}

void pruning_section(Html& page, const RunRecord& run) {
  if (!run.pruning) return;
  const PruningFacts& pruning = *run.pruning;
  section(page, "Before and after pruning");
  page.leaf("p", lead(pruning), {{"class", "meta"}});
  before_after(page, pruning);
  widths(page, pruning);
  page.open("div", {{"class", "charts"}});
  if (pruning.searched.size() > 1)
    page.raw(line_chart(search_chart(pruning))).raw(line_chart(front_chart(pruning)));
  if (!pruning.timed_model.empty()) page.raw(line_chart(prediction_chart(pruning)));
  page.close().close();
}

}  // namespace espalier
