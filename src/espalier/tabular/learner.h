// The models of tables behind one door: `train table`, `eval`, `predict` and `report` know no model.
//
//   std::unique_ptr<Learner> learner = find_named(learners(), "naive-bayes", "model").make();
//   set_field(learner->options(), "kind", "bernoulli");
//   learner->fit(examples);
//   Matrix<double> answers = learner->predict(x.view());
//
// To add one: a class that derives from Learner, and a row in learners.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/tabular/encoding.h"
#include "espalier/tabular/matrix.h"

namespace espalier {

struct Examples {
  Goal goal = Goal::classify;
  MatrixView<double> x;  // finite
  std::vector<int64_t>
      categories;  // of each column: 0 for numbers, else values are whole numbers below it
  std::span<const int32_t> labels;  // classify
  int64_t classes = 0;
  std::span<const double> targets;  // regress
};

class Learner {
 public:
  virtual ~Learner() = default;
  virtual Fields options() = 0;
  virtual void fit(const Examples& examples) = 0;
  // classify: rows x classes, probabilities; regress: rows x 1; describe: rows x any number of columns.
  virtual Matrix<double> predict(MatrixView<double> x) const = 0;
  virtual void save(const fs::path& file) const = 0;
  virtual void load(const fs::path& file) = 0;  // throws Error(io | format)
  // What the fitted model says of itself, for the report: {"rank": 4, ...}; `names` of the columns it learned from.
  virtual nlohmann::ordered_json facts(const std::vector<std::string>& names) const;
};

struct LearnerRow {
  std::string name, help;
  std::vector<Goal> goals;
  std::string encoding;  // of categories, unless the user says otherwise
  std::unique_ptr<Learner> (*make)();
};
const std::vector<LearnerRow>& learners();
// One of this row that has learned nothing yet, with the options of `like`, which is of the same row.
std::unique_ptr<Learner> fresh_learner(const std::string& name, Learner& like);

// A fitted learner and what it is asked in, as files of a run: model.safetensors and config.json.
struct TableModel {
  std::string name;  // of the row
  Encoding encoding;
  std::unique_ptr<Learner> learner;
};
void save_table_model(const fs::path& folder, const TableModel& model);
// Throws Error(io | format | usage) naming the file.
TableModel load_table_model(const fs::path& folder);
// Whether the folder's config.json says that it is one.
bool is_table_model(const fs::path& folder);

}  // namespace espalier
