#include "espalier/metrics/compare_answers.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/metrics/bootstrap.h"
#include "espalier/metrics/delong.h"

namespace espalier {
namespace {

constexpr double kLevel = 0.05;
constexpr const char* kBootstrap = "paired bootstrap";

template <class T>
void reorder(std::vector<T>& list, const std::vector<size_t>& order) {
  std::vector<T> sorted;
  if (list.empty()) return;
  for (const size_t from : order) sorted.push_back(std::move(list[from]));
  list = std::move(sorted);
}

void check_classes(const Answers& first, const Answers& second) {
  if (first.classes.empty() != second.classes.empty())
    fail(Kind::data, "one of the two answers with classes and the other with numbers");
  if (first.classes.size() != second.classes.size())
    fail(Kind::data, "one of the two knows {} classes and the other {}", first.classes.size(),
         second.classes.size());
  for (size_t c = 0; c < first.classes.size(); ++c)
    if (first.classes[c] != second.classes[c])
      fail(Kind::data, "class {} is '{}' for one of the two and '{}' for the other", c + 1,
           first.classes[c], second.classes[c]);
}

// `second` in the order of `first`.
Answers aligned(const Answers& first, Answers second) {
  check_classes(first, second);
  std::unordered_map<std::string, size_t> place;
  for (size_t i = 0; i < second.id.size(); ++i)
    if (!place.emplace(second.id[i], i).second)
      fail(Kind::data, "the sample {} was answered twice", second.id[i]);
  std::vector<size_t> order;
  for (const std::string& id : first.id) {
    const auto found = place.find(id);
    if (found == place.end())
      fail(Kind::data, "the two were not asked the same: only one answered the sample {}", id);
    order.push_back(found->second);
  }
  if (second.id.size() != first.id.size()) {
    for (const std::string& id : first.id) place.erase(id);
    if (place.empty()) fail(Kind::data, "a sample was answered twice");
    fail(Kind::data, "the two were not asked the same: only one answered the sample {}",
         place.begin()->first);
  }
  reorder(second.id, order);
  reorder(second.truth, order);
  reorder(second.answer, order);
  reorder(second.probability, order);
  reorder(second.true_number, order);
  reorder(second.number, order);
  for (size_t i = 0; i < first.id.size(); ++i)
    if (first.classes.empty() ? first.true_number[i] != second.true_number[i]
                              : first.truth[i] != second.truth[i])
      fail(Kind::data, "the two were not asked the same: the truth of the sample {} differs",
           first.id[i]);
  return second;
}

// Enough rounds for the ends of an interval, in a few seconds for a million samples.
BootstrapConfig rounds_for(size_t samples) {
  return {.rounds = std::clamp<int64_t>(200000000 / static_cast<int64_t>(samples), 400, 2000)};
}

// The difference of f(mean of what the first list says) and the same of the second.
template <class Finish>
ComparedScore compared_means(const std::string& name,
                             bool higher_is_better,
                             const std::vector<double>& first,
                             const std::vector<double>& second,
                             Finish finish) {
  const size_t count = first.size();
  const auto means = [&](auto each) {
    double one = 0, other = 0;
    for (size_t k = 0; k < count; ++k) {
      one += first[each(k)];
      other += second[each(k)];
    }
    return std::pair{finish(one / static_cast<double>(count)),
                     finish(other / static_cast<double>(count))};
  };
  const auto [one, other] = means([](size_t k) { return k; });
  const std::vector<double> drawn = bootstrap(
      static_cast<int64_t>(count),
      [&](std::span<const uint32_t> chosen) {
        const auto [a, b] = means([&](size_t k) { return chosen[k]; });
        return a - b;
      },
      rounds_for(count));
  return {.name = name,
          .higher_is_better = higher_is_better,
          .first = one,
          .second = other,
          .interval = percentile_interval(drawn),
          .p = {},
          .test = kBootstrap};
}

double same(double mean) {
  return mean;
}

std::vector<double> losses(const Answers& answers) {
  std::vector<double> nats;
  for (size_t i = 0; i < answers.truth.size(); ++i) {
    const bool other = answers.classes.size() == 2 && answers.truth[i] == 0;
    const double p = other ? 1 - answers.probability[i] : answers.probability[i];
    nats.push_back(-std::log(std::clamp(p, 0x1p-52, 1.0)));
  }
  return nats;
}

void compare_classes(const Answers& first, const Answers& second, AnswerComparison& comparison) {
  std::vector<uint8_t> right[2], positive;
  std::vector<double> shares[2];
  for (size_t i = 0; i < first.truth.size(); ++i) {
    for (const auto& [which, answers] : {std::pair{0, &first}, {1, &second}}) {
      right[which].push_back(answers->answer[i] == answers->truth[i]);
      shares[which].push_back(right[which].back());
    }
    positive.push_back(first.truth[i] == 1);
  }
  comparison.disagreements = mcnemar(right[0], right[1]);
  ComparedScore accuracy = compared_means("accuracy", true, shares[0], shares[1], same);
  accuracy.p = comparison.disagreements->mid_p;
  accuracy.test += ", McNemar";
  comparison.scores = {accuracy,
                       compared_means("log_loss", false, losses(first), losses(second), same)};
  const auto positives = std::count(positive.begin(), positive.end(), 1);
  if (first.classes.size() != 2 || positives < 2 ||
      static_cast<int64_t>(positive.size()) - positives < 2)
    return;
  const AucDifference auc = delong_test(positive, first.probability, second.probability);
  comparison.scores.push_back({.name = "auc",
                               .first = auc.first.auc,
                               .second = auc.second.auc,
                               .interval = auc.interval,
                               .p = auc.p,
                               .test = "DeLong"});
}

void compare_numbers(const Answers& first, const Answers& second, AnswerComparison& comparison) {
  std::vector<double> squares[2], sizes[2];
  for (const auto& [which, answers] : {std::pair{0, &first}, {1, &second}})
    for (size_t i = 0; i < answers->number.size(); ++i) {
      const double off = answers->number[i] - answers->true_number[i];
      squares[which].push_back(off * off);
      sizes[which].push_back(std::abs(off));
    }
  comparison.scores = {
      compared_means("rmse", false, squares[0], squares[1], [](double m) { return std::sqrt(m); }),
      compared_means("mae", false, sizes[0], sizes[1], same)};
}

bool decided(const ComparedScore& score) {
  if (score.p) return *score.p < kLevel;
  return score.interval.low > 0 || score.interval.high < 0;
}

// "91.2 %" or "0.534".
std::string value_text(const ComparedScore& score, double value) {
  return score.name == "accuracy" ? fmt::format("{:.1f} %", 100 * value)
                                  : fmt::format("{:.4g}", value);
}

std::string difference_text(const ComparedScore& score, double low, double high) {
  return score.name == "accuracy" ? fmt::format("{:+.1f} to {:+.1f} points", 100 * low, 100 * high)
                                  : fmt::format("{:+.4g} to {:+.4g}", low, high);
}

std::string p_text(double p) {
  return p < 0.001 ? "below 0.001" : fmt::format("{:.3f}", p);
}

}  // namespace

AnswerComparison compare_answers(const Answers& first, const Answers& second) {
  if (first.id.empty()) fail(Kind::data, "there are no answers to compare");
  const Answers other = aligned(first, second);
  AnswerComparison comparison{
      .samples = static_cast<int64_t>(first.id.size()), .scores = {}, .disagreements = {}};
  first.classes.empty() ? compare_numbers(first, other, comparison)
                        : compare_classes(first, other, comparison);
  const ComparedScore& headline = comparison.scores.front();
  if (decided(headline) && headline.difference() != 0)
    comparison.winner = (headline.difference() > 0) == headline.higher_is_better ? 1 : 2;
  return comparison;
}

std::string verdict(const AnswerComparison& comparison,
                    const std::string& first,
                    const std::string& second) {
  const ComparedScore& score = comparison.scores.front();
  std::string text;
  if (comparison.winner == 0)
    text = fmt::format("Neither is shown to be better: {} has {} {}, {} has {}", first, score.name,
                       value_text(score, score.first), second, value_text(score, score.second));
  else
    text = fmt::format("{} is better: {} {} against {}", comparison.winner == 1 ? first : second,
                       score.name,
                       value_text(score, comparison.winner == 1 ? score.first : score.second),
                       value_text(score, comparison.winner == 1 ? score.second : score.first));
  text += fmt::format(" on {}; the first less the second is {} (95 %{})",
                      counted(comparison.samples, "sample"),
                      difference_text(score, score.interval.low, score.interval.high),
                      score.p ? ", p " + p_text(*score.p) : "");
  if (comparison.winner != 0) return text + ".";
  if (!comparison.disagreements) return text + ".";
  const int64_t apart =
      comparison.disagreements->first_only + comparison.disagreements->second_only;
  return text + fmt::format(". Just one of them is right on {}; that many can fall so by chance.",
                            counted(apart, "sample"));
}

nlohmann::ordered_json to_json(const AnswerComparison& comparison) {
  nlohmann::ordered_json json = {{"samples", comparison.samples},
                                 {"scores", nlohmann::ordered_json::object()}};
  for (const ComparedScore& score : comparison.scores) {
    nlohmann::ordered_json& entry = json["scores"][score.name];
    entry = {{"first", score.first},
             {"second", score.second},
             {"difference", score.difference()},
             {"low", score.interval.low},
             {"high", score.interval.high},
             {"higher_is_better", score.higher_is_better},
             {"test", score.test}};
    if (score.p) entry["p"] = *score.p;
  }
  if (comparison.disagreements) {
    const McNemar& test = *comparison.disagreements;
    json["mcnemar"] = {{"both_right", test.both},         {"first_only", test.first_only},
                       {"second_only", test.second_only}, {"both_wrong", test.neither},
                       {"exact_p", test.exact_p},         {"mid_p", test.mid_p},
                       {"chi_square", test.chi_square},   {"chi_square_p", test.chi_square_p}};
  }
  json["winner"] = comparison.winner == 0   ? nlohmann::ordered_json()
                   : comparison.winner == 1 ? nlohmann::ordered_json("first")
                                            : nlohmann::ordered_json("second");
  return json;
}

}  // namespace espalier
