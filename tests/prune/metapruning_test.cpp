#include "espalier/prune/metapruning.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/format/safetensors.h"
#include "espalier/tensor/stored.h"

#include "tests/prune/bench.h"

namespace espalier {
namespace {

class MetaPruning : public testing::Test {
 protected:
  void SetUp() override {
    bench_.work = fs::path(testing::TempDir()) / ("metapruning" + std::to_string(::getpid()));
    fs::remove_all(bench_.work);
    bench_.data.train = [&](int64_t epochs, const auto& learn) {
      for (int64_t step = 0; step < 3 * epochs; ++step) {
        Batch batch;
        batch.count = 4;
        learn(batch, static_cast<double>(step) / static_cast<double>(3 * epochs));
        ++steps_;
      }
    };
    bench_.data.logits = [&](const ImageModelPtr& network, const Batch&) {
      ++forwards_;
      return network->forward(images_);
    };
    bench_.data.loss = [](const at::Tensor& logits, const Batch&) { return logits.pow(2).mean(); };
    // Wide first layers are good, and a fresh network is never asked twice.
    bench_.data.score = [&](const ImageModelPtr& network) {
      if (scored_ == most_) throw std::runtime_error("killed");
      ++scored_;
      return static_cast<double>(network->named_parameters()["conv1.weight"].size(0));
    };
    options_.method = "metapruning";
    options_.meta = {.net = {.hidden = 4},
                     .evolution = {.population = 12,
                                   .generations = 4,
                                   .parents = 4,
                                   .mutants = 5,
                                   .crossings = 5},
                     .epochs = 2};
  }
  void TearDown() override { fs::remove_all(bench_.work); }

  Bench bench_;
  MethodOptions options_;
  at::Tensor images_ = at::randn({4, 3, 32, 32});
  int64_t steps_ = 0, forwards_ = 0, scored_ = 0, most_ = 1000;
};

TEST_F(MetaPruning, FindsTheBestWidthsOfTheBudget) {
  PruneChoice choice = bench_.choose(options_, "macs=0.5");
  EXPECT_EQ(steps_, 6);
  EXPECT_EQ(forwards_, 6);
  EXPECT_EQ(choice.searched.size(), 48u);
  double best = 0;
  for (const PruneCandidate& candidate : choice.searched) {
    EXPECT_LE(candidate.cost.macs, bench_.whole().macs / 2);
    best = std::max(best, candidate.score);
  }
  EXPECT_GE(best, 7);  // of 8
  EXPECT_LE(bench_.cost_of(choice).macs, bench_.whole().macs / 2);
  EXPECT_EQ(static_cast<double>(counts_of(bench_.structure, choice.keep)[0]), best);
}

TEST_F(MetaPruning, GoesOnWhereItStopped) {
  PruneChoice whole = bench_.choose(options_, "macs=0.4");
  fs::remove_all(bench_.work);
  const int64_t candidates = scored_;
  scored_ = 0;
  most_ = 17;
  EXPECT_THROW(bench_.choose(options_, "macs=0.4"), std::runtime_error);
  const int64_t steps = steps_;
  most_ = 1000;
  PruneChoice resumed = bench_.choose(options_, "macs=0.4");
  EXPECT_EQ(steps_, steps) << "trained again";
  EXPECT_EQ(scored_, candidates) << "17 before, the others after";
  EXPECT_EQ(resumed.keep, whole.keep);
  ASSERT_EQ(resumed.searched.size(), whole.searched.size());
  for (size_t i = 0; i < whole.searched.size(); ++i)
    EXPECT_EQ(resumed.searched[i].counts, whole.searched[i].counts);
}

TEST_F(MetaPruning, InProportionEveryVectorUsesTheBudget) {
  options_.meta.space = "budget";
  PruneChoice choice = bench_.choose(options_, "macs=0.5");
  for (const PruneCandidate& candidate : choice.searched) {
    EXPECT_LE(candidate.cost.macs, bench_.whole().macs / 2);
    EXPECT_GT(candidate.cost.macs, bench_.whole().macs * 0.35);  // widths of 8 are coarse
  }
}

TEST_F(MetaPruning, WithThePublishedGenesTheClassifierReadsAllChannels) {
  options_.meta.genes = "published";
  const Genes genes = read_genes(bench_.structure, "published");
  const size_t last = static_cast<size_t>(
      std::find(genes.of_group.begin(), genes.of_group.end(), -1) - genes.of_group.begin());
  for (const char* space : {"levels", "budget"}) {
    options_.meta.space = space;
    PruneChoice choice = bench_.choose(options_, "macs=0.6");
    for (const PruneCandidate& candidate : choice.searched)
      EXPECT_EQ(candidate.counts.at(last), bench_.structure.whole().at(last)) << space;
    fs::remove_all(bench_.work);
  }
}

TEST_F(MetaPruning, TheSandwichIsFourNetworksAStep) {
  options_.meta.sampling = "sandwich";
  bench_.choose(options_, "macs=0.5");
  EXPECT_EQ(forwards_, 4 * steps_);
}

TEST_F(MetaPruning, ItsTrainingMakesTheLossOfAnyWidthsSmaller) {
  // The loss pulls all logits to 0: after training, weights of widths never drawn give smaller ones.
  auto loss_of = [&](PruningNet& net) {
    torch::NoGradGuard no_grad;
    Counts counts;
    for (const ChannelGroup& group : bench_.structure.groups)
      counts.push_back((group.size + 1) / 2);
    return net.at(counts).forward(images_).pow(2).mean().item<double>();
  };
  PruningNet fresh(*bench_.model, bench_.structure, options_.meta.net, options_.seed);
  options_.meta.epochs = 10;
  options_.meta.lr = 5;
  bench_.choose(options_, "macs=0.5");
  PruningNet trained(*bench_.model, bench_.structure, options_.meta.net, options_.seed);
  load_state(trained.module(),
             Safetensors::read(bench_.work / "pruning_net.safetensors").tensors());
  EXPECT_LT(loss_of(trained), 0.8 * loss_of(fresh));
}

}  // namespace
}  // namespace espalier
