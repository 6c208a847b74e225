#include <algorithm>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/prediction_card.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

using Runs = std::vector<RunRecord>;
constexpr size_t kMostMaps = 6;  // more maps a picture become too small to read

void share_cells(Html& page, const std::optional<MeanEvidenceShare>& mean) {
  page.open("td", {{"class", "num"}})
      .leaf("span", mean ? percent_text(mean->mean.share) : "–", {{"class", "value"}});
  if (mean && mean->interval)
    page.leaf("small", fmt::format("{:.1f} – {}", 100 * mean->interval->low,
                                   percent_text(mean->interval->high)));
  page.close().leaf("td", mean ? percent_text(mean->mean.even) : "–", {{"class", "num soft"}});
}

void share_table(Html& page, const Runs& runs) {
  const auto any = [&](auto member) {
    return std::any_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
      return run.evaluation() != nullptr && (run.evaluation()->*member).has_value();
    });
  };
  const bool object = any(&Evaluation::object), part = any(&Evaluation::part);
  if (!object && !part) return;
  page.open("div", {{"class", "scroll"}}).open("table", {{"class", "scores"}});
  page.open("thead").open("tr").leaf("th", "Share of the evidence for the true class");
  for (const auto& [shown, title] :
       {std::pair{object, "On the object"}, {part, "On the decisive part"}})
    if (shown)
      page.leaf("th", title, {{"class", "num"}}).leaf("th", "Spread evenly", {{"class", "num"}});
  page.close().close().open("tbody");
  for (size_t r = 0; r < runs.size(); ++r) {
    page.open("tr").open("th", {{"class", "name"}, {"scope", "row"}});
    run_key(page, runs, r);
    page.close();
    const Evaluation none, &own = runs[r].evaluation() ? *runs[r].evaluation() : none;
    if (object) share_cells(page, own.object);
    if (part) share_cells(page, own.part);
    page.close();
  }
  page.close().close().close();
}

const ShownPrediction* find_look(const RunRecord& run, const ShownPrediction& wanted) {
  if (run.evaluation() == nullptr) return nullptr;
  for (const ShownPrediction& look : run.evaluation()->looks)
    if (look.id == wanted.id && look.truth == wanted.truth) return &look;
  return nullptr;
}

void map_column(Html& page, const Runs& runs, size_t r, const ShownPrediction& look) {
  page.open("div");
  shown_picture(page, look.evidence, "evidence of " + runs[r].name, look.small);
  page.open("p", {{"class", "run"}});
  run_key(page, runs, r);
  page.close();
  answer_line(page, look);
  share_line(page, look);
  page.close();
}

}  // namespace

void run_key(Html& page, const Runs& runs, size_t r) {
  page.leaf("i", "", {{"class", fmt::format("key s{}", r % 8)}}).text(runs[r].name);
}

void looks_comparison(Html& page, const Runs& runs) {
  if (runs[0].evaluation() == nullptr) return;
  const size_t shown = std::min(runs.size(), kMostMaps);
  std::vector<std::vector<const ShownPrediction*>> rows;  // [picture][run]
  for (const ShownPrediction& look : runs[0].evaluation()->looks) {
    std::vector<const ShownPrediction*> row;
    for (size_t r = 0; r < shown; ++r) row.push_back(find_look(runs[r], look));
    if (std::find(row.begin(), row.end(), nullptr) == row.end()) rows.push_back(row);
  }
  const bool measured = std::any_of(runs.begin(), runs.end(), [](const RunRecord& run) {
    return run.evaluation() != nullptr && (run.evaluation()->object || run.evaluation()->part);
  });
  if (rows.empty() && !measured) return;
  section(page, "Where they look");
  share_table(page, runs);
  if (!rows.empty()) {
    std::string lead =
        "The same pictures before every network, chosen before any answer was known, with the "
        "evidence for the true class; below each map the answer, and how much of the evidence "
        "falls on what is known to matter.";
    if (shown < runs.size()) lead += fmt::format(" The first {} runs are shown.", shown);
    page.leaf("p", lead, {{"class", "meta"}});
    page.open("div", {{"class", "compared"}, {"style", fmt::format("--maps:{}", shown)}});
    for (const auto& row : rows) {
      page.open("figure", {{"class", "seen"}}).open("div", {{"class", "maps"}}).open("div");
      shown_picture(page, row[0]->image, "picture of " + row[0]->truth, row[0]->small);
      page.open("p").leaf("b", row[0]->truth).close();
      page.leaf("p", row[0]->id, {{"class", "id"}}).close();
      for (size_t r = 0; r < shown; ++r) map_column(page, runs, r, *row[r]);
      page.close().close();
    }
    page.close();
  }
  page.close();
}

}  // namespace espalier
