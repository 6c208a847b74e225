#include "espalier/report/curves.h"

#include <algorithm>
#include <cmath>

#include "espalier/report/page.h"

namespace espalier {
namespace {

bool all_epochs_known(const std::vector<RunRecord>& runs) {
  for (const RunRecord& run : runs)
    for (const StepRecord& step : run.steps)
      if (!std::isfinite(step.epoch)) return false;
  return true;
}

bool any_finite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

Series step_series(const RunRecord& run, bool by_epoch, double StepRecord::*value) {
  Series series;
  for (const StepRecord& step : run.steps) {
    series.x.push_back(by_epoch ? step.epoch : step.step);
    series.y.push_back(step.*value);
  }
  return series;
}

Series train_loss_by_epoch(const RunRecord& run, bool by_epoch) {
  Series series;
  for (const EpochRecord& epoch : run.epochs) {
    series.x.push_back(by_epoch ? epoch.epoch : epoch.step);
    series.y.push_back(epoch.train_loss);
  }
  series.dots = true;
  return series;
}

Series score_series(const RunRecord& run, bool by_epoch, const std::string& name) {
  Series series;
  bool band = true;
  for (const EpochRecord& epoch : run.epochs)
    for (const Score& score : epoch.scores.items) {
      if (score.name != name) continue;
      series.x.push_back(by_epoch ? epoch.epoch : epoch.step);
      series.y.push_back(score.value);
      band = band && score.interval.has_value();
      if (!band) continue;
      series.low.push_back(score.interval->low);
      series.high.push_back(score.interval->high);
    }
  if (!band) {
    series.low.clear();
    series.high.clear();
  }
  series.dots = true;
  return series;
}

// A loss that falls through more than a factor of thirty reads better by decades.
bool wants_log(const LineChart& chart) {
  double low = INFINITY, high = 0;
  for (const Series& series : chart.series)
    for (double y : series.y) {
      if (!std::isfinite(y)) continue;
      if (y <= 0) return false;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  return high > 30 * low;
}

LineChart loss_chart(const std::vector<RunRecord>& runs, bool by_epoch) {
  LineChart chart;
  chart.title = "Training loss";
  const bool alone = runs.size() == 1;
  for (size_t r = 0; r < runs.size(); ++r) {
    Series loss = step_series(runs[r], by_epoch, &StepRecord::loss);
    if (!any_finite(loss.y)) loss = train_loss_by_epoch(runs[r], by_epoch);
    if (!any_finite(loss.y)) continue;
    loss.colour = static_cast<int>(r);
    loss.name = alone ? "train" : runs[r].name;
    if (loss.y.size() < 30) {
      chart.series.push_back(std::move(loss));
      continue;
    }
    const double window = static_cast<double>(loss.y.size()) / 40;
    Series smoothed = smooth(loss, std::max(3.0, window));
    loss.faint = true;
    if (alone) chart.series.push_back(std::move(loss));
    chart.series.push_back(std::move(smoothed));
  }
  if (alone) {
    Series held_out = score_series(runs[0], by_epoch, "log_loss");
    held_out.name = "validation (log loss)";
    held_out.colour = 1;
    held_out.low.clear();
    held_out.high.clear();
    if (any_finite(held_out.y)) {
      chart.title = "Loss";
      chart.series.push_back(std::move(held_out));
    }
  }
  chart.log_y = wants_log(chart);
  return chart;
}

std::string headline_name(const std::vector<RunRecord>& runs) {
  for (const RunRecord& run : runs)
    for (const EpochRecord& epoch : run.epochs)
      if (!epoch.scores.items.empty()) return epoch.scores.items.front().name;
  return "";
}

LineChart score_chart(const std::vector<RunRecord>& runs, bool by_epoch) {
  LineChart chart;
  const std::string name = headline_name(runs);
  const bool alone = runs.size() == 1;
  chart.title = "Validation " + score_title(name);
  if (chart.title.size() > 11)
    chart.title[11] = static_cast<char>(std::tolower(static_cast<unsigned char>(chart.title[11])));
  chart.percent = is_share(name);
  for (size_t r = 0; r < runs.size(); ++r) {
    Series series = score_series(runs[r], by_epoch, name);
    if (series.y.empty()) continue;
    series.name = alone ? "last epoch" : runs[r].name;
    series.colour = static_cast<int>(r);
    if (!alone) {
      series.low.clear();
      series.high.clear();
    }
    chart.series.push_back(std::move(series));
  }
  if (alone && runs[0].facts && runs[0].facts->best_epoch && by_epoch) {
    chart.mark_x = *runs[0].facts->best_epoch;
    chart.mark_text = "best: kept";
  }
  return chart;
}

LineChart rate_chart(const std::vector<RunRecord>& runs, bool by_epoch) {
  LineChart chart;
  chart.title = "Learning rate";
  for (size_t r = 0; r < runs.size(); ++r) {
    Series series = step_series(runs[r], by_epoch, &StepRecord::lr);
    if (!any_finite(series.y)) continue;
    series.name = runs.size() == 1 ? "last step" : runs[r].name;
    series.colour = static_cast<int>(r);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<LineChart> learning_curves(const std::vector<RunRecord>& runs) {
  const bool by_epoch = all_epochs_known(runs);
  std::vector<LineChart> charts;
  for (LineChart chart :
       {loss_chart(runs, by_epoch), score_chart(runs, by_epoch), rate_chart(runs, by_epoch)}) {
    if (chart.series.empty()) continue;
    chart.x_label = by_epoch ? "epoch" : "step";
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace espalier
