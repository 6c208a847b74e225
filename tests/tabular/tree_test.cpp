#include "espalier/tabular/tree.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/tabular/model_arrays.h"
#include "espalier/tabular/small_sort.h"
#include "espalier/tabular/tree_draw.h"

#include "tests/expect_error.h"
#include "tests/tabular/tree_golden.h"

namespace espalier {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Whole numbers in 0..values-1: many ties.
Matrix<float> coarse_table(int64_t rows, int64_t columns, int64_t values, uint64_t seed) {
  Matrix<float> x(rows, columns);
  Random random(seed);
  for (float& v : x.values) v = static_cast<float>(random.below(values));
  return x;
}

std::vector<int32_t> noisy_labels(const Matrix<float>& x, int64_t classes, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> labels;
  for (int64_t r = 0; r < x.rows; ++r)
    labels.push_back(static_cast<int32_t>(
        (static_cast<int64_t>(x(r, 0) + x(r, x.columns - 1)) + random.below(2)) % classes));
  return labels;
}

void expect_same(const Tree& a, const Tree& b) {
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].feature, b.nodes[i].feature) << i;
    EXPECT_EQ(a.nodes[i].threshold, b.nodes[i].threshold) << i;
    EXPECT_EQ(a.nodes[i].left, b.nodes[i].left) << i;
    EXPECT_EQ(a.nodes[i].missing_left, b.nodes[i].missing_left) << i;
  }
  for (size_t i = 0; i < a.values.size(); ++i) EXPECT_NEAR(a.values[i], b.values[i], 1e-12) << i;
}

TEST(Tree, EqualsScikitLearnWhereNothingTies) {
  const TreeGolden golden;
  ASSERT_EQ(golden.json["trees"].size(), 14u);
  for (const auto& wanted : golden.json["trees"]) {
    SCOPED_TRACE(wanted["name"].get<std::string>());
    const Tree tree = golden.fit(wanted);
    const auto feature = wanted["feature"].get<std::vector<int32_t>>();
    ASSERT_EQ(tree.nodes.size(), feature.size());
    ASSERT_GT(feature.size(), 10u);
    for (size_t i = 0; i < feature.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      ASSERT_EQ(node.feature, feature[i]) << i;
      const auto& threshold = wanted["threshold"][i];
      EXPECT_EQ(node.threshold, threshold.is_string() ? std::numeric_limits<double>::infinity()
                                                      : threshold.get<double>())
          << i;
      EXPECT_EQ(node.left, wanted["left"][i].get<int32_t>()) << i;
      EXPECT_EQ(node.right, wanted["right"][i].get<int32_t>()) << i;
      EXPECT_EQ(node.missing_left, wanted["missing_left"][i].get<int>() != 0) << i;
      EXPECT_EQ(node.samples, wanted["samples"][i].get<int64_t>()) << i;
      EXPECT_NEAR(node.weight, wanted["weight"][i].get<double>(), 1e-10) << i;
      // Theirs loses digits to the mean of 1000.
      EXPECT_NEAR(node.impurity, wanted["impurity"][i].get<double>(), tree.classes ? 1e-12 : 1e-8)
          << i;
      for (int64_t k = 0; k < tree.outputs(); ++k)
        EXPECT_NEAR(tree.values[i * static_cast<size_t>(tree.outputs()) + static_cast<size_t>(k)],
                    wanted["value"][i][static_cast<size_t>(k)].get<double>(), 1e-9)
            << i;
    }
    const std::vector<double> importance = tree.importance();
    for (size_t k = 0; k < importance.size(); ++k)
      EXPECT_NEAR(importance[k], wanted["importance"][k].get<double>(), 1e-8) << k;
  }
}

TEST(Tree, PruningPathEqualsScikitLearns) {
  const TreeGolden golden;
  for (const auto& wanted : golden.json["paths"]) {
    TreeConfig config{.criterion = wanted["criterion"], .min_samples_leaf = 25};
    const Tree tree = fit_tree(config, golden.x.view(), golden.labels, 3);
    const PruningPath path = pruning_path(tree);
    const auto alpha = wanted["alpha"].get<std::vector<double>>();
    ASSERT_EQ(path.alpha.size(), alpha.size());
    for (size_t i = 0; i < alpha.size(); ++i) {
      EXPECT_NEAR(path.alpha[i], alpha[i], 1e-12) << i;
      EXPECT_NEAR(path.impurity[i], wanted["impurity"][i].get<double>(), 1e-12) << i;
    }
    EXPECT_EQ(pruned(tree, path.alpha.back() + 1e-9).nodes.size(), 1u);
    EXPECT_EQ(pruned(tree, 0).leaves(), tree.leaves());
  }
}

