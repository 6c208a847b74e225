#include "espalier/prune/evolve.h"

#include <algorithm>
#include <optional>
#include <set>

#include "espalier/core/error.h"
#include "espalier/core/random.h"

namespace espalier {
namespace {

// Attempts at something new and feasible, as in the published code.
constexpr int64_t kTriesAMutant = 10, kTriesACrossing = 10, kRandomTries = 10;

class Population {
 public:
  Population(const EvolutionConfig& config, const GeneSpace& space)
      : config_(config), space_(space) {
    Genome least(space.levels.size(), 0);
    if (!space_.feasible(least))
      fail(Kind::usage, "no vector of widths is within the limits, not even the narrowest");
  }

  std::vector<Genome> first_generation() {
    Random random = stream(0);
    std::vector<Genome> generation;
    fill(generation, random);
    return generation;
  }

  // `best`: what is known, the best first.
  std::vector<Genome> next_generation(int64_t number, const std::vector<ScoredGenome>& best) {
    Random random = stream(number);
    const auto parents = std::min<int64_t>(config_.parents, std::ssize(best));
    auto parent = [&]() -> const Genome& {
      return best[static_cast<size_t>(random.below(parents))].genome;
    };
    std::vector<Genome> generation;
    draw(generation, config_.mutants, kTriesAMutant, [&] { return mutated(parent(), random); });
    draw(generation, config_.crossings, kTriesACrossing, [&] {
      const Genome& mother = parent();
      return crossed(mother, parent(), random);
    });
    fill(generation, random);
    return generation;
  }

 private:
  Random stream(int64_t generation) const {
    return Random(static_cast<uint64_t>(config_.seed)).stream(static_cast<uint64_t>(generation));
  }

  // Takes what is feasible and was never taken before.
  bool take(std::vector<Genome>& generation, Genome genome) {
    if (!space_.feasible(genome) || !taken_.insert(genome).second) return false;
    generation.push_back(std::move(genome));
    return true;
  }

  template <class Draw>
  void draw(std::vector<Genome>& generation, int64_t wanted, int64_t tries_each, const Draw& one) {
    for (int64_t tries = wanted * tries_each; wanted > 0 && tries > 0; --tries)
      wanted -= take(generation, one());
  }

  void fill(std::vector<Genome>& generation, Random& random) {
    draw(generation, config_.population - std::ssize(generation), kRandomTries,
         [&] { return narrowed(any(random), random); });
  }

  Genome any(Random& random) const {
    Genome genome;
    for (int32_t levels : space_.levels)
      genome.push_back(static_cast<int32_t>(random.below(levels)));
    return genome;
  }

  Genome narrowed(Genome genome, Random& random) const {
    while (!space_.feasible(genome)) {
      const auto gene = static_cast<size_t>(random.below(std::ssize(genome)));
      genome[gene] = std::max(0, genome[gene] - 1);
    }
    return genome;
  }

  // A gene that changes moves by any number of levels but none.
  Genome mutated(Genome genome, Random& random) const {
    for (size_t i = 0; i < genome.size(); ++i) {
      const int32_t levels = space_.levels[i];
      if (random.chance(config_.mutation) && levels > 1)
        genome[i] = static_cast<int32_t>((genome[i] + 1 + random.below(levels - 1)) % levels);
    }
    return genome;
  }

  Genome crossed(const Genome& mother, const Genome& father, Random& random) const {
    Genome child = mother;
    for (size_t i = 0; i < child.size(); ++i)
      if (random.chance(0.5)) child[i] = father[i];
    return child;
  }

  const EvolutionConfig& config_;
  const GeneSpace& space_;
  std::set<Genome> taken_;
};

}  // namespace

Fields fields(EvolutionConfig& config) {
  return {
      field("population", config.population, "width vectors of a generation of the search")
          .between(1, 1e6),
      field("generations", config.generations, "of the search").between(1, 1e6),
      field("parents", config.parents, "best vectors that have offspring").between(1, 1e6),
      field("mutants", config.mutants, "offspring of one parent a generation").between(0, 1e6),
      field("crossings", config.crossings, "offspring of two parents a generation").between(0, 1e6),
      field("mutation", config.mutation, "chance of a width of a mutant to change").between(0, 1)};
}

std::vector<ScoredGenome> evolve(const EvolutionConfig& config,
                                 const GeneSpace& space,
                                 const std::function<double(const Genome&)>& score) {
  Population population(config, space);
  std::vector<ScoredGenome> seen;
  for (int64_t number = 0; number < config.generations; ++number) {
    std::vector<Genome> generation =
        number == 0 ? population.first_generation() : population.next_generation(number, seen);
    if (generation.empty()) break;
    for (Genome& genome : generation) {
      const double value = score(genome);
      seen.push_back({std::move(genome), value});
    }
    std::stable_sort(seen.begin(), seen.end(), [](const ScoredGenome& a, const ScoredGenome& b) {
      return a.score > b.score;
    });
  }
  return seen;
}

}  // namespace espalier
