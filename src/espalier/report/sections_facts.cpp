#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

void fact(Html& page, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  page.open("div").leaf("dt", name).leaf("dd", value).close();
}

std::string number_or_blank(std::optional<double> value, std::string (*text)(double)) {
  return value ? text(*value) : "";
}

std::string median_speed(const RunRecord& run) {
  std::vector<double> speeds;
  for (const StepRecord& step : run.steps)
    if (std::isfinite(step.images_per_second)) speeds.push_back(step.images_per_second);
  if (speeds.empty()) return "";
  const auto middle = speeds.begin() + static_cast<std::ptrdiff_t>(speeds.size() / 2);
  std::nth_element(speeds.begin(), middle, speeds.end());
  return number_text(*middle, 3) + " images/s";
}

void summary_facts(Html& page, const RunRecord& run, const Facts& facts) {
  fact(page, "Parameters", number_or_blank(facts.parameters, si_text));
  const std::string input = facts.input.empty() ? "" : " for " + facts.input;
  if (facts.macs) fact(page, "Multiply-adds", si_text(*facts.macs) + input);
  if (facts.latency_ms) fact(page, "Latency, one image", number_text(*facts.latency_ms, 3) + " ms");
  fact(page, "Training time", number_or_blank(facts.seconds, duration_text));
  fact(page, "Training speed", median_speed(run));
  if (facts.probe_accuracy)
    fact(page, "Linear probe, validation accuracy", percent_text(*facts.probe_accuracy));
  fact(page, "Precision", facts.precision);
  fact(page, "Threads", facts.threads ? number_text(*facts.threads) : "");
  fact(page, "Machine", facts.machine);
  for (const auto& [name, version] : facts.versions) fact(page, name, version);
}

void export_facts(Html& page, const ExportFacts& exported) {
  if (exported.max_abs_diff)
    fact(page, "ONNX against the network",
         fmt::format("largest difference {:.1e}", *exported.max_abs_diff));
  std::string graph = exported.nodes ? number_text(*exported.nodes) + " nodes" : "";
  if (exported.opset)
    graph += fmt::format("{}opset {:.0f}", graph.empty() ? "" : ", ", *exported.opset);
  fact(page, "ONNX graph", graph);
  if (exported.bytes)
    fact(page, "ONNX file",
         si_text(*exported.bytes) + (std::abs(*exported.bytes) < 1000 ? " B" : "B"));
}

// Where the comment of a TOML line begins: a # outside quotes.
size_t comment_start(std::string_view line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quote == '"' && line[i] == '\\')
      ++i;
    else if (quote != 0)
      quote = line[i] == quote ? 0 : quote;
    else if (line[i] == '"' || line[i] == '\'')
      quote = line[i];
    else if (line[i] == '#')
      return i;
  }
  return line.size();
}

}  // namespace

void failure_section(Html& page, const RunRecord& run) {
  if (run.failure_count == 0) return;
  const std::string one = run.facts && run.facts->task == "table" ? "row" : "image";
  section(page, one == "row" ? "Rows without a target" : "Images that could not be used");
  const size_t shown = std::min<size_t>(run.failures.size(), 50);
  page.leaf(
      "p",
      fmt::format("{} left out of training.",
                  run.failure_count == 1
                      ? "One " + one + " was"
                      : number_text(static_cast<double>(run.failure_count)) + " " + one + "s were"),
      {{"class", "meta"}});
  page.open("div", {{"class", "scroll"}}).open("table").open("tbody");
  for (size_t i = 0; i < shown; ++i)
    page.open("tr")
        .leaf("td", run.failures[i].id, {{"class", "mono"}})
        .leaf("td", run.failures[i].reason)
        .close();
  page.close().close().close();
  if (run.failure_count > static_cast<int64_t>(shown))
    page.leaf("p",
              fmt::format("… and {} more.", number_text(static_cast<double>(
                                                run.failure_count - static_cast<int64_t>(shown)))),
              {{"class", "absent"}});
  page.close();
}

void cost_section(Html& page, const RunRecord& run) {
  section(page, "Cost and machine");
  if (!run.facts) absent(page, "There is no summary of the training. Run", "espalier train");
  page.open("dl", {{"class", "facts"}});
  if (run.facts) summary_facts(page, run, *run.facts);
  if (run.exported) export_facts(page, *run.exported);
  page.close();
  const bool table = run.facts && run.facts->task == "table";
  if (!run.exported && !table) absent(page, "Not exported yet. Run", "espalier export " + run.name);
  page.close();
}

void config_section(Html& page, const RunRecord& run) {
  if (run.config_text.empty()) return;
  page.open("section").open("details").leaf("summary", "Configuration as resolved").open("pre");
  std::string_view rest = run.config_text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t comment = comment_start(line);
    page.text(line.substr(0, comment));
    if (comment < line.size()) page.leaf("span", line.substr(comment), {{"class", "soft"}});
    page.text("\n");
  }
  page.close().close().close();
}

}  // namespace espalier
