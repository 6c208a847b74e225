#include <algorithm>

#include "espalier/report/page.h"
#include "espalier/report/prediction_card.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

void gallery(Html& page,
             const std::string& title,
             std::string lead,
             const std::vector<ShownPrediction>& list) {
  if (list.empty()) return;
  const auto any = [&](auto known) { return std::any_of(list.begin(), list.end(), known); };
  if (any([](const ShownPrediction& one) { return !one.evidence.empty(); }))
    lead += " Beside each picture: where the network found its evidence, brighter meaning more.";
  if (any([](const ShownPrediction& one) { return one.object || one.part; }))
    lead += " Below it: how much of that falls where it is known to matter.";
  section(page, title);
  page.leaf("p", lead, {{"class", "meta"}});
  page.open("div", {{"class", "gallery"}});
  for (const ShownPrediction& one : list) prediction_card(page, one);
  page.close().close();
}

}  // namespace

void picture_section(Html& page, const RunRecord& run) {
  const Evaluation& evaluation = *run.evaluation();
  gallery(page, "Most confident mistakes",
          "Sure and wrong: look here first for wrong labels and misleading backgrounds.",
          evaluation.mistakes);
  gallery(page, "Right answers", "Some that it got right.", evaluation.examples);
}

}  // namespace espalier
