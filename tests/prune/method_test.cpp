#include "espalier/prune/method.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"
#include "tests/prune/bench.h"

namespace espalier {
namespace {

using torch::Tensor;

TEST(Budget, IsAShareOrANumberOfEachFigure) {
  PrunedCost whole{.macs = 1000, .parameters = 5'000'000, .bytes = 20'000'000};
  Budget budget = parse_budget("macs=0.5,params=1.5M,bytes=800KB", whole);
  ASSERT_EQ(budget.limits.size(), 3u);
  EXPECT_EQ(budget.limits[0].most, 500);
  EXPECT_EQ(budget.limits[1].most, 1'500'000);
  EXPECT_EQ(budget.limits[2].most, 800'000);
  EXPECT_EQ(parse_budget("macs=700", whole).limits[0].most, 700);
  EXPECT_TRUE(budget.holds({.macs = 500, .parameters = 1'500'000, .bytes = 800'000}));
  EXPECT_FALSE(budget.holds({.macs = 500, .parameters = 1'500'001, .bytes = 800'000}));
  EXPECT_EQ(budget.excess({.macs = 501}), "macs 501 of at most 500");
}

TEST(Budget, RefusesWhatItCannotReadAndSaysHow) {
  PrunedCost whole{.macs = 1000};
  for (const char* text : {"macs=", "macs=abc", "macs=-1", "macs=0", "macs=0.5x", "macs=nan"})
    expect_error([&] { parse_budget(text, whole); }, Kind::usage, text, "100M");
  expect_error([&] { parse_budget("0.5", whole); }, Kind::usage, "macs=0.5");
  expect_error([&] { parse_budget("mac=0.5", whole); }, Kind::usage, "did you mean macs?");
  expect_error([&] { parse_budget("", whole); }, Kind::usage, "macs=0.5");
}

TEST(Methods, AllUseTheBudgetAndStayInIt) {
  torch::manual_seed(3);
  Bench bench("resnet20", {{"width", 16}});
  bench.data.backward_batches = [&](const std::function<void()>& after_backward) {
    torch::manual_seed(2);
    bench.model->eval();
    bench.model->forward(torch::randn({4, 3, 32, 32})).pow(2).sum().backward();
    after_backward();
  };
  bench.data.score = [](const ImageModelPtr&) { return 0.5; };
  shake_norms(*bench.model);
  for (const PruneMethod& method : prune_methods()) {
    if (method.name == "metapruning") continue;  // whose search may end below: metapruning_test.cpp
    for (const char* scope : {"global", "layer"})
      for (const char* budget : {"macs=0.5", "params=0.3", "bytes=250KB,macs=0.7"}) {
        PruneChoice choice =
            bench.choose({.method = method.name, .scope = scope, .candidates = 3}, budget);
        PrunedCost cost = bench.cost_of(choice);
        Budget most = parse_budget(budget, bench.whole());
        EXPECT_EQ(most.excess(cost), "") << method.name << " " << budget;
        double nearest = 0;  // how much of the tightest limit is used
        for (const Limit& limit : most.limits)
          nearest = std::max(
              nearest, static_cast<double>(cost.*limit.figure) / static_cast<double>(limit.most));
        EXPECT_GT(nearest, 0.85) << method.name << " " << scope << " " << budget;
      }
  }
}

TEST(Methods, UniformKeepsTheSameShareOfEveryLayer) {
  Bench bench("resnet20", {{"width", 32}});
  PruneChoice choice = bench.choose({.method = "uniform"}, "macs=0.4");
  Counts counts = counts_of(bench.structure, choice.keep);
  double first = static_cast<double>(counts[0]) / bench.structure.groups[0].size;
  for (size_t i = 0; i < counts.size(); ++i)
    EXPECT_NEAR(static_cast<double>(counts[i]) / bench.structure.groups[i].size, first, 0.04);
}

TEST(Methods, TheSumOfLogarithmsIsTheLargestOfItsNeighbours) {
  Bench bench("resnet20", {{"width", 16}});
  WidthChoice widths = bench.widths("macs=0.4");
  const Counts counts = widths.widest();
  EXPECT_TRUE(widths.holds(counts));
  auto sum_of_logs = [](const Counts& all) {
    double sum = 0;
    for (int64_t count : all) sum += std::log(static_cast<double>(count));
    return sum;
  };
  const double best = sum_of_logs(counts);
  EXPECT_GT(best, sum_of_logs(widths.scaled(std::vector<double>(counts.size(), 1.0))));
  // No exchange of a channel here for some there holds the budget and is better by more than what the
  // last step of the greedy way may leave.
  for (size_t narrower = 0; narrower < counts.size(); ++narrower)
    for (size_t wider = 0; wider < counts.size(); ++wider) {
      Counts other = counts;
      if (wider == narrower || other[narrower] < 2) continue;
      --other[narrower];
      while (other[wider] < bench.structure.groups[wider].size) {
        ++other[wider];
        if (!widths.holds(other)) break;
        EXPECT_LT(sum_of_logs(other), best + 0.1) << narrower << " " << wider;
      }
    }
  expect_error([&] { bench.widths("macs=0.4", {.keep_whole = {"conv"}}); }, Kind::usage,
               "did you mean conv1?");
  WidthChoice keeping = bench.widths("macs=0.4", {.keep_whole = {"conv1"}});
  EXPECT_EQ(keeping.widest()[0], bench.structure.groups[0].size);
  EXPECT_TRUE(keeping.holds(keeping.widest()));
}

TEST(Methods, RoundWidthsAndLeaveNarrowLayersAlone) {
  Bench bench("mobilenet_v2", {{"width", 0.5}});
  PruneChoice choice = bench.choose({.method = "l1"}, "macs=0.5", {.round_to = 8});
  Counts counts = counts_of(bench.structure, choice.keep);
  for (size_t i = 0; i < counts.size(); ++i)
    EXPECT_TRUE(counts[i] % 8 == 0 || counts[i] == bench.structure.groups[i].size)
        << bench.structure.groups[i].name << " " << counts[i];
}

TEST(Methods, WidthsAreLeftThatConvolutionsComputeIn) {
  Bench bench("mobilenet_v2", {{"width", 0.5}});
  const WidthConfig config{};
  PruneChoice choice = bench.choose({.method = "l1"}, "macs=0.5", config);
  Counts counts = counts_of(bench.structure, choice.keep);
  bool narrowed = false;
  for (size_t i = 0; i < counts.size(); ++i) {
    const int64_t size = bench.structure.groups[i].size;
    const int64_t step = size >= 64 ? 16 : size >= 32 ? 8 : size >= 16 ? 4 : size >= 8 ? 2 : 1;
    EXPECT_TRUE(counts[i] % step == 0 || counts[i] == size) << counts[i] << " of " << size;
    narrowed |= size >= 64 && counts[i] < size;
  }
  EXPECT_TRUE(narrowed);
}

TEST(Methods, AnImpossibleBudgetIsRefusedWithWhatIsPossible) {
  Bench bench;
  expect_error([&] { bench.widths("macs=0.001"); }, Kind::usage, "cannot be held", "macs ",
               "of at most");
}

TEST(Methods, MagnitudeRemovesTheWeakestFilters) {
  for (const char* method : {"l1", "l2", "uniform"}) {
    Bench bench;
    torch::NoGradGuard no_grad;
    Tensor weight = bench.model->named_parameters()["layer2.1.conv1.weight"];
    for (int64_t channel : {3, 5, 8}) weight[channel] *= 1e-3;
    PruneChoice choice = bench.choose({.method = method}, "macs=0.5");
    bench.each_channel("layer2.1.conv1", choice, [&](size_t channel, bool stays) {
      if (channel == 3 || channel == 5 || channel == 8) {
        EXPECT_FALSE(stays) << method << channel;
      }
    });
  }
}

TEST(Methods, BnRemovesWhatItsNormScalesDownInWhateverLayer) {
  Bench bench;
  {
    torch::NoGradGuard no_grad;
    for (auto& item : bench.model->named_parameters())
      if (item.value().dim() == 1 && item.key().ends_with("weight")) item.value().fill_(1);
    bench.model->named_parameters()["layer3.2.bn1.weight"].slice(0, 0, 20).fill_(0.01);
  }
  PruneChoice choice = bench.choose({.method = "bn"}, "macs=0.95");
  bench.each_channel("layer3.2.conv1", choice, [&](size_t channel, bool stays) {
    if (channel >= 20) {
      EXPECT_TRUE(stays) << channel;
    }
  });
  EXPECT_EQ(counts_of(bench.structure, choice.keep)[0], bench.structure.groups[0].size);
  Bench plain("squeezenet1_1", {{"classes", 3}});
  expect_error([&] { plain.choose({.method = "bn"}, "macs=0.5"); }, Kind::usage, "no batch norms");
}

TEST(Methods, TaylorRemovesWhatNobodyListensTo) {
  Bench bench;
  {
    torch::NoGradGuard no_grad;
    shake_norms(*bench.model);
    Tensor reader = bench.model->named_parameters()["layer2.1.conv2.weight"];
    for (int64_t channel : {1, 2, 9}) reader.select(1, channel).zero_();
  }
  bench.data.backward_batches = [&](const std::function<void()>& after_backward) {
    torch::manual_seed(2);
    for (int i = 0; i < 2; ++i) {
      bench.model->zero_grad();
      bench.model->eval();
      bench.model->forward(torch::randn({4, 3, 32, 32})).pow(2).sum().backward();
      after_backward();
    }
  };
  PruneChoice choice = bench.choose({.method = "taylor"}, "macs=0.9");
  bench.each_channel("layer2.1.conv1", choice, [&](size_t channel, bool stays) {
    if (channel == 1 || channel == 2 || channel == 9) {
      EXPECT_FALSE(stays) << channel;
    }
  });
}

TEST(Methods, RandomWidthsFollowTheSeed) {
  Bench bench;
  auto keep = [&](int64_t seed) {
    return bench.choose({.method = "random", .seed = seed}, "macs=0.5").keep;
  };
  EXPECT_EQ(keep(1), keep(1));
  EXPECT_NE(keep(1), keep(2));
}

TEST(Methods, EagleEyeTakesTheBestOfDifferentCandidates) {
  Bench bench;
  // Likes a wide layer3.2.conv1.
  bench.data.score = [](const ImageModelPtr& pruned) {
    return static_cast<double>(pruned->named_parameters()["layer3.2.conv1.weight"].size(0));
  };
  PruneChoice choice = bench.choose({.method = "eagleeye", .candidates = 12}, "macs=0.5");
  ASSERT_EQ(choice.searched.size(), 12u);
  std::set<Counts> different;
  double best = 0;
  for (const PruneCandidate& candidate : choice.searched) {
    different.insert(candidate.counts);
    best = std::max(best, candidate.score);
    EXPECT_EQ(candidate.cost.macs, bench.cost.at(candidate.counts).macs);
  }
  EXPECT_EQ(different.size(), 12u);
  ImageModelPtr pruned = copy_of(*bench.model);
  remove_channels(*pruned, bench.structure, choice.keep);
  EXPECT_EQ(bench.data.score(pruned), best);
  EXPECT_EQ(bench.model->named_parameters()["layer3.2.conv1.weight"].size(0), 32);  // untouched
}

TEST(Methods, OfTheFinalistsTheBestOnMorePicturesIsTaken) {
  PruneData data;
  std::vector<PruneCandidate> searched;
  for (int64_t i = 0; i < 6; ++i) searched.push_back({{i}, {}, 0.1 * static_cast<double>(i)});
  searched.push_back(searched.back());  // once more the same widths
  std::vector<int64_t> asked;
  const auto network_of = [&](const Counts& counts) {
    asked.push_back(counts[0]);
    return ImageModelPtr();
  };
  EXPECT_EQ(best_candidate(data, searched, network_of).counts, Counts{5});
  EXPECT_TRUE(asked.empty());
  data.finalists = 3;
  data.final_score = [&](const ImageModelPtr&) { return asked.back() == 4 ? 0.9 : 0.5; };
  EXPECT_EQ(best_candidate(data, searched, network_of).counts, Counts{4});
  EXPECT_EQ(asked, (std::vector<int64_t>{5, 4, 3}));
}

TEST(Methods, AnUnknownNameOffersTheNearest) {
  expect_error([] { find_prune_method("tailor"); }, Kind::usage, "did you mean taylor?");
}

}  // namespace
}  // namespace espalier
