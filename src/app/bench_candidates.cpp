// espalier bench candidates: how many width vectors a second a search can score.
#include "app/bench_candidates.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/memory.h"
#include "espalier/core/random.h"
#include "espalier/prune/classifier_data.h"
#include "espalier/prune/pruning_net.h"
#include "espalier/prune/subject.h"

#include "app/random_model.h"
#include "app/rate.h"

namespace espalier {

int bench_candidates(const Arguments& arguments) {
  std::string data = "orchard:species,size=32", model = "resnet20", budget = "macs=0.5";
  RandomModelConfig random_config;
  WidthConfig width_config;
  JudgeConfig judge;
  PruningNetConfig net_config;
  RateConfig rate_config;
  CommandLine line("espalier bench candidates [flags]",
                   "scores random widths as MetaPruning does: makes their weights, measures their "
                   "norms anew, asks held-out pictures");
  line.add({field("data", data, "image folder, IDX folder, or orchard[:kind,key=value,...]"),
            field("model", model, "a name that `espalier models` lists"),
            field("to", budget, "the budget that the widths use: macs=0.5")});
  line.add(fields(random_config));
  line.add(fields(net_config));
  line.add(fields(width_config));
  line.add(fields(judge));
  line.add(fields(rate_config));
  if (!line.parse(arguments)) return 0;
  const double before = resident_mib();
  const Splits splits = open_splits(data, {});
  random_config.classes = std::ssize(splits.class_names);
  const PruneSubject subject(random_model(model, random_config));
  const WidthChoice widths(subject.structure, subject.cost,
                           parse_budget(budget, subject.cost.at(subject.structure.whole())),
                           width_config);
  ClassifyTask task(subject.model.net, subject.model.meta, {});
  const PruneData pictures = classifier_data(task, splits.train, splits.val, judge, {});
  PruningNet net(*subject.model.net, subject.structure, net_config, /*seed=*/1);
  Random random(1);
  const int64_t looked_at = std::min(judge.images, splits.train->size()) +
                            std::min(judge.images, splits.val ? splits.val->size() : 0);
  const Rate rate = measure_rate(rate_config, [&] {
    pictures.score(
        net.network(widths.scaled(random_shares(subject.structure.groups.size(), random))));
    return looked_at;
  });
  nlohmann::ordered_json record = {
      {"what", "candidates"},
      {"model", model},
      {"size", subject.model.meta.input_size},
      {"images", judge.images},
      {"candidates_per_second", rate.median / static_cast<double>(looked_at)}};
  print_rate(line, std::move(record), rate, before);
  return 0;
}

}  // namespace espalier
