#include "espalier/lab/rank_lab.h"

#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/format/run_table.h"
#include "espalier/lab/lab_page.h"
#include "espalier/lab/lab_run.h"
#include "espalier/prune/importance.h"
#include "espalier/prune/subject.h"
#include "espalier/prune/surgery.h"
#include "espalier/report/line_chart.h"
#include "espalier/report/page.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

using Scorer = std::function<double(const Counts&)>;

std::vector<double> magnitudes(const PruneProblem& problem) {
  return weight_importance(problem.model, problem.structure, WeightMeasure::l1);
}

// With its strongest filters, otherwise as it stands.
ImageModelPtr cut(const PruneProblem& problem,
                  const Counts& counts,
                  const std::vector<double>& strength) {
  return without_channels(problem.model, problem.structure, problem.widths.best(counts, strength));
}

Scorer log_widths(const PruneProblem& problem) {
  return [&](const Counts& counts) {
    double sum = 0;
    for (size_t i = 0; i < counts.size(); ++i)
      sum += std::log(static_cast<double>(counts[i] * problem.structure.groups[i].width));
    return sum;
  };
}

Scorer kept_magnitude(const PruneProblem& problem) {
  return [&, strength = magnitudes(problem)](const Counts& counts) {
    const std::vector<bool> keep = problem.widths.best(counts, strength);
    double kept = 0;
    for (size_t i = 0; i < keep.size(); ++i)
      if (keep[i] && strength[i] != kUnknownImportance) kept += strength[i];
    return kept;
  };
}

template <bool recalibrated>
double judged(const PruneProblem& problem, const ImageModelPtr& network) {
  return recalibrated ? problem.data.score(network) : problem.data.accuracy(network);
}

template <bool recalibrated>
Scorer cut_weights(const PruneProblem& problem) {
  return [&, strength = magnitudes(problem)](const Counts& counts) {
    return judged<recalibrated>(problem, cut(problem, counts, strength));
  };
}

template <bool recalibrated>
Scorer made_weights(const PruneProblem& problem) {
  return [&, network_of = weights_of_any_widths(problem)](const Counts& counts) {
    return judged<recalibrated>(problem, network_of(counts));
  };
}

void by_sandwich(MetaPruningConfig& meta) {
  meta.sampling = "sandwich";
}

void by_uniform(MetaPruningConfig& meta) {
  meta.sampling = "uniform";
}

std::vector<const RankingRule*> rules_of(const RankLabConfig& lab) {
  std::vector<const RankingRule*> rules;
  for (const std::string& name : lab.rules)
    rules.push_back(&find_named(ranking_rules(), name, "rule"));
  if (rules.empty())
    for (const RankingRule& rule : ranking_rules()) rules.push_back(&rule);
  return rules;
}

// Different ones, always the same for a network and budget.
std::vector<Counts> random_vectors(const WidthChoice& widths, size_t groups, int64_t wanted) {
  Random random(1);
  std::vector<Counts> vectors;
  std::set<Counts> seen;
  for (int64_t tries = 0; std::ssize(vectors) < wanted && tries < 20 * wanted; ++tries) {
    Counts counts = widths.scaled(random_shares(groups, random));
    if (seen.insert(counts).second) vectors.push_back(std::move(counts));
  }
  if (std::ssize(vectors) < wanted)
    fail(Kind::usage, "the budget leaves only {} different widths; --vectors {} are too many",
         vectors.size(), wanted);
  return vectors;
}

std::string name_of(size_t vector) {
  return fmt::format("{:03}", vector);
}

class RankLab {
 public:
  RankLab(const RankLabConfig& lab, const ClassifyRecipe& recipe, const fs::path& out)
      : lab_(lab),
        recipe_(recipe),
        out_(out),
        rules_(rules_of(lab)),
        scores_(RunTable::open(out / "scores.csv", {"rule", "vector"}, {"score"})),
        results_(RunTable::open(out / "results.csv", {"vector"}, {"accuracy", "macs", "seconds"})),
        subject_((train_base(), (out / "base").string())),
        widths_(subject_.structure,
                subject_.cost,
                parse_budget(lab.to, subject_.cost.at(subject_.structure.whole())),
                lab.widths),
        vectors_(random_vectors(widths_, subject_.structure.groups.size(), lab.vectors)) {}

  RankResult run() {
    score_all();
    for (size_t i = 0; i < vectors_.size(); ++i) {
      if (results_.has({name_of(i)})) continue;
      say(fmt::format("run {} of {}: widths {}", i + 1, vectors_.size(),
                      fmt::join(vectors_[i], " ")));
      train(i);
      write_file_atomic(out_ / "report.html", rank_page(summary()));
    }
    const RankResult result = summary();
    write_file_atomic(out_ / "report.html", rank_page(result));
    return result;
  }