// What the best cut of these rows takes off the impurity, by trying all of them.
double best_gain(const Matrix<float>& x,
                 const std::vector<int32_t>& labels,
                 const std::vector<int64_t>& rows,
                 bool entropy) {
  auto cost = [&](const std::vector<int64_t>& part) {
    std::vector<double> counts(8);
    for (const int64_t r : part) ++counts[static_cast<size_t>(labels[static_cast<size_t>(r)])];
    double sum = 0;
    const auto n = static_cast<double>(part.size());
    for (const double c : counts)
      if (c > 0) sum += entropy ? -c * std::log2(c / n) : c * (1 - c / n);
    return sum;
  };
  double best = -1;
  for (int64_t f = 0; f < x.columns; ++f)
    for (const int64_t at : rows) {
      std::vector<int64_t> left, right;
      for (const int64_t r : rows) (x(r, f) <= x(at, f) ? left : right).push_back(r);
      if (!right.empty()) best = std::max(best, cost(rows) - cost(left) - cost(right));
    }
  return best;
}

TEST(Tree, NoCutIsBetterThanTheOneTaken) {
  for (const std::string criterion : {"entropy", "gini"}) {
    const Matrix<float> x = coarse_table(150, 4, 6, 3);
    const std::vector<int32_t> labels = noisy_labels(x, 4, 5);
    const Tree tree = fit_tree({.criterion = criterion}, x.view(), labels, 4);
    std::vector<std::vector<int64_t>> rows(tree.nodes.size());
    for (int64_t r = 0; r < x.rows; ++r) rows[0].push_back(r);
    int64_t inner = 0;
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      ASSERT_EQ(node.samples, static_cast<int64_t>(rows[i].size()));
      if (node.feature < 0) {
        EXPECT_LT(best_gain(x, labels, rows[i], criterion == "entropy"), 1e-9)
            << "a leaf that could have been split";
        continue;
      }
      ++inner;
      for (const int64_t r : rows[i])
        rows[static_cast<size_t>(x(r, node.feature) <= node.threshold ? node.left : node.right)]
            .push_back(r);
      auto cost = [&](int32_t n) {
        const TreeNode& at = tree.nodes[static_cast<size_t>(n)];
        return at.impurity * static_cast<double>(at.samples);
      };
      EXPECT_NEAR(cost(static_cast<int32_t>(i)) - cost(node.left) - cost(node.right),
                  best_gain(x, labels, rows[i], criterion == "entropy"), 1e-9)
          << i;
    }
    EXPECT_GT(inner, 20);
  }
}

TEST(Tree, TiesGoToTheLowestFeatureAndThreshold) {
  Matrix<float> x(6, 3);
  // Column 1 and 2 say the same; column 0 says nothing. Cuts at 1.5 and 4.5 are equally good.
  const std::vector<int32_t> labels = {0, 1, 1, 1, 1, 0};
  for (int64_t r = 0; r < 6; ++r) {
    x(r, 1) = static_cast<float>(r + 1);
    x(r, 2) = static_cast<float>(6 - r);
  }
  for (const std::string criterion : {"entropy", "gini"})
    for (const std::string engine : {"exact", "histogram"}) {
      const Tree tree = fit_tree({.criterion = criterion, .engine = engine}, x.view(), labels, 2);
      EXPECT_EQ(tree.nodes[0].feature, 1);
      EXPECT_EQ(tree.nodes[0].threshold, 1.5);
    }
}

