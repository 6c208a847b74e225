#include "espalier/prune/metapruning.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/format/run_table.h"
#include "espalier/format/safetensors.h"
#include "espalier/prune/importance.h"
#include "espalier/prune/method.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/optimiser.h"

namespace espalier {
namespace {

constexpr double kWhole = 1e6;    // a share that stays whole however far the others are narrowed
constexpr int32_t kLevels = 31;   // shares 0.10, 0.13, ... 1.00
constexpr double kLrBatch = 512;  // pictures a step of the published recipe

// As published: 0.10 to 1.00 in double arithmetic.
double share_of_level(int32_t level) {
  return (10 + 3 * level) / 100.0;
}

// The share of each group that a vector of levels stands for.
std::vector<double> shares_of(const Genes& genes, const Genome& genome) {
  std::vector<double> shares;
  for (int32_t gene : genes.of_group)
    shares.push_back(gene < 0 ? kWhole : share_of_level(genome[static_cast<size_t>(gene)]));
  return shares;
}

// The counts of these shares, whatever they cost; as published, cut off.
Counts counts_of_shares(const PruneProblem& problem, const std::vector<double>& shares) {
  Counts counts;
  for (size_t i = 0; i < shares.size(); ++i)
    counts.push_back(problem.widths.nearest(
        i, std::floor(static_cast<double>(problem.structure.groups[i].size) * shares[i])));
  return counts;
}

class WeightMaker {
 public:
  explicit WeightMaker(const PruneProblem& problem)
      : problem_(problem),
        config_(problem.options.meta),
        genes_(read_genes(problem.structure, config_.genes)),
        net_(problem.model, problem.structure, config_.net, problem.options.seed) {}

  PruningNet& net() { return net_; }

  void train() {
    const int64_t numbers = net_.parameters();
    say(fmt::format(
        "metapruning: the network that makes weights has {} parameters ({:.0f} MiB with "
        "gradients and momentum)",
        with_commas(numbers), static_cast<double>(numbers) * 12 / (1 << 20)));
    const fs::path file = problem_.work / "pruning_net.safetensors";
    if (fs::exists(file)) {
      load_state(net_.module(), Safetensors::read(file).tensors());
      say("metapruning: goes on with " + file.string());
      return;
    }
    Optimiser optimiser(net_.module(), {.optimiser = "sgd",
                                        .momentum = 0.9,
                                        .nesterov = false,
                                        .weight_decay = config_.weight_decay});
    Random random = Random(static_cast<uint64_t>(problem_.options.seed)).stream("widths");
    problem_.data.train(config_.epochs, [&](const Batch& batch, double done) {
      optimiser.zero_grad();
      const double loss =
          config_.sampling == "sandwich" ? sandwich(batch, random) : uniform(batch, random);
      optimiser.step(config_.lr * static_cast<double>(batch.count) / kLrBatch * (1 - done));
      return loss;
    });
    make_folder(problem_.work);
    save_tensors(file, module_state(net_.module()), {});
  }

 private:
  Counts drawn(Random& random) const {
    Genome genome;
    for (int32_t i = 0; i < genes_.count; ++i)
      genome.push_back(static_cast<int32_t>(random.below(kLevels)));
    return counts_of_shares(problem_, shares_of(genes_, genome));
  }

  // One forward and backward pass at these widths; returns the logits.
  at::Tensor learn(const Batch& batch,
                   const Counts& counts,
                   const std::function<at::Tensor(const at::Tensor& logits)>& loss_of) {
    net_.at(counts);
    const at::Tensor logits = problem_.data.logits(net_.shared(), batch);
    loss_of(logits).backward();
    net_.hand_back_gradients();
    return logits.detach();
  }

  double uniform(const Batch& batch, Random& random) {
    double value = 0;
    learn(batch, drawn(random), [&](const at::Tensor& logits) {
      at::Tensor loss = problem_.data.loss(logits, batch);
      value = loss.item<double>();
      return loss;
    });
    return value;
  }

