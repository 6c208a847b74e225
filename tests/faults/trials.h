// How often a fault is tried, and what came of it. A few times in ./test; all the times that the table in
// bench/results/faults.csv wants when ESPALIER_FAULTS=all (bench/faults.py reads what record() leaves).
//
//   Tally tally;
//   for (int i = 0; i < trials(3, 100); ++i) tally.count(resumed ? "resumed" : "begun anew");
//   tally.record("SIGKILL during training");
#pragma once

#include <cstdlib>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace espalier {

inline int trials(int few, int all) {
  const char* word = std::getenv("ESPALIER_FAULTS");
  return word != nullptr && std::string(word) == "all" ? all : few;
}

class Tally {
 public:
  void count(const std::string& outcome) { ++outcomes_[outcome], ++total_; }
  int of(const std::string& outcome) const {
    auto found = outcomes_.find(outcome);
    return found == outcomes_.end() ? 0 : found->second;
  }
  int total() const { return total_; }
  // What is said of all trials together: "largest peak 1.2 x the file".
  void note(const std::string& text) { notes_ += "; " + text; }

  void record(const std::string& fault) const {
    std::string text;
    for (const auto& [outcome, times] : outcomes_)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", times, outcome);
    testing::Test::RecordProperty("fault: " + fault, fmt::format("{}|{}{}", total_, text, notes_));
  }

 private:
  std::map<std::string, int> outcomes_;
  int total_ = 0;
  std::string notes_;
};

}  // namespace espalier
