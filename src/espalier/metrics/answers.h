// What a model answered, sample by sample: kept beside its scores, so that two models can be compared on the same ones.
//
//   write_answers(run, "test", answers);                     // eval-test.csv
//   std::optional<Answers> kept = read_answers(run, "test");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

// Lists of one length, those of the other kind of answer empty.
struct Answers {
  std::vector<std::string> id =
      {};  // of each sample in its data: a picture's path, the line of a row

  std::vector<std::string> classes = {};  // empty: numbers are answered
  std::vector<int32_t> truth = {}, answer = {};
  std::vector<double>
      probability;  // of two classes that of the second, of more that of the true one

  std::vector<double> true_number = {}, number = {};
};

// eval-<split>.csv: id, truth, predicted and, for classes, a probability; numbers to the bit.
void write_answers(const fs::path& folder, const std::string& split, const Answers& answers);

// From that and the class names in eval-<split>.json; nothing when one of them is not there. Throws Error(format) naming
// file and line.
std::optional<Answers> read_answers(const fs::path& folder, const std::string& split);

}  // namespace espalier
