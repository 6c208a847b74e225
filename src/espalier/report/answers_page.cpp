#include "espalier/report/answers_page.h"

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/page.h"

namespace espalier {
namespace {

std::string p_text(const std::optional<double>& p) {
  return !p ? "–" : *p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", *p);
}

std::string signed_text(const std::string& name, double value) {
  return is_share(name) ? fmt::format("{:+.1f}", 100 * value) : fmt::format("{:+.4f}", value);
}

void score_table(Html& page,
                 const AnswerComparison& comparison,
                 const std::string& first,
                 const std::string& second) {
  section(page, "Scores");
  page.open("div", {{"class", "scroll"}}).open("table").open("tr");
  page.leaf("th", "");
  for (const std::string& title : {first, second, std::string("Difference"), std::string("95 %"),
                                   std::string("p"), std::string("By")})
    page.leaf("th", title, {{"class", title == "By" ? "name" : "num"}});
  page.close();
  for (const ComparedScore& score : comparison.scores) {
    const auto value = [&](double number) {
      return score_text({score.name, number, score.higher_is_better, std::nullopt, ""});
    };
    page.open("tr").leaf("th", score_title(score.name), {{"scope", "row"}});
    page.leaf("td", value(score.first), {{"class", "num"}});
    page.leaf("td", value(score.second), {{"class", "num"}});
    page.leaf("td", signed_text(score.name, score.difference()), {{"class", "num"}});
    page.leaf("td",
              signed_text(score.name, score.interval.low) + " – " +
                  signed_text(score.name, score.interval.high),
              {{"class", "num soft"}});
    page.leaf("td", p_text(score.p), {{"class", "num"}});
    page.leaf("td", score.test, {{"class", "soft"}}).close();
  }
  page.close().close();
  page.leaf("p", "Differences are the first less the second; of accuracy in points of a hundred.",
            {{"class", "absent"}});
  page.close();
}

void disagreement_table(Html& page,
                        const McNemar& test,
                        const std::string& first,
                        const std::string& second) {
  section(page, "Where they disagree");
  page.open("div", {{"class", "scroll"}}).open("table").open("tr").leaf("th", "");
  page.leaf("th", second + " is right", {{"class", "num"}});
  page.leaf("th", second + " is wrong", {{"class", "num"}}).close();
  const auto row = [&](const std::string& name, int64_t right, int64_t wrong) {
    page.open("tr").leaf("th", name, {{"scope", "row"}});
    for (const int64_t count : {right, wrong})
      page.leaf("td", number_text(static_cast<double>(count)), {{"class", "num"}});
    page.close();
  };
  row(first + " is right", test.both, test.first_only);
  row(first + " is wrong", test.second_only, test.neither);
  page.close().close();
  page.leaf(
      "p",
      fmt::format("McNemar's test of the {} samples on which one of them alone is right: p {} "
                  "(exact {}, chi-square {}).",
                  test.first_only + test.second_only, p_text(test.mid_p), p_text(test.exact_p),
                  p_text(test.chi_square_p)),
      {{"class", "meta"}});
  page.close();
}

}  // namespace

std::string answers_page(const AnswerComparison& comparison,
                         const std::string& first,
                         const std::string& second,
                         const std::string& where) {
  Html page;
  begin_page(page, first + " and " + second);
  page.open("header").leaf("p", "compare", {{"class", "over"}});
  page.leaf("h1", first + " and " + second).leaf("p", where, {{"class", "meta"}});
  page.leaf("p", verdict(comparison, first, second), {{"class", "lead"}}).close();
  score_table(page, comparison, first, second);
  if (comparison.disagreements) disagreement_table(page, *comparison.disagreements, first, second);
  end_page(page);
  return page.take();
}

}  // namespace espalier