 private:
  void train_base() const {
    if (fs::exists(out_ / "base" / "summary.json")) return;
    say("the network whose weights the rules look at");
    ClassifyRecipe own = recipe_;
    if (lab_.base_epochs > 0) own.train.epochs = lab_.base_epochs;
    train_in(own, out_ / "base");
  }

  void score_all() {
    const Splits splits = open_splits(recipe_.data, recipe_.split);
    ClassifyTask task(subject_.model.net, subject_.model.meta, {});
    ClassifyRecipe training = recipe_;
    training.augment.size = subject_.model.meta.input_size;
    const PruneData data = classifier_data(task, splits.train, splits.val, lab_.judge, training);
    for (const RankingRule* rule : rules_) {
      std::vector<size_t> missing;
      for (size_t i = 0; i < vectors_.size(); ++i)
        if (!scores_.has({rule->name, name_of(i)})) missing.push_back(i);
      if (missing.empty()) continue;
      MethodOptions options{.meta = lab_.meta};
      if (rule->change) rule->change(options.meta);
      // Rules that differ in the judging alone share the network that makes weights.
      const PruneProblem problem{*subject_.model.net,
                                 subject_.structure,
                                 subject_.cost,
                                 widths_,
                                 options,
                                 data,
                                 out_ / "search" / options.meta.sampling};
      const Scorer score = rule->scorer(problem);
      Progress progress("scores of " + rule->name, std::ssize(missing), "net");
      for (size_t i : missing) {
        scores_.add({rule->name, name_of(i)}, {score(vectors_[i])});
        progress.advance(1);
      }
    }
  }

  void train(size_t vector) {
    const fs::path network = out_ / "widths" / name_of(vector);
    if (!fs::exists(network / "model.safetensors")) {
      const std::vector<double> strength =
          weight_importance(*subject_.model.net, subject_.structure, WeightMeasure::l1);
      ImageModelPtr pruned = without_channels(*subject_.model.net, subject_.structure,
                                              widths_.best(vectors_[vector], strength));
      make_folder(network);
      save_model(network, *pruned, subject_.model.meta);
    }
    ClassifyRecipe own = recipe_;
    own.model = network.string();
    own.augment.size = subject_.model.meta.input_size;
    const fs::path folder = out_ / "runs" / name_of(vector);
    const TrainOutcome outcome = train_in(own, folder);
    results_.add({name_of(vector)},
                 {test_accuracy(folder, own),
                  static_cast<double>(subject_.cost.at(vectors_[vector]).macs), outcome.seconds});
    if (!lab_.keep_runs) fs::remove_all(folder);
  }

  RankResult summary() const {
    RankResult result{.setting = {{"data", recipe_.data},
                                  {"network", recipe_.model},
                                  {"budget", lab_.to},
                                  {"epochs of each vector", std::to_string(recipe_.train.epochs)},
                                  {"pictures that judge", std::to_string(lab_.judge.images)},
                                  {"machine", machine_line()}},
                      .rules = {},
                      .runs = static_cast<int64_t>(results_.size()),
                      .wanted = lab_.vectors};
    for (const RankingRule* rule : rules_) {
      RuleRanking ranking{.name = rule->name, .help = rule->help, .pairs = {}};
      for (size_t i = 0; i < vectors_.size(); ++i) {
        const auto score = scores_.value({rule->name, name_of(i)}, "score"),
                   accuracy = results_.value({name_of(i)}, "accuracy");
        if (score && accuracy) ranking.pairs.emplace_back(*score, *accuracy);
      }
      result.rules.push_back(std::move(ranking));
    }
    return result;
  }

  const RankLabConfig& lab_;
  const ClassifyRecipe& recipe_;
  fs::path out_;
  std::vector<const RankingRule*> rules_;
  RunTable scores_, results_;
  PruneSubject subject_;
  WidthChoice widths_;
  std::vector<Counts> vectors_;
};

constexpr size_t kFewest = 4;  // vectors of which an interval can be drawn

LineChart scatter(const RuleRanking& rule) {
  Series points{.name = "width vector", .scattered = true};
  for (auto [score, accuracy] : rule.pairs) {
    points.x.push_back(score);
    points.y.push_back(accuracy);
  }
  return {.title = rule.name,
          .x_label = "score",
          .percent = true,
          .tight_x = false,
          .series = {std::move(points)}};
}

}  // namespace

