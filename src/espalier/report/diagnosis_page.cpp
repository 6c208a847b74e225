#include "espalier/report/diagnosis_page.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "espalier/core/counted.h"
#include "espalier/report/axis.h"
#include "espalier/report/line_chart.h"
#include "espalier/report/page.h"

namespace espalier {
namespace {

std::string score_of(const Diagnosis& d, double value) {
  return score_text({d.score_name, value, true, std::nullopt, ""});
}

std::string gain_of(const Diagnosis& d, double value) {
  return is_share(d.score_name) ? fmt::format("{:+.1f} points", 100 * value)
                                : fmt::format("{:+.3f}", value);
}

std::string reach_of(const Diagnosis& d, const Interval& interval) {
  return is_share(d.score_name)
             ? fmt::format("{:+.1f} to {:+.1f}", 100 * interval.low, 100 * interval.high)
             : fmt::format("{:+.3f} to {:+.3f}", interval.low, interval.high);
}

std::string capital(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(text[0] - (text[0] >= 'a' ? 32 : 0));
  return text;
}

void head(Html& page, const Diagnosis& d, const std::string& run, const FoundCause& first) {
  page.open("header").leaf("p", "diagnosis · " + run, {{"class", "over"}});
  page.leaf("h1", capital(std::string(cause_name(first.cause))));
  page.leaf("p", first.because, {{"class", "lead"}}).leaf("p", first.advice, {{"class", "lead"}});
  std::string rows = fmt::format("{} training {}", with_commas(d.rows), d.samples);
  if (d.rows_of > d.rows) rows += fmt::format(" drawn from {}", with_commas(d.rows_of));
  page.leaf("p",
            fmt::format("{} · {} · {} · {} folds{} · seed {} · {}", d.model, d.target, rows,
                        d.folds, d.repeats > 1 ? fmt::format(", {} times", d.repeats) : "", d.seed,
                        duration_text(d.seconds)),
            {{"class", "meta"}});
  page.close();
}

void card(Html& page, const std::string& title, const std::string& value, const std::string& note) {
  page.open("div", {{"class", "card"}}).leaf("h3", title).leaf("p", value, {{"class", "value"}});
  page.leaf("p", note, {{"class", "note"}}).close();
}

void cards(Html& page, const Diagnosis& d) {
  page.open("section", {{"class", "scores"}}).open("div", {{"class", "cards"}});
  card(page, score_title(d.score_name), score_of(d, d.held_out),
       fmt::format("on {} that it did not learn from", d.samples));
  card(page, "The same on what it learned from", score_of(d, d.train),
       "a gap of " + gain_of(d, d.train - d.held_out));
  card(page, "Chance", score_of(d, d.chance),
       is_share(d.score_name) ? "always the commonest class" : "always the mean");
  if (d.signal)
    card(page, "Targets shuffled", score_of(d, d.shuffled),
         "what it reaches where nothing is to learn");
  if (d.curve.known())
    card(page, fmt::format("Twice the {}", d.samples), gain_of(d, d.curve.next_doubling),
         "what the curve expects");
  page.close().close();
}

void other_causes(Html& page, const std::vector<FoundCause>& causes) {
  if (causes.size() < 2) return;
  section(page, "Also");
  page.open("ul", {{"class", "findings"}});
  for (size_t i = 1; i < causes.size(); ++i)
    page.open("li", {{"class", "mild"}})
        .leaf("b", capital(std::string(cause_name(causes[i].cause))) + ". ")
        .text(causes[i].because + " " + causes[i].advice)
        .close();
  page.close().close();
}

LineChart curve_chart(const Diagnosis& d) {
  LineChart chart;
  chart.title = score_title(d.score_name) + " by number of " + d.samples;
  chart.x_label = d.samples + " learned from";
  chart.percent = is_share(d.score_name);
  Series train, held, expected;
  train.name = "on those it learned from";
  train.colour = 1;
  held.name = "on others";
  train.dots = held.dots = true;
  expected.name = "expected";
  expected.colour = 2;
  // Far below chance is not worth the room.
  const double floor = d.chance - (1 - d.chance);
  const auto shown = [&](double value) { return std::max(value, floor); };
  for (const CurvePoint& p : d.curve.points) {
    const auto n = static_cast<double>(p.rows);
    train.x.push_back(n);
    train.y.push_back(shown(p.train));
    held.x.push_back(n);
    held.y.push_back(shown(p.held_out));
    held.low.push_back(shown(p.interval.low));
    held.high.push_back(std::min(1.0, shown(p.interval.high)));
  }
  const double last = held.x.back();
  for (int i = 0; i <= 12; ++i) {
    const double n = last * std::pow(2.0, i / 12.0);
    expected.x.push_back(n);
    expected.y.push_back(1 - d.curve.law.at(n));
  }
  chart.mark_x = last;
  chart.mark_text = "now";
  chart.series = {std::move(train), std::move(held), std::move(expected)};
  return chart;
}

void facts(Html& page, const std::vector<std::pair<std::string, std::string>>& pairs) {
  page.open("dl", {{"class", "facts"}});
  for (const auto& [name, value] : pairs)
    page.open("div").leaf("dt", name).leaf("dd", value).close();
  page.close();
}

void curve_section(Html& page, const Diagnosis& d) {
  if (!d.curve.known()) return;
  section(page, "More data?");
  page.open("div", {{"class", "beside"}}).raw(line_chart(curve_chart(d)));
  facts(page,
        {{fmt::format("From a quarter of the {} to all", d.samples),
          fmt::format("{} (95 % {})", gain_of(d, d.curve.growth.value),
                      reach_of(d, d.curve.growth.interval))},
         {"Fitted", fmt::format("error = {:.3g} + {:.3g} n^-{:.2f}", d.curve.law.limit,
                                d.curve.law.scale, d.curve.law.rate)},
         {"How to read it",
          "Subsets are nested; the band is a 95 % interval over the folds. Lines far apart and "
          "still nearing: more will help."}});
  page.close().close();
}

void lane(Html& page, const Axis& axis, const Setting& s) {
  const auto place = [&](double value) {
    return fmt::format("left:{}%", px(100 * std::clamp(axis.at(value), 0.0, 1.0)));
  };
  page.open("div", {{"class", "lane"}});
  page.leaf("i", "", {{"class", "point s1"}, {"style", place(s.train) + ";opacity:.5"}});
  page.leaf("i", "", {{"class", "point s0"}, {"style", place(s.held_out)}});
  page.close();
}

void sweep_section(Html& page, const Diagnosis& d) {
  if (d.sweep.empty()) return;
  section(page, "Simpler, more complex, or another model?");
  page.open("div", {{"class", "legend"}});
  for (const auto& [style, text] :
       {std::pair{"s0", "on others"}, {"s1", "on those it learned from"}})
    page.open("span", {{"class", style}}).leaf("i", "", {{"class", "key"}}).text(text).close();
  page.close();
  double low = 1, high = d.chance;
  for (const Setting& s : d.sweep) {
    low = std::min({low, s.held_out, s.train});
    high = std::max({high, s.held_out, s.train});
  }
  const Axis axis = linear_axis(std::max(low, 2 * d.chance - 1), std::min(1.0, high), 5);
  double best = d.held_out;
  for (const Setting& s : d.sweep) best = std::max(best, s.held_out);
  page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
  page.leaf("th", "Setting").leaf("th", "", {{"class", "barcell"}});
  for (const char* title : {"On others", "Learned from", "Gain", "95 %"})
    page.leaf("th", title, {{"class", "num"}});
  page.close().close().open("tbody");
  for (const Setting& s : d.sweep) {
    page.open("tr");
    page.open("td", {{"class", "name"}});
    if (s.held_out == best || s.current)
      page.leaf("b", s.current ? "as it is" : s.name);
    else
      page.text(s.name);
    page.close().open("td", {{"class", "barcell"}});
    lane(page, axis, s);
    page.close().leaf("td", score_of(d, s.held_out), {{"class", "num"}});
    page.leaf("td", score_of(d, s.train), {{"class", "num soft"}});
    page.leaf("td", s.gain ? gain_of(d, s.gain->value) : "–", {{"class", "num"}});
    page.leaf("td", s.gain ? reach_of(d, s.gain->interval) : "", {{"class", "num soft"}});
    page.close();
  }
  page.close().close().close().close();
}

void shift_section(Html& page, const Diagnosis& d) {
  if (!d.shift && !d.time) return;
  section(page, "Is it asked about what it learned from?");
  std::vector<std::pair<std::string, std::string>> pairs;
  if (d.shift) {
    const ShiftCheck& s = *d.shift;
    pairs.emplace_back(
        "Told apart from the training " + d.samples,
        fmt::format("AUC {:.3f} (95 % {:.3f} to {:.3f}); {:.3f} with the sides shuffled", s.auc,
                    s.interval.low, s.interval.high, s.control));
    pairs.emplace_back("Score on the asked " + d.samples,
                       fmt::format("{}; within the training {} {}", score_of(d, s.asked), d.samples,
                                   score_of(d, s.cross_validated)));
    if (s.harm)
      pairs.emplace_back(
          fmt::format("Gain by {} of their kind", d.samples),
          fmt::format("{} (95 % {})", gain_of(d, s.harm->value), reach_of(d, s.harm->interval)));
    std::string columns;
    for (const auto& [name, share] : s.columns)
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", name, percent_text(share, 0));
    if (!columns.empty() && s.interval.low > 0.55) pairs.emplace_back("Told apart by", columns);
  }
  if (d.time)
    pairs.emplace_back(
        fmt::format("In the order of {}", d.time->column),
        fmt::format("the last {}: {} by earlier {}, {} by models that saw some of their time; {} "
                    "(95 % {})",
                    with_commas(d.time->later), score_of(d, d.time->by_earlier), d.samples,
                    score_of(d, d.time->by_later), gain_of(d, d.time->harm.value),
                    reach_of(d, d.time->harm.interval)));
  facts(page, pairs);
  page.close();
}

void leak_section(Html& page, const Diagnosis& d) {
  if (!d.leaks) return;
  section(page, "Does it know the answers?");
  const LeakScan& l = *d.leaks;
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"Copies of training " + d.samples,
       fmt::format("{} of {}; {:.1f} by chance", with_commas(l.duplicates),
                   with_commas(l.asked_rows), l.expected)},
      {"The same columns, another target", with_commas(l.conflicts)}};
  if (l.score_duplicates) pairs.emplace_back("Score on copies", score_of(d, *l.score_duplicates));
  if (l.score_others && l.score_duplicates)
    pairs.emplace_back("Score on the others", score_of(d, *l.score_others));
  facts(page, pairs);
  if (!l.columns.empty()) {
    page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    page.leaf("th", "Most telling columns").leaf("th", "Alone", {{"class", "num"}});
    page.leaf("th", "All others", {{"class", "num"}}).leaf("th", "").close().close().open("tbody");
    for (const TellingColumn& c : l.columns)
      page.open("tr")
          .leaf("td", c.name, {{"class", "name"}})
          .leaf("td", score_of(d, c.alone), {{"class", "num"}})
          .leaf("td", c.without ? score_of(d, *c.without) : "–", {{"class", "num"}})
          .leaf("td", c.identifier ? "numbers the rows" : "")
          .close();
    page.close().close().close();
  }
  page.close();
}

