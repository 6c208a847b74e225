// Do two classifiers that answered the same samples differ in how many are right? What both have right, or both wrong,
// says nothing about it; the disagreements do.
//
//   McNemar test = mcnemar(first_right, second_right);
//   fmt::print("{} against {}, p {:.3f}\n", test.first_only, test.second_only, test.mid_p);
#pragma once

#include <cstdint>
#include <span>

namespace espalier {

// McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", Psychometrika 12,
// 1947. All two-sided; without a disagreement every p is 1.
struct McNemar {
  int64_t both = 0, neither = 0;            // right
  int64_t first_only = 0, second_only = 0;  // right, and the other wrong
  double exact_p = 1;                       // binomial
  double mid_p = 1;  // half of the probability of what was seen: less timid, the one to read
  double chi_square = 0, chi_square_p = 1;  // with the correction for continuity
};
McNemar mcnemar(int64_t both, int64_t neither, int64_t first_only, int64_t second_only);

// 1: right. Throws Error(internal) for lists of different length.
McNemar mcnemar(std::span<const uint8_t> first_right, std::span<const uint8_t> second_right);

}  // namespace espalier
