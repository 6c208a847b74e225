#include "espalier/lab/experiment.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/lab/lab_page.h"
#include "espalier/report/axis.h"
#include "espalier/report/page.h"

namespace espalier {
namespace {

constexpr double kWidth = 640, kLeft = 190, kRight = 24, kRow = 30, kTop = 8, kBottom = 36;

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / std::max(1.0, static_cast<double>(values.size()) - 1));
}

std::string points(double share, bool sign) {
  return sign ? fmt::format("{:+.1f}", 100 * share) : fmt::format("{:.1f}", 100 * share);
}

void gain_chart(Html& page, const ExperimentResult& result) {
  std::vector<const Way*> shown;
  double low = 0, high = 0;
  for (const Way& way : result.ways) {
    if (!way.gain || !way.gain->interval) continue;
    shown.push_back(&way);
    low = std::min(low, 100 * way.gain->interval->low);
    high = std::max(high, 100 * way.gain->interval->high);
  }
  if (shown.empty()) return;
  const Axis axis = linear_axis(low, high, 7);
  const double height = kTop + kRow * static_cast<double>(shown.size()) + kBottom;
  const auto x = [&](double value) { return kLeft + axis.at(value) * (kWidth - kLeft - kRight); };
  page.open("figure").leaf("figcaption", fmt::format("Gain over {}, points of {} (95 %)",
                                                     result.reference, result.score));
  page.open("svg",
            {{"viewBox", fmt::format("0 0 {} {}", px(kWidth), px(height))}, {"role", "img"}});
  for (double tick : axis.ticks) {
    page.empty("line", {{"class", tick == 0 ? "axis" : "grid"},
                        {"x1", px(x(tick))},
                        {"x2", px(x(tick))},
                        {"y1", px(kTop)},
                        {"y2", px(height - kBottom)}});
    page.leaf("text", tick_text(axis, tick),
              {{"class", "soft mid"}, {"x", px(x(tick))}, {"y", px(height - kBottom + 16)}});
  }
  for (size_t i = 0; i < shown.size(); ++i) {
    const PairedDifference& gain = *shown[i]->gain;
    const double y = kTop + kRow * (static_cast<double>(i) + 0.5);
    page.leaf("text", shown[i]->name, {{"class", "end"}, {"x", px(kLeft - 12)}, {"y", px(y + 4)}});
    page.open("g", {{"class", "s0"}});
    page.empty("line", {{"class", "line"},
                        {"x1", px(x(100 * gain.interval->low))},
                        {"x2", px(x(100 * gain.interval->high))},
                        {"y1", px(y)},
                        {"y2", px(y)}});
    page.empty("circle",
               {{"class", "dot"}, {"cx", px(x(100 * gain.mean))}, {"cy", px(y)}, {"r", "4"}});
    page.close();
  }
  page.close().close();
}

void way_row(Html& page, const Way& way, const std::string& reference) {
  page.open("tr").open("th", {{"class", "name"}, {"scope", "row"}}).text(way.name);
  page.leaf("div", way.help, {{"class", "soft"}}).close();
  page.leaf("td", fmt::format("{}", way.values.size()), {{"class", "num"}});
  page.leaf("td",
            way.values.empty() ? "–"
                               : fmt::format("{} ± {}", points(mean_of(way.values), false),
                                             points(deviation_of(way.values), false)),
            {{"class", "num"}});
  page.leaf("td", way.name == reference ? "compared with" : verdict(way));
  page.leaf("td",
            way.gain ? fmt::format("{} of {}", way.gain->above, way.gain->pairs) : std::string(),
            {{"class", "num"}});
  page.close();
}

}  // namespace

RunTable::Key LabRun::key() const {
  RunTable::Key key = {way};
  key.insert(key.end(), shared.begin(), shared.end());
  return key;
}

void add_ways(ExperimentResult& result,
              const std::vector<std::pair<std::string, std::string>>& ways,
              const std::vector<LabRun>& runs,
              const RunTable& table) {
  result.wanted = std::ssize(runs);
  for (const auto& [name, help] : ways) {
    Way found{.name = name, .help = help, .values = {}, .gain = {}};
    std::vector<double> own, reference;
    for (const LabRun& run : runs) {
      if (run.way != name) continue;
      const std::optional<double> value = table.value(run.key(), result.score);
      if (!value) continue;
      found.values.push_back(*value);
      const std::optional<double> other =
          table.value(LabRun{result.reference, run.shared}.key(), result.score);
      if (!other || name == result.reference) continue;
      own.push_back(*value);
      reference.push_back(*other);
    }
    result.runs += std::ssize(found.values);
    if (!own.empty()) found.gain = paired_difference(own, reference);
    if (!found.values.empty()) result.ways.push_back(std::move(found));
  }
}

std::string verdict(const Way& way) {
  if (!way.gain) return "";
  const PairedDifference& gain = *way.gain;
  if (!gain.interval)
    return fmt::format("one pair ({} points) says nothing yet", points(gain.mean, true));
  const auto between = [&](double low, double high) {
    return fmt::format("({} to {})", points(low, true), points(high, true));
  };
  if (gain.interval->low > 0)
    return fmt::format("better by {} points {}", points(gain.mean, false),
                       between(gain.interval->low, gain.interval->high));
  if (gain.interval->high < 0)
    return fmt::format("worse by {} points {}", points(-gain.mean, false),
                       between(gain.interval->low, gain.interval->high));
  return fmt::format("no difference shown: {} points {}", points(gain.mean, true),
                     between(gain.interval->low, gain.interval->high));
}

nlohmann::ordered_json to_json(const ExperimentResult& result) {
  nlohmann::ordered_json ways = nlohmann::ordered_json::array();
  for (const Way& way : result.ways) {
    nlohmann::ordered_json one = {{"name", way.name}, {"runs", way.values.size()}};
    if (!way.values.empty()) {
      one["mean"] = mean_of(way.values);
      one["deviation"] = deviation_of(way.values);
    }
    if (way.gain) {
      one["gain"] = way.gain->mean;
      one["pairs"] = way.gain->pairs;
      one["above"] = way.gain->above;
      if (way.gain->interval)
        one["gain_interval"] = {way.gain->interval->low, way.gain->interval->high};
      one["verdict"] = verdict(way);
    }
    ways.push_back(one);
  }
  return {{"experiment", result.name}, {"score", result.score},   {"reference", result.reference},
          {"runs", result.runs},       {"wanted", result.wanted}, {"ways", ways}};
}

std::string experiment_page(const ExperimentResult& result) {
  Html page;
  begin_lab_page(page, result.title, result.question, result.runs, result.wanted);
  section(page, "What was found");
  gain_chart(page, result);
  page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
  for (const auto& [name, kind] :
       std::vector<std::pair<std::string, std::string>>{{"way", ""},
                                                        {"runs", "num"},
                                                        {result.score, "num"},
                                                        {"against " + result.reference, ""},
                                                        {"ahead", "num"}})
    page.leaf("th", name, {{"class", kind}, {"scope", "col"}});
  page.close().close().open("tbody");
  for (const Way& way : result.ways) way_row(page, way, result.reference);
  page.close().close().close();
  page.leaf(
      "p",
      fmt::format("Test {} in percent, mean ± deviation over runs; differences in points, over "
                  "runs that share seed and split, with the 95 % interval of their mean.",
                  result.score),
      {{"class", "meta"}});
  page.close();
  return end_lab_page(page, result.setting);
}

}  // namespace espalier
