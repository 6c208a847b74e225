#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

void prediction_card(Html& page, const ShownPrediction& one, bool right) {
  page.open("figure", {{"class", "seen"}});
  if (!one.image.empty() || !one.evidence.empty()) {
    page.open("div", {{"class", "pair"}});
    const std::string small = one.small ? "pixels" : "smooth";
    if (!one.image.empty())
      page.empty("img", {{"src", one.image}, {"alt", "picture of " + one.truth}, {"class", small}});
    if (!one.evidence.empty())
      page.empty(
          "img",
          {{"src", one.evidence}, {"alt", "evidence for " + one.predicted}, {"class", small}});
    page.close();
  }
  page.open("figcaption")
      .open("p")
      .leaf("b", one.predicted, {{"class", right ? "right" : "wrong"}});
  page.leaf("span", " " + percent_text(one.confidence)).close();
  if (!right) page.open("p", {{"class", "truth"}}).text("in truth ").leaf("b", one.truth).close();
  page.leaf("p", one.id, {{"class", "id"}}).close().close();
}

bool any_evidence(const std::vector<ShownPrediction>& list) {
  for (const ShownPrediction& one : list)
    if (!one.evidence.empty()) return true;
  return false;
}

void gallery(Html& page,
             const std::string& title,
             const std::string& lead,
             const std::vector<ShownPrediction>& list,
             bool right) {
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
  for (const ShownPrediction& one : list) prediction_card(page, one, right);
  page.close().close();
}

}  // namespace

void picture_section(Html& page, const RunRecord& run) {
  const Evaluation& evaluation = *run.evaluation();
  gallery(page, "Most confident mistakes",
          "Sure and wrong: look here first for wrong labels and misleading backgrounds.",
          evaluation.mistakes, false);
  gallery(page, "Right answers", "Some that it got right.", evaluation.examples, true);
}

}  // namespace espalier
