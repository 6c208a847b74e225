#include <algorithm>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/metrics/diagnosis.h"

namespace espalier {
namespace {

// What is said of one diagnosis, in its units.
class Judge {
 public:
  explicit Judge(const Diagnosis& d) : d_(d), unit_(std::max(1e-9, 1 - d.chance)) {}

  std::vector<FoundCause> causes() {
    copies();
    telling_columns();
    shift();
    time();
    complexity();
    noise();
    amount();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const FoundCause& a, const FoundCause& b) { return a.worth > b.worth; });
    if (found_.empty()) found_.push_back(nothing());
    return found_;
  }

 private:
  std::string score(double value) const {
    return d_.score_name == "accuracy" ? fmt::format("{:.1f} %", 100 * value)
                                       : fmt::format("R² {:.3f}", value);
  }
  std::string gain(double value) const {
    return d_.score_name == "accuracy" ? fmt::format("{:+.1f} points", 100 * value)
                                       : fmt::format("{:+.3f} of R²", value);
  }
  std::string gain(const Gain& g) const {
    const double scale = d_.score_name == "accuracy" ? 100 : 1;
    return d_.score_name == "accuracy"
               ? fmt::format("{:+.1f} points (95 % {:+.1f} to {:+.1f})", scale * g.value,
                             scale * g.interval.low, scale * g.interval.high)
               : fmt::format("{:+.3f} of R² (95 % {:+.3f} to {:+.3f})", g.value, g.interval.low,
                             g.interval.high);
  }
  static std::string share(double value) { return fmt::format("{:.1f} %", 100 * value); }
  double skill(double score) const { return (score - d_.chance) / unit_; }
  bool counts(const Gain& g, double least) const {
    return g.value >= least * unit_ && g.interval.low > 0;
  }
  void add(Cause cause, double worth, std::string because, std::string advice) {
    found_.push_back({cause, worth, std::move(because), std::move(advice)});
  }

  void copies() {
    if (!d_.leaks || d_.leaks->asked_rows == 0) return;
    const LeakScan& leaks = *d_.leaks;
    const double n = static_cast<double>(leaks.asked_rows),
                 copied = static_cast<double>(leaks.duplicates);
    if (leaks.duplicates < 2 || copied < kCopies * n || copied < kCopiesOverChance * leaks.expected)
      return;
    std::string because = fmt::format(
        "{} of {} asked {} ({}) stand among the training ones too; {:.1f} would by chance.",
        with_commas(leaks.duplicates), with_commas(leaks.asked_rows), d_.samples, share(copied / n),
        leaks.expected);
    if (leaks.score_duplicates && leaks.score_others)
      because += fmt::format(" The model reaches {} on the copies and {} on the others.",
                             score(*leaks.score_duplicates), score(*leaks.score_others));
    add(Cause::leaking, 1, because,
        fmt::format("Remove the copies (or split so that copies stay together); until then believe "
                    "the score on the other {}.",
                    d_.samples));
  }

  void telling_columns() {
    if (!d_.leaks) return;
    for (const TellingColumn& column : d_.leaks->columns) {
      if (!column.without) continue;
      const bool all =
          skill(column.alone) >= kAllTelling && skill(*column.without) <= kNotWithoutIt;
      const bool numbered = column.identifier && skill(column.alone) >= kTellingIdentifier &&
                            column.alone - *column.without >= kWorthGaining * unit_;
      if (!all && !numbered) continue;
      add(Cause::leaking, 1,
          fmt::format("Column '{}' {}alone reaches {}; all other columns together reach {}.",
                      column.name, numbered ? "numbers the rows, and " : "", score(column.alone),
                      score(*column.without)),
          fmt::format("Ask whether '{}' is known when the model is asked. If it is written down "
                      "with the answer, or only numbers the rows, train without it.",
                      column.name));
    }
  }

  void shift() {
    if (!d_.shift || !d_.shift->harm || !counts(*d_.shift->harm, kWorthMoving)) return;
    const ShiftCheck& s = *d_.shift;
    std::string because = fmt::format(
        "The asked {0} gain {1} when a model learns from {0} like them, alone or in the place of "
        "as many "
        "training {0}; as it is, it reaches {2} on them and {3} within the training {0}. A "
        "classifier tells "
        "the two apart with AUC {4:.3f} (95 % {5:.3f} to {6:.3f}; {7:.3f} where there is nothing "
        "to tell)",
        d_.samples, gain(*s.harm), score(s.asked), score(s.cross_validated), s.auc, s.interval.low,
        s.interval.high, s.control);
    if (s.interval.low <= 0.55)
      because +=
          ": they look alike, so what has changed is how the target follows from the columns.";
    else if (!s.columns.empty())
      because += fmt::format(", most of all by '{}'.", s.columns[0].first);
    else
      because += ".";
    add(Cause::shifted, s.harm->value, because,
        fmt::format("Collect training {} of the kind that is asked about, or weight those that are "
                    "like them.",
                    d_.samples));
  }

  void time() {
    if (!d_.time || !counts(d_.time->harm, kWorthMoving)) return;
    const TimeCheck& t = *d_.time;
    add(Cause::shifted, t.harm.value,
        fmt::format("In the order of '{}', the last {} {} are answered with {} by a model of the "
                    "earlier ones and with {} by models that saw some of their own time: {}.",
                    t.column, with_commas(t.later), d_.samples, score(t.by_earlier),
                    score(t.by_later), gain(t.harm)),
        "What is learned gets old: judge by a split in time, train on recent rows and train again "
        "often.");
  }

