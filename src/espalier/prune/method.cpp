#include "espalier/prune/method.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/prune/importance.h"
#include "espalier/prune/surgery.h"

namespace espalier {
namespace {

std::vector<double> same_shares(const PruneProblem& problem) {
  return std::vector<double>(problem.structure.groups.size(), 1.0);
}

std::vector<double> magnitudes(const PruneProblem& problem) {
  return weight_importance(problem.model, problem.structure, WeightMeasure::l1);
}

PruneChoice by_importance(const PruneProblem& problem, const std::vector<double>& scores) {
  Counts counts = problem.options.scope == "layer" ? problem.widths.scaled(same_shares(problem))
                                                   : problem.widths.ranked(scores);
  return {problem.widths.best(counts, scores)};
}

PruneChoice uniform(const PruneProblem& problem) {
  return {problem.widths.best(problem.widths.scaled(same_shares(problem)), magnitudes(problem))};
}

PruneChoice random_widths(const PruneProblem& problem) {
  Random random(static_cast<uint64_t>(problem.options.seed));
  Counts counts = problem.widths.scaled(random_shares(problem.structure.groups.size(), random));
  return {problem.widths.best(counts, magnitudes(problem))};
}

PruneChoice log_widths(const PruneProblem& problem) {
  return {problem.widths.best(problem.widths.widest(), magnitudes(problem))};
}

PruneChoice l1(const PruneProblem& problem) {
  return by_importance(problem, magnitudes(problem));
}

PruneChoice l2(const PruneProblem& problem) {
  return by_importance(problem,
                       weight_importance(problem.model, problem.structure, WeightMeasure::l2));
}

PruneChoice bn(const PruneProblem& problem) {
  std::vector<double> scores = gamma_importance(problem.model, problem.structure);
  if (std::all_of(scores.begin(), scores.end(),
                  [](double score) { return score == kUnknownImportance; }))
    fail(Kind::usage, "method bn: the network has no batch norms; l1 and taylor need none");
  return by_importance(problem, scores);
}

PruneChoice taylor(const PruneProblem& problem) {
  return by_importance(
      problem, taylor_importance(problem.model, problem.structure, problem.data.backward_batches));
}

// Li et al. 2020 (arXiv 2007.02491): random width vectors within the budget, each cut by magnitude
// and judged by what it says once its norms have statistics of its own.
PruneChoice eagleeye(const PruneProblem& problem) {
  const std::vector<double> scores = magnitudes(problem);
  Random random(static_cast<uint64_t>(problem.options.seed));
  PruneChoice choice;
  std::set<Counts> seen;
  double best = -1;
  const auto cut = [&](const Counts& counts) {
    return without_channels(problem.model, problem.structure, problem.widths.best(counts, scores));
  };
  Progress progress("judging widths", problem.options.candidates, "net");
  for (int64_t tries = 0; std::ssize(choice.searched) < problem.options.candidates &&
                          tries < 10 * problem.options.candidates;
       ++tries) {
    if (interrupted()) fail(Kind::interrupted, "stopped while judging widths; nothing was written");
    Counts counts = problem.widths.scaled(
        tries == 0 ? same_shares(problem) : random_shares(problem.structure.groups.size(), random));
    if (!seen.insert(counts).second) continue;
    choice.searched.push_back({counts, problem.cost.at(counts), problem.data.score(cut(counts))});
    best = std::max(best, choice.searched.back().score);
    progress.advance(1, fmt::format("best {:.3f}", best));
  }
  choice.keep =
      problem.widths.best(best_candidate(problem.data, choice.searched, cut).counts, scores);
  return choice;
}

}  // namespace

const PruneCandidate& best_candidate(
    const PruneData& data,
    const std::vector<PruneCandidate>& searched,
    const std::function<ImageModelPtr(const Counts&)>& network_of) {
  std::vector<const PruneCandidate*> order;
  std::set<Counts> different;
  for (const PruneCandidate& candidate : searched)
    if (different.insert(candidate.counts).second) order.push_back(&candidate);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->score > b->score; });
  const PruneCandidate* best = order.front();
  if (data.finalists < 2 || order.size() < 2) return *best;
  order.resize(std::min<size_t>(order.size(), static_cast<size_t>(data.finalists)));
  Progress progress("judging the best anew", std::ssize(order), "net");
  double highest = -1;
  for (const PruneCandidate* finalist : order) {
    if (interrupted()) fail(Kind::interrupted, "stopped while judging the best widths anew");
    const double score = data.final_score(network_of(finalist->counts));
    if (score > highest) {
      highest = score;
      best = finalist;
    }
    progress.advance(1, fmt::format("best {:.4f}", highest));
  }
  return *best;
}

std::vector<double> random_shares(size_t groups, Random& random) {
  std::vector<double> shares;
  for (size_t i = 0; i < groups; ++i)
    shares.push_back(static_cast<double>(10 + 3 * random.below(31)) / 100);
  return shares;
}

const std::vector<PruneMethod>& prune_methods() {
  static const std::vector<PruneMethod> table = {
      {"uniform", "the same share of every layer, its strongest filters", false, uniform},
      {"logwidth", "the largest sum of the logarithms of widths, each layer's strongest filters",
       false, log_widths},
      {"random", "a random share of each layer, its strongest filters", false, random_widths},
      {"l1", "filters with the smallest sum of weights go, over all layers", false, l1},
      {"l2", "filters with the shortest weights go", false, l2},
      {"bn", "channels whose batch norm scales them down go", false, bn},
      {"taylor", "channels whose removal changes the loss least, to first order, go", true, taylor},
      {"eagleeye", "the best of random shares, judged with their own norm statistics", true,
       eagleeye},
      {"metapruning",
       "widths that evolution finds by a network which makes weights for any; for --then scratch",
       true, metapruning},
  };
  return table;
}

const PruneMethod& find_prune_method(const std::string& name) {
  return find_named(prune_methods(), name, "method");
}

Fields fields(MethodOptions& options) {
  std::string names;
  for (const PruneMethod& method : prune_methods())
    names += (names.empty() ? "" : ", ") + method.name;
  Fields all = {
      field("method", options.method, "how channels are chosen: " + names),
      field("scope", options.scope,
            "l1, l2, bn, taylor: rank channels over the whole network (global) or take the same "
            "share of each layer (layer)")
          .one_of({"global", "layer"}),
      field("candidates", options.candidates, "eagleeye: width vectors that are judged")
          .between(1, 1e6),
      field("seed", options.seed, "of random widths and of searches").between(0, 9e15)};
  return join(std::move(all), fields(options.meta));
}

}  // namespace espalier
