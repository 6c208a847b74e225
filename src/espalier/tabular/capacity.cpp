#include "espalier/tabular/capacity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {
namespace {

constexpr int64_t kMostCoefficients = 600, kReferenceTrees = 50, kMostTrees = 200;

// An option and the values to try, from simple to complex.
struct Axis {
  std::string option;
  std::vector<double> values;
  bool zero_is_most = false;  // 0 stands for no limit, which is the most complex
  bool rising = true;         // larger is more complex
};

double mean_spread(const LabelledRows& rows) {
  double sum = 0;
  for (int64_t c = 0; c < rows.x.columns; ++c) {
    double mean = 0, squares = 0;
    for (int64_t r = 0; r < rows.count(); ++r) {
      const double d = rows.x(r, c) - mean;
      mean += d / static_cast<double>(r + 1);
      squares += d * (rows.x(r, c) - mean);
    }
    sum += squares / static_cast<double>(rows.x.columns);
  }
  return sum;
}

std::vector<Axis> axes_of(const std::string& model, Learner& like, const LabelledRows& rows) {
  const auto option = [&](const std::string& name) {
    for (const Field& field : like.options())
      if (field.name == name) return field_text(field);
    return std::string();
  };
  const Axis depth{"max_depth", {1, 2, 3, 4, 6, 8, 12, 0}, true, true},
      leaf{"min_samples_leaf", {100, 50, 20, 10, 5, 2, 1}, false, false};
  if (model == "tree") return {depth, leaf};
  if (model == "forest") {
    // More trees vary less: the smaller forest is the one that learns more of what does not repeat.
    const double trees = std::stod(option("trees"));
    return {
        {"max_depth", {2, 4, 8, 0}, true, true},
        {"min_samples_leaf", {50, 10, 3, 1}, false, false},
        {"trees", {std::min<double>(kMostTrees, 4 * trees), std::ceil(trees / 4)}, false, false}};
  }
  if (model == "knn") return {{"neighbors", {200, 100, 50, 25, 15, 10, 5, 3, 1}, false, false}};
  if (model == "linear") {
    const double spread = mean_spread(rows);
    Axis ridge{"ridge", {}, true, false};
    for (const double share : {10., 1., 0.1, 0.01, 0.001})
      if (spread > 0) ridge.values.push_back(std::stod(fmt::format("{:.2g}", share * spread)));
    ridge.values.push_back(0);
    return {ridge};
  }
  if (model == "logistic") return {{"l2", {1000, 100, 10, 1, 0.1, 0.01, 0.001}, false, false}};
  if (model == "naive-bayes" && option("kind") == "gaussian")
    return {{"var_smoothing", {1, 0.1, 0.01, 1e-4, 1e-9}, false, false}};
  if (model == "naive-bayes") return {{"alpha", {100, 10, 1, 0.1, 0.01}, false, false}};
  return {};
}

// Larger: more complex.
double complexity(const Axis& axis, double value) {
  if (axis.zero_is_most && value == 0) return std::numeric_limits<double>::infinity();
  return axis.rising ? value : -value;
}

std::string flag_of(const std::string& option, const std::string& value) {
  std::string flag = option;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return "--" + flag + " " + value;
}

bool makes_sense(const std::string& option, double value, int64_t teach) {
  if (option == "neighbors") return value <= static_cast<double>(teach) / 2;
  if (option == "min_samples_leaf") return value <= static_cast<double>(teach) / 4;
  return true;
}

MakeLearner maker(const std::string& model,
                  Learner& like,
                  const std::string& option = "",
                  const std::string& value = "") {
  const std::shared_ptr<Learner> kept = fresh_learner(model, like);
  if (!option.empty()) set_field(kept->options(), option, value);
  return [model, kept] { return fresh_learner(model, *kept); };
}

MakeLearner plain(const std::string& model) {
  return [model] { return find_named(learners(), model, "model").make(); };
}

}  // namespace

MakeLearner plain_forest(int64_t trees) {
  return [trees] {
    std::unique_ptr<Learner> forest = find_named(learners(), "forest", "model").make();
    set_field(forest->options(), "trees", std::to_string(trees));
    set_field(forest->options(), "min_samples_leaf", "2");
    set_field(forest->options(), "out_of_bag", "false");
    return forest;
  };
}

std::vector<LearnerSetting> settings_around(const std::string& model,
                                            Learner& like,
                                            const LabelledRows& rows,
                                            int64_t teach) {
  std::vector<LearnerSetting> settings = {
      {.name = "as it is", .current = true, .make = maker(model, like)}};
  for (const Axis& axis : axes_of(model, like, rows)) {
    std::string text;
    for (const Field& field : like.options())
      if (field.name == axis.option) text = field_text(field);
    const double now = std::stod(text);
    for (const double value : axis.values) {
      if (value == now || !makes_sense(axis.option, value, teach)) continue;
      const std::string asked = fmt::format("{}", value);
      settings.push_back({.name = flag_of(axis.option, asked),
                          .more_complex = complexity(axis, value) > complexity(axis, now),
                          .make = maker(model, like, axis.option, asked)});
    }
  }
  if (model != "forest")
    settings.push_back({.name = "a random forest (--model forest)",
                        .own = false,
                        .make = plain_forest(kReferenceTrees)});
  const bool numbers = rows.goal == Goal::regress;
  const std::string linear = numbers ? "linear" : "logistic";
  const int64_t sets = numbers || rows.classes == 2 ? 1 : rows.classes;
  if (model != linear && sets * (rows.x.columns + 1) <= kMostCoefficients)
    settings.push_back({.name = fmt::format("{} regression (--model {})", linear, linear),
                        .own = false,
                        .make = plain(linear)});
  return settings;
}

}  // namespace espalier