  void complexity() {
    const Setting* best = nullptr;
    for (const Setting& s : d_.sweep)
      if (s.gain && counts(*s.gain, kWorthGaining) &&
          (best == nullptr || s.gain->value > best->gain->value))
        best = &s;
    if (best == nullptr) return;
    std::string because = fmt::format(
        "It reaches {} on the {} that it learned from and {} on others; {} reaches {} there: {}.",
        score(d_.train), d_.samples, score(d_.held_out), best->name, score(best->held_out),
        gain(*best->gain));
    if (best->more_complex) {
      if (best->held_out > d_.train) because += " It cannot follow even what it has seen.";
      add(Cause::too_simple, best->gain->value, because,
          fmt::format("{}: {}.", best->own ? "Give it room" : "Take one that bends more",
                      best->name));
    } else {
      add(Cause::too_complex, best->gain->value, because + " It learns what does not repeat.",
          fmt::format("{}: {}.", best->own ? "Hold it back" : "Take a steadier one", best->name));
    }
  }

  void noise() {
    if (!d_.noise || d_.noise->rows < kLeastToJudge) return;
    const NoiseCheck& n = *d_.noise;
    const double error = 1 - n.score;
    if (d_.score_name != "accuracy") {
      if (n.fit_of_rest < kSomeSkill || n.outliers < kOutliers || n.outlier_loss < kOutlierLoss)
        return;
      add(Cause::noisy_labels, n.outlier_loss * error,
          fmt::format("{} of the {} lie more than six times as far from their answer as {} like "
                      "them usually do, and hold {} of all squared error.",
                      share(n.outliers), d_.samples, d_.samples, share(n.outlier_loss)),
          "Look at the rows listed under 'Suspect targets': wrong units, slipped digits, rows "
          "mixed up.");
      return;
    }
    if (skill(n.score) < kSomeSkill || n.sure_interval.low < kSureError ||
        n.sure_error < kEvenError * error || d_.curve.growth.value > kFlat * unit_)
      return;
    add(Cause::noisy_labels, std::min(n.sure_error, error),
        fmt::format("Even the third of the {} that {} answers most surely is wrong in {} of the "
                    "cases (95 % {} to {}), of all {} in {}; where classes merely overlap, sure "
                    "answers are right. Confident learning takes {} of the labels for wrong.",
                    d_.samples, n.by, share(n.sure_error), share(n.sure_interval.low),
                    share(n.sure_interval.high), d_.samples, share(error), share(n.wrong_share)),
        fmt::format("Look at the {} listed under 'Suspect labels' and mend what is wrong. If the "
                    "labels are right, the column that decides is not in the data.",
                    d_.samples));
  }

  void amount() {
    const LearningCurve& c = d_.curve;
    if (!c.known() || c.next_doubling < kWorthCollecting * unit_ || c.growth.interval.low <= 0)
      return;
    const double gap = d_.train - d_.held_out;
    if (gap < kWorthCollecting * unit_) return;
    add(Cause::too_little_data, c.next_doubling,
        fmt::format("The last fourfold of the {} gained {}, and the curve expects {} of twice as "
                    "many; {} on those it learned from against {} on others leaves room.",
                    d_.samples, gain(c.growth), gain(c.next_doubling), score(d_.train),
                    score(d_.held_out)),
        fmt::format("Collect more {}: at twice as many it should reach about {}.", d_.samples,
                    score(d_.held_out + c.next_doubling)));
  }

  FoundCause nothing() const {
    FoundCause cause{Cause::as_good_as_it_gets, 0, "", ""};
    if (d_.signal && d_.signal->interval.low <= 0) {
      cause.because = fmt::format(
          "The columns say nothing about the target: {} out of fold, and {} after the targets were "
          "shuffled.",
          score(d_.held_out), score(d_.shuffled));
      cause.advice = "Other columns are needed; no model and no number of rows will do.";
      return cause;
    }
    double best = 0;
    for (const Setting& s : d_.sweep)
      if (s.gain) best = std::max(best, s.gain->value);
    cause.because = fmt::format("It reaches {} out of fold.", score(d_.held_out));
    if (!d_.sweep.empty())
      cause.because +=
          fmt::format(" No other setting or model is surely better (best {}).", gain(best));
    if (d_.curve.known())
      cause.because += fmt::format(" Twice the {} would give about {}.", d_.samples,
                                   gain(d_.curve.next_doubling));
    if (d_.shift)
      cause.because += fmt::format(
          " The asked {} are of the kind it learned from, or it does no harm that "
          "they are not (AUC {:.3f}).",
          d_.samples, d_.shift->auc);
    cause.advice =
        "Better columns would help more than another model. If something was not run (see below), "
        "that is not excluded.";
    return cause;
  }

  const Diagnosis& d_;
  double unit_;
  std::vector<FoundCause> found_;
};

}  // namespace

std::string_view cause_name(Cause cause) {
  switch (cause) {
    case Cause::leaking:
      return "leaking";
    case Cause::shifted:
      return "shifted";
    case Cause::noisy_labels:
      return "noisy labels";
    case Cause::too_simple:
      return "too simple";
    case Cause::too_complex:
      return "too complex";
    case Cause::too_little_data:
      return "too little data";
    case Cause::as_good_as_it_gets:
      return "as good as this data allows";
  }
  return "";
}

std::vector<FoundCause> judge(const Diagnosis& diagnosis) {
  return Judge(diagnosis).causes();
}

}  // namespace espalier
