#include "espalier/tasks/linear_probe.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/progress.h"
#include "espalier/data/recipe.h"
#include "espalier/models/table.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

// Noise with a tint for each of three classes; picture 5 cannot be read.
class Tints : public Dataset {
 public:
  Tints(int64_t size, uint64_t seed) : size_(size), seed_(seed) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t i) const override { return fmt::format("tint {}", i); }
  int64_t label(int64_t i) const override { return i % 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int) const override {
    if (i == 5) fail(Kind::format, "{} is broken", id(i));
    Random random = Random(seed_).stream(static_cast<uint64_t>(i));
    Sample sample{.image = Image(32, 32, 3), .truth = {}, .id = id(i)};
    for (size_t p = 0; p < sample.image.pixels.size(); ++p)
      sample.image.pixels[p] = static_cast<uint8_t>(
          random.uniform(0, 180) + (static_cast<int64_t>(p % 3) == label(i) ? 40 : 0));
    sample.truth.labels = {{.id = label(i)}};
    return sample;
  }

 private:
  int64_t size_;
  uint64_t seed_;
  std::vector<std::string> names_ = {"red", "green", "blue"};
};

Loader loader(int64_t size, uint64_t seed) {
  return Loader(std::make_shared<Tints>(size, seed), {}, {.batch = 16});
}

ClassifyTask task_of(const std::string& model) {
  seed_generator(2);
  return ClassifyTask(make_model(model, {{"classes", 3}}),
                      {.class_names = {"red", "green", "blue"},
                       .mean = {0.5, 0.5, 0.5},
                       .std = {0.25, 0.25, 0.25},
                       .input_size = 32},
                      {});
}

class Probe : public ::testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }
};

TEST_F(Probe, SaysWhatTheNetworkReachesWithItAsItsHead) {
  ClassifyTask task = task_of("resnet20");
  NamedTensors before;
  for (const auto& [name, tensor] : module_state(task.module()))
    before.emplace_back(name, tensor.detach().clone());
  at::Tensor generator = generator_state();
  task.module().train();
  Loader train = loader(61, 1), val = loader(31, 2);
  LinearProbe probe = fit_probe(task, train, &val);
  EXPECT_TRUE(task.module().is_training());
  EXPECT_TRUE(at::equal(generator_state(), generator));
  NamedTensors after = module_state(task.module());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(at::equal(before[i].second, after[i].second)) << before[i].first;

  EXPECT_EQ(probe.images, 60);
  ASSERT_EQ(probe.failures.size(), 2u);
  EXPECT_EQ(probe.failures[0].id, "tint 5");
  EXPECT_GT(probe.validation.headline().value, 0.9);
  EXPECT_NE(probe.text().find("validation accuracy"), std::string::npos) << probe.text();
  EXPECT_EQ(to_json(probe)["features"], 64);

  put_into_head(task.model(), probe);
  task.module().eval();
  val.start_epoch(0);
  std::vector<Annotation> truth, predicted;
  while (std::optional<Batch> batch = val.next()) {
    for (const Annotation& one : task.predict(*batch)) predicted.push_back(one);
    truth.insert(truth.end(), batch->truth.begin(), batch->truth.end());
  }
  Scores scores = task.score(truth, predicted);
  for (const Score& score : scores.items)
    EXPECT_NEAR(score.value, probe.validation.at(score.name).value, 1e-4) << score.name;
}

TEST_F(Probe, ThePenaltyIsChosenGivenOrUsual) {
  ClassifyTask task = task_of("resnet20");
  Loader train = loader(61, 1), val = loader(31, 2);
  LinearProbe chosen = fit_probe(task, train, &val);
  LinearProbe given = fit_probe(task, train, &val, {.probe_l2 = chosen.l2});
  EXPECT_NEAR(given.validation.headline().value, chosen.validation.headline().value, 1e-12);
  EXPECT_LT((given.weight - chosen.weight).norm().item<double>(),
            0.02 * chosen.weight.norm().item<double>());
  LinearProbe strong = fit_probe(task, train, &val, {.probe_l2 = 100});
  EXPECT_LT(strong.weight.norm().item<double>(), chosen.weight.norm().item<double>());
  EXPECT_LE(strong.validation.headline().value, chosen.validation.headline().value);
  LinearProbe blind = fit_probe(task, train, nullptr);
  EXPECT_EQ(blind.l2, 0.01);
  EXPECT_TRUE(blind.validation.items.empty());
}

// Whatever stands before the last layer: pooling, a norm, a class token. Since the bias is not
// penalised, the mean of the probabilities over the training pictures is the share of each class, and
// only if the head gets the features that were fitted.
TEST_F(Probe, TheHeadOfEveryFamilyGivesTheSharesOfTheTrainingData) {
  for (const char* model :
       {"resnet18", "mobilenet_v1", "mobilenet_v2", "shufflenet_v2_x0_5", "regnet_y_400mf",
        "convnext_tiny", "vit_small", "efficientnet_lite0", "tf_efficientnet_lite0"}) {
    ClassifyTask task = task_of(model);
    Loader train = loader(16, 1);  // one batch, of which sample 5 is broken
    put_into_head(task.model(), fit_probe(task, train, nullptr, {.probe_l2 = 0.1}));
    task.module().eval();
    train.start_epoch(0);
    at::Tensor shares = at::softmax(task.logits(*train.next()), 1);
    EXPECT_TRUE(at::allclose(shares.mean(0),
                             at::tensor({6 / 15.0, 5 / 15.0, 4 / 15.0}).to(at::kFloat), 0, 2e-3))
        << model << " " << shares.mean(0);
    EXPECT_GT((shares[0] - shares[1]).abs().max().item<double>(), 0.05) << model;
  }
}

TEST_F(Probe, ANetworkWithoutALinearLayerAtItsEndIsRefused) {
  ClassifyTask task = task_of("squeezenet1_1");
  Loader train = loader(16, 1);
  EXPECT_FALSE(can_be_probed(task.model()));
  EXPECT_TRUE(can_be_probed(*make_model("vit_small", {{"depth", 1}})));
  expect_error([&] { fit_probe(task, train, nullptr); }, Kind::unsupported, "squeezenet1_1");
}

TEST_F(Probe, DataWithoutAPictureAreRefused) {
  ClassifyTask task = task_of("resnet20");
  Loader none(std::make_shared<Tints>(3, 1),
              [](Sample, Random&) -> Sample { fail(Kind::data, "no"); }, {.batch = 2});
  expect_error([&] { fit_probe(task, none, nullptr); }, Kind::data, "not one picture");
}

}  // namespace
}  // namespace espalier
