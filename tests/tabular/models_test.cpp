// Naive Bayes, linear and logistic regression against scikit-learn (tests/golden/make_tabular_golden.py), and what their
// arguments and files may not be.
#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "espalier/core/random.h"
#include "espalier/tabular/linear.h"
#include "espalier/tabular/logistic.h"
#include "espalier/tabular/naive_bayes.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

using Json = nlohmann::json;
using Numbers = std::vector<double>;
using Labels = std::vector<int32_t>;

const Json& golden() {
  static const Json json = Json::parse(
      read_file(fs::path(__FILE__).parent_path().parent_path() / "golden" / "tabular_golden.json"));
  return json;
}

Matrix<double> matrix_of(const Json& rows) {
  Matrix<double> m(static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows.at(0).size()));
  for (int64_t i = 0; i < m.rows; ++i)
    for (int64_t j = 0; j < m.columns; ++j)
      m(i, j) = rows[static_cast<size_t>(i)][static_cast<size_t>(j)];
  return m;
}

// Relative to the number or to 1e-3 of the largest one, whichever is more.
void expect_near(const Numbers& ours,
                 const Numbers& theirs,
                 double tolerance,
                 const std::string& what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  double largest = 0;
  for (const double value : theirs) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_NEAR(ours[i], theirs[i], tolerance * std::max(std::abs(theirs[i]), 1e-3 * largest))
        << what << " " << i;
}

void expect_near(const Matrix<double>& ours,
                 const Json& theirs,
                 double tolerance,
                 const std::string& what) {
  const Matrix<double> truth = matrix_of(theirs);
  ASSERT_EQ(ours.rows, truth.rows) << what;
  expect_near(ours.values, truth.values, tolerance, what);
}

NaiveBayesConfig bayes_config(const Json& c) {
  NaiveBayesConfig config{.kind = c["kind"]};
  from_json(fields(config), c["options"]);
  return config;
}

TEST(NaiveBayes, AgreesWithScikitLearn) {
  ASSERT_EQ(golden()["bayes"].size(), 12u);
  for (const Json& c : golden()["bayes"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const Matrix<double> x = matrix_of(c["x"]), test = matrix_of(c["test"]);
    const NaiveBayes model = fit_naive_bayes(bayes_config(c), x.view(), c["y"].get<Labels>(),
                                             c["classes"], c["weights"].get<Numbers>());
    expect_near(model.parameters(), c["parameters"], 1e-10, "parameters");
    expect_near(model.joint_log_likelihood(test.view()), c["joint"], 1e-10, "joint log-likelihood");
    expect_near(model.predict_proba(test.view()), c["probabilities"], 1e-9, "probabilities");
    EXPECT_EQ(model.predict(test.view()), c["predicted"].get<Labels>());
  }
}

TEST(NaiveBayes, ChunksGiveWhatOneFitGives) {
  for (const Json& c : golden()["bayes"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const Matrix<double> x = matrix_of(c["x"]), test = matrix_of(c["test"]);
    const Labels labels = c["y"];
    const Numbers weights = c["weights"];
    const NaiveBayes whole =
        fit_naive_bayes(bayes_config(c), x.view(), labels, c["classes"], weights);
    NaiveBayes parts =
        empty_naive_bayes(whole.config, whole.classes, whole.features, whole.categories);
    for (int64_t begin = 0; begin < x.rows; begin += 7) {
      const int64_t end = std::min(begin + 7, x.rows);
      const auto part = [&](const auto& all) {
        return std::span(all).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
      };
      parts.partial_fit(x.view().slice(begin, end), part(labels),
                        weights.empty() ? std::span<const double>{} : part(weights));
    }
    expect_near(parts.joint_log_likelihood(test.view()).values,
                whole.joint_log_likelihood(test.view()).values, 1e-11, "joint log-likelihood");
  }
}

// Many rows, so that blocks are merged, and classes that fill more than one vector; by the formulas.
TEST(NaiveBayes, ManyRowsKeepTheirDigitsWhereMeansAreLarge) {
  Random random(3);
  const int64_t rows = 3001, width = 11, classes = 19;
  Matrix<double> x(rows, width);
  Labels labels;
  for (int64_t i = 0; i < rows; ++i) {
    labels.push_back(static_cast<int32_t>(random.below(classes)));
    for (int64_t j = 0; j < width; ++j)
      x(i, j) = 1e5 * static_cast<double>(j) + labels.back() + random.normal();
  }
  const NaiveBayes model = fit_naive_bayes({.var_smoothing = 0}, x.view(), labels, classes);
  const Matrix<double> variance = model.parameters(), joint = model.joint_log_likelihood(x.view());
  std::vector<long double> mean(static_cast<size_t>(classes * width)), spread(mean.size()),
      count(static_cast<size_t>(classes));
  const auto at = [&](int64_t c, int64_t j) { return static_cast<size_t>(c * width + j); };
  for (const int32_t label : labels) count[static_cast<size_t>(label)] += 1;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; ++j)
      mean[at(labels[static_cast<size_t>(i)], j)] +=
          x(i, j) / count[static_cast<size_t>(labels[static_cast<size_t>(i)])];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < width; ++j) {
      const long double d = x(i, j) - mean[at(labels[static_cast<size_t>(i)], j)];
      spread[at(labels[static_cast<size_t>(i)], j)] +=
          d * d / count[static_cast<size_t>(labels[static_cast<size_t>(i)])];
    }
  for (int64_t c = 0; c < classes; ++c)
    for (int64_t j = 0; j < width; ++j)
      ASSERT_NEAR(variance(c, j), static_cast<double>(spread[at(c, j)]),
                  1e-10 * static_cast<double>(spread[at(c, j)]));
  for (const int64_t i : {int64_t{0}, int64_t{1777}, rows - 1})
    for (int64_t c = 0; c < classes; ++c) {
      long double sum = std::log(count[static_cast<size_t>(c)] / rows);
      for (int64_t j = 0; j < width; ++j) {
        const long double d = x(i, j) - mean[at(c, j)], v = spread[at(c, j)];
        sum -= 0.5L * (std::log(2 * M_PIl * v) + d * d / v);
      }
      ASSERT_NEAR(joint(i, c), static_cast<double>(sum),
                  1e-10 * std::abs(static_cast<double>(sum)));
    }
}

