#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/tabular/learner.h"

#include "tests/expect_error.h"
#include "tests/tabular/pca_golden.h"

namespace espalier {
namespace {

std::unique_ptr<Learner> learner_of(const std::string& name) {
  return find_named(learners(), name, "model").make();
}

// Each learns, answers, and answers the same when it comes back from a file.
TEST(EngineLearners, LearnAnswerAndComeBackFromAFile) {
  const PcaGolden golden;
  const fs::path path = fs::temp_directory_path() / fmt::format("learner-{}.safetensors", getpid());
  auto try_one = [&](const std::string& name, Goal goal, int64_t columns) {
    SCOPED_TRACE(name);
    const std::unique_ptr<Learner> learner = learner_of(name);
    if (name == "forest") set_field(learner->options(), "trees", "9");
    if (name == "pca") set_field(learner->options(), "components", "3");
    if (name == "kmeans") set_field(learner->options(), "clusters", "4");
    learner->fit({.goal = goal,
                  .x = golden.x.view(),
                  .categories = std::vector<int64_t>(8),
                  .labels = golden.labels,
                  .classes = 4,
                  .targets = golden.target});
    const Matrix<double> answer = learner->predict(golden.x.view());
    EXPECT_EQ(answer.rows, golden.x.rows);
    EXPECT_EQ(answer.columns, columns);
    if (goal == Goal::classify)
      for (int64_t r = 0; r < answer.rows; ++r) {
        double sum = 0;
        for (int64_t c = 0; c < columns; ++c) sum += answer(r, c);
        EXPECT_NEAR(sum, 1, 1e-12);
      }
    std::vector<std::string> names(8, "column");
    EXPECT_FALSE(learner->facts(names).empty());
    learner->save(path);
    const std::unique_ptr<Learner> again = learner_of(name);
    again->load(path);
    EXPECT_EQ(again->predict(golden.x.view()).values, answer.values);
    write_file_atomic(path, read_file(path).substr(0, 300));
    expect_error([&] { again->load(path); }, Kind::format, path.string());
  };
  for (const std::string name : {"tree", "forest", "knn"}) {
    try_one(name, Goal::classify, 4);
    try_one(name, Goal::regress, 1);
  }
  try_one("pca", Goal::describe, 3);
  try_one("kmeans", Goal::describe, 1);
  fs::remove(path);
}

TEST(EngineLearners, SayWhatTheyFound) {
  const PcaGolden golden;
  const Examples examples{.goal = Goal::describe,
                          .x = golden.x.view(),
                          .categories = std::vector<int64_t>(8),
                          .labels = golden.labels,
                          .classes = 4,
                          .targets = golden.target};
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g", "h"};
  const auto pca = learner_of("pca");
  set_field(pca->options(), "components", "2");
  set_field(pca->options(), "layer", "sanger");
  pca->fit(examples);
  EXPECT_NE(pca->facts(names)["layer"].get<std::string>().find("Learnt"), std::string::npos);
  const auto tree = learner_of("tree");
  Examples classes = examples;
  classes.goal = Goal::classify;
  tree->fit(classes);
  const auto facts = tree->facts(names);
  double all = 0, before = 1;
  for (const auto& one : facts["importance"]) {
    EXPECT_LE(one["importance"].get<double>(), before);
    all += before = one["importance"].get<double>();
  }
  EXPECT_NEAR(all, 1, 1e-12);
  EXPECT_NE(facts["drawing"].get<std::string>().find("<="), std::string::npos);
}

}  // namespace
}  // namespace espalier
