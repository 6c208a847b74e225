#include "espalier/tasks/linear_probe.h"

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/nn/logistic.h"
#include "espalier/tasks/probe_features.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr double kUsualPenalty = 0.01, kLeastDeviation = 1e-12;
// From strong to weak, each begun at the answer of the one before.
constexpr double kPenalties[] = {10, 3.2, 1, 0.32, 0.1, 0.032, 0.01, 3.2e-3, 1e-3, 3.2e-4, 1e-4};

struct Fit {
  double l2;
  LogisticModel model;
  Scores validation;
  double cross_entropy = 0;

  bool better_than(const Fit& other) const {
    double ours = validation.headline().value, theirs = other.validation.headline().value;
    return ours > theirs || (ours == theirs && cross_entropy < other.cross_entropy);
  }
};

Fit fit(const ProbeFeatures& train,
        const std::optional<ProbeFeatures>& val,
        ClassifyTask& task,
        double l2,
        const LogisticModel* start) {
  if (interrupted()) fail(Kind::interrupted, "stopped before the training began");
  const auto classes = static_cast<int64_t>(task.meta().class_names.size());
  Fit made{l2, fit_logistic(train.values, train.labels, classes, l2, start), {}};
  if (!val) return made;
  at::Tensor logits = at::linear(val->values, made.model.weight, made.model.bias);
  made.validation = task.score(val->truth, annotations_from_logits(logits));
  made.cross_entropy = at::cross_entropy_loss(logits, val->labels).item<double>();
  return made;
}

Fit choose(const ProbeFeatures& train,
           const std::optional<ProbeFeatures>& val,
           ClassifyTask& task,
           double asked) {
  if (asked > 0 || !val) return fit(train, val, task, asked > 0 ? asked : kUsualPenalty, nullptr);
  std::optional<Fit> best;
  LogisticModel last;
  for (double l2 : kPenalties) {
    Fit now = fit(train, val, task, l2, last.weight.defined() ? &last : nullptr);
    last = now.model;
    if (!best || now.better_than(*best)) best = std::move(now);
  }
  return *best;
}

}  // namespace

bool can_be_probed(ImageModel& model) {
  return find_last_linear(model) != nullptr;
}

Fields fields(ProbeConfig& config) {
  return {
      field("probe", config.probe,
            "stop after the linear probe: a linear classifier on the features of the network as "
            "it begins becomes its head, and that is the model"),
      field("probe_first", config.probe_first,
            "with pretrained weights: begin by saying what the linear probe reaches"),
      field("probe_l2", config.probe_l2,
            "penalty on the probe's weights; 0: the best on the validation pictures")
          .between(0, 1e6)};
}

std::string LinearProbe::text() const {
  std::string what = validation.items.empty()
                         ? std::string("no validation pictures")
                         : fmt::format("validation {} {:.4f}", validation.headline().name,
                                       validation.headline().value);
  return fmt::format("linear probe: {} ({} features of {} pictures, l2 {:g})", what, weight.size(1),
                     images, l2);
}

nlohmann::ordered_json to_json(const LinearProbe& probe) {
  return {{"scores", to_json(probe.validation)},
          {"l2", probe.l2},
          {"features", probe.weight.size(1)},
          {"images", probe.images},
          {"seconds", probe.seconds}};
}

LinearProbe fit_probe(ClassifyTask& task, Loader& train, Loader* val, const ProbeConfig& config) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  torch::NoGradGuard guard;
  LinearProbe probe;
  ProbeFeatures known = read_probe_features(task, train, "features", probe.failures);
  std::optional<ProbeFeatures> held;
  if (val) held = read_probe_features(task, *val, "features, validation", probe.failures);
  at::Tensor mean = known.values.mean(0), deviation = known.values.std(0, /*unbiased=*/false);
  deviation.masked_fill_(deviation < kLeastDeviation, 1);
  for (ProbeFeatures* features : {&known, held ? &*held : nullptr})
    if (features) features->values.sub_(mean).div_(deviation);

  Fit best = choose(known, held, task, config.probe_l2);
  at::Tensor weight = best.model.weight / deviation;
  probe.weight = weight.to(at::kFloat);
  probe.bias = (best.model.bias - weight.mv(mean)).to(at::kFloat);
  probe.l2 = best.l2;
  probe.images = known.values.size(0);
  probe.validation = best.validation;
  probe.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return probe;
}

void put_into_head(ImageModel& model, const LinearProbe& probe) {
  torch::NoGradGuard guard;
  torch::nn::LinearImpl& linear = last_linear(model);
  linear.weight.copy_(probe.weight);
  linear.bias.copy_(probe.bias);
}

}  // namespace espalier
