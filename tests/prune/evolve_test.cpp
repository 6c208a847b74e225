#include "espalier/prune/evolve.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "tests/expect_error.h"

namespace espalier {
namespace {

int total(const Genome& genome) {
  return std::accumulate(genome.begin(), genome.end(), 0);
}

GeneSpace at_most(int limit, std::vector<int32_t> levels = std::vector<int32_t>(8, 31)) {
  return {std::move(levels), [limit](const Genome& genome) { return total(genome) <= limit; }};
}

// Later genes count more.
double weighted(const Genome& genome) {
  double sum = 0;
  for (size_t i = 0; i < genome.size(); ++i) sum += static_cast<double>(i + 1) * genome[i];
  return sum;
}

TEST(Evolve, ScoresEachFeasibleVectorOnce) {
  std::set<Genome> asked;
  auto seen = evolve({.generations = 6, .seed = 3}, at_most(90), [&](const Genome& genome) {
    EXPECT_LE(total(genome), 90);
    for (int32_t level : genome) EXPECT_TRUE(level >= 0 && level < 31);
    EXPECT_TRUE(asked.insert(genome).second) << "twice the same";
    return weighted(genome);
  });
  EXPECT_EQ(seen.size(), 6u * 50u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(),
                             [](const auto& a, const auto& b) { return a.score > b.score; }));
}

TEST(Evolve, FindsWhatRandomDrawsDoNot) {
  // The best is 30 in the last three genes: 30 (6 + 7 + 8) = 630.
  auto evolved = evolve({.seed = 1}, at_most(90), weighted);
  auto random = evolve({.population = 1000, .generations = 1, .seed = 1}, at_most(90), weighted);
  EXPECT_EQ(random.size(), evolved.size());
  EXPECT_GT(evolved[0].score, random[0].score + 20);
  EXPECT_GT(evolved[0].score, 590);
}

TEST(Evolve, TheSeedAndTheScoresDecide) {
  auto genomes = [](int64_t seed) {
    std::vector<Genome> order;
    evolve({.generations = 4, .seed = seed}, at_most(100), [&](const Genome& genome) {
      order.push_back(genome);
      return weighted(genome);
    });
    return order;
  };
  EXPECT_EQ(genomes(5), genomes(5));
  EXPECT_NE(genomes(5), genomes(6));
}

TEST(Evolve, GoesOnWhereItStopped) {
  struct Stop {};
  auto whole = evolve({.generations = 5}, at_most(100), weighted);
  std::map<Genome, double> known;
  auto remembering = [&](size_t most) {
    return [&known, most](const Genome& genome) {
      auto found = known.find(genome);
      if (found != known.end()) return found->second;
      if (known.size() == most) throw Stop();
      return known[genome] = weighted(genome);
    };
  };
  EXPECT_THROW(evolve({.generations = 5}, at_most(100), remembering(117)), Stop);
  auto resumed = evolve({.generations = 5}, at_most(100), remembering(100000));
  ASSERT_EQ(resumed.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(resumed[i].genome, whole[i].genome);
}

TEST(Evolve, EachOffspringIsOfItsParents) {
  // Without mutants and with so few random ones, each child's genes stand in a parent.
  std::vector<Genome> order;
  EvolutionConfig config{
      .population = 6, .generations = 2, .parents = 2, .mutants = 0, .crossings = 6, .seed = 2};
  auto seen = evolve(config, at_most(1000), [&](const Genome& genome) {
    order.push_back(genome);
    return weighted(genome);
  });
  std::vector<Genome> first(order.begin(), order.begin() + 6);
  std::sort(first.begin(), first.end(),
            [](const Genome& a, const Genome& b) { return weighted(a) > weighted(b); });
  ASSERT_EQ(order.size(), 12u);
  for (size_t i = 6; i < 12; ++i)
    for (size_t gene = 0; gene < 8; ++gene)
      EXPECT_TRUE(order[i][gene] == first[0][gene] || order[i][gene] == first[1][gene]);
}

TEST(Evolve, MutantsChangeAFewGenes) {
  std::vector<Genome> order;
  EvolutionConfig config{
      .population = 20, .generations = 2, .parents = 1, .mutants = 20, .crossings = 0, .seed = 4};
  evolve(config, at_most(1000, std::vector<int32_t>(20, 31)), [&](const Genome& genome) {
    order.push_back(genome);
    return weighted(genome);
  });
  ASSERT_EQ(order.size(), 40u);
  Genome parent = *std::max_element(order.begin(), order.begin() + 20,
                                    [](auto& a, auto& b) { return weighted(a) < weighted(b); });
  int changed = 0;
  for (size_t i = 20; i < 40; ++i)
    for (size_t gene = 0; gene < 20; ++gene) changed += order[i][gene] != parent[gene];
  EXPECT_GT(changed, 20);  // each at least one, 2 expected
  EXPECT_LT(changed, 70);
}

TEST(Evolve, ATightLimitIsMetAndAnImpossibleOneExplained) {
  auto seen = evolve({.generations = 2}, at_most(3), weighted);
  EXPECT_GT(seen.size(), 50u);
  for (const ScoredGenome& one : seen) EXPECT_LE(total(one.genome), 3);
  expect_error([] { evolve({}, at_most(-1), weighted); }, Kind::usage, "not even the narrowest");
}

TEST(Evolve, ASmallSpaceIsSeenWhole) {
  auto seen = evolve({.generations = 50}, at_most(100, {2, 3}), weighted);
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_EQ(seen[0].genome, (Genome{1, 2}));
}

}  // namespace
}  // namespace espalier
