#include "espalier/tabular/label_noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/metrics/interval.h"

namespace espalier {
namespace {

constexpr size_t kMostSuspects = 20;
constexpr double kFarOff = 6,
                 kNormalMedian = 1.4826;  // deviation of a normal over its median absolute value
constexpr size_t kLeastAlike = 30, kMostKinds = 10;

struct Stranger {
  size_t at;  // in fit.answered
  double by;
  int32_t expected;
};

std::vector<Stranger> most_strange(std::vector<Stranger> all) {
  std::stable_sort(all.begin(), all.end(),
                   [](const Stranger& a, const Stranger& b) { return a.by > b.by; });
  if (all.size() > kMostSuspects) all.resize(kMostSuspects);
  return all;
}

// The share of wrong answers among the third of the rows whose best class is most probable.
std::pair<int64_t, int64_t> sure_errors(const CrossFit& fit) {
  std::vector<double> sure;
  for (int64_t i = 0; i < fit.answers.rows; ++i) {
    const double* row = fit.answers.row(i);
    sure.push_back(*std::max_element(row, row + fit.answers.columns));
  }
  std::vector<size_t> order(sure.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sure[a] > sure[b]; });
  const size_t third = (order.size() + 2) / 3;
  int64_t wrong = 0;
  for (size_t i = 0; i < third; ++i) wrong += fit.losses[order[i]] > 0;
  return {wrong, static_cast<int64_t>(third)};
}

void confident_learning(const LabelledRows& rows,
                        const std::vector<std::string>& names,
                        const CrossFit& fit,
                        NoiseCheck& check) {
  const auto classes = static_cast<size_t>(rows.classes);
  std::vector<double> bar(classes), count(classes);
  const auto label_of = [&](size_t i) {
    return static_cast<size_t>(rows.labels[static_cast<size_t>(fit.answered[i])]);
  };
  for (size_t i = 0; i < fit.answered.size(); ++i) {
    bar[label_of(i)] += fit.answers(static_cast<int64_t>(i), static_cast<int64_t>(label_of(i)));
    ++count[label_of(i)];
  }
  for (size_t c = 0; c < classes; ++c) bar[c] /= std::max(1.0, count[c]);
  std::vector<double> kept(classes), moved(classes);
  std::vector<Stranger> strangers;
  for (size_t i = 0; i < fit.answered.size(); ++i) {
    const double* p = fit.answers.row(static_cast<int64_t>(i));
    int32_t best = -1;
    for (size_t c = 0; c < classes; ++c)
      if (count[c] > 0 && p[c] >= bar[c] && (best < 0 || p[c] > p[best]))
        best = static_cast<int32_t>(c);
    if (best < 0) continue;
    const size_t given = label_of(i);
    ++(static_cast<size_t>(best) == given ? kept : moved)[given];
    if (static_cast<size_t>(best) != given) strangers.push_back({i, p[best] - p[given], best});
  }
  double wrong = 0;
  for (size_t c = 0; c < classes; ++c)
    if (kept[c] + moved[c] > 0) wrong += count[c] * moved[c] / (kept[c] + moved[c]);
  check.wrong_share = wrong / static_cast<double>(fit.answered.size());
  for (const Stranger& one : most_strange(std::move(strangers)))
    check.suspects.push_back(
        {.line = fit.answered[one.at],
         .id = "",
         .given = names.at(label_of(one.at)),
         .expected = names.at(static_cast<size_t>(one.expected)),
         .probability = fit.answers(static_cast<int64_t>(one.at), one.expected)});
}

// Squared, of the answers and targets of all but these rows: what outliers do to the fit shifts and stretches its answers.
double correlation_of_rest(const LabelledRows& rows,
                           const CrossFit& fit,
                           const std::vector<Stranger>& strangers) {
  std::vector<char> out(fit.answered.size());
  for (const Stranger& one : strangers) out[one.at] = 1;
  double n = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i]) continue;
    const double x = fit.answers.values[i], y = rows.targets[static_cast<size_t>(fit.answered[i])],
                 dx = x - mean_x, dy = y - mean_y;
    mean_x += dx / ++n;
    mean_y += dy / n;
    xx += dx * (x - mean_x);
    yy += dy * (y - mean_y);
    xy += dx * (y - mean_y);
  }
  return xx > 0 && yy > 0 && xy > 0 ? xy * xy / (xx * yy) : 0;
}

void outliers(const LabelledRows& rows, const CrossFit& fit, NoiseCheck& check) {
  const size_t n = fit.answered.size();
  std::vector<double> off(n);
  for (size_t i = 0; i < n; ++i)
    off[i] = std::abs(rows.targets[static_cast<size_t>(fit.answered[i])] -
                      fit.answers(static_cast<int64_t>(i), 0));
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return fit.answers.values[a] < fit.answers.values[b];
  });
  const size_t kinds = std::clamp<size_t>(n / kLeastAlike, 1, kMostKinds);
  std::vector<Stranger> strangers;
  double loss = 0, all = 0;
  for (size_t k = 0; k < kinds; ++k) {
    const size_t begin = k * n / kinds, end = (k + 1) * n / kinds;
    std::vector<double> alike;
    for (size_t i = begin; i < end; ++i) alike.push_back(off[order[i]]);
    std::nth_element(alike.begin(), alike.begin() + static_cast<std::ptrdiff_t>(alike.size() / 2),
                     alike.end());
    const double usual = kNormalMedian * alike[alike.size() / 2];
    for (size_t i = begin; i < end; ++i) {
      all += fit.losses[order[i]];
      if (!(off[order[i]] > kFarOff * usual)) continue;
      loss += fit.losses[order[i]];
      strangers.push_back({order[i], off[order[i]] / std::max(usual, 1e-300), 0});
    }
  }
  check.outliers = static_cast<double>(strangers.size()) / static_cast<double>(n);
  check.outlier_loss = all > 0 ? loss / all : 0;
  check.fit_of_rest = correlation_of_rest(rows, fit, strangers);
  for (const Stranger& one : most_strange(std::move(strangers)))
    check.suspects.push_back(
        {.line = fit.answered[one.at],
         .id = "",
         .given = fmt::format("{:.6g}", rows.targets[static_cast<size_t>(fit.answered[one.at])]),
         .expected = fmt::format("{:.6g}", fit.answers.values[one.at]),
         .probability = 0});
}

}  // namespace

double answer_loss(const LabelledRows& rows, const CrossFit& fit) {
  if (rows.goal == Goal::regress) return 1 - fit.mean_held_out();
  double sum = 0;
  for (size_t i = 0; i < fit.answered.size(); ++i)
    sum -= std::log(std::max(1e-9, fit.answers(static_cast<int64_t>(i),
                                               rows.labels[static_cast<size_t>(fit.answered[i])])));
  return sum / static_cast<double>(fit.answered.size());
}

NoiseCheck check_noise(const LabelledRows& rows,
                       const std::vector<std::string>& classes,
                       const CrossFit& fit) {
  NoiseCheck check;
  check.rows = static_cast<int64_t>(fit.answered.size());
  check.score = 1 - std::accumulate(fit.losses.begin(), fit.losses.end(), 0.0) /
                        static_cast<double>(std::max<size_t>(1, fit.losses.size()));
  if (rows.goal == Goal::regress) {
    outliers(rows, fit, check);
    return check;
  }
  const auto [wrong, sure] = sure_errors(fit);
  check.sure_error = static_cast<double>(wrong) / static_cast<double>(std::max<int64_t>(1, sure));
  check.sure_interval = wilson_interval(wrong, sure);
  confident_learning(rows, classes, fit, check);
  return check;
}

}  // namespace espalier