TEST(NaiveBayes, SparseRowsGiveWhatDenseOnesGive) {
  for (const Json& c : golden()["bayes"]) {
    const std::string kind = c["kind"];
    if (kind == "gaussian" || kind == "categorical") continue;
    SCOPED_TRACE(c["name"].get<std::string>());
    const Matrix<double> x = matrix_of(c["x"]);
    std::vector<int64_t> starts = {0};
    std::vector<int32_t> columns;
    Numbers values;
    for (int64_t i = 0; i < x.rows; ++i) {
      for (int64_t j = x.columns - 1; j >= 0; --j)
        if (x(i, j) != 0) columns.push_back(static_cast<int32_t>(j)), values.push_back(x(i, j));
      starts.push_back(static_cast<int64_t>(values.size()));
    }
    const SparseView sparse{starts, columns, values, x.columns};
    const NaiveBayes dense = fit_naive_bayes(bayes_config(c), x.view(), c["y"].get<Labels>(),
                                             c["classes"], c["weights"].get<Numbers>());
    NaiveBayes model = empty_naive_bayes(dense.config, dense.classes, dense.features);
    model.partial_fit(sparse, c["y"].get<Labels>(), c["weights"].get<Numbers>());
    EXPECT_EQ(model.counts.values, dense.counts.values);
    expect_near(model.joint_log_likelihood(sparse).values,
                dense.joint_log_likelihood(x.view()).values, 1e-12, "joint");
    columns[0] = static_cast<int32_t>(x.columns);
    expect_error(
        [&] {
          model.joint_log_likelihood(SparseView{starts, columns, values, x.columns});
        },
        Kind::data, "outside 0..5");
  }
}

