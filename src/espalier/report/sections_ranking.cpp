#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/ranking_charts.h"
#include "espalier/report/sections.h"

namespace espalier {

void ranking_section(Html& page, const Evaluation& evaluation) {
  if (evaluation.curves.empty()) return;
  section(page, "How well it ranks");
  const size_t classes = evaluation.classes.size(), shown = evaluation.curves.size();
  const ClassCurve& first = evaluation.curves.front();
  std::string line;
  if (classes == 2)
    line = fmt::format(
        "For {}: as answered (the dot: the more probable class), {} of its samples are found and "
        "{} "
        "of the answers are right; {} of the others are taken for it.",
        evaluation.classes.at(static_cast<size_t>(first.of_class)),
        percent_text(first.true_positive_rate), percent_text(first.precision),
        percent_text(first.false_positive_rate));
  else
    line = fmt::format("Each class against the rest{}; the dots are what the answers do.",
                       shown < classes ? fmt::format(", the {} that are ranked worst", shown) : "");
  page.leaf("p", line, {{"class", "meta"}});
  page.open("div", {{"class", "squares"}});
  page.raw(roc_chart(evaluation.curves, evaluation.classes));
  page.raw(precision_recall_chart(evaluation.curves, evaluation.classes));
  page.close().close();
}

}  // namespace espalier
