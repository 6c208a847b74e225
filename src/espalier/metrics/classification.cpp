#include "espalier/metrics/classification.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/metrics/interval.h"

namespace espalier {
namespace {

constexpr int kBins = 15;
constexpr double kClamp = std::numeric_limits<float>::epsilon();  // 2^-23: scores are floats

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

int64_t check_truth(const Annotation& truth, int64_t classes) {
  if (truth.labels.empty()) fail(Kind::data, "the truth has no label");
  const int64_t id = truth.labels.front().id;
  if (id < 0 || id >= classes) fail(Kind::data, "true label {} is outside 0..{}", id, classes - 1);
  return id;
}

// `seen` is scratch of one flag a class.
void check_prediction(const Annotation& predicted, std::vector<char>& seen) {
  const int64_t classes = static_cast<int64_t>(seen.size());
  if (predicted.labels.size() != seen.size())
    fail(Kind::data, "{} probabilities for {} classes", predicted.labels.size(), classes);
  std::fill(seen.begin(), seen.end(), 0);
  double sum = 0;
  float last = std::numeric_limits<float>::infinity();
  for (const Label& label : predicted.labels) {
    if (label.id < 0 || label.id >= classes)
      fail(Kind::data, "predicted label {} is outside 0..{}", label.id, classes - 1);
    if (seen[static_cast<size_t>(label.id)]++)
      fail(Kind::data, "class {} is predicted twice", label.id);
    if (!(label.score >= 0 && label.score <= 1 + 1e-4F))  // also refuses NaN
      fail(Kind::data, "probability {} of class {} is outside 0..1", label.score, label.id);
    if (label.score > last) fail(Kind::data, "probabilities are not in order, best first");
    last = label.score;
    sum += label.score;
  }
  if (std::abs(sum - 1) > 0.01) fail(Kind::data, "probabilities sum to {:.4g}, not to 1", sum);
}

// What is gathered in one pass over the samples.
struct Tally {
  explicit Tally(size_t classes) : confusion(classes, std::vector<int64_t>(classes)) {}

  std::vector<std::vector<int64_t>> confusion;
  int64_t samples = 0, right = 0, in_top5 = 0;
  double loss = 0, loss_squared = 0;
  struct Bin {
    int64_t count = 0, right = 0;
    double confidence = 0;
  };
  std::array<Bin, kBins> bins;