void noise_section(Html& page, const Diagnosis& d) {
  if (!d.noise) return;
  const NoiseCheck& n = *d.noise;
  const bool classes = is_share(d.score_name);
  section(page, classes ? "Suspect labels" : "Suspect targets");
  page.leaf(
      "p",
      classes
          ? fmt::format("By {}, on {} that it did not see: wrong in {} of all, in {} of the third "
                        "answered most surely; confident learning suspects {} of the labels.",
                        n.by, d.samples, percent_text(1 - n.score), percent_text(n.sure_error),
                        percent_text(n.wrong_share))
          : fmt::format("By {}: {} of the {} are over six deviations off {} like them, and hold {} "
                        "of all squared error.",
                        n.by, percent_text(n.outliers), d.samples, d.samples,
                        percent_text(n.outlier_loss)),
      {{"class", "meta"}});
  if (!n.suspects.empty()) {
    page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    page.leaf("th", n.suspects[0].id.empty() ? "Line" : "Sample")
        .leaf("th", "Given")
        .leaf("th", "Expected");
    if (classes) page.leaf("th", "Probability", {{"class", "num"}});
    page.close().close().open("tbody");
    for (const SuspectRow& s : n.suspects) {
      page.open("tr").leaf("td", s.id.empty() ? with_commas(s.line) : s.id, {{"class", "name"}});
      page.leaf("td", s.given).leaf("td", s.expected);
      if (classes) page.leaf("td", fmt::format("{:.2f}", s.probability), {{"class", "num"}});
      page.close();
    }
    page.close().close().close();
  }
  page.close();
}

void not_run_section(Html& page, const Diagnosis& d) {
  if (d.not_run.empty()) return;
  section(page, "Not run");
  page.open("ul", {{"class", "findings"}});
  for (const NotRun& n : d.not_run)
    page.leaf("li", fmt::format("{}: {}", capital(n.part), n.why), {{"class", "mild"}});
  page.close().close();
}

}  // namespace

std::string diagnosis_page(const Diagnosis& d, const std::string& run) {
  const std::vector<FoundCause> causes = judge(d);
  Html page;
  begin_page(page, std::string(cause_name(causes[0].cause)) + " · " + run);
  head(page, d, run, causes[0]);
  cards(page, d);
  other_causes(page, causes);
  curve_section(page, d);
  sweep_section(page, d);
  shift_section(page, d);
  leak_section(page, d);
  noise_section(page, d);
  not_run_section(page, d);
  end_page(page);
  return page.take();
}

}  // namespace espalier
