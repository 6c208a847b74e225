// What holds for every row of the model table. A new row is picked up with no change here.
#include <ostream>
#include <set>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/models/model_file.h"
#include "espalier/models/table.h"
#include "espalier/tensor/recompute.h"
#include "espalier/tensor/runtime.h"

#include "tests/expect_error.h"
#include "tests/models/fill.h"

namespace espalier {

// GoogleTest would list the bytes of the row.
void PrintTo(const ModelRow& row, std::ostream* out) {
  *out << row.name;
}

namespace {

using nlohmann::json;

class EveryModel : public testing::TestWithParam<ModelRow> {
 protected:
  // A small side that still leaves more than one value a channel at the deepest stage.
  int64_t side() const { return std::min<int64_t>(64, GetParam().input_size / 2); }
  std::string name() const { return GetParam().name; }
};

TEST_P(EveryModel, GivesALogitAClassForAnyBatchAndSize) {
  torch::NoGradGuard no_grad;
  ImageModelPtr net = make_model(name(), {{"classes", 7}});
  EXPECT_EQ(net->name, name());
  EXPECT_EQ(net->arguments.at("classes"), 7);
  net->eval();
  EXPECT_EQ(net->forward(torch::randn({2, 3, side(), side()})).sizes(), at::IntArrayRef({2, 7}));
  EXPECT_EQ(net->forward(torch::randn({1, 3, side() + 1, side() - 3})).sizes(),
            at::IntArrayRef({1, 7}));
  EXPECT_EQ(net->forward(torch::randn({1, 3, 5, 9})).sizes(), at::IntArrayRef({1, 7}));
}

TEST_P(EveryModel, TakesGrayImages) {
  torch::NoGradGuard no_grad;
  ImageModelPtr net = make_model(name(), {{"in_channels", 1}, {"classes", 2}});
  net->eval();
  EXPECT_EQ(net->forward(torch::randn({1, 1, side(), side()})).sizes(), at::IntArrayRef({1, 2}));
}

TEST_P(EveryModel, FeaturesGetCoarserAndEndInTheLogits) {
  torch::NoGradGuard no_grad;
  ImageModelPtr net = make_model(name(), {{"classes", 3}});
  net->eval();
  torch::Tensor images = torch::randn({2, 3, side(), side()});
  std::vector<torch::Tensor> maps = net->features(images);
  if (maps.empty()) {  // a net whose logits are not made of its last map
    EXPECT_THROW(net->head(images), Error);
    return;
  }
  EXPECT_TRUE(torch::equal(net->head(maps.back()), net->forward(images)));
  ASSERT_GE(maps.size(), 2u);
  for (size_t i = 1; i < maps.size(); ++i) {
    EXPECT_EQ(maps[i].dim(), 4);
    EXPECT_LE(std::abs(2 * maps[i].size(2) - maps[i - 1].size(2)), 1) << i;  // half, rounded
    EXPECT_GE(maps[i].size(1), maps[i - 1].size(1)) << i;
  }
}

TEST_P(EveryModel, BackwardReachesEveryParameter) {
  torch::manual_seed(3);
  // With a last gamma of 0 the branches before it rightly get no gradient at first.
  ImageModelPtr net = make_model(name(), {{"classes", 5}, {"in_channels", 1}});
  fill_module(*net);
  net->train();
  torch::Tensor logits = net->forward(torch::randn({4, 1, side(), side()}));
  torch::nn::functional::cross_entropy(logits, torch::tensor({0, 1, 2, 3})).backward();
  for (const auto& item : net->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

// Whether a node of the graph behind `result` computes a block once more.
bool recomputes(const torch::Tensor& result) {
  std::set<torch::autograd::Node*> seen;
  std::vector<torch::autograd::Node*> open = {result.grad_fn().get()};
  while (!open.empty()) {
    torch::autograd::Node* node = open.back();
    open.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    if (node->name().find("Recomputed") != std::string::npos) return true;
    for (const torch::autograd::Edge& edge : node->next_edges())
      open.push_back(edge.function.get());
  }
  return false;
}

// Dropout and stochastic depth included: the second run draws what the first one drew.
TEST_P(EveryModel, RecomputingLeavesTheSameBits) {
  auto step = [&](bool recompute) {
    seed_generator(6);
    ImageModelPtr net = make_model(name(), {{"classes", 3}});
    fill_module(*net);
    net->train();
    Recompute scope(recompute);
    torch::Tensor logits = net->forward(torch::randn({2, 3, side(), side()}));
    EXPECT_EQ(recomputes(logits), recompute);
    logits.square().mean().backward();
    NamedTensors all = {{"logits", logits.detach()}, {"generator", generator_state()}};
    for (const auto& item : net->named_parameters())
      all.emplace_back(item.key(), item.value().grad());
    for (const auto& item : net->named_buffers()) all.emplace_back(item.key(), item.value());
    return all;
  };
  NamedTensors plain = step(false), again = step(true);
  ASSERT_EQ(plain.size(), again.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    ASSERT_TRUE(plain[i].second.defined() && again[i].second.defined()) << plain[i].first;
    EXPECT_TRUE(torch::equal(plain[i].second, again[i].second)) << plain[i].first;
  }
}

TEST_P(EveryModel, TrainsFromItsOwnBeginning) {
  torch::manual_seed(4);
  ImageModelPtr net = make_model(name(), {{"classes", 2}});
  net->train();
  torch::Tensor logits = net->forward(torch::randn({4, 3, side(), side()}));
  EXPECT_TRUE(logits.isfinite().all().item<bool>());
  EXPECT_LT(logits.abs().max().item<double>(), 20);
}

TEST_P(EveryModel, FileRebuildsItBitForBit) {
  torch::NoGradGuard no_grad;
  fs::path folder = fs::path(testing::TempDir()) / ("espalier_sweep_" + name());
  fs::remove_all(folder);
  torch::manual_seed(5);
  ImageModelPtr net = make_model(name(), {{"classes", 4}});
  fill_module(*net);
  net->train();
  net->forward(torch::randn({4, 3, side(), side()}));  // moves the running statistics
  net->eval();
  ModelMeta meta;
  meta.mean = {0.4, 0.5, 0.6};
  meta.std = {0.1, 0.2, 0.3};
  meta.input_size = side();
  meta.resize = "crop";
  save_model(folder, *net, meta);
  torch::Tensor x = input_images({2, 3, side(), side()});
  for (const fs::path& path : {folder, folder / "model.safetensors"}) {
    LoadedModel loaded = load_model(path);
    EXPECT_EQ(loaded.net->name, name());
    EXPECT_EQ(loaded.net->arguments, net->arguments);
    EXPECT_FALSE(loaded.net->is_training());
    EXPECT_TRUE(torch::equal(loaded.net->forward(x), net->forward(x)));
    EXPECT_EQ(module_state(*loaded.net).size(), module_state(*net).size());
  }
  fs::remove_all(folder);
}

TEST_P(EveryModel, RefusesASettingItDoesNotKnow) {
  expect_error(
      [&] {
        make_model(name(), {{"clases", 4}});
      },
      Kind::usage, name(), "did you mean classes");
  EXPECT_THROW(make_model(name(), {{"classes", 0}}), Error);
  EXPECT_THROW(make_model(name(), {{"classes", "many"}}), Error);
}

std::string name_of_row(const testing::TestParamInfo<ModelRow>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Table, EveryModel, testing::ValuesIn(model_table()), name_of_row);

TEST(ModelTable, OffersTheNearestName) {
  expect_error([] { make_model("resnet19"); }, Kind::usage, "did you mean resnet1");
}

TEST(ModelTable, NamesAreUnique) {
  std::set<std::string> names;
  for (const ModelRow& row : model_table()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
}

}  // namespace
}  // namespace espalier