  void add(int64_t truth, const std::vector<Label>& labels) {
    const int64_t best = labels.front().id;
    ++samples;
    ++confusion[static_cast<size_t>(truth)][static_cast<size_t>(best)];
    right += best == truth;
    const auto found =
        std::find_if(labels.begin(), labels.end(), [&](const Label& l) { return l.id == truth; });
    in_top5 += found - labels.begin() < 5;
    const double nats =
        -std::log(std::clamp(static_cast<double>(found->score), kClamp, 1 - kClamp));
    loss += nats;
    loss_squared += nats * nats;
    const double confidence = labels.front().score;
    // Bin m holds (m / M, (m + 1) / M].
    const int bin = std::clamp(static_cast<int>(std::ceil(confidence * kBins)) - 1, 0, kBins - 1);
    Bin& into = bins[static_cast<size_t>(bin)];
    ++into.count;
    into.right += best == truth;
    into.confidence += confidence;
  }
};

std::vector<ClassRow> class_rows(const std::vector<std::vector<int64_t>>& confusion) {
  std::vector<ClassRow> rows(confusion.size());
  for (size_t t = 0; t < rows.size(); ++t) {
    for (size_t p = 0; p < rows.size(); ++p) {
      rows[t].support += confusion[t][p];
      rows[p].predicted += confusion[t][p];
    }
  }
  for (size_t c = 0; c < rows.size(); ++c) {
    const int64_t hits = confusion[c][c];
    rows[c].precision = share(hits, rows[c].predicted);
    rows[c].recall = share(hits, rows[c].support);
    rows[c].f1 = share(2 * hits, rows[c].support + rows[c].predicted);
    rows[c].recall_interval = wilson_interval(hits, rows[c].support);
  }
  return rows;
}

double macro_f1(const std::vector<ClassRow>& rows) {
  double sum = 0;
  int64_t occurring = 0;
  for (const ClassRow& row : rows) {
    sum += row.f1;
    occurring += row.support + row.predicted > 0;
  }
  return sum / static_cast<double>(occurring);
}

std::vector<ReliabilityBin> reliability_bins(const Tally& tally) {
  std::vector<ReliabilityBin> bins;
  for (int m = 0; m < kBins; ++m) {
    const Tally::Bin& from = tally.bins[static_cast<size_t>(m)];
    const double count = static_cast<double>(std::max<int64_t>(from.count, 1));
    bins.push_back({.low = static_cast<double>(m) / kBins,
                    .high = static_cast<double>(m + 1) / kBins,
                    .count = from.count,
                    .confidence = from.confidence / count,
                    .accuracy = share(from.right, from.count)});
  }
  return bins;
}

Scores scores_of(const Tally& tally, const ClassificationResult& result) {
  const double n = static_cast<double>(tally.samples);
  const double loss = tally.loss / n;
  const double spread = std::sqrt(std::max(0.0, tally.loss_squared / n - loss * loss) / n);
  double ece = 0;
  for (const ReliabilityBin& bin : result.reliability)
    ece += static_cast<double>(bin.count) / n * std::abs(bin.accuracy - bin.confidence);

  Scores scores;
  scores.items.push_back(
      {"accuracy", share(tally.right, tally.samples), true,
       wilson_interval(tally.right, tally.samples),
       fmt::format("share of {} samples whose most probable class is the true one, 0..1; always "
                   "naming the commonest class gives {:.3f}",
                   tally.samples, result.majority_share)});
  if (result.confusion.size() > 5)
    scores.items.push_back(
        {"top5", share(tally.in_top5, tally.samples), true,
         wilson_interval(tally.in_top5, tally.samples),
         "share of samples whose true class is among the five most probable, 0..1"});
  scores.items.push_back({"macro_f1", macro_f1(result.per_class), true, std::nullopt,
                          "mean over classes of the harmonic mean of precision and recall, 0..1"});
  scores.items.push_back(
      {"log_loss", loss, false, Interval{std::max(0.0, loss - kZ95 * spread), loss + kZ95 * spread},
       "mean of -log(probability of the true class) in nats, probabilities clamped "
       "at 1.2e-7; interval: normal, from the spread over samples"});
  scores.items.push_back({"calibration_error", ece, false, std::nullopt,
                          "mean gap between confidence and accuracy over 15 bins (ECE, Guo et al. "
                          "2017), 0..1"});
  return scores;
}

}  // namespace

ClassificationResult score_classification(const std::vector<Annotation>& truth,
                                          const std::vector<Annotation>& predicted,
                                          const std::vector<std::string>& classes) {
  if (truth.size() != predicted.size())
    fail(Kind::data, "{} true annotations but {} predicted", truth.size(), predicted.size());
  if (truth.empty()) fail(Kind::data, "there are no samples to score");
  if (classes.empty()) fail(Kind::data, "there are no classes to score");

  Tally tally(classes.size());
  std::vector<char> seen(classes.size());
  for (size_t i = 0; i < truth.size(); ++i) {
    with_context(fmt::format("scoring sample {}", i), [&] {
      const int64_t id = check_truth(truth[i], static_cast<int64_t>(classes.size()));
      check_prediction(predicted[i], seen);
      tally.add(id, predicted[i].labels);
    });
  }

  ClassificationResult result;
  result.confusion = tally.confusion;
  result.per_class = class_rows(result.confusion);
  result.reliability = reliability_bins(tally);
  int64_t commonest = 0;
  for (const ClassRow& row : result.per_class) commonest = std::max(commonest, row.support);
  result.majority_share = share(commonest, tally.samples);
  result.scores = scores_of(tally, result);
  return result;
}

nlohmann::ordered_json to_json(const ClassificationResult& result,
                               const std::vector<std::string>& classes) {
  using Json = nlohmann::ordered_json;
  Json per_class = Json::array();
  for (size_t c = 0; c < result.per_class.size(); ++c) {
    const ClassRow& row = result.per_class[c];
    per_class.push_back(Json{{"name", classes.at(c)},
                             {"support", row.support},
                             {"predicted", row.predicted},
                             {"precision", row.precision},
                             {"recall", row.recall},
                             {"recall_low", row.recall_interval.low},
                             {"recall_high", row.recall_interval.high},
                             {"f1", row.f1}});
  }
  Json bins = Json::array();
  for (const ReliabilityBin& bin : result.reliability)
    bins.push_back(Json{{"low", bin.low},
                        {"high", bin.high},
                        {"count", bin.count},
                        {"confidence", bin.confidence},
                        {"accuracy", bin.accuracy}});
  Json json = Json::object();
  json["scores"] = to_json(result.scores);
  json["classes"] = classes;
  json["confusion"] = result.confusion;
  json["per_class"] = std::move(per_class);
  json["reliability"] = std::move(bins);
  return json;
}

}  // namespace espalier
