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
#include "espalier/nn/norms.h"

#include "tests/deploy/networks.h"

namespace espalier {

// In the names that ctest shows.
void PrintTo(const ModelRow& row, std::ostream* out) {
  *out << row.name;
}

namespace {

using torch::Tensor;

class EachModel : public testing::TestWithParam<ModelRow> {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    model_ = make_model(GetParam().name);
    shake_norms(*model_);
  }
  // Small pictures keep it quick.
  static constexpr int64_t kSide = 64;
  // Where a graph holds for one size only, it is the parameters' own that shows them as they are.
  int64_t native_side() const { return GetParam().any_size ? kSide : GetParam().input_size; }
  ImageModelPtr model_;
};

TEST_P(EachModel, IsTheSameTracedFoldedAndReadBack) {
  Graph traced = trace(*model_, torch::zeros({1, 3, kSide, kSide})), folded = traced;
  FoldReport report = fold_norms(folded, /*all=*/true);
  EXPECT_EQ(report.folded, static_cast<int64_t>(batch_norms(*model_).size()));
  Graph from_file = parse_onnx(onnx_bytes(folded), "memory");
  EXPECT_EQ(to_text(from_file), to_text(folded));
  for (const Node& node : from_file.nodes) EXPECT_NE(node.op, "BatchNormalization");
  GraphRunner first(traced), second(folded), third(from_file);
  Network fourth(folded), in_bf16(folded, {.precision = "bf16"});
  std::vector<Shape> shapes = {{1, 3, kSide, kSide}, {3, 3, kSide, kSide}};
  if (GetParam().any_size) shapes.push_back({2, 3, 96, 80});
  for (const Shape& shape : shapes) {
    Tensor images = random_images(shape), wanted = eager(*model_, images);
    EXPECT_LT(relative_difference(first.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(second.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(third.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(fourth.run(images), wanted), 1e-4);
    EXPECT_LT(relative_difference(in_bf16.run(images), wanted), 0.1);
  }
}

TEST_P(EachModel, CountsTheParametersThatTheModuleHasAndTheTableSays) {
  int64_t parameters = 0;
  for (const Tensor& parameter : model_->parameters()) parameters += parameter.numel();
  int64_t traced = native_side(), side = GetParam().input_size;
  Graph graph = trace(*model_, torch::zeros({1, 3, traced, traced}));
  Cost cost = count_cost(graph, {1, 3, side, side});
  EXPECT_EQ(cost.parameters, parameters);
  EXPECT_EQ(GetParam().parameters, parameters);
  EXPECT_EQ(GetParam().macs, cost.macs);
}

// What tests/deploy/onnx_peer_test.py gives to ONNX Runtime: with ESPALIER_ONNX_OUT, the exported
// file, a picture and our logits for it as raw floats.
TEST_P(EachModel, ExportsAFileThatAgrees) {
  const char* kept = std::getenv("ESPALIER_ONNX_OUT");
  const std::string& name = GetParam().name;
  fs::path folder =
      kept ? fs::path(kept) : fs::path(testing::TempDir()) / ("espalier_onnx_" + name);
  fs::path file = folder / (name + ".onnx");
  make_folder(folder);
  model_->train();
  ExportReport report = export_onnx(*model_, {{"classes", "[\"a\",\"b\"]"}}, 3, kSide, kSide, file);
  EXPECT_TRUE(model_->is_training());
  EXPECT_LT(report.max_abs_diff, 1e-4 * std::max(1.0, report.logit_scale));
  EXPECT_EQ(report.bytes, static_cast<int64_t>(fs::file_size(file)));
  Graph graph = read_onnx(file);
  EXPECT_EQ(graph.metadata.at("model"), name);
  EXPECT_EQ(graph.metadata.at("classes"), "[\"a\",\"b\"]");
  if (!kept) return void(fs::remove_all(folder));
  Tensor images = random_images({2, 3, kSide, kSide});
  save_floats(folder / (name + ".images"), images);
  save_floats(folder / (name + ".logits"), eager(*model_, images));
}

INSTANTIATE_TEST_SUITE_P(Table, EachModel, testing::ValuesIn(model_table()), [](const auto& info) {
  return info.param.name;
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
