#include <algorithm>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/tabular/engine_learners.h"
#include "espalier/tabular/learner.h"
#include "espalier/tabular/linear.h"
#include "espalier/tabular/logistic.h"
#include "espalier/tabular/naive_bayes.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;
constexpr int64_t kMostShown = 1000;

class NaiveBayesLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    const bool categorical = config_.kind == "categorical";
    if (categorical && std::count(e.categories.begin(), e.categories.end(), 0) > 0)
      fail(Kind::usage,
           "naive Bayes of kind categorical takes categories alone; --categories names columns "
           "whose numbers are names, "
           "and --encoding ordinal is needed");
    model_ = fit_naive_bayes(config_, e.x, e.labels, e.classes, {},
                             categorical ? e.categories : std::vector<int64_t>{});
  }
  Matrix<double> predict(MatrixView<double> x) const override { return model_.predict_proba(x); }
  void save(const fs::path& file) const override { save_naive_bayes(file, model_); }
  void load(const fs::path& file) override { model_ = load_naive_bayes(file); }

 private:
  NaiveBayesConfig config_;
  NaiveBayes model_;
};

// [{"column": "mass", "coefficient": 0.3, "error": 0.1, "t": 3.0}, ...] of one row of coefficients.
Json coefficient_list(const Matrix<double>& coefficients,
                      int64_t row,
                      const std::vector<std::string>& names,
                      const Matrix<double>* errors) {
  Json list = Json::array();
  for (int64_t j = 0; j < std::min(coefficients.columns, kMostShown); ++j) {
    Json one = {{"column", names[static_cast<size_t>(j)]}, {"coefficient", coefficients(row, j)}};
    if (errors && errors->columns > j) {
      one["error"] = (*errors)(row, j);
      one["t"] = coefficients(row, j) / (*errors)(row, j);
    }
    list.push_back(std::move(one));
  }
  return list;
}

class LinearLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    fit_ = fit_linear(config_, e.x, {e.targets.data(), e.x.rows, 1, 1});
  }
  Matrix<double> predict(MatrixView<double> x) const override { return fit_.model.predict(x); }
  void save(const fs::path& file) const override { save_linear(file, fit_.model); }
  void load(const fs::path& file) override { fit_.model = load_linear(file); }
  Json facts(const std::vector<std::string>& names) const override {
    return {{"solver", fit_.solver},
            {"rank", fit_.rank},
            {"condition", fit_.condition},
            {"train_r2", fit_.r2[0]},
            {"residual_deviation", fit_.deviation[0]},
            {"intercept", fit_.model.intercepts[0]},
            {"coefficients", coefficient_list(fit_.model.coefficients, 0, names, &fit_.errors)}};
  }

 private:
  LinearConfig config_;
  LinearFit fit_;
};

class LogisticLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    fit_ = fit_logistic_table(config_, e.x, e.labels, e.classes);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    return fit_.model.predict_proba(x);
  }
  void save(const fs::path& file) const override { save_logistic(file, fit_.model); }
  void load(const fs::path& file) override { fit_.model = load_logistic(file); }
  Json facts(const std::vector<std::string>& names) const override {
    Json facts = {
        {"steps", fit_.steps}, {"loss", fit_.loss}, {"intercepts", fit_.model.intercepts}};
    if (fit_.model.classes == 2)
      facts["coefficients"] = coefficient_list(fit_.model.coefficients, 0, names, nullptr);
    return facts;
  }

 private:
  LogisticConfig config_;
  LogisticFit fit_;
};

template <class T>
std::unique_ptr<Learner> make() {
  return std::make_unique<T>();
}

constexpr const char* kTask = "table";

