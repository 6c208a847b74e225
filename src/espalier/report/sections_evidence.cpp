#include <fmt/format.h>

#include "espalier/core/counted.h"
#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/page.h"
#include "espalier/report/prediction_card.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

void share_card(Html& page, const std::string& title, const MeanEvidenceShare& mean) {
  const EvidenceShare& share = mean.mean;
  page.open("div", {{"class", "card"}}).leaf("h3", title);
  page.leaf("p", percent_text(share.share), {{"class", "value"}});
  if (mean.interval) {
    page.leaf(
        "p",
        fmt::format("{:.1f} – {}", 100 * mean.interval->low, percent_text(mean.interval->high)),
        {{"class", "interval"}});
    page.raw(share_bar(share.share, *mean.interval, share.even));
  }
  page.leaf(
      "p",
      fmt::format("Spread evenly: {}, the part of the picture it covers", percent_text(share.even)),
      {{"class", "note"}});
  std::string note = "on " + counted(mean.pictures, "picture");
  if (share.even > 0) note = fmt::format("{:.1f} times as much, ", share.share / share.even) + note;
  page.leaf("p", note, {{"class", "note"}});
  page.close();
}

}  // namespace

void evidence_section(Html& page, const RunRecord& run) {
  const Evaluation& evaluation = *run.evaluation();
  if (evaluation.looks.empty() && !evaluation.object && !evaluation.part) return;
  section(page, "Where it looks");
  if (evaluation.object || evaluation.part) {
    page.leaf("p",
              "Of the evidence for the true class, as its map shows it, how much falls on what is "
              "known to matter; means with 95 % intervals.",
              {{"class", "meta"}});
    page.open("div", {{"class", "cards"}});
    if (evaluation.object) share_card(page, "On the object", *evaluation.object);
    if (evaluation.part) share_card(page, "On the decisive part", *evaluation.part);
    page.close();
  } else {
    absent(page, "Where masks of the objects are known, the share of evidence on them is measured:",
           fmt::format("espalier eval {} --split {} --masks DIR", run.name, evaluation.split));
  }
  if (evaluation.unmeasured > 0)
    page.leaf("p",
              counted(evaluation.unmeasured, "picture") + " without a usable mask not measured.",
              {{"class", "absent"}});
  if (!evaluation.looks.empty()) {
    page.leaf(
        "p",
        "Pictures that were chosen before any answer was known, the same for every network on "
        "these data, with the evidence for the true class.",
        {{"class", "meta"}});
    page.open("div", {{"class", "gallery"}});
    for (const ShownPrediction& one : evaluation.looks) prediction_card(page, one);
    page.close();
  }
  page.close();
}

void look_alike_section(Html& page, const Evaluation& evaluation) {
  if (evaluation.pairs.empty()) return;
  section(page, "Look-alikes");
  page.leaf("p",
            "The classes that are taken for each other most often: a mistaken picture, and beside "
            "it one that is what it was taken for, both with the evidence for that class.",
            {{"class", "meta"}});
  page.open("div", {{"class", "alikes"}});
  for (const LookAlikePair& pair : evaluation.pairs) {
    page.open("div", {{"class", "alike"}}).open("h3");
    page.leaf("b", pair.truth).text(" taken for ").leaf("b", pair.taken_for);
    page.text(fmt::format(": {} ×", with_commas(pair.count)));
    if (pair.other_way > 0)
      page.text(fmt::format(", the other way {} ×", with_commas(pair.other_way)));
    page.close().open("div", {{"class", "two"}});
    prediction_card(page, pair.mistaken);
    if (pair.right)
      prediction_card(page, *pair.right);
    else
      page.leaf("p", "Not one picture of it was recognised.", {{"class", "meta"}});
    page.close().close();
  }
  page.close().close();
}

}  // namespace espalier
