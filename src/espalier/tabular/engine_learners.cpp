#include "espalier/tabular/engine_learners.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "espalier/tabular/forest.h"
#include "espalier/tabular/kmeans.h"
#include "espalier/tabular/knn.h"
#include "espalier/tabular/pca.h"
#include "espalier/tabular/pca_layer.h"
#include "espalier/tabular/tree.h"
#include "espalier/tabular/tree_draw.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMostShown = 1000;
constexpr int64_t kDrawnDepth = 4;

Matrix<float> in_floats(MatrixView<double> x) {
  Matrix<float> floats(x.rows, x.columns);
  for (int64_t r = 0; r < x.rows; ++r) std::copy_n(x.row(r), x.columns, floats.row(r));
  return floats;
}

Matrix<double> as_column(std::vector<double> values) {
  Matrix<double> column(static_cast<int64_t>(values.size()), 1);
  column.values = std::move(values);
  return column;
}

// [{"column": "mass", "importance": 0.6}, ...], the most important first.
Json importance_list(const std::vector<double>& importance, const std::vector<std::string>& names) {
  std::vector<size_t> order(importance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return importance[a] > importance[b]; });
  Json list = Json::array();
  for (size_t i = 0; i < std::min(order.size(), kMostShown); ++i)
    list.push_back({{"column", names[order[i]]}, {"importance", importance[order[i]]}});
  return list;
}

class TreeLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    const Matrix<float> x = in_floats(e.x);
    tree_ = e.goal == Goal::classify ? fit_tree(config_, x.view(), e.labels, e.classes)
                                     : fit_regression_tree(config_, x.view(), e.targets);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    const Matrix<float> floats = in_floats(x);
    return tree_.classes > 0 ? tree_.predict_proba(floats.view())
                             : as_column(tree_.predict_value(floats.view()));
  }
  void save(const fs::path& file) const override { save_tree(file, tree_); }
  void load(const fs::path& file) override { tree_ = load_tree(file); }
  Json facts(const std::vector<std::string>& names) const override {
    return {{"depth", tree_.depth()},
            {"leaves", tree_.leaves()},
            {"importance", importance_list(tree_.importance(), names)},
            {"drawing", tree_text(tree_, {names, {}}, kDrawnDepth)}};
  }

 private:
  TreeConfig config_;
  Tree tree_;
};

class ForestLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    const Matrix<float> x = in_floats(e.x);
    config_.threads = runtime_threads();
    forest_ = e.goal == Goal::classify ? fit_forest(config_, x.view(), e.labels, e.classes)
                                       : fit_regression_forest(config_, x.view(), e.targets);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    const Matrix<float> floats = in_floats(x);
    return forest_.classes() > 0
               ? forest_.predict_proba(floats.view(), runtime_threads())
               : as_column(forest_.predict_value(floats.view(), runtime_threads()));
  }
  void save(const fs::path& file) const override { save_forest(file, forest_); }
  void load(const fs::path& file) override { forest_ = load_forest(file); }
  Json facts(const std::vector<std::string>& names) const override {
    Json facts = {{"trees", forest_.trees.size()},
                  {"importance", importance_list(forest_.importance(), names)}};
    if (std::isfinite(forest_.out_of_bag))
      facts[forest_.classes() > 0 ? "out_of_bag_accuracy" : "out_of_bag_r2"] = forest_.out_of_bag;
    return facts;
  }

 private:
  ForestConfig config_;
  Forest forest_;
};

class KnnLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    config_.threads = runtime_threads();
    model_ = e.goal == Goal::classify ? fit_knn(config_, e.x, e.labels, e.classes)
                                      : fit_knn_regression(config_, e.x, e.targets);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    return model_.classes > 0 ? model_.predict_proba(x) : as_column(model_.predict_value(x));
  }
  void save(const fs::path& file) const override { save_knn(file, model_); }
  void load(const fs::path& file) override {
    model_ = load_knn<double>(file);
    model_.config.threads = runtime_threads();
  }
  Json facts(const std::vector<std::string>&) const override {
    return {{"rows", model_.points.rows}, {"neighbors", model_.config.neighbors}};
  }

 private:
  KnnConfig config_;
  Knn<double> model_;
};

class PcaLearner : public Learner {
 public:
  Fields options() override {
    return join(
        fields(config_),
        {field("layer", layer_, "also learn it by one linear layer, and say how near that comes")
             .one_of({"none", "autoencoder", "oja", "sanger"})});
  }
  void fit(const Examples& e) override {
    pca_ = fit_pca(config_, e.x);
    said_.clear();
    if (layer_ != "none")
      said_ = learn_pca_layer(
                  {.method = layer_, .components = pca_.components.rows, .seed = config_.seed}, e.x)
                  .text();
  }
  Matrix<double> predict(MatrixView<double> x) const override { return pca_.transform(x); }
  void save(const fs::path& file) const override { save_pca(file, pca_); }
  void load(const fs::path& file) override { pca_ = load_pca<double>(file); }
  Json facts(const std::vector<std::string>&) const override {
    Json facts = {{"components", pca_.components.rows},
                  {"solver", pca_.solver},
                  {"variance", pca_.variance},
                  {"explained", pca_.ratio},
                  {"noise_variance", pca_.noise_variance}};
    if (!said_.empty()) facts["layer"] = said_;
    return facts;
  }

 private:
  PcaConfig config_;
  std::string layer_ = "none", said_;
  Pca<double> pca_;
};

class KMeansLearner : public Learner {
 public:
  Fields options() override { return fields(config_); }
  void fit(const Examples& e) override {
    config_.threads = runtime_threads();
    model_ = fit_kmeans(config_, e.x);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    const std::vector<int32_t> labels = model_.predict(x, runtime_threads());
    return as_column({labels.begin(), labels.end()});
  }
  void save(const fs::path& file) const override { save_kmeans(file, model_); }
  void load(const fs::path& file) override { model_ = load_kmeans<double>(file); }
  Json facts(const std::vector<std::string>&) const override {
    std::vector<int64_t> sizes(static_cast<size_t>(model_.centres.rows));
    for (const int32_t label : model_.labels) ++sizes[static_cast<size_t>(label)];
    return {{"clusters", model_.centres.rows},
            {"inertia", model_.inertia},
            {"iterations", model_.iterations},
            {"sizes", sizes}};
  }

 private:
  KMeansConfig config_;
  KMeans<double> model_;
};

}  // namespace

std::unique_ptr<Learner> make_tree_learner() {
  return std::make_unique<TreeLearner>();
}
std::unique_ptr<Learner> make_forest_learner() {
  return std::make_unique<ForestLearner>();
}
std::unique_ptr<Learner> make_knn_learner() {
  return std::make_unique<KnnLearner>();
}
std::unique_ptr<Learner> make_pca_learner() {
  return std::make_unique<PcaLearner>();
}
std::unique_ptr<Learner> make_kmeans_learner() {
  return std::make_unique<KMeansLearner>();
}

}  // namespace espalier
