// Why a model is not better: what was measured about it and its data, and the verdict that follows from the numbers by
// rules.
//
//   Diagnosis diagnosis = diagnose(rows, asked, "tree", *learner, config);   // tabular/diagnose.h
//   for (const FoundCause& cause : judge(diagnosis)) say(cause.because);     // the weightiest first
//
// Scores are accuracy or R squared; both are 1 - mean loss of a row (wrong or not; squared error over the variance of
// the training target). `chance` is what the commonest class or the mean reaches; thresholds are shares of 1 - chance,
// which is what there is to be won.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/power_law.h"
#include "espalier/metrics/scores.h"

namespace espalier {

// A difference of scores with its 95 % interval.
struct Gain {
  double value = 0;
  Interval interval;
};

struct CurvePoint {
  int64_t rows = 0;
  double train = 0, held_out = 0;  // means over the folds
  Interval interval;               // of held_out
};

struct LearningCurve {
  std::vector<CurvePoint>
      points;                // subsets nested, sizes doubling, the last with all rows of a fold
  PowerLaw law;              // of 1 - held_out
  Gain growth;               // of the last point over the one with a quarter of its rows
  double next_doubling = 0;  // gain that the law expects of twice the rows
  bool known() const { return points.size() >= 3; }
};

// One setting of the sweep, beside the one that was asked about.
struct Setting {
  std::string name;           // "max_depth 4", "a random forest"
  bool own = true;            // a setting of the same model; else another model
  bool current = false;       // the one asked about
  bool more_complex = false;  // than the current one
  double train = 0, held_out = 0;
  std::optional<Gain> gain;  // of held_out over the current one; none for the current one itself
};

struct ShiftCheck {
  int64_t train_rows = 0, asked_rows = 0;
  double auc = 0.5;      // of telling the two apart by their columns, out of fold
  Interval interval;     // over the folds
  double control = 0.5;  // the same with the two sides shuffled
  double cross_validated = 0,
         asked = 0;  // scores of the model: within the training rows, on the asked ones
  // What the asked rows gain when a model learns from rows like them, alone or in the place of training rows.
  std::optional<Gain> harm;
  std::vector<std::pair<std::string, double>> columns;  // by which they are told apart, share of it
};

// Asking about later rows, by a model of the earlier ones and by models that saw some of their time.
struct TimeCheck {
  std::string column;
  int64_t earlier = 0, later = 0;
  double by_earlier = 0, by_later = 0;  // scores on the later rows
  Gain harm;                            // by_later - by_earlier
};

struct TellingColumn {
  std::string name;
  double alone = 0;                    // score of this column by itself
  std::optional<double> without = {};  // of all others together; for the most telling ones
  bool identifier = false;             // numbers the rows
};

struct LeakScan {
  int64_t asked_rows = 0;
  int64_t duplicates = 0;  // asked rows that stand among the training rows too, with their target
  int64_t conflicts = 0;   // asked rows whose columns stand there with another target
  double expected = 0;  // duplicates that columns of so few different values would give by chance
  std::optional<double> score_duplicates, score_others;
  std::vector<TellingColumn> columns;  // the most telling first
};

struct SuspectRow {
  int64_t line = 0;  // in its file; 0: unknown
  std::string id, given, expected;
  double probability = 0;  // of what was expected
};

struct NoiseCheck {
  std::string by;  // the setting whose answers out of fold were used
  int64_t rows = 0;
  double score = 0;        // of these answers
  double wrong_share = 0;  // classes: labels that confident learning takes for wrong
  // Classes: the share of wrong answers among the third of the rows that is answered most surely.
  double sure_error = 0;
  Interval sure_interval;
  // Numbers: share of rows far off their kind, their share of all loss, and the squared correlation of answers and
  // targets without them.
  double outliers = 0, outlier_loss = 0, fit_of_rest = 0;
  std::vector<SuspectRow> suspects;
};

struct NotRun {
  std::string part, why;
};

struct Diagnosis {
  std::string model, target, score_name;  // "accuracy" or "r2"
  std::string samples = "rows";           // what an example is called
  int64_t rows = 0, rows_of = 0;          // training rows looked at, of so many
  int64_t folds = 0, repeats = 0;
  double chance = 0;
  double train = 0;            // score on the rows that it learned from
  double held_out = 0;         // and on rows that it did not, by cross-validation
  double shuffled = 0;         // the same after the targets were shuffled among the rows
  std::optional<Gain> signal;  // held_out - shuffled
  LearningCurve curve;
  std::vector<Setting> sweep;  // from simple to complex, other models last
  std::optional<ShiftCheck> shift;
  std::optional<TimeCheck> time;
  std::optional<LeakScan> leaks;
  std::optional<NoiseCheck> noise;
  std::vector<NotRun> not_run;
  double seconds = 0;
  int64_t seed = 0;
};

enum class Cause {
  leaking,
  shifted,
  noisy_labels,
  too_simple,
  too_complex,
  too_little_data,
  as_good_as_it_gets
};
std::string_view cause_name(Cause cause);  // "too little data"

struct FoundCause {
  Cause cause;
  double worth = 0;     // score that mending it is estimated to be worth; leaking: 1
  std::string because;  // with the numbers
  std::string advice;
};

// Thresholds; docs/evaluation.md says why they are what they are.
inline constexpr double kWorthGaining = 0.03;     // by another setting, as a share of 1 - chance
inline constexpr double kWorthMoving = 0.06;      // by rows of the kind that is asked about
inline constexpr double kWorthCollecting = 0.02;  // expected of twice the data
inline constexpr double kCopies = 0.02;           // share of the asked rows
inline constexpr double kCopiesOverChance = 3;    // times as many as by chance
inline constexpr double kAllTelling = 0.98;   // (score - chance) / (1 - chance) of a column alone
inline constexpr double kNotWithoutIt = 0.9;  // of the others, at most
inline constexpr double kTellingIdentifier = 0.3;  // of a column that numbers the rows
inline constexpr int64_t kLeastToJudge = 100;      // rows answered, to speak of labels
inline constexpr double kSureError = 0.05;         // lower end of the interval
inline constexpr double kEvenError = 0.6;          // sure error as a share of all error
inline constexpr double kFlat = 0.1;               // gain by the last fourfold of the rows, at most
inline constexpr double kSomeSkill = 0.3;          // below it errors say nothing about labels
inline constexpr double kOutliers = 0.005, kOutlierLoss = 0.5;

// At least one cause: leaking first, then by worth; "as good as this data allows" alone. An interval must exclude 0 for
// a gain to count.
std::vector<FoundCause> judge(const Diagnosis& diagnosis);

// All numbers, and the verdict: {"verdict": "too little data", "causes": [...], "learning_curve": ...}.
nlohmann::ordered_json to_json(const Diagnosis& diagnosis);

}  // namespace espalier