// One row of zeros: a model of another width or number of classes is refused when it is loaded, not at the first question.
void check_fit(const TableModel& model) {
  const Encoding& encoding = model.encoding;
  const Matrix<double> probe(1, encoding.width());
  Matrix<double> answer;
  try {
    answer = model.learner->predict(probe.view());
  } catch (const Error& error) {
    throw Error(Kind::format, error.what());
  }
  const auto classes = static_cast<int64_t>(encoding.classes.size());
  const int64_t expected = encoding.goal == Goal::classify  ? classes
                           : encoding.goal == Goal::regress ? 1
                                                            : answer.columns;
  if (answer.columns != expected)
    fail(Kind::format, "the model gives {} numbers a row, the encoding speaks of {}",
         answer.columns, expected);
}

fs::path config_of(const fs::path& folder) {
  return folder / "config.json";
}

}  // namespace

Json Learner::facts(const std::vector<std::string>&) const {
  return Json::object();
}

const std::vector<LearnerRow>& learners() {
  static const std::vector<LearnerRow> rows = {
      {"naive-bayes",
       "naive Bayes of five kinds",
       {Goal::classify},
       "ordinal",
       make<NaiveBayesLearner>},
      {"linear",
       "linear regression, ridge, non-negative",
       {Goal::regress},
       "one-hot",
       make<LinearLearner>},
      {"logistic", "logistic regression", {Goal::classify}, "one-hot", make<LogisticLearner>},
      {"tree", "a decision tree", {Goal::classify, Goal::regress}, "one-hot", make_tree_learner},
      {"forest",
       "a random forest",
       {Goal::classify, Goal::regress},
       "one-hot",
       make_forest_learner},
      {"knn", "k nearest neighbours", {Goal::classify, Goal::regress}, "one-hot", make_knn_learner},
      {"pca",
       "principal components: codes of each row",
       {Goal::describe},
       "one-hot",
       make_pca_learner},
      {"kmeans",
       "k-means: the cluster of each row",
       {Goal::describe},
       "one-hot",
       make_kmeans_learner},
  };
  return rows;
}

std::unique_ptr<Learner> fresh_learner(const std::string& name, Learner& like) {
  std::unique_ptr<Learner> fresh = find_named(learners(), name, "model").make();
  for (const Field& option : like.options())
    set_field(fresh->options(), option.name, field_text(option));
  return fresh;
}

void save_table_model(const fs::path& folder, const TableModel& model) {
  model.learner->save(folder / "model.safetensors");
  const Json json = {{"task", kTask},
                     {"model", model.name},
                     {"options", to_json(model.learner->options())},
                     {"encoding", to_json(model.encoding)}};
  write_file_atomic(config_of(folder), json.dump(1) + "\n");
}

TableModel load_table_model(const fs::path& folder) {
  const fs::path path = config_of(folder);
  const Json json = Json::parse(read_file(path, uint64_t{1} << 30), nullptr, false);
  return with_context("reading " + path.string(), [&] {
    if (!json.is_object()) fail(Kind::format, "this is not a JSON object");
    if (json.value("task", Json()) != kTask || !json.contains("model") ||
        !json["model"].is_string() || !json.contains("encoding"))
      fail(Kind::format, "it describes no model of tables");
    TableModel model{.name = json["model"].get<std::string>(), .encoding = {}, .learner = {}};
    std::vector<std::string> names;
    for (const LearnerRow& row : learners()) {
      names.push_back(row.name);
      if (row.name == model.name) model.learner = row.make();
    }
    if (!model.learner) throw Error(Kind::format, unknown_name("model", model.name, names));
    model.encoding = with_context("encoding", [&] { return encoding_from_json(json["encoding"]); });
    if (json.contains("options")) from_json(model.learner->options(), json["options"]);
    model.learner->load(folder / "model.safetensors");
    check_fit(model);
    return model;
  });
}

bool is_table_model(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_regular_file(config_of(folder), ignored)) return false;
  const Json json = Json::parse(read_file(config_of(folder), uint64_t{1} << 30), nullptr, false);
  return json.is_object() && json.value("task", Json()) == kTask;
}

}  // namespace espalier
