#include "espalier/tabular/pca.h"

#include <cmath>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/tabular/pca_layer.h"
#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"
#include "tests/tabular/pca_golden.h"

namespace espalier {
namespace {

void expect_described(const Pca<double>& pca,
                      const nlohmann::json& wanted,
                      const Matrix<double>& queries,
                      double tolerance) {
  auto numbers = [&](const char* name) { return wanted[name].get<std::vector<double>>(); };
  expect_near(pca.variance, numbers("variance"), tolerance);
  expect_near(pca.ratio, numbers("ratio"), tolerance);
  expect_near(pca.components.values, numbers("components"), tolerance);
  expect_near(pca.mean, numbers("mean"), tolerance);
  expect_near(pca.transform(queries.view()).values, numbers("codes"), tolerance);
  EXPECT_NEAR(pca.noise_variance, wanted["noise"].get<double>(), tolerance);
}

TEST(Pca, EqualsScikitLearn) {
  const PcaGolden golden;
  ASSERT_EQ(golden.json["pca"].size(), 5u);
  for (const auto& wanted : golden.json["pca"])
    for (const std::string solver : {"full", "covariance", "randomized"}) {
      PcaConfig config;
      from_json(fields(config), wanted["config"]);
      config.solver = solver;
      if (solver == "randomized" && (config.minka || config.share > 0)) continue;
      SCOPED_TRACE(wanted["name"].get<std::string>() + ", " + solver);
      const auto pca = fit_pca<double>(config, golden.x.view());
      EXPECT_EQ(pca.solver, solver);
      expect_described(pca, wanted, golden.queries, 1e-10);
      // Floats lose what is small beside the largest variance.
      const auto floats = fit_pca<float>(config, in_floats(golden.x).view());
      expect_near(floats.variance, wanted["variance"].get<std::vector<double>>(),
                  2e-7 * pca.variance[0]);
      expect_near(floats.components.values, wanted["components"].get<std::vector<double>>(), 1e-3);
    }
}

TEST(Pca, InPartsEqualsScikitLearn) {
  const PcaGolden golden;
  for (const auto& wanted : golden.json["incremental"]) {
    IncrementalPca<double> pca(3);
    int64_t begin = 0;
    for (const int64_t rows : wanted["parts"].get<std::vector<int64_t>>()) {
      pca.add(golden.x.view().slice(begin, begin + rows));
      begin += rows;
    }
    expect_described(pca.result(), wanted, golden.queries, 1e-9);
  }
}

// Many columns, few components: the covariance's largest pairs come without the others.
TEST(Pca, AFewOfManyComponentsAreAsExactAsAll) {
  Random random(6);
  constexpr int64_t kRows = 900, kColumns = 260, kKept = 12;
  Matrix<double> mix(40, kColumns), x(kRows, kColumns);
  for (double& v : mix.values) v = random.normal();
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t k = 0; k < 40; ++k) {
      const double code = random.normal() * std::pow(0.85, static_cast<double>(k)) * 3;
      for (int64_t c = 0; c < kColumns; ++c) x(r, c) += code * mix(k, c);
    }
    for (int64_t c = 0; c < kColumns; ++c) x(r, c) += 0.1 * random.normal() + 5;
  }
  const auto all = fit_pca<double>({.components = kKept, .solver = "full"}, x.view());
  for (const std::string solver : {"covariance", "randomized"}) {
    const auto few = fit_pca<double>({.components = kKept, .solver = solver}, x.view());
    expect_near(few.variance, all.variance, 1e-8);
    EXPECT_LT(principal_angles(few.components, all.components)[0], 1e-4) << solver;
    EXPECT_NEAR(few.noise_variance, all.noise_variance, 1e-8);
    const auto floats =
        fit_pca<float>({.components = kKept, .solver = solver}, in_floats(x).view());
    expect_near(floats.variance, all.variance, 1e-5);
  }
}

TEST(Pca, ThreadsDoNotMatterBeyondRounding) {
  Random random(8);
  Matrix<double> x(5000, 300);
  for (int64_t r = 0; r < x.rows; ++r)
    for (int64_t c = 0; c < x.columns; ++c)
      x(r, c) = random.normal() * std::pow(0.9, static_cast<double>(c)) + 2;
  const int before = at::get_num_threads();
  for (const std::string solver : {"covariance", "randomized", "full"}) {
    at::set_num_threads(1);
    const auto one = fit_pca<double>({.components = 7, .solver = solver}, x.view());
    at::set_num_threads(3);
    const auto three = fit_pca<double>({.components = 7, .solver = solver}, x.view());
    expect_near(three.components.values, one.components.values, 1e-11);
    expect_near(three.variance, one.variance, 1e-13);
  }
  at::set_num_threads(before);
}

TEST(Pca, WhitenedCodesHaveVarianceOneAndComeBack) {
  const PcaGolden golden;
  const auto pca = fit_pca<double>({.whiten = true}, golden.x.view());
  const Matrix<double> codes = pca.transform(golden.x.view());
  for (int64_t k = 0; k < codes.columns; ++k) {
    double sum = 0;
    for (int64_t r = 0; r < codes.rows; ++r) sum += codes(r, k) * codes(r, k);
    EXPECT_NEAR(sum / static_cast<double>(codes.rows - 1), 1, 1e-10);
  }
  expect_near(pca.inverse_transform(codes.view()).values, golden.x.values, 1e-10);
}

