#include "espalier/report/page.h"
#include "espalier/report/prediction_card.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

bool any_evidence(const std::vector<ShownPrediction>& list) {
  for (const ShownPrediction& one : list)
    if (!one.evidence.empty()) return true;
  return false;
}

void gallery(Html& page,
             const std::string& title,
             const std::string& lead,
             const std::vector<ShownPrediction>& list) {
  if (list.empty()) return;
  section(page, title);
  page.leaf(
      "p",
      any_evidence(list)
          ? lead +
                " Beside each picture: where the network found its evidence, brighter meaning more."
          : lead,
      {{"class", "meta"}});
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