TEST(NaiveBayes, TiesGoToTheLowestClassAndEmptyClassesAreNeverPredicted) {
  const Matrix<double> x = matrix_of(Json{{1.0}, {1.0}, {3.0}, {3.0}});
  const NaiveBayes model = fit_naive_bayes({.var_smoothing = 1}, x.view(), Labels{1, 2, 1, 2}, 4);
  EXPECT_EQ(model.predict(x.view()), (Labels{1, 1, 1, 1}));
  const Matrix<double> shares = model.predict_proba(x.view());
  EXPECT_EQ(shares(0, 0), 0);
  EXPECT_EQ(shares(0, 1), 0.5);
}

TEST(NaiveBayes, WhatItIsNotGivenIsRefused) {
  const Matrix<double> x = matrix_of(Json{{1.0, 2.0}, {3.0, -4.0}});
  Matrix<double> bad = x;
  bad(1, 0) = NAN;
  const auto fit = [&](const std::string& kind, MatrixView<double> from, Labels labels,
                       Numbers weights = {}) {
    return [=] { fit_naive_bayes({.kind = kind}, from, labels, 2, weights); };
  };
  expect_error(fit("gaussian", bad.view(), {0, 1}), Kind::data, "row 2, column 1: nan");
  expect_error(fit("gaussian", x.view(), {0}), Kind::data, "1 labels for 2 rows");
  expect_error(fit("gaussian", x.view(), {0, 2}), Kind::data, "row 2: label 2 is outside 0..1");
  expect_error(fit("gaussian", x.view(), {0, 1}, {1, -1}), Kind::data, "row 2: the weight is -1");
  expect_error(fit("gaussian", x.view(), {0, 1}, {0, 0}), Kind::data, "all weights are 0");
  expect_error(fit("gaussian", x.view().slice(0, 0), {}), Kind::data, "0 rows");
  expect_error(fit("multinomial", x.view(), {0, 1}), Kind::data, "row 2, column 2: -4 is below 0");
  expect_error(fit("categorical", x.view(), {0, 1}), Kind::data,
               "row 2, column 2: -4 is not a category");
  const NaiveBayes model = fit_naive_bayes({}, x.view(), Labels{0, 1}, 2);
  expect_error(
      [&] {
        model.predict(MatrixView<double>{x.row(0), 2, 1, 2});
      },
      Kind::data, "1 columns, but the model has learned from 2");
}

LinearConfig linear_config(const Json& c, const std::string& solver) {
  return {.intercept = c["intercept"],
          .ridge = c["ridge"],
          .non_negative = c["non_negative"],
          .solver = solver};
}

TEST(Linear, AgreesWithScikitLearn) {
  ASSERT_EQ(golden()["linear"].size(), 10u);
  for (const Json& c : golden()["linear"])
    for (const std::string solver : {"auto", "exact"}) {
      SCOPED_TRACE(c["name"].get<std::string>() + ", " + solver);
      const Matrix<double> x = matrix_of(c["x"]), y = matrix_of(c["y"]);
      const LinearFit fit =
          fit_linear(linear_config(c, solver), x.view(), y.view(), c["weights"].get<Numbers>());
      expect_near(fit.model.coefficients, c["coefficients"], 1e-9, "coefficients");
      expect_near(fit.model.intercepts, c["intercepts"].get<Numbers>(), 1e-9, "intercepts");
      expect_near(fit.r2, c["r2"].get<Numbers>(), 1e-10, "r2");
      if (!c.contains("rank")) continue;
      EXPECT_EQ(fit.rank, c["rank"]);
      const Numbers theirs = c["singular_values"];
      ASSERT_EQ(fit.singular_values.size(), theirs.size());
      for (size_t i = 0; i < theirs.size(); ++i)
        EXPECT_NEAR(fit.singular_values[i], theirs[i], 1e-8 * theirs[0]);
      if (c["name"] == "plain") {
        EXPECT_EQ(fit.solver, solver == "auto" ? "cholesky" : "qr");
      }
    }
}