TEST(Tree, HistogramsOfFewValuesSplitAsTheExactEngineDoes) {
  Matrix<float> x = coarse_table(2000, 6, 40, 8);
  for (size_t i = 0; i < x.values.size(); i += 23) x.values[i] = kNone;
  Matrix<float> known = x;
  for (float& v : known.values)
    if (std::isnan(v)) v = 3;
  const std::vector<int32_t> labels = noisy_labels(known, 3, 9);
  std::vector<double> target;
  Random random(4);
  for (const int32_t label : labels) target.push_back(label + random.normal());
  auto compare = [&](const Tree& a, const Tree& b) {
    ASSERT_EQ(a.nodes.size(), b.nodes.size());
    ASSERT_GT(a.nodes.size(), 30u);
    for (size_t i = 0; i < a.nodes.size(); ++i) {
      EXPECT_EQ(a.nodes[i].feature, b.nodes[i].feature) << i;
      EXPECT_EQ(a.nodes[i].samples, b.nodes[i].samples) << i;
      EXPECT_NEAR(a.nodes[i].impurity, b.nodes[i].impurity, 1e-9) << i;
    }
  };
  TreeConfig exact{.min_samples_leaf = 15, .engine = "exact"}, histogram = exact;
  histogram.engine = "histogram";
  compare(fit_tree(exact, x.view(), labels, 3), fit_tree(histogram, x.view(), labels, 3));
  compare(fit_regression_tree(exact, x.view(), target),
          fit_regression_tree(histogram, x.view(), target));
  exact.max_leaf_nodes = histogram.max_leaf_nodes = 40;
  compare(fit_tree(exact, x.view(), labels, 3), fit_tree(histogram, x.view(), labels, 3));
}

TEST(Tree, WholeWeightsAreRepeatedRows) {
  const Matrix<float> x = coarse_table(200, 3, 30, 12);
  const std::vector<int32_t> labels = noisy_labels(x, 3, 13);
  Random random(14);
  std::vector<double> weights;
  Matrix<float> repeated(0, 3);
  std::vector<int32_t> repeated_labels;
  for (int64_t r = 0; r < x.rows; ++r) {
    const int64_t times = random.below(4);
    weights.push_back(static_cast<double>(times));
    for (int64_t k = 0; k < times; ++k, ++repeated.rows) {
      repeated.values.insert(repeated.values.end(), x.row(r), x.row(r) + 3);
      repeated_labels.push_back(labels[static_cast<size_t>(r)]);
    }
  }
  expect_same(fit_tree({.max_depth = 3}, x.view(), labels, 3, weights),
              fit_tree({.max_depth = 3}, repeated.view(), repeated_labels, 3));
}

// Of 23 columns one varies: a node that draws one column at a time must find it, so the engine that sorts per node
// has to give the tree of the engine that keeps columns sorted.
TEST(Tree, SortingPerNodeGivesTheSameTree) {
  for (const int64_t rows : {60, 3000}) {  // within and beyond small_sort()
    const Matrix<float> one = coarse_table(rows, 1, 500, 21);
    Matrix<float> wide(rows, 23);
    for (int64_t r = 0; r < rows; ++r) wide(r, 11) = one(r, 0);
    Matrix<float> narrow(rows, 1);
    std::vector<double> weights;
    for (int64_t r = 0; r < rows; ++r) {
      narrow(r, 0) = r % 9 ? one(r, 0) : kNone;
      wide(r, 11) = narrow(r, 0);
      weights.push_back(1 + static_cast<double>(r % 3));
    }
    const std::vector<int32_t> labels = noisy_labels(one, 4, 22);
    const std::vector<double> target(labels.begin(), labels.end());
    TreeConfig drawn{.min_samples_leaf = 2, .max_features = 1}, all{.min_samples_leaf = 2};
    auto renamed = [](Tree tree) {
      for (TreeNode& node : tree.nodes)
        if (node.feature >= 0) {
          EXPECT_EQ(node.feature, 11);
          node.feature = 0;
        }
      return tree;
    };
    expect_same(renamed(fit_tree(drawn, wide.view(), labels, 4)),
                fit_tree(all, narrow.view(), labels, 4));
    expect_same(renamed(fit_tree(drawn, wide.view(), labels, 4, weights)),
                fit_tree(all, narrow.view(), labels, 4, weights));
    expect_same(renamed(fit_regression_tree(drawn, wide.view(), target)),
                fit_regression_tree(all, narrow.view(), target));
  }
}

