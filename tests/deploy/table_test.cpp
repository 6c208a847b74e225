// Every model of the table through tracing, folding, the file and the runner, against the module
// itself.
#include "espalier/models/table.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "espalier/core/files.h"
#include "espalier/deploy/cost.h"
#include "espalier/deploy/export.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/onnx_write.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/deploy/trace.h"

#include "tests/deploy/networks.h"

namespace espalier {
namespace {

using torch::Tensor;

class EachModel : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    model_ = make_model(GetParam());
    shake_norms(*model_);
  }
  // Small pictures keep it quick; the published size is ONNX Runtime's to check.
  static constexpr int64_t kSide = 64;
  ImageModelPtr model_;
};

TEST_P(EachModel, IsTheSameTracedFoldedAndReadBack) {
  Graph traced = trace(*model_, torch::zeros({1, 3, kSide, kSide})), folded = traced;
  FoldReport report = fold_norms(folded, /*all=*/true);
  EXPECT_GT(report.folded, 0);
  Graph from_file = parse_onnx(onnx_bytes(folded), "memory");
  EXPECT_EQ(to_text(from_file), to_text(folded));
  for (const Node& node : from_file.nodes) EXPECT_NE(node.op, "BatchNormalization");
  GraphRunner first(traced), second(folded), third(from_file);
  Network fourth(folded), in_bf16(folded, {.precision = "bf16"});
  for (const Shape& shape :
       {Shape{1, 3, kSide, kSide}, Shape{3, 3, kSide, kSide}, Shape{2, 3, 96, 80}}) {
    Tensor images = random_images(shape), wanted = eager(*model_, images);
    EXPECT_LT(relative_difference(first.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(second.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(third.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(fourth.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(in_bf16.run(images), wanted), 0.1);
  }
}

TEST_P(EachModel, CountsTheParametersThatTheModuleHas) {
  int64_t parameters = 0;
  for (const Tensor& parameter : model_->parameters()) parameters += parameter.numel();
  Graph graph = trace(*model_, torch::zeros({1, 3, kSide, kSide}));
  EXPECT_EQ(count_cost(graph, {1, 3, kSide, kSide}).parameters, parameters);
}

// What tests/deploy/onnx_peer_test.py gives to ONNX Runtime: with ESPALIER_ONNX_OUT, the exported
// file, a picture and our logits for it as raw floats.
TEST_P(EachModel, ExportsAFileThatAgrees) {
  const char* kept = std::getenv("ESPALIER_ONNX_OUT");
  fs::path folder =
      kept ? fs::path(kept) : fs::path(testing::TempDir()) / ("espalier_onnx_" + GetParam());
  fs::path file = folder / (GetParam() + ".onnx");
  make_folder(folder);
  model_->train();
  ExportReport report = export_onnx(*model_, {{"classes", "[\"a\",\"b\"]"}}, 3, kSide, kSide, file);
  EXPECT_TRUE(model_->is_training());
  EXPECT_LT(report.max_abs_diff, 1e-4 * std::max(1.0, report.logit_scale));
  EXPECT_EQ(report.bytes, static_cast<int64_t>(fs::file_size(file)));
  Graph graph = read_onnx(file);
  EXPECT_EQ(graph.metadata.at("model"), GetParam());
  EXPECT_EQ(graph.metadata.at("classes"), "[\"a\",\"b\"]");
  if (!kept) return void(fs::remove_all(folder));
  Tensor images = random_images({2, 3, kSide, kSide});
  save_floats(folder / (GetParam() + ".images"), images);
  save_floats(folder / (GetParam() + ".logits"), eager(*model_, images));
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const ModelRow& row : model_table()) names.push_back(row.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Table, EachModel, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST(Table, BottlenecksWithOptionBAndOddWidthsExportToo) {
  for (auto [name, arguments] :
       {std::pair{"resnet50", nlohmann::json{{"width", 12}, {"classes", 7}}},
        std::pair{"resnet20", nlohmann::json{{"shortcut", "conv"}, {"in_channels", 1}}},
        std::pair{"resnet20", nlohmann::json{{"width", 5}, {"in_channels", 1}}}}) {
    ImageModelPtr model = make_model(name, arguments);
    shake_norms(*model);
    int64_t channels = arguments.value("in_channels", 3);
    Graph graph = trace(*model, torch::zeros({1, channels, 33, 47}));
    fold_norms(graph, true);
    Tensor images = random_images({3, channels, 33, 47});
    EXPECT_LT(relative_difference(GraphRunner(graph).run(images), eager(*model, images)), 1e-4);
  }
}

}  // namespace
}  // namespace espalier
