#include "espalier/tabular/diagnose.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/tabular/hushed.h"
#include "espalier/tabular/label_noise.h"
#include "espalier/tabular/leak_scan.h"

namespace espalier {
namespace {

constexpr int64_t kLeastRows = 30, kLeastAsked = 30, kMostRepeats = 5;
constexpr double kRowsWorthRepeating = 3000;  // rows x repeats
constexpr double kShares[] = {1 / 16., 1 / 8., 1 / 4., 1 / 2.};
constexpr double kLater = 0.2;          // share of the rows that are the later ones
constexpr double kLeastSpread = 0.005;  // of a point of the curve, as a share of 1 - chance

LabelledRows with_shuffled_targets(LabelledRows rows, Random random) {
  random.shuffle(rows.labels);
  random.shuffle(rows.targets);
  return rows;
}

class Examination {
 public:
  Examination(const Subject& subject, const DiagnoseConfig& config)
      : subject_(subject), random_(Random(static_cast<uint64_t>(config.seed)).stream("diagnose")) {
    if (subject.train.count() < kLeastRows)
      fail(Kind::data, "a diagnosis takes {} training rows, here are {}", kLeastRows,
           subject.train.count());
    chosen_ = drawn_rows(subject.train.count(), config.most_rows, random_.stream("train rows"));
    train_ = subject.train.at(chosen_);
    asked_ = subject.asked.at(
        drawn_rows(subject.asked.count(), config.most_rows, random_.stream("asked rows")));
    rows_ = subject.learned_columns ? joined(train_, asked_) : train_;
    const auto repeats = static_cast<int64_t>(std::clamp(
        kRowsWorthRepeating / static_cast<double>(train_.count()), 1.0, double{kMostRepeats}));
    Folds folds = subject.learned_columns
                      ? make_folds_across(rows_, train_.count(), config.folds, random_)
                      : make_folds(rows_, config.folds, repeats, random_);
    d_.model = subject.model;
    d_.target = subject.target;
    d_.score_name = train_.goal == Goal::classify ? "accuracy" : "r2";
    d_.samples = subject.samples;
    d_.rows = train_.count();
    d_.rows_of = subject.train.count();
    d_.folds = folds.folds;
    d_.repeats = folds.repeats;
    d_.chance = chance_score(rows_);
    d_.seed = config.seed;
    unit_ = std::max(1e-9, 1 - d_.chance);
    if (folds.splits.empty()) fail(Kind::data, "too few rows to hold some out");
    settings_ = subject.settings(train_, static_cast<int64_t>(folds.splits[0].train.size()));
    plan(folds);
    fitter_.emplace(rows_, std::move(folds), *progress_);
  }

  Diagnosis run() {
    const auto start = std::chrono::steady_clock::now();
    sweep();
    curve();
    control();
    noise();
    if (!subject_.learned_columns) {
      asked();
      leaks();
      time();
    }
    progress_->finish();
    d_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return d_;
  }

 private:
  void plan(const Folds& folds) {
    double runs = static_cast<double>(settings_.size()) + 1;  // the control
    for (const double share : kShares) runs += share;
    double rows = 0;
    for (const SplitRows& split : folds.splits) rows += static_cast<double>(split.train.size());
    double total = runs * rows;
    if (!subject_.learned_columns)
      total += static_cast<double>(train_.count()) *
               (static_cast<double>(subject_.columns.size()) + (asked_.count() > 0 ? 7 : 0));
    progress_.emplace("diagnosing", static_cast<int64_t>(total), "row");
  }

  // What a setting cannot do with these rows is said, not fatal.
  std::optional<CrossFit> try_run(const std::string& what,
                                  const MakeLearner& make,
                                  double share = 1,
                                  const LabelledRows* taught = nullptr) {
    try {
      return fitter_->run(make, share, taught);
    } catch (const Error& error) {
      not_run(what, error);
      return std::nullopt;
    }
  }

  void not_run(const std::string& what, const Error& error) {
    if (error.kind() == Kind::interrupted || error.kind() == Kind::internal) throw error;
    d_.not_run.push_back({what, error.what()});
  }

