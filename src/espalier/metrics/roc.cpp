#include "espalier/metrics/roc.h"

#include <limits>

#include "espalier/core/error.h"
#include "espalier/metrics/each_threshold.h"

namespace espalier {
namespace {

constexpr const char* kRoc = "a ROC curve";

struct Point {
  double x, y;
};

bool on_the_way(const Point& from, const Point& here, const Point& to) {
  return here.x - from.x == to.x - here.x && here.y - from.y == to.y - here.y;
}

}  // namespace

RocCurve roc_curve(const BinarySamples& samples, bool all_points) {
  check_both_sides(samples, kRoc);
  std::vector<Point> points = {{0, 0}};
  RocCurve curve;
  curve.threshold = {std::numeric_limits<double>::infinity()};
  each_threshold(samples, [&](double score, double positives, double negatives) {
    points.push_back({points.back().x + negatives, points.back().y + positives});
    curve.threshold.push_back(score);
  });
  const Point all = points.back();
  size_t kept = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    // Who lies midway between two neighbours adds nothing; as scikit-learn's, from the second threshold on.
    if (!all_points && i > 1 && i + 1 < points.size() &&
        on_the_way(points[i - 1], points[i], points[i + 1]))
      continue;
    curve.false_positive_rate.push_back(points[i].x / all.x);
    curve.true_positive_rate.push_back(points[i].y / all.y);
    curve.threshold[kept++] = curve.threshold[i];
  }
  curve.threshold.resize(kept);
  return curve;
}

double roc_auc(const BinarySamples& samples) {
  check_both_sides(samples, kRoc);
  double area = 0, above = 0, right = 0;
  each_threshold(samples, [&](double, double positives, double negatives) {
    area += negatives * (above + positives / 2);
    above += positives;
    right += negatives;
  });
  return area / (above * right);
}

double partial_roc_auc(const BinarySamples& samples, double most) {
  if (!(most > 0 && most <= 1))
    fail(Kind::usage, "a rate of false positives of {} is not in (0, 1]", most);
  if (most == 1) return roc_auc(samples);
  const RocCurve curve = roc_curve(samples, true);
  const std::vector<double>&x = curve.false_positive_rate, &y = curve.true_positive_rate;
  double area = 0;
  for (size_t i = 1; i < x.size() && x[i - 1] < most; ++i) {
    const bool last = x[i] > most;
    const double end = last ? most : x[i];
    const double height =
        last ? y[i - 1] + (y[i] - y[i - 1]) * (most - x[i - 1]) / (x[i] - x[i - 1]) : y[i];
    area += (end - x[i - 1]) * (y[i - 1] + height) / 2;
  }
  const double chance = most * most / 2;
  return (1 + (area - chance) / (most - chance)) / 2;
}

}  // namespace espalier
