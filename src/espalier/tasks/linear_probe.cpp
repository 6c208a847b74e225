#include "espalier/tasks/linear_probe.h"

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/nn/logistic.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr double kUsualPenalty = 0.01, kLeastDeviation = 1e-12;
// From strong to weak, each begun at the answer of the one before.
constexpr double kPenalties[] = {10, 3.2, 1, 0.32, 0.1, 0.032, 0.01, 3.2e-3, 1e-3, 3.2e-4, 1e-4};

// Null where the last layer with weights is another.
torch::nn::LinearImpl* find_last_linear(ImageModel& model) {
  torch::nn::LinearImpl* last = nullptr;
  for (const auto& module : model.modules(/*include_self=*/false))
    if (!module->parameters(/*recurse=*/false).empty()) last = module->as<torch::nn::Linear>();
  return last != nullptr && last->bias.defined() ? last : nullptr;
}

torch::nn::LinearImpl& last_linear(ImageModel& model) {
  torch::nn::LinearImpl* last = find_last_linear(model);
  if (last == nullptr)
    fail(Kind::unsupported, "{}: a linear probe needs a network that ends in a linear layer",
         model.name);
  return *last;
}

// The network gives what its last layer would get: that layer is the identity while this lives.
class WithoutHead {
 public:
  explicit WithoutHead(ImageModel& model)
      : model_(model),
        linear_(last_linear(model)),
        weight_(linear_.weight),
        bias_(linear_.bias),
        was_training_(model.is_training()) {
    linear_.weight = at::eye(weight_.size(1), weight_.options());
    linear_.bias = at::Tensor();
    model.eval();
  }
  ~WithoutHead() {
    linear_.weight = weight_;
    linear_.bias = bias_;
    model_.train(was_training_);
  }
  WithoutHead(const WithoutHead&) = delete;
  WithoutHead& operator=(const WithoutHead&) = delete;

  int64_t width() const { return weight_.size(1); }

 private:
  ImageModel& model_;
  torch::nn::LinearImpl& linear_;
  at::Tensor weight_, bias_;
  bool was_training_;
};

struct Features {
  at::Tensor values, labels;  // N x D, N
  std::vector<Annotation> truth;
};

Features read_features(ClassifyTask& task,
                       Loader& data,
                       const std::string& what,
                       std::vector<SampleFailure>& failures) {
  WithoutHead open(task.model());
  const auto classes = static_cast<int64_t>(task.meta().class_names.size());
  Progress progress(what, data.dataset().size(), "img");
  std::vector<at::Tensor> values, labels;
  Features features;
  data.start_epoch(0);
  while (std::optional<Batch> batch = data.next()) {
    if (interrupted()) fail(Kind::interrupted, "stopped before the training began");
    failures.insert(failures.end(), batch->failures.begin(), batch->failures.end());
    if (batch->count == 0) continue;
    values.push_back(task.logits(*batch));
    labels.push_back(class_targets(*batch, classes));
    if (values.back().dim() != 2 || values.back().size(1) != open.width())
      fail(Kind::unsupported, "{}: its last linear layer does not give the logits",
           task.model().name);
    for (Annotation& truth : batch->truth) features.truth.push_back(std::move(truth));
    progress.advance(batch->count);
  }
  if (values.empty()) fail(Kind::data, "{}: not one picture could be read", what);
  features.values = at::cat(values).to(at::kDouble);
  features.labels = at::cat(labels);
  return features;
}

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

Fit fit(const Features& train,
        const std::optional<Features>& val,
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

Fit choose(const Features& train,
           const std::optional<Features>& val,
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
  Features known = read_features(task, train, "features", probe.failures);
  std::optional<Features> held;
  if (val) held = read_features(task, *val, "features, validation", probe.failures);
  at::Tensor mean = known.values.mean(0), deviation = known.values.std(0, /*unbiased=*/false);
  deviation.masked_fill_(deviation < kLeastDeviation, 1);
  for (Features* features : {&known, held ? &*held : nullptr})
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