TEST(Linear, ErrorsOfOneColumnAreThoseOfTheTextbook) {
  const Json& c = golden()["simple_errors"];
  const Numbers x = c["x"], y = c["y"];
  for (const std::string solver : {"auto", "exact"}) {
    const LinearFit fit =
        fit_linear({.solver = solver}, {x.data(), 30, 1, 1}, {y.data(), 30, 1, 1});
    EXPECT_NEAR(fit.model.coefficients(0, 0), c["slope"], 1e-12);
    EXPECT_NEAR(fit.model.intercepts[0], c["intercept"], 1e-10);
    EXPECT_NEAR(fit.errors(0, 0), c["error"], 1e-12);
    EXPECT_NEAR(fit.intercept_errors[0], c["intercept_error"], 1e-10);
    EXPECT_NEAR(fit.t(0, 0), c["slope"].get<double>() / c["error"].get<double>(), 1e-9);
  }
}

void expect_certified(const LinearFit& fit,
                      const Numbers& coefficients,
                      const Numbers& errors,
                      double tolerance) {
  const auto close = [&](double ours, double certified) {
    EXPECT_NEAR(ours, certified, tolerance * std::abs(certified));
  };
  close(fit.model.intercepts[0], coefficients[0]);
  close(fit.intercept_errors.at(0), errors[0]);
  for (size_t j = 1; j < coefficients.size(); ++j) {
    close(fit.model.coefficients(0, static_cast<int64_t>(j) - 1), coefficients[j]);
    close(fit.errors(0, static_cast<int64_t>(j) - 1), errors[j]);
  }
}

// NIST Statistical Reference Datasets, linear least squares, Longley (J. W. Longley, JASA 62, 1967): data and certified
// values, https://www.itl.nist.gov/div898/strd/lls/data/Longley.shtml
TEST(Linear, LongleyAsNistCertifiesIt) {
  const Numbers y = {60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761,
                     66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551};
  const Numbers x = {
      83.0,  234289, 2356, 1590, 107608, 1947, 88.5,  259426, 2325, 1456, 108632, 1948,
      88.2,  258054, 3682, 1616, 109773, 1949, 89.5,  284599, 3351, 1650, 110929, 1950,
      96.2,  328975, 2099, 3099, 112075, 1951, 98.1,  346999, 1932, 3594, 113270, 1952,
      99.0,  365385, 1870, 3547, 115094, 1953, 100.0, 363112, 3578, 3350, 116219, 1954,
      101.2, 397469, 2904, 3048, 117388, 1955, 104.6, 419180, 2822, 2857, 118734, 1956,
      108.4, 442769, 2936, 2798, 120445, 1957, 110.8, 444546, 4681, 2637, 121950, 1958,
      112.6, 482704, 3813, 2552, 123366, 1959, 114.2, 502601, 3931, 2514, 125368, 1960,
      115.7, 518173, 4806, 2572, 127852, 1961, 116.9, 554894, 4007, 2827, 130081, 1962};
  const LinearFit fit = fit_linear({}, {x.data(), 16, 6, 6}, {y.data(), 16, 1, 1});
  expect_certified(fit,
                   {-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683,
                    -1.03322686717359, -0.0511041056535807, 1829.15146461355},
                   {890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699,
                    0.214274163161675, 0.226073200069370, 455.478499142212},
                   1e-10);
  EXPECT_NEAR(fit.r2[0], 0.995479004577296, 1e-13);
  EXPECT_NEAR(fit.deviation[0], 304.854073561965, 1e-8);
}