TEST(Pca, ConstantColumnsAndEqualRowsAreAllowed) {
  Matrix<double> x(5, 3);
  const auto pca = fit_pca<double>({}, x.view());
  expect_near(pca.variance, std::vector<double>(3), 1e-12);
  expect_near(pca.ratio, std::vector<double>(3), 1e-12);
}

TEST(Pca, BadInputIsNamed) {
  Matrix<double> x(4, 3);
  expect_error([&] { fit_pca<double>({.components = 4}, x.view()); }, Kind::usage, "4 components");
  expect_error([&] { fit_pca<double>({}, Matrix<double>(1, 3).view()); }, Kind::data, "1 rows");
  expect_error([&] { fit_pca<double>({.solver = "arpack"}, x.view()); }, Kind::usage, "solver");
  expect_error([&] { fit_pca<double>({.share = 0.5, .solver = "randomized"}, x.view()); },
               Kind::usage, "full");
  expect_error([&] { fit_pca<double>({.minka = true}, Matrix<double>(3, 4).view()); }, Kind::usage,
               "Minka");
  const auto pca = fit_pca<double>({.components = 2}, x.view());
  expect_error([&] { pca.transform(Matrix<double>(1, 2).view()); }, Kind::data, "3 columns, not 2");
  expect_error([&] { pca.inverse_transform(x.view()); }, Kind::data, "2 components, not 3");
  IncrementalPca<double> parts(4);
  expect_error([&] { parts.add(x.view()); }, Kind::usage, "4 components");
  x(1, 2) = std::nan("");
  expect_error([&] { fit_pca<double>({}, x.view()); }, Kind::data, "row 2, column 3");
}

TEST(Pca, AFileKeepsItAndADamagedOneIsRefused) {
  const PcaGolden golden;
  const auto pca = fit_pca<double>({.components = 3, .whiten = true}, golden.x.view());
  const fs::path path = fs::temp_directory_path() / fmt::format("pca-{}.safetensors", getpid());
  save_pca(path, pca);
  const auto read = load_pca<double>(path);
  EXPECT_EQ(read.transform(golden.queries.view()).values,
            pca.transform(golden.queries.view()).values);
  EXPECT_EQ(read.ratio, pca.ratio);
  EXPECT_EQ(read.noise_variance, pca.noise_variance);
  const std::string bytes = read_file(path);
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 31) {
    write_file_atomic(path, std::string_view(bytes).substr(0, length));
    expect_error([&] { load_pca<double>(path); }, Kind::format, path.string());
  }
  Pca<double> bad = pca;
  bad.variance[1] = -1;
  save_pca(path, bad);
  expect_error([&] { load_pca<double>(path); }, Kind::format, "variance", "-1");
  bad = pca;
  bad.mean.pop_back();
  save_pca(path, bad);
  expect_error([&] { load_pca<double>(path); }, Kind::format, "mean", "7 numbers, not 8");
  fs::remove(path);
}

TEST(PcaLayer, AnglesAreThoseOfKnownSpaces) {
  Matrix<double> a(2, 3), b(2, 3);
  a(0, 0) = a(1, 1) = 2;
  const double turn = 1e-7;
  b(0, 0) = 1;
  b(1, 1) = std::cos(turn);
  b(1, 2) = std::sin(turn);
  const std::vector<double> angles = principal_angles(a, b);
  ASSERT_EQ(angles.size(), 2u);
  EXPECT_NEAR(angles[0], turn * 180 / M_PI, 1e-12);
  EXPECT_NEAR(angles[1], 0, 1e-12);
  Matrix<double> c(1, 3);
  c(0, 1) = c(0, 2) = 1;
  EXPECT_NEAR(principal_angles(a, c)[0], 45, 1e-10);
}

// What each rule learns, and what it does not.
TEST(PcaLayer, LearnsTheSpaceAndSangerTheComponents) {
  Random random(9);
  Matrix<double> x(500, 12);
  for (int64_t r = 0; r < x.rows; ++r) {
    double code[12];
    for (int64_t c = 0; c < 12; ++c)
      code[c] = random.normal() * std::pow(0.7, static_cast<double>(c));
    for (int64_t c = 0; c < 12; ++c)  // turned, so that axes are not components
      for (int64_t k = 0; k < 12; ++k)
        x(r, c) += code[k] * std::cos(M_PI / 24 * static_cast<double>((2 * c + 1) * k));
  }
  for (const std::string method : {"autoencoder", "oja", "sanger"}) {
    const LayerPca found = learn_pca_layer(
        {.method = method, .components = 4, .steps = method == "autoencoder" ? 8000 : 0, .seed = 1},
        x.view());
    SCOPED_TRACE(found.text());
    EXPECT_LT(found.angles[0], method == "autoencoder" ? 0.01 : 0.5);
    EXPECT_LT(found.excess, 1e-3);
    for (const double cosine : found.turned_cosines) EXPECT_GT(cosine, 0.9999);
    const double worst = *std::min_element(found.cosines.begin(), found.cosines.end());
    if (method == "sanger")
      EXPECT_GT(worst, 0.999);
    else
      EXPECT_LT(worst, 0.95);  // a mixture of them
    EXPECT_NE(found.text().find("Not learnt"), std::string::npos);
  }
  expect_error(
      [&] { learn_pca_layer({.method = "sanger", .components = 4, .rate = 10}, x.view()); },
      Kind::usage, "left all bounds at rate 10");
}

}  // namespace
}  // namespace espalier