  void sweep() {
    fits_.reserve(settings_.size());
    for (const LearnerSetting& setting : settings_) {
      std::optional<CrossFit> fit =
          setting.current ? fitter_->run(setting.make) : try_run(setting.name, setting.make);
      if (fit) fits_.emplace_back(&setting, std::move(*fit));
    }
    const CrossFit& now = fits_[0].second;
    d_.train = now.mean_train();
    d_.held_out = now.mean_held_out();
    for (const auto& [setting, fit] : fits_) {
      Setting row{.name = setting->name,
                  .own = setting->own,
                  .current = setting->current,
                  .more_complex = setting->own ? setting->more_complex : bias_outweighs(),
                  .train = fit.mean_train(),
                  .held_out = fit.mean_held_out(),
                  .gain = std::nullopt};
      if (!setting->current)
        row.gain = paired_gain(fit.held_out, now.held_out, fitter_->held_share());
      d_.sweep.push_back(std::move(row));
    }
  }

  // Most of the error is there on the very rows that it learned from: what helps bends more. Training scores of models
  // of different kinds do not compare, a forest has none to speak of.
  bool bias_outweighs() const { return 1 - d_.train >= d_.train - d_.held_out; }

  // Worse than chance is no better known than chance: it would only bend the curve.
  std::vector<double> at_least_chance(std::vector<double> scores) const {
    for (double& score : scores) score = std::max(score, d_.chance);
    return scores;
  }

  void curve() {
    std::vector<std::pair<double, CrossFit>> fits;
    const int64_t least = std::max<int64_t>(8, 2 * rows_.classes);
    for (const double share : kShares) {
      if (fitter_->train_rows(share) < least) continue;
      if (std::optional<CrossFit> fit = try_run(
              fmt::format("learning curve at {} {}", fitter_->train_rows(share), d_.samples),
              settings_[0].make, share))
        fits.emplace_back(share, std::move(*fit));
    }
    fits.emplace_back(1, fits_[0].second);
    std::vector<double> n, error, weight;
    for (const auto& [share, fit] : fits) {
      const Interval interval = split_interval(fit.held_out, fitter_->held_share());
      d_.curve.points.push_back({fit.rows, fit.mean_train(), fit.mean_held_out(), interval});
      const std::vector<double> scores = at_least_chance(fit.held_out);
      const double mean =
          std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
      const Interval reach = split_interval(scores, fitter_->held_share());
      const double spread = std::hypot((reach.high - reach.low) / 4, kLeastSpread * unit_);
      n.push_back(static_cast<double>(fit.rows));
      error.push_back(1 - mean);
      weight.push_back(1 / (spread * spread));
    }
    if (!d_.curve.known()) {
      d_.not_run.push_back({"learning curve", "too few rows for three sizes"});
      return;
    }
    d_.curve.law = fit_power_law(n, error, weight);
    d_.curve.next_doubling = d_.curve.law.at(n.back()) - d_.curve.law.at(2 * n.back());
    d_.curve.growth =
        paired_gain(at_least_chance(fits.back().second.held_out),
                    at_least_chance(fits[fits.size() - 3].second.held_out), fitter_->held_share());
  }

  void control() {
    const LabelledRows shuffled = with_shuffled_targets(rows_, random_.stream("shuffled"));
    const std::optional<CrossFit> fit =
        try_run("control with shuffled targets", settings_[0].make, 1, &shuffled);
    if (!fit) return;
    d_.shuffled = fit->mean_held_out();
    d_.signal = paired_gain(fits_[0].second.held_out, fit->held_out, fitter_->held_share());
  }

  // By the answers that are the best of all settings: a tree that is sure of everything says nothing about labels.
  void noise() {
    size_t best = 0;
    for (size_t i = 1; i < fits_.size(); ++i)
      if (answer_loss(rows_, fits_[i].second) < answer_loss(rows_, fits_[best].second)) best = i;
    const auto& [setting, fit] = fits_[best];
    d_.noise = check_noise(rows_, subject_.classes, fit);
    d_.noise->by = setting->current ? "the model" : setting->name;
    for (SuspectRow& suspect : d_.noise->suspects) suspect.line = line_of(suspect.line);
  }