// The same, Filip (A. Filippelli, NIST): a polynomial of degree 10, whose powers no double holds exactly; to the 7
// digits that those still determine. https://www.itl.nist.gov/div898/strd/lls/data/Filip.shtml
TEST(Linear, FilipAsNistCertifiesIt) {
  const Numbers y = {0.8116, 0.9072, 0.9052, 0.9039, 0.8053, 0.8377, 0.8667, 0.8809, 0.7975, 0.8162,
                     0.8515, 0.8766, 0.8885, 0.8859, 0.8959, 0.8913, 0.8959, 0.8971, 0.9021, 0.909,
                     0.9139, 0.9199, 0.8692, 0.8872, 0.89,   0.891,  0.8977, 0.9035, 0.9078, 0.7675,
                     0.7705, 0.7713, 0.7736, 0.7775, 0.7841, 0.7971, 0.8329, 0.8641, 0.8804, 0.7668,
                     0.7633, 0.7678, 0.7697, 0.77,   0.7749, 0.7796, 0.7897, 0.8131, 0.8498, 0.8741,
                     0.8061, 0.846,  0.8751, 0.8856, 0.8919, 0.8934, 0.894,  0.8957, 0.9047, 0.9129,
                     0.9209, 0.9219, 0.7739, 0.7681, 0.7665, 0.7703, 0.7702, 0.7761, 0.7809, 0.7961,
                     0.8253, 0.8602, 0.8809, 0.8301, 0.8664, 0.8834, 0.8898, 0.8964, 0.8963, 0.9074,
                     0.9119, 0.9228};
  const Numbers base = {
      -6.860120914, -4.324130045, -4.358625055, -4.358426747, -6.955852379, -6.661145254,
      -6.355462942, -6.118102026, -7.115148017, -6.815308569, -6.519993057, -6.204119983,
      -5.853871964, -6.109523091, -5.79832982,  -5.482672118, -5.171791386, -4.851705903,
      -4.517126416, -4.143573228, -3.709075441, -3.499489089, -6.300769497, -5.953504836,
      -5.642065153, -5.031376979, -4.680685696, -4.329846955, -3.928486195, -8.56735134,
      -8.363211311, -8.107682739, -7.823908741, -7.522878745, -7.218819279, -6.920818754,
      -6.628932138, -6.323946875, -5.991399828, -8.781464495, -8.663140179, -8.473531488,
      -8.247337057, -7.971428747, -7.676129393, -7.352812702, -7.072065318, -6.774174009,
      -6.478861916, -6.159517513, -6.835647144, -6.53165267,  -6.224098421, -5.910094889,
      -5.598599459, -5.290645224, -4.974284616, -4.64454848,  -4.290560426, -3.885055584,
      -3.408378962, -3.13200249,  -8.726767166, -8.66695597,  -8.511026475, -8.165388579,
      -7.886056648, -7.588043762, -7.283412422, -6.995678626, -6.691862621, -6.392544977,
      -6.067374056, -6.684029655, -6.378719832, -6.065855188, -5.752272167, -5.132414673,
      -4.811352704, -4.098269308, -3.66174277,  -3.2644011};
  Matrix<double> x(82, 10);
  for (int64_t i = 0; i < 82; ++i)
    for (int64_t j = 0; j < 10; ++j)
      x(i, j) = std::pow(base[static_cast<size_t>(i)], static_cast<double>(j + 1));
  const LinearFit fit = fit_linear({}, x.view(), {y.data(), 82, 1, 1});
  EXPECT_EQ(fit.rank, 10);
  expect_certified(fit,
                   {-1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372,
                    -354.478233703349, -75.1242017393757, -10.8753180355343, -1.06221498588947,
                    -0.0670191154593408, -0.00246781078275479, -0.0000402962525080404},
                   {298.084530995537, 559.779865474950, 466.477572127796, 227.204274477751,
                    71.6478660875927, 15.2897178747400, 2.23691159816033, 0.221624321934227,
                    0.0142363763154724, 0.000535617408889821, 0.00000896632837373868},
                   1e-7);
  EXPECT_NEAR(fit.r2[0], 0.996727416185620, 1e-10);
  EXPECT_NEAR(fit.deviation[0], 0.00334801051324544, 1e-11);
}

// Residuals are at right angles to every column and to the constant.
TEST(Linear, ResidualsAreOrthogonalAndThreadsDoNotMatter) {
  Random random(8);
  const int64_t rows = 6000, width = 23;
  Matrix<double> x(rows, width), y(rows, 1);
  for (double& value : x.values) value = random.normal();
  for (int64_t i = 0; i < rows; ++i) y(i, 0) = x(i, 0) - 2 * x(i, 5) + random.normal();
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const LinearFit one = fit_linear({}, x.view(), y.view());
  const Matrix<double> guess = one.model.predict(x.view());
  at::set_num_threads(2);
  const LinearFit two = fit_linear({}, x.view(), y.view());
  const Matrix<double> again = one.model.predict(x.view());
  at::set_num_threads(before);
  EXPECT_EQ(one.solver, "cholesky");
  EXPECT_EQ(one.model.coefficients.values, two.model.coefficients.values);
  EXPECT_EQ(guess.values, again.values);
  for (int64_t j = 0; j <= width; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < rows; ++i) sum += (y(i, 0) - guess(i, 0)) * (j < width ? x(i, j) : 1);
    EXPECT_NEAR(sum, 0, 1e-9) << j;
  }
}