TEST(Tree, SmallSortIsAStableSort) {
  Random random(31);
  for (const int64_t count : {1, 2, 15, 16, 17, 100, 191, 192}) {
    std::vector<uint64_t> items, spare(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      items.push_back(
          static_cast<uint64_t>(random.below(20) + (random.chance(0.1) ? 0xffffff00 : 0)) << 32 |
          static_cast<uint64_t>(i));
    const uint64_t* sorted = small_sort(items.data(), spare.data(), count);
    std::vector<uint64_t> got(sorted, sorted + count);
    std::sort(items.begin(), items.end());
    EXPECT_EQ(got, items) << count;
  }
}

TEST(Tree, PredictsWhatTheLeavesSay) {
  const TreeGolden golden;
  const Tree tree = fit_tree({}, golden.x.view(), golden.labels, 3);
  EXPECT_EQ(tree.predict(golden.x.view()), golden.labels);  // grown to the end
  const Matrix<double> shares = tree.predict_proba(golden.x.view());
  for (int64_t r = 0; r < shares.rows; ++r)
    EXPECT_EQ(shares(r, golden.labels[static_cast<size_t>(r)]), 1);
  const Tree numbers = fit_regression_tree({}, golden.x.view(), golden.target);
  const std::vector<double> values = numbers.predict_value(golden.x.view());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], golden.target[i], 1e-9);
  expect_error([&] { numbers.predict(golden.x.view()); }, Kind::usage, "regression");
  expect_error([&] { tree.predict_value(golden.x.view()); }, Kind::usage, "classes");
  expect_error([&] { tree.predict(Matrix<float>(3, 2).view()); }, Kind::data, "5 columns, not 2");
}

TEST(Tree, BadInputIsNamed) {
  const Matrix<float> x = coarse_table(10, 2, 5, 1);
  std::vector<int32_t> labels(10);
  auto fit = [&](const TreeConfig& config, const Matrix<float>& table) {
    return [&, config] { fit_tree(config, table.view(), labels, 2); };
  };
  expect_error(fit({}, Matrix<float>(0, 2)), Kind::data, "0 rows");
  expect_error(fit({}, Matrix<float>(10, 0)), Kind::data, "0 columns");
  expect_error(fit({}, Matrix<float>(9, 2)), Kind::data, "9 rows but 10 targets");
  Matrix<float> endless = x;
  endless(7, 1) = -std::numeric_limits<float>::infinity();
  expect_error(fit({}, endless), Kind::data, "row 8, column 2", "-inf");
  expect_error(fit({.engine = "histogram"}, endless), Kind::data, "row 8, column 2");
  expect_error(fit({.criterion = "giny"}, x), Kind::usage, "criterion", "gini");
  expect_error(fit({.min_samples_leaf = 0}, x), Kind::usage, "min_samples_leaf");
  expect_error(fit({.max_features = 3}, x), Kind::usage, "max_features is 3");
  expect_error(fit({.bins = 256}, x), Kind::usage, "bins");
  labels[4] = 2;
  expect_error(fit({}, x), Kind::data, "row 5", "class 2 is outside 0..1");
  labels[4] = 0;
  std::vector<double> weights(10, 1);
  weights[3] = -1;
  expect_error([&] { fit_tree({}, x.view(), labels, 2, weights); }, Kind::data, "row 4", "-1");
  weights.assign(10, 0);
  expect_error([&] { fit_tree({}, x.view(), labels, 2, weights); }, Kind::data, "weights are 0");
  std::vector<double> target(10);
  target[9] = std::nan("");
  expect_error([&] { fit_regression_tree({}, x.view(), target); }, Kind::data, "row 10");
}

TEST(Tree, OneClassOneRowAndConstantColumnsGiveALeaf) {
  const Matrix<float> x = coarse_table(10, 2, 5, 1);
  EXPECT_EQ(fit_tree({}, x.view(), std::vector<int32_t>(10, 1), 2).nodes.size(), 1u);
  EXPECT_EQ(fit_tree({}, Matrix<float>(1, 3).view(), std::vector<int32_t>(1), 1).nodes.size(), 1u);
  const std::vector<int32_t> mixed = {0, 1, 0, 1, 1};
  const Tree constant = fit_tree({}, Matrix<float>(5, 2).view(), mixed, 2);
  EXPECT_EQ(constant.nodes.size(), 1u);
  EXPECT_EQ(constant.predict(Matrix<float>(1, 2).view())[0], 1);
  Matrix<float> missing(5, 2);
  std::fill(missing.values.begin(), missing.values.end(), kNone);
  EXPECT_EQ(fit_tree({}, missing.view(), mixed, 2).nodes.size(), 1u);
  EXPECT_EQ(fit_tree({.engine = "histogram"}, missing.view(), mixed, 2).nodes.size(), 1u);
}

