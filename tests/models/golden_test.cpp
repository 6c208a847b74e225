// Parameter counts and logits of the Python originals (tests/golden/make_model_goldens.py).
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/models/table.h"

#include "tests/models/fill.h"

namespace espalier {
namespace {

using nlohmann::json;

json goldens() {
  fs::path here = fs::path(__FILE__).parent_path();
  return json::parse(read_file(here.parent_path() / "golden" / "models.json"));
}

int64_t parameter_count(const torch::nn::Module& net) {
  int64_t count = 0;
  for (const torch::Tensor& parameter : net.parameters()) count += parameter.numel();
  return count;
}

TEST(Models, EveryRowHasAGolden) {
  std::set<std::string> golden = {};  // begin with the names of nets that have no original
  for (const json& row : goldens()) golden.insert(row.at("model"));
  for (const ModelRow& row : model_table()) EXPECT_TRUE(golden.count(row.name)) << row.name;
}

TEST(Models, ParameterCountsAreTheOriginals) {
  for (const json& row : goldens())
    EXPECT_EQ(parameter_count(*make_model(row.at("model"), row.at("arguments"))),
              row.at("parameters"))
        << row.at("model");
}

TEST(Models, LogitsAreTheOriginals) {
  torch::NoGradGuard no_grad;
  for (const json& row : goldens()) {
    ImageModelPtr net = make_model(row.at("model"), row.at("arguments"));
    fill_module(*net, row.at("gain"));
    net->eval();
    for (const json& golden : row.at("cases")) {
      torch::Tensor logits =
          net->forward(input_images(golden.at("input").get<std::vector<int64_t>>()));
      double tolerance = 1e-4 * golden.at("largest").get<double>();
      int64_t step = golden.at("step");
      // The numbers would not notice a net that hardly looks at its weights or its images.
      if (logits.size(0) > 1) {
        EXPECT_GT((logits[0] - logits[1]).abs().max().item<double>(), 100 * tolerance)
            << row.at("model");
      }
      for (int64_t image = 0; image < logits.size(0); ++image) {
        const json& expected = golden.at("logits").at(static_cast<size_t>(image));
        ASSERT_EQ(static_cast<int64_t>(expected.size()), (logits.size(1) + step - 1) / step);
        for (size_t i = 0; i < expected.size(); ++i)
          ASSERT_NEAR(logits[image][static_cast<int64_t>(i) * step].item<double>(),
                      expected[i].get<double>(), tolerance)
              << row.at("model") << " " << row.at("arguments") << " image " << image << " number "
              << i;
      }
    }
  }
}

// He et al. 2015, section 4.2, table 6: 0.27 M, 0.46 M, 0.85 M with identity shortcuts.
TEST(Models, CifarCountsArePublished) {
  EXPECT_EQ(parameter_count(*make_model("resnet20")), 269722);
  EXPECT_EQ(parameter_count(*make_model("resnet32")), 464154);
  EXPECT_EQ(parameter_count(*make_model("resnet56")), 853018);
}

}  // namespace
}  // namespace espalier