TEST(Logistic, AgreesWithScikitLearn) {
  ASSERT_EQ(golden()["logistic"].size(), 5u);
  for (const Json& c : golden()["logistic"]) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const Matrix<double> x = matrix_of(c["x"]);
    const LogisticFit fit =
        fit_logistic_table({.l2 = c["l2"], .intercept = c["intercept"]}, x.view(),
                           c["y"].get<Labels>(), c["classes"], c["weights"].get<Numbers>());
    expect_near(fit.model.coefficients, c["coefficients"], 1e-9, "coefficients");
    expect_near(fit.model.intercepts, c["intercepts"].get<Numbers>(), 1e-8, "intercepts");
    expect_near(fit.model.predict_proba(x.view()), c["probabilities"], 1e-9, "probabilities");
    EXPECT_LE(fit.steps, 15);
  }
}

TEST(Logistic, UnitsDoNotMatterAndOneClassIsRefused) {
  const Json& c = golden()["logistic"][0];
  const Matrix<double> x = matrix_of(c["x"]);
  const Labels labels = c["y"];
  Matrix<double> other =
      x;  // a column nearly without a penalty: in a unit 1e8 times smaller, far from 0
  for (int64_t i = 0; i < x.rows; ++i) other(i, 1) = 1e8 * x(i, 1) + 1e10;
  const LogisticFit fit = fit_logistic_table({}, other.view(), labels, 2);
  const LogisticFit plain = fit_logistic_table({}, x.view(), labels, 2);
  EXPECT_LE(fit.loss, plain.loss);
  EXPECT_LE(fit.steps, 20);
  EXPECT_NEAR(fit.model.coefficients(0, 1) * 1e8, plain.model.coefficients(0, 1), 0.3);
  const Labels same(labels.size(), 1);
  expect_error([&] { fit_logistic_table({}, x.view(), same, 2); }, Kind::data,
               "all rows are of one class");
  expect_error([&] { fit_logistic_table({}, x.view(), labels, 2000); }, Kind::unsupported,
               "10000 unknowns");
}

TEST(TableModels, FilesReadBackAndBrokenOnesAreRefused) {
  const fs::path path =
      fs::temp_directory_path() / fmt::format("models-{}.safetensors", ::getpid());
  const Json& c = golden()["bayes"][0];
  const Matrix<double> x = matrix_of(c["x"]);
  for (const Json& b : golden()["bayes"]) {
    const Matrix<double> from = matrix_of(b["x"]);
    const NaiveBayes model =
        fit_naive_bayes(bayes_config(b), from.view(), b["y"].get<Labels>(), b["classes"]);
    save_naive_bayes(path, model);
    EXPECT_EQ(load_naive_bayes(path).joint_log_likelihood(from.view()).values,
              model.joint_log_likelihood(from.view()).values);
  }
  const std::string bytes = read_file(path);
  for (size_t length = 0; length < bytes.size(); length += 41) {
    write_file_atomic(path, bytes.substr(0, length));
    EXPECT_THROW(load_naive_bayes(path), Error) << length;
  }
  write_file_atomic(path, bytes);
  expect_error([&] { load_linear(path); }, Kind::usage,
               "holds a model 'naive-bayes', not 'linear'");

  const LogisticFit logistic = fit_logistic_table({}, x.view(), c["y"].get<Labels>(), 3);
  save_logistic(path, logistic.model);
  EXPECT_EQ(load_logistic(path).predict_proba(x.view()).values,
            logistic.model.predict_proba(x.view()).values);
  const Matrix<double> y = matrix_of(golden()["linear"][0]["y"]),
                       lx = matrix_of(golden()["linear"][0]["x"]);
  const LinearFit linear = fit_linear({}, lx.view(), y.view());
  save_linear(path, linear.model);
  EXPECT_EQ(load_linear(path).predict(lx.view()).values, linear.model.predict(lx.view()).values);
  fs::remove(path);
}

}  // namespace
}  // namespace espalier