TEST(Tree, DrawsItself) {
  Matrix<float> x(4, 1);
  for (int64_t r = 0; r < 4; ++r) x(r, 0) = static_cast<float>(r);
  const std::vector<int32_t> labels = {0, 0, 1, 0};
  const Tree tree = fit_tree({}, x.view(), labels, 2);
  const TreeNames names{{"width <cm>"}, {"a \"leaf\"", "fruit"}};
  EXPECT_EQ(tree_text(tree, names),
            "[4 samples, impurity 0.8113]\n"
            "├─ width <cm> <= 1.5: a \"leaf\" (100 %)  [2 samples, impurity 0]\n"
            "└─ width <cm> > 1.5\n"
            "   ├─ width <cm> <= 2.5: fruit (100 %)  [1 samples, impurity 0]\n"
            "   └─ width <cm> > 2.5: a \"leaf\" (100 %)  [1 samples, impurity 0]\n");
  EXPECT_NE(tree_text(tree, names, 1).find("2 nodes below"), std::string::npos);
  const std::string dot = tree_dot(tree, names);
  EXPECT_NE(dot.find("a \\\"leaf\\\" (100 %)"), std::string::npos);
  EXPECT_NE(dot.find("0 -> 1 [label=\"yes\"]"), std::string::npos);
  EXPECT_NE(dot.find("0 -> 2 [label=\"no\"]"), std::string::npos);
  const std::string svg = tree_svg(tree, names);
  EXPECT_NE(svg.find("width &lt;cm&gt; &lt;= 1.5"), std::string::npos);
  size_t boxes = 0;
  for (size_t at = svg.find("<rect"); at != std::string::npos; at = svg.find("<rect", at + 1))
    ++boxes;
  EXPECT_EQ(boxes, tree.nodes.size());
}

TEST(Tree, AFileKeepsTheTreeAndADamagedOneIsRefused) {
  const TreeGolden golden;
  const Tree tree = golden.fit(golden.json["trees"][8]);
  const fs::path path = fs::temp_directory_path() / fmt::format("tree-{}.safetensors", getpid());
  save_tree(path, tree);
  const Tree read = load_tree(path);
  expect_same(read, tree);
  EXPECT_EQ(read.values, tree.values);
  EXPECT_EQ(read.importance(), tree.importance());
  const std::string bytes = read_file(path);
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 97) {
    write_file_atomic(path, std::string_view(bytes).substr(0, length));
    expect_error([&] { load_tree(path); }, Kind::format, path.string());
  }
  std::string flipped = bytes;
  flipped[bytes.size() - 9] ^= 4;
  write_file_atomic(path, flipped);
  expect_error([&] { load_tree(path); }, Kind::format, "checksum");

  // Well-formed files whose content makes no tree.
  auto spoilt = [&](auto spoil) {
    Tree bad = tree;
    spoil(bad);
    save_tree(path, bad);
    return [&] { load_tree(path); };
  };
  expect_error(spoilt([](Tree& t) { t.nodes[0].left = 0; }), Kind::format, "tree 0, node 0",
               "child 0");
  expect_error(spoilt([](Tree& t) { t.nodes[2].right = 100000; }), Kind::format, "node 2",
               "100000");
  expect_error(spoilt([](Tree& t) { t.nodes[1].feature = 5; }), Kind::format, "node 1",
               "feature 5");
  expect_error(spoilt([](Tree& t) { t.nodes[0].threshold = std::nan(""); }), Kind::format, "node 0",
               "threshold");
  expect_error(spoilt([](Tree& t) {
                 t.values.pop_back();
                 t.values.push_back(std::nan(""));
               }),
               Kind::format, "nodes.value", "nan");
  ArrayWriter other("forest");
  other.write(path);
  expect_error([&] { load_tree(path); }, Kind::usage, "'forest', not 'tree'");
  fs::remove(path);
}

}  // namespace
}  // namespace espalier
