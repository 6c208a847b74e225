#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/page.h"
#include "espalier/report/sections.h"

namespace espalier {
namespace {

void mixup_table(Html& page, const Evaluation& evaluation) {
  const std::vector<Mixup> mixups = frequent_mixups(evaluation.confusion, 8);
  page.open("figure").leaf("figcaption", "Most frequent mistakes");
  if (mixups.empty()) page.leaf("p", "None: every sample was found.", {{"class", "meta"}});
  page.open("div", {{"class", "scroll"}}).open("table").open("tbody");
  for (const Mixup& mixup : mixups) {
    page.open("tr")
        .open("td")
        .text(evaluation.classes[mixup.truth])
        .leaf("span", " taken for ", {{"class", "soft"}})
        .text(evaluation.classes[mixup.predicted])
        .close();
    page.leaf("td", fmt::format("{} ×", mixup.count), {{"class", "num"}});
    page.leaf("td", percent_text(mixup.share), {{"class", "num soft"}}).close();
  }
  page.close().close().close().close();
}

void class_rows(Html& page,
                const Evaluation& evaluation,
                const std::vector<size_t>& order,
                size_t from,
                size_t to) {
  page.open("div", {{"class", "scroll"}})
      .open("table", {{"class", "classes"}})
      .open("thead")
      .open("tr");
  page.leaf("th", "Class").leaf("th", "Recall", {{"colspan", "3"}});
  for (const char* name : {"Precision", "F1", "Samples"}) page.leaf("th", name, {{"class", "num"}});
  page.close().close().open("tbody");
  for (size_t i = from; i < to; ++i) {
    const ClassRow& row = evaluation.per_class[order[i]];
    page.open("tr").leaf("td", evaluation.classes[order[i]], {{"class", "name"}});
    const bool seen = row.support > 0;
    page.open("td", {{"class", "barcell"}});
    if (seen) page.raw(share_bar(row.recall, row.recall_interval));
    page.close().leaf("td", seen ? percent_text(row.recall) : "–", {{"class", "num"}});
    page.leaf("td",
              seen ? fmt::format("{:.0f} – {:.0f} %", 100 * row.recall_interval.low,
                                 100 * row.recall_interval.high)
                   : "",
              {{"class", "num soft"}});
    page.leaf("td", row.predicted > 0 ? percent_text(row.precision) : "–", {{"class", "num"}});
    page.leaf("td", seen || row.predicted > 0 ? fmt::format("{:.3f}", row.f1) : "–",
              {{"class", "num"}});
    page.leaf("td", number_text(static_cast<double>(row.support)), {{"class", "num"}}).close();
  }
  page.close().close().close();
}

}  // namespace

void confusion_section(Html& page, const Evaluation& evaluation) {
  const bool matrix =
      !evaluation.confusion.empty() && evaluation.classes.size() <= kMostMatrixClasses;
  if (evaluation.confusion.empty() && evaluation.reliability.empty()) return;
  section(page, "Where it errs");
  const bool few = evaluation.classes.size() <= 6;  // a small matrix leaves room below itself
  page.open("div", {{"class", evaluation.classes.size() > kMostBeside ? "beside wide" : "beside"}});
  page.open("div", {{"class", "side"}});
  if (matrix) page.raw(confusion_chart(evaluation.confusion, evaluation.classes));
  if (few && matrix) mixup_table(page, evaluation);
  page.close().open("div", {{"class", "side"}});
  if (!evaluation.confusion.empty() && !(few && matrix)) mixup_table(page, evaluation);
  if (!evaluation.reliability.empty()) page.raw(reliability_chart(evaluation.reliability));
  page.close().close();
  if (!matrix && !evaluation.confusion.empty())
    page.leaf("p",
              fmt::format("The matrix of {} classes is too large to read; the most frequent "
                          "mistakes stand above.",
                          evaluation.classes.size()),
              {{"class", "absent"}});
  page.close();
}

void class_table_section(Html& page, const Evaluation& evaluation) {
  const size_t count = evaluation.per_class.size();
  if (count == 0) return;
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto rank = [&](size_t c) {  // classes without images last
    return evaluation.per_class[c].support > 0 ? evaluation.per_class[c].recall : 2.0;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return rank(a) < rank(b); });
  const size_t shown = count > 30 ? 15 : count;
  section(page, "Classes, hardest first");
  class_rows(page, evaluation, order, 0, shown);
  if (shown < count) {
    page.open("details").leaf("summary", fmt::format("the other {} classes", count - shown));
    class_rows(page, evaluation, order, shown, count);
    page.close();
  }
  page.close();
}

}  // namespace espalier