  double sandwich(const Batch& batch, Random& random) {
    double value = 0;
    const at::Tensor soft = learn(batch, problem_.structure.whole(), [&](const at::Tensor& logits) {
                              at::Tensor loss = problem_.data.loss(logits, batch);
                              value = loss.item<double>();
                              return loss;
                            }).softmax(1);
    const Genome narrowest(static_cast<size_t>(genes_.count), 0);
    for (const Counts& counts :
         {counts_of_shares(problem_, shares_of(genes_, narrowest)), drawn(random), drawn(random)})
      learn(batch, counts, [&](const at::Tensor& logits) {
        return -(soft * logits.log_softmax(1)).sum(1).mean();
      });
    return value;
  }

  const PruneProblem& problem_;
  const MetaPruningConfig& config_;
  Genes genes_;
  PruningNet net_;
};

// What candidates have scored, on disk, so that a search goes on where it was stopped.
class ScoreTable {
 public:
  explicit ScoreTable(const fs::path& file) : table_(RunTable::open(file, {"counts"}, {"score"})) {}

  double of(const Counts& counts, const std::function<double()>& score) {
    const RunTable::Key key = {fmt::format("{}", fmt::join(counts, " "))};
    if (std::optional<double> known = table_.value(key, "score")) return *known;
    const double value = score();
    table_.add(key, {value});
    return value;
  }

 private:
  RunTable table_;
};

}  // namespace

Fields fields(MetaPruningConfig& config) {
  Fields own = {
      field("meta_epochs", config.epochs,
            "metapruning: passes over the training data for the network that makes weights")
          .between(1, 1e6),
      field("meta_lr", config.lr, "metapruning: its peak rate for 512 pictures a step")
          .between(0, 1e3),
      field("meta_decay", config.weight_decay, "metapruning: its weight decay").between(0, 1),
      field("meta_sampling", config.sampling,
            "metapruning: uniform: every step draws all widths at random (the paper); sandwich: "
            "the widest, the narrowest and two random ones, which learn from the widest")
          .one_of({"uniform", "sandwich"}),
      field("meta_space", config.space,
            "metapruning: levels: a vector's widths are what they are (the paper); budget: they "
            "are scaled to use the budget")
          .one_of({"levels", "budget"}),
      field("meta_genes", config.genes,
            "metapruning: groups: each group of channels is a gene; published: the widths inside a "
            "block are one, and what the classifier reads stays whole (the paper)")
          .one_of({"groups", "published"})};
  return join(join(fields(config.net), fields(config.evolution)), std::move(own));
}

std::function<ImageModelPtr(const Counts&)> weights_of_any_widths(const PruneProblem& problem) {
  make_folder(problem.work);
  auto maker = std::make_shared<WeightMaker>(problem);
  maker->train();
  return [maker](const Counts& counts) { return maker->net().network(counts); };
}

PruneChoice metapruning(const PruneProblem& problem) {
  const auto network_of = weights_of_any_widths(problem);
  ScoreTable scores(problem.work / "candidates.csv");
  EvolutionConfig evolution = problem.options.meta.evolution;
  evolution.seed = problem.options.seed;
  const Genes genes = read_genes(problem.structure, problem.options.meta.genes);
  const bool to_budget = problem.options.meta.space == "budget";
  const auto counts_of = [&](const Genome& genome) {
    const std::vector<double> shares = shares_of(genes, genome);
    return to_budget ? problem.widths.scaled(shares) : counts_of_shares(problem, shares);
  };
  const GeneSpace space{
      .levels = std::vector<int32_t>(static_cast<size_t>(genes.count), kLevels),
      .feasible = [&](const Genome& genome) { return problem.widths.holds(counts_of(genome)); }};
  Progress progress("scoring widths", evolution.population * evolution.generations, "net");
  PruneChoice choice;
  double best = 0;
  evolve(evolution, space, [&](const Genome& genome) {
    if (interrupted())
      fail(Kind::interrupted, "stopped; the same command with --resume goes on with the search");
    const Counts counts = counts_of(genome);
    const double score = scores.of(counts, [&] { return problem.data.score(network_of(counts)); });
    best = std::max(best, score);
    choice.searched.push_back({counts, problem.cost.at(counts), score});
    progress.advance(1, fmt::format("best {:.4f}", best));
    return score;
  });
  // The found widths are what matters; with --then finetune the strongest filters stay.
  choice.keep =
      problem.widths.best(best_candidate(problem.data, choice.searched, network_of).counts,
                          weight_importance(problem.model, problem.structure, WeightMeasure::l1));
  return choice;
}

}  // namespace espalier
