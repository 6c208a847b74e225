// Tables made so that one thing is wrong with them, or nothing: the verdict must name it.
#include "espalier/tabular/diagnose.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/names.h"

namespace espalier {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;
using Row = std::vector<double>;

// Rows of `width` normal columns, with a class or number by `answer`.
LabelledRows drawn_rows(int64_t count,
                        int64_t width,
                        int64_t classes,
                        Random random,
                        const std::function<double(Row&, Random&)>& answer) {
  LabelledRows rows{.goal = classes > 0 ? Goal::classify : Goal::regress,
                    .x = Matrix<double>(count, width),
                    .categories = std::vector<int64_t>(static_cast<size_t>(width)),
                    .classes = classes};
  for (int64_t r = 0; r < count; ++r) {
    Random own = random.stream(static_cast<uint64_t>(r));
    Row row(static_cast<size_t>(width));
    for (double& value : row) value = own.normal();
    const double y = answer(row, own);
    std::copy(row.begin(), row.end(), rows.x.row(r));
    if (classes > 0)
      rows.labels.push_back(static_cast<int32_t>(y));
    else
      rows.targets.push_back(y);
  }
  return rows;
}

Subject subject_of(const std::string& model,
                   const Options& options,
                   LabelledRows train,
                   LabelledRows asked = {}) {
  std::shared_ptr<Learner> like = find_named(learners(), model, "model").make();
  for (const auto& [name, value] : options) set_field(like->options(), name, value);
  Subject subject{
      .model = model, .target = "y", .train = std::move(train), .asked = std::move(asked)};
  for (int64_t c = 0; c < subject.train.x.columns; ++c)
    subject.columns.push_back({fmt::format("x{}", c), c, c + 1});
  for (int64_t c = 0; c < subject.train.classes; ++c)
    subject.classes.push_back(fmt::format("class {}", c));
  subject.settings = [model, like](const LabelledRows& rows, int64_t teach) {
    return settings_around(model, *like, rows, teach);
  };
  return subject;
}

double logistic(double value) {
  return 1 / (1 + std::exp(-value));
}

int64_t square_of(double x, double y) {
  return (static_cast<int64_t>(std::floor(x)) + static_cast<int64_t>(std::floor(y))) & 1;
}

// Two overlapping classes, the better told apart the larger `signal`; the log odds are linear.
double by_log_odds(const Row& x, Random& own, double signal) {
  return own.chance(logistic(signal * (x[0] - 0.7 * x[1] + 0.5 * x[2])));
}

double ring(const Row& x) {
  return x[0] * x[0] + x[1] * x[1] < 1.4;
}

double weighted_sum(const Row& x) {
  double sum = 0;
  for (size_t c = 0; c < x.size(); ++c) sum += (c % 2 ? -1 : 1) * x[c];
  return sum;
}

struct Case {
  std::string name;
  Cause expected;
  std::function<Subject(Random)> make;
};

double checkers(Row& x, Random& own) {
  for (double& value : x) value = own.uniform(0, 4);
  return static_cast<double>(square_of(x[0], x[1]));
}

Subject drifting(Random random, double drift) {
  int64_t count = 0;
  std::vector<double> time;
  const LabelledRows rows = drawn_rows(1200, 3, 2, random, [&](Row& x, Random& own) {
    const double t = static_cast<double>(count++) / 1200;
    time.push_back(t);
    return own.chance(logistic(4 * (x[0] * (1 - drift * t) + x[1] * drift * t)));
  });
  Subject subject = subject_of("logistic", {}, rows);
  subject.time = time;
  subject.time_column = "when";
  return subject;
}

LabelledRows with_copies(LabelledRows asked, const LabelledRows& train, int64_t copies) {
  Rows first(static_cast<size_t>(copies));
  std::iota(first.begin(), first.end(), 0);
  return joined(asked, train.at(first));
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"a chessboard of 16 squares by the neighbours of 130 rows", Cause::too_little_data,
       [](Random random) {
         return subject_of("knn", {{"neighbors", "1"}}, drawn_rows(130, 2, 2, random, checkers));
       }},
      {"30 coefficients from 80 rows", Cause::too_little_data,
       [](Random random) {
         return subject_of("linear", {}, drawn_rows(80, 30, 0, random, [](Row& x, Random& own) {
                             return weighted_sum(x) + 1.5 * own.normal();
                           }));
       }},
      {"a ring by a straight line", Cause::too_simple,
       [](Random random) {
         return subject_of("logistic", {},
                           drawn_rows(700, 3, 2, random, [](Row& x, Random&) { return ring(x); }));
       }},
      {"a chessboard by a single question", Cause::too_simple,
       [](Random random) {
         return subject_of("tree", {{"max_depth", "1"}}, drawn_rows(900, 2, 2, random, checkers));
       }},
      {"a parabola by a straight line", Cause::too_simple,
       [](Random random) {
         return subject_of("linear", {}, drawn_rows(600, 2, 0, random, [](Row& x, Random& own) {
                             return x[0] * x[0] + 0.3 * own.normal();
                           }));
       }},
      {"a tree without limits on classes that overlap", Cause::too_complex,
       [](Random random) {
         return subject_of("tree", {}, drawn_rows(1200, 5, 2, random, [](Row& x, Random& own) {
                             return by_log_odds(x, own, 1.2);
                           }));
       }},
      {"one neighbour on classes that overlap", Cause::too_complex,
       [](Random random) {
         return subject_of("knn", {{"neighbors", "1"}},
                           drawn_rows(1000, 3, 2, random, [](Row& x, Random& own) {
                             return by_log_odds(x, own, 1.5);
                           }));
       }},
      {"60 coefficients from 100 rows of which 3 count", Cause::too_complex,
       [](Random random) {
         return subject_of("linear", {}, drawn_rows(100, 60, 0, random, [](Row& x, Random& own) {
                             return x[0] + x[1] - x[2] + 2 * own.normal();
                           }));
       }},
      {"asked about a region where the rule is another", Cause::shifted,
       [](Random random) {
         const auto rule = [](const Row& x, Random& own) {
           return static_cast<double>(own.chance(logistic(5 * (std::abs(x[0]) - 1))));
         };
         return subject_of("logistic", {},
                           drawn_rows(800, 3, 2, random.stream("train"),
                                      [&](Row& x, Random& own) {
                                        x[0] = own.uniform(0, 2.5);
                                        return rule(x, own);
                                      }),
                           drawn_rows(300, 3, 2, random.stream("asked"), [&](Row& x, Random& own) {
                             x[0] = own.uniform(-2.5, 0);
                             return rule(x, own);
                           }));
       }},
      {"the same columns, another answer", Cause::shifted,
       [](Random random) {
         const auto made = [&](const char* name, int64_t count, double sign) {
           return drawn_rows(count, 4, 0, random.stream(name), [sign](Row& x, Random& own) {
             return x[0] + sign * x[1] + 0.5 * own.normal();
           });
         };
         return subject_of("linear", {}, made("train", 600, 1), made("asked", 200, -0.2));
       }},
      {"what counts changes with time", Cause::shifted,
       [](Random random) { return drifting(random, 1); }},
      {"a third of the asked rows was learned from", Cause::leaking,
       [](Random random) {
         const auto made = [&](const char* name, int64_t count) {
           return drawn_rows(count, 4, 2, random.stream(name),
                             [](Row& x, Random& own) { return by_log_odds(x, own, 1.5); });
         };
         const LabelledRows train = made("train", 600);
         return subject_of("forest", {{"trees", "20"}}, train,
                           with_copies(made("asked", 140), train, 60));
       }},
      {"a column that was written down with the answer", Cause::leaking,
       [](Random random) {
         return subject_of("logistic", {}, drawn_rows(700, 5, 2, random, [](Row& x, Random& own) {
                             const double y = by_log_odds(x, own, 1);
                             x[4] = y + 0.1 * own.normal();
                             return y;
                           }));
       }},
      {"rows numbered class by class", Cause::leaking,
       [](Random random) {
         int64_t count = 0;
         return subject_of("tree", {{"max_depth", "6"}},
                           drawn_rows(600, 4, 3, random, [&](Row& x, Random&) {
                             x[3] = static_cast<double>(count);
                             const auto y = static_cast<double>(count++ / 200);
                             x[0] += y;
                             return y;
                           }));
       }},
      {"a fifth of the labels turned over", Cause::noisy_labels,
       [](Random random) {
         return subject_of("logistic", {}, drawn_rows(900, 4, 2, random, [](Row& x, Random& own) {
                             const bool y = x[0] + x[1] > 0;
                             return static_cast<double>(own.chance(0.2) ? !y : y);
                           }));
       }},
      {"a quarter of the labels of three classes drawn anew", Cause::noisy_labels,
       [](Random random) {
         return subject_of("forest", {{"trees", "20"}, {"min_samples_leaf", "5"}},
                           drawn_rows(900, 4, 3, random, [](Row& x, Random& own) {
                             const auto y = static_cast<double>(own.below(3));
                             x[0] += 4 * (y == 1);
                             x[1] += 4 * (y == 2);
                             return own.chance(0.25) ? static_cast<double>(own.below(3)) : y;
                           }));
       }},
      {"one number in forty with a slipped digit", Cause::noisy_labels,
       [](Random random) {
         return subject_of("linear", {}, drawn_rows(800, 3, 0, random, [](Row& x, Random& own) {
                             const double y = 5 + x[0] + x[1] + 0.3 * own.normal();
                             return own.chance(0.025) ? 10 * y : y;
                           }));
       }},
      {"classes that overlap, by the model that made them", Cause::as_good_as_it_gets,
       [](Random random) {
         const auto made = [&](const char* name, int64_t count) {
           return drawn_rows(count, 4, 2, random.stream(name),
                             [](Row& x, Random& own) { return by_log_odds(x, own, 1.5); });
         };
         return subject_of("logistic", {}, made("train", 1500), made("asked", 400));
       }},
      {"a sum and noise, by least squares", Cause::as_good_as_it_gets,
       [](Random random) {
         const auto made = [&](const char* name, int64_t count) {
           return drawn_rows(count, 5, 0, random.stream(name),
                             [](Row& x, Random& own) { return weighted_sum(x) + own.normal(); });
         };
         return subject_of("linear", {}, made("train", 800), made("asked", 200));
       }},
      {"normal heaps, by naive Bayes", Cause::as_good_as_it_gets,
       [](Random random) {
         return subject_of("naive-bayes", {},
                           drawn_rows(1000, 4, 3, random, [](Row& x, Random& own) {
                             const auto y = static_cast<double>(own.below(3));
                             x[0] += 2 * (y == 1);
                             x[1] += 2 * (y == 2);
                             return y;
                           }));
       }},
      {"a rule of a few questions, by a tree", Cause::as_good_as_it_gets,
       [](Random random) {
         return subject_of("tree", {{"max_depth", "4"}},
                           drawn_rows(1000, 4, 2, random, [](Row& x, Random&) {
                             return static_cast<double>(x[0] > 0.2 ? x[1] > 0 : x[2] > 0.5);
                           }));
       }},
      {"columns that say nothing", Cause::as_good_as_it_gets,
       [](Random random) {
         return subject_of("logistic", {}, drawn_rows(400, 5, 2, random, [](Row&, Random& own) {
                             return static_cast<double>(own.chance(0.5));
                           }));
       }},
      {"nothing changes with time", Cause::as_good_as_it_gets,
       [](Random random) { return drifting(random, 0); }},
  };
  return all;
}

// DIAGNOSE_SEEDS=20 looks at so many tables of each kind.
int64_t seeds() {
  const char* asked = std::getenv("DIAGNOSE_SEEDS");
  return asked ? std::stoll(asked) : 1;
}

class Constructed : public ::testing::TestWithParam<size_t> {};

TEST_P(Constructed, GetsTheVerdictItWasMadeFor) {
  const Case& made = cases()[GetParam()];
  for (int64_t seed = 0; seed < seeds(); ++seed) {
    const Diagnosis d =
        diagnose(made.make(Random(static_cast<uint64_t>(100 + seed))), {.seed = seed});
    const std::vector<FoundCause> causes = judge(d);
    EXPECT_EQ(cause_name(causes[0].cause), cause_name(made.expected))
        << made.name << ", seed " << seed << "\n"
        << to_json(d).dump(1);
    EXPECT_FALSE(causes[0].because.empty());
    EXPECT_FALSE(causes[0].advice.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Constructed, ::testing::Range(size_t{0}, cases().size()));

}  // namespace
}  // namespace espalier
