#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

constexpr size_t kMostShown = 60;

std::string shown(const std::optional<double>& value, const char* otherwise) {
  return value ? fmt::format("{:.5g}", *value) : otherwise;
}

// Where there are t-values, the surest first; else the largest.
std::vector<Coefficient> in_order(std::vector<Coefficient> all) {
  const auto weight = [](const Coefficient& c) {
    return std::abs(c.t.value_or(c.value.value_or(0)));
  };
  std::stable_sort(all.begin(), all.end(), [&](const Coefficient& a, const Coefficient& b) {
    return weight(a) > weight(b);
  });
  return all;
}

void coefficient_table(Html& page, const FitFacts& fit) {
  const bool errors = std::any_of(fit.coefficients.begin(), fit.coefficients.end(),
                                  [](const Coefficient& c) { return c.error.has_value(); });
  page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
  page.leaf("th", "Column").leaf("th", "Coefficient", {{"class", "num"}});
  if (errors)
    page.leaf("th", "Standard error", {{"class", "num"}}).leaf("th", "t", {{"class", "num"}});
  page.close().close().open("tbody");
  const std::vector<Coefficient> all = in_order(fit.coefficients);
  for (size_t i = 0; i < std::min(all.size(), kMostShown); ++i) {
    page.open("tr").leaf("td", all[i].column, {{"class", "name"}});
    page.leaf("td", shown(all[i].value, "–"), {{"class", "num"}});
    if (errors)
      page.leaf("td", shown(all[i].error, "–"), {{"class", "num soft"}})
          .leaf("td", shown(all[i].t, "–"), {{"class", "num"}});
    page.close();
  }
  page.close().close().close();
  if (all.size() > kMostShown)
    page.leaf("p", fmt::format("… and {} more.", all.size() - kMostShown), {{"class", "absent"}});
}

}  // namespace

void cross_validation_section(Html& page, const RunRecord& run) {
  if (!run.facts || run.facts->fit.cross_validation.items.empty()) return;
  const FitFacts& fit = run.facts->fit;
  section(page, "Cross-validation");
  page.leaf("p",
            fmt::format("Means over {} folds, each scored by a model that did not see it; ranges "
                        "are 95 % intervals.",
                        number_text(fit.folds.value_or(0))),
            {{"class", "meta"}});
  page.open("div", {{"class", "scroll"}}).open("table").open("tbody");
  for (const Score& score : fit.cross_validation.items)
    page.open("tr")
        .leaf("td", score_title(score.name), {{"class", "name"}})
        .leaf("td", score_text(score), {{"class", "num"}})
        .leaf("td", interval_text(score), {{"class", "num soft"}})
        .close();
  page.close().close().close().close();
}

void fit_section(Html& page, const RunRecord& run) {
  if (!run.facts || (run.facts->fit.facts.empty() && run.facts->fit.coefficients.empty())) return;
  const FitFacts& fit = run.facts->fit;
  section(page, fit.target.empty() ? "What was fitted" : "What was fitted to " + fit.target);
  if (!fit.facts.empty()) {
    page.open("dl", {{"class", "facts"}});
    for (const auto& [name, value] : fit.facts)
      page.open("div").leaf("dt", score_title(name)).leaf("dd", value).close();
    page.close();
  }
  if (!fit.coefficients.empty()) coefficient_table(page, fit);
  page.close();
}

}  // namespace espalier