Fields fields(RankLabConfig& config) {
  Fields all = {field("rules", config.rules, "which of the rules to ask; empty: all"),
                field("to", config.to, "the budget: macs=0.5, params=1M, bytes=1.5MB, or several"),
                field("vectors", config.vectors, "random widths that are scored and trained")
                    .between(2, 100000),
                field("base_epochs", config.base_epochs,
                      "of the network whose weights the rules look at; 0: as the others")
                    .between(0, 1e6),
                field("keep_runs", config.keep_runs, "keep each run's folder")};
  all = join(std::move(all), fields(config.meta));
  all = join(std::move(all), fields(config.widths));
  return join(std::move(all), fields(config.judge));
}

const std::vector<RankingRule>& ranking_rules() {
  static const std::vector<RankingRule> table = {
      {"logwidth", "the sum of the logarithms of widths: no training, no pictures", nullptr,
       log_widths},
      {"l1", "how much of the weights' size stays", nullptr, kept_magnitude},
      {"eagleeye", "accuracy of the cut network, norms' statistics measured anew", nullptr,
       cut_weights<true>},
      {"eagleeye-", "the same with the statistics of the whole network", nullptr,
       cut_weights<false>},
      {"metapruning", "accuracy of made weights, norms' statistics measured anew", by_uniform,
       made_weights<true>},
      {"metapruning-", "the same with the statistics as they come", by_uniform,
       made_weights<false>},
      {"metapruning+", "as metapruning, the weights' maker trained by the sandwich rule",
       by_sandwich, made_weights<true>},
  };
  return table;
}

RankResult run_rank_lab(const RankLabConfig& lab,
                        const ClassifyRecipe& recipe,
                        const fs::path& out) {
  return RankLab(lab, recipe, out).run();
}

std::string verdict(const RuleRanking& rule) {
  if (rule.pairs.size() < kFewest)
    return fmt::format("{} vectors say nothing yet", rule.pairs.size());
  const Interval interval = kendall_interval(rule.pairs);
  const std::string number =
      fmt::format("{:.2f} ({:.2f} to {:.2f})", kendall(rule.pairs), interval.low, interval.high);
  if (interval.low > 0) return "ranks: " + number;
  return (interval.high < 0 ? "ranks the wrong way: " : "no ranking shown: ") + number;
}

nlohmann::ordered_json to_json(const RankResult& result) {
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  for (const RuleRanking& rule : result.rules) {
    nlohmann::ordered_json one = {{"name", rule.name}, {"vectors", rule.pairs.size()}};
    if (rule.pairs.size() >= kFewest) {
      const Interval interval = kendall_interval(rule.pairs);
      one["kendall"] = kendall(rule.pairs);
      one["kendall_interval"] = {interval.low, interval.high};
      one["spearman"] = spearman(rule.pairs);
    }
    one["verdict"] = verdict(rule);
    rules.push_back(std::move(one));
  }
  return {{"experiment", "rank"},
          {"runs", result.runs},
          {"wanted", result.wanted},
          {"rules", std::move(rules)}};
}

std::string rank_page(const RankResult& result) {
  Html page;
  begin_lab_page(
      page, "Do scores rank widths?",
      "Methods pick widths by a score that is cheap to have. Is what it calls better also "
      "better once it is trained?",
      result.runs, result.wanted);
  section(page, "What was found");
  page.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
  for (const char* name : {"rule", "Kendall's tau (95 %)", "mean score"})
    page.leaf("th", name, {{"scope", "col"}});
  page.close().close().open("tbody");
  for (const RuleRanking& rule : result.rules) {
    double sum = 0;
    for (auto [score, accuracy] : rule.pairs) sum += score;
    page.open("tr").open("th", {{"class", "name"}, {"scope", "row"}}).text(rule.name);
    page.leaf("div", rule.help, {{"class", "soft"}}).close();
    page.leaf("td", verdict(rule));
    page.leaf("td", rule.pairs.empty()
                        ? "–"
                        : fmt::format("{:.3g}", sum / static_cast<double>(rule.pairs.size())));
    page.close();
  }
  page.close().close().close();
  page.leaf("p",
            "Tau is 1 where of any two vectors the one with the larger score is the more accurate "
            "after training from fresh weights, 0 where that is chance; intervals by the bootstrap "
            "over vectors. One training each: its own luck is in the accuracy.",
            {{"class", "meta"}});
  page.close();
  section(page, "Test accuracy over score");
  page.open("div", {{"class", "charts"}});
  for (const RuleRanking& rule : result.rules) page.raw(line_chart(scatter(rule)));
  page.close().close();
  return end_lab_page(page, result.setting);
}

}  // namespace espalier