  int64_t line_of(int64_t row) const {
    if (subject_.learned_columns) return row - train_.count();
    const int64_t at = chosen_[static_cast<size_t>(row)];
    return subject_.train_lines.empty() ? at : subject_.train_lines[static_cast<size_t>(at)];
  }

  void asked() {
    if (asked_.count() == 0) {
      d_.not_run.push_back(
          {"shift and copies among asked rows",
           "no rows are asked about: --data names them, or --holdout in training"});
      return;
    }
    {
      const Hushed hushed;
      const std::unique_ptr<Learner> learner = settings_[0].make();
      learner->fit(train_.examples());
      asked_losses_ =
          row_losses(asked_, learner->predict(asked_.x.view()), target_variance(train_));
    }
    progress_->advance(train_.count());
    if (asked_.count() < kLeastAsked) {
      d_.not_run.push_back({"shift", fmt::format("{} rows are asked about, {} are needed",
                                                 asked_.count(), kLeastAsked)});
      return;
    }
    d_.shift = tell_apart(train_, asked_, subject_.columns, random_.stream("apart"));
    d_.shift->cross_validated = d_.held_out;
    d_.shift->asked = 1 - std::accumulate(asked_losses_.begin(), asked_losses_.end(), 0.0) /
                              static_cast<double>(asked_losses_.size());
    try {
      d_.shift->harm =
          gain_of_own_kind(train_, asked_, settings_[0].make, random_.stream("own kind")).gain;
      progress_->advance(6 * train_.count());
    } catch (const Error& error) {
      not_run("harm of the shift", error);
    }
  }

  void leaks() {
    d_.leaks.emplace();
    scan_copies(train_, asked_, subject_.columns, asked_losses_, *d_.leaks);
    scan_columns(train_, subject_.columns, random_.stream("columns"), *progress_, *d_.leaks);
  }

  void time() {
    if (subject_.time.empty()) {
      d_.not_run.push_back({"split in time", "no column says when; --time names one"});
      return;
    }
    Rows order;
    const auto when = [&](int64_t row) {
      return subject_.time[static_cast<size_t>(chosen_[static_cast<size_t>(row)])];
    };
    for (int64_t row = 0; row < train_.count(); ++row)
      if (!std::isnan(when(row))) order.push_back(row);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return when(a) < when(b); });
    const auto later = static_cast<size_t>(kLater * static_cast<double>(order.size()));
    if (later < static_cast<size_t>(kLeastAsked)) {
      d_.not_run.push_back({"split in time", "too few rows say when"});
      return;
    }
    const std::span<const int64_t> all = order;
    const LabelledRows before = train_.at(all.first(order.size() - later)),
                       after = train_.at(all.last(later));
    try {
      const KindGain found =
          gain_of_own_kind(before, after, settings_[0].make, random_.stream("time"));
      d_.time = TimeCheck{.column = subject_.time_column,
                          .earlier = before.count(),
                          .later = after.count(),
                          .by_earlier = found.by_train,
                          .by_later = found.by_own,
                          .harm = found.gain};
    } catch (const Error& error) {
      not_run("split in time", error);
    }
  }

  const Subject& subject_;
  Random random_;
  Rows chosen_;
  LabelledRows train_, asked_, rows_;
  std::vector<LearnerSetting> settings_;
  std::optional<Progress> progress_;
  std::optional<CrossFitter> fitter_;
  double unit_ = 1;
  Diagnosis d_;
  std::vector<std::pair<const LearnerSetting*, CrossFit>> fits_;  // the current one first
  std::vector<double> asked_losses_;
};

}  // namespace

Fields fields(DiagnoseConfig& c) {
  return {field("diagnose_folds", c.folds, "with --diagnose: folds of the cross-validation")
              .between(2, 20),
          field("diagnose_rows", c.most_rows, "with --diagnose: rows looked at, drawn from more")
              .between(100, 1e9),
          field("time", c.time,
                "with --diagnose: column of numbers or dates in whose order the rows came about; "
                "empty: one "
                "that is called date, time, timestamp or year"),
          field("seed", c.seed, "with --diagnose: of folds and of what is drawn")};
}

Diagnosis diagnose(const Subject& subject, const DiagnoseConfig& config) {
  return Examination(subject, config).run();
}

}  // namespace espalier
