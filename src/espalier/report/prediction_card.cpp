#include "espalier/report/prediction_card.h"

#include "espalier/report/axis.h"

namespace espalier {

void shown_picture(Html& page, const std::string& uri, const std::string& alt, bool small) {
  if (!uri.empty())
    page.empty("img", {{"src", uri}, {"alt", alt}, {"class", small ? "pixels" : "smooth"}});
}

void answer_line(Html& page, const ShownPrediction& one) {
  page.open("p").leaf("b", one.predicted,
                      {{"class", one.predicted == one.truth ? "right" : "wrong"}});
  page.leaf("span", " " + percent_text(one.confidence)).close();
}

void share_line(Html& page, const ShownPrediction& one) {
  if (!one.object && !one.part) return;
  page.open("p", {{"class", "truth"}});
  for (const auto& [share, name] : {std::pair{&one.object, "object "}, {&one.part, "part "}})
    if (*share)
      page.leaf("span", name + percent_text((*share)->share, 0), {{"class", "whole"}}).text(" ");
  page.close();
}

void prediction_card(Html& page, const ShownPrediction& one) {
  page.open("figure", {{"class", "seen"}});
  if (!one.image.empty() || !one.evidence.empty()) {
    page.open("div", {{"class", "pair"}});
    shown_picture(page, one.image, "picture of " + one.truth, one.small);
    shown_picture(page, one.evidence, "evidence", one.small);
    page.close();
  }
  page.open("figcaption");
  answer_line(page, one);
  if (one.predicted != one.truth)
    page.open("p", {{"class", "truth"}}).text("in truth ").leaf("b", one.truth).close();
  share_line(page, one);
  page.leaf("p", one.id, {{"class", "id"}}).close().close();
}

}  // namespace espalier
