// Every model of the table: cut to about half, compared with the whole network, counted, saved, read
// back and exported. A new row is picked up with no change here.
#include "espalier/models/table.h"

#include <ostream>

#include <gtest/gtest.h>

#include "espalier/core/random.h"
#include "espalier/deploy/cost.h"
#include "espalier/deploy/export.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/model_file.h"
#include "espalier/prune/cost_model.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/stored.h"

#include "tests/deploy/networks.h"

namespace espalier {

void PrintTo(const ModelRow& row, std::ostream* out) {
  *out << row.name;
}

namespace {

using torch::Tensor;

// About half of every group, chosen at random.
std::vector<bool> half_of(const Structure& structure) {
  std::vector<bool> keep(structure.group_of.size(), false);
  Random random(5);
  for (const ChannelGroup& group : structure.groups) {
    std::vector<size_t> atoms(static_cast<size_t>(group.size));
    std::iota(atoms.begin(), atoms.end(), static_cast<size_t>(group.first));
    random.shuffle(atoms);
    for (int32_t i = 0; i < (group.size + 1) / 2; ++i) keep[atoms[static_cast<size_t>(i)]] = true;
  }
  return keep;
}

// Zeros in everything that writes or shifts a channel that goes, after which its readers read zeros.
void silence(ImageModel& model, const Structure& structure, const std::vector<bool>& keep) {
  torch::NoGradGuard no_grad;
  std::map<std::string, Tensor> state;
  for (const auto& [name, tensor] : module_state(model)) state.emplace(name, tensor);
  for (const ChannelAxis& axis : structure.axes) {
    if (axis.role == AxisRole::reads || axis.tensor.ends_with("running_var")) continue;
    for (size_t i = 0; i < axis.atoms.size(); ++i)
      if (axis.atoms[i] >= 0 && !keep[static_cast<size_t>(axis.atoms[i])])
        state.at(axis.tensor).select(axis.axis, static_cast<int64_t>(i)).zero_();
  }
}

bool has_layer_norms(const ImageModel& model) {
  for (const auto& module : model.modules())
    if (module->as<torch::nn::LayerNorm>()) return true;
  return false;
}

class EachModelPruned : public testing::TestWithParam<ModelRow> {};

TEST_P(EachModelPruned, IsTheWholeOneWithoutTheChannelsThatWent) {
  const ModelRow& row = GetParam();
  const int64_t side = row.any_size ? 64 : row.input_size;
  const Shape input = {1, 3, side, side};
  torch::manual_seed(11);
  ImageModelPtr model = make_model(row.name, {{"classes", 7}});
  shake_norms(*model);
  Graph graph = trace(*model, torch::zeros(input));
  Structure structure = read_structure(*model, graph, input);
  CostModel cost(*model, graph, structure, input);
  Cost whole = count_cost(graph, input);
  EXPECT_EQ(cost.at(structure.whole()).macs, whole.macs);
  EXPECT_EQ(cost.at(structure.whole()).parameters, whole.parameters);

  std::vector<bool> keep = half_of(structure);
  Counts counts = counts_of(structure, keep);
  ImageModelPtr pruned = copy_of(*model);
  remove_channels(*pruned, structure, keep);
  Tensor images = random_images({2, 3, side, side});
  Tensor logits = eager(*pruned, images);
  if (!has_layer_norms(*model)) {  // these average over the channels that are left
    silence(*model, structure, keep);
    EXPECT_LT(relative_difference(logits, eager(*model, images)), 1e-4);
  }

  Cost counted = count_cost(*pruned, 3, side, side);
  PrunedCost predicted = cost.at(counts);
  EXPECT_EQ(predicted.macs, counted.macs);
  EXPECT_EQ(predicted.parameters, counted.parameters);
  EXPECT_EQ(predicted.activations, counted.activations);
  EXPECT_EQ(predicted.traffic, counted.traffic);
  EXPECT_EQ(predicted.extras, counted.extras);
  EXPECT_LT(counted.macs, whole.macs * 3 / 4);

  fs::path folder = fs::path(testing::TempDir()) / ("espalier_pruned_" + row.name);
  make_folder(folder);
  save_model(folder, *pruned,
             {.class_names = {}, .mean = {0, 0, 0}, .std = {1, 1, 1}, .input_size = side});
  auto bytes = static_cast<int64_t>(fs::file_size(folder / "model.safetensors"));
  EXPECT_LE(bytes, predicted.bytes);
  EXPECT_GT(bytes, predicted.bytes - (1 << 16));
  LoadedModel loaded = load_model(folder);
  EXPECT_TRUE(torch::equal(eager(*loaded.net, images), logits));
  ExportReport report = export_onnx(*loaded.net, {}, 3, side, side, folder / "model.onnx");
  EXPECT_LT(report.max_abs_diff, 1e-4 * std::max(1.0, report.logit_scale));
  fs::remove_all(folder);

  // What was cut can be cut again.
  Graph again = trace(*pruned, torch::zeros(input));
  Structure rest = read_structure(*pruned, again, input);
  std::vector<bool> quarter = half_of(rest);
  remove_channels(*pruned, rest, quarter);
  EXPECT_TRUE(eager(*pruned, images).isfinite().all().item<bool>());
  EXPECT_EQ(CostModel(*loaded.net, again, rest, input).at(counts_of(rest, quarter)).macs,
            count_cost(*pruned, 3, side, side).macs);
}

INSTANTIATE_TEST_SUITE_P(Table,
                         EachModelPruned,
                         testing::ValuesIn(model_table()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace espalier
