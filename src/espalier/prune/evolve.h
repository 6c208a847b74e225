// Evolutionary search over vectors of genes, as MetaPruning has it (Liu et al., ICCV 2019, section
// 3.3; numbers of its published code).
//
//   GeneSpace space{.levels = {31, 31, 31}, .feasible = [&](const Genome& g) { return holds(g); }};
//   std::vector<ScoredGenome> seen = evolve({.seed = 1}, space, score);   // best first
//
// Everything it draws follows from the seed and the scores. To go on after an interruption, call it
// again with a `score` that remembers what it has said: the result is that of an uninterrupted search.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "espalier/core/fields.h"

namespace espalier {

// The level of each gene.
using Genome = std::vector<int32_t>;

struct GeneSpace {
  std::vector<int32_t> levels;  // gene i is in 0 .. levels[i] - 1
  std::function<bool(const Genome&)> feasible;
};

struct EvolutionConfig {
  int64_t population = 50;  // vectors of the first generation, and how many of the best are kept
  int64_t generations = 20;
  int64_t parents = 10;    // the best so many have offspring
  int64_t mutants = 25;    // offspring of one parent a generation
  int64_t crossings = 25;  // offspring of two
  double mutation = 0.1;   // chance of each gene of a mutant to change
  int64_t seed = 1;
};
Fields fields(EvolutionConfig& config);  // all but the seed

struct ScoredGenome {
  Genome genome;
  double score;
};

// Scores every vector once, those of a generation in the order in which they were drawn, and returns
// all of them, the best first and of equals the one that came first. A generation is filled with
// random vectors where offspring that are feasible and new run out; random draws that are not feasible
// are narrowed gene by gene until they are, so that a tight limit does not stop it (the published code
// draws for ever then). It ends early when it finds nothing new. Throws Error(usage) when not even the
// vector of lowest levels is feasible.
std::vector<ScoredGenome> evolve(const EvolutionConfig& config,
                                 const GeneSpace& space,
                                 const std::function<double(const Genome&)>& score);

}  // namespace espalier
