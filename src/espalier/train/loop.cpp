#include "espalier/train/loop.h"

#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/checkpoint.h"
#include "espalier/train/ema.h"
#include "espalier/train/optimiser.h"

namespace espalier {
namespace {

constexpr int64_t kLogEvery = 10;  // steps
constexpr size_t kNamedFailures = 100;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void append(NamedTensors& all, const std::string& prefix, const NamedTensors& more) {
  for (const auto& [name, tensor] : more) all.emplace_back(prefix + name, tensor);
}

// One run under way. Everything that a checkpoint must hold is a member, and save() and restore()
// stand side by side.
class Run {
 public:
  Run(Task& task, Loader& data, Loader* val, const TrainConfig& config, RunFolder& folder)
      : task_(task),
        data_(data),
        val_(val),
        config_(config),
        folder_(folder),
        optimiser_(task.module(), config),
        generator_(generator_state()) {
    if (config.ema > 0) ema_.emplace(task.module(), config.ema);
    if (data.batches() == 0)
      fail(Kind::data, "the training data hold less than one batch; lower --batch");
    schedule_ = make_schedule(config, data.batches());
    peak_ = peak_rate(config);
  }

  void restore();
  void choose_arithmetic();
  TrainOutcome go();

 private:
  double take_batches();
  void step(const Batch& batch);
  void evaluate(nlohmann::ordered_json& line);
  void note_failures(const std::vector<SampleFailure>& failures);
  void warn_of_lost_classes();
  void stop_if_asked();
  void save();
  void take_state(const nlohmann::json& state);
  NamedTensors tensors();
  double mean_loss() const {
    return loss_sum_ / static_cast<double>(std::max<int64_t>(images_, 1));
  }

  Task& task_;
  Loader& data_;
  Loader* val_;
  const TrainConfig& config_;
  RunFolder& folder_;
  Optimiser optimiser_;
  std::optional<Ema> ema_;
  at::Tensor generator_;
  Schedule schedule_;
  double peak_ = 0;
  Clock::time_point start_ = Clock::now();

  TrainOutcome outcome_;
  int64_t epoch_ = 0, batch_ = 0;  // the next batch to take
  double loss_sum_ = 0;            // over this epoch's images
  int64_t images_ = 0;
  double seconds_before_ = 0;  // before this resumption
  std::set<std::string> failed_;
  std::set<int64_t> lost_classes_;  // that were warned of
};

NamedTensors Run::tensors() {
  NamedTensors all;
  append(all, "module.", module_state(task_.module()));
  append(all, "", optimiser_.state());
  if (ema_) append(all, "", ema_->state());
  all.emplace_back("generator", generator_);
  return all;
}

void Run::save() {
  for (at::Tensor& parameter : task_.module().parameters())
    if (!at::isfinite(parameter).all().item<bool>())
      fail(Kind::data,
           "the weights stopped being finite in epoch {}; last.ckpt keeps the last good state. "
           "A lower --lr, --clip-norm 1 or a longer --warmup-epochs usually helps",
           epoch_ + 1);
  generator_.copy_(generator_state());
  nlohmann::json failures = nlohmann::json::array();
  for (const SampleFailure& failure : outcome_.failed)
    failures.push_back({failure.id, failure.reason});
  nlohmann::json state = {
      {"epoch", epoch_},
      {"batch", batch_},
      {"batches", data_.batches()},
      {"step", outcome_.steps},
      {"loss_sum", loss_sum_},
      {"images", images_},
      {"best_epoch", outcome_.best_epoch},
      // As text: a plain json object would sort the scores and lose the headline.
      {"best", to_json(outcome_.best).dump()},
      {"seconds", seconds_before_ + seconds_since(start_)},
      {"log_size", folder_.log_size()},
      {"precision", name_of(outcome_.precision)},
      {"threads", runtime_threads()},
      {"failures", outcome_.failures},
      {"failed", failures},
      {"failed_ids", failed_}};
  write_checkpoint(folder_ / "last.ckpt", tensors(), state);
}

void Run::restore() {
  nlohmann::json state = read_checkpoint(folder_ / "last.ckpt", tensors());
  set_generator_state(generator_);
  try {
    take_state(state);
  } catch (const nlohmann::json::exception& error) {
    fail(Kind::format, "{}: its state is not what this version writes: {}",
         (folder_ / "last.ckpt").string(), error.what());
  }
}

void Run::take_state(const nlohmann::json& state) {
  epoch_ = state.at("epoch");
  batch_ = state.at("batch");
  outcome_.steps = state.at("step");
  loss_sum_ = state.at("loss_sum");
  images_ = state.at("images");
  seconds_before_ = state.at("seconds");
  outcome_.best_epoch = state.at("best_epoch");
  outcome_.failures = state.at("failures");
  outcome_.precision = state.at("precision") == "bf16" ? Precision::bf16 : Precision::fp32;
  failed_ = state.at("failed_ids").get<std::set<std::string>>();
  for (const auto& item : state.at("failed")) outcome_.failed.push_back({item.at(0), item.at(1)});
  outcome_.best =
      scores_from_json(nlohmann::ordered_json::parse(state.at("best").get<std::string>()));
  if (state.at("batches") != data_.batches())
    fail(Kind::usage,
         "the training data or --batch changed since the run began ({} batches then, {} now)",
         state.at("batches").get<int64_t>(), data_.batches());
  if (state.at("threads") != runtime_threads())
    warn(fmt::format("resuming with {} threads a run of {}: results will differ in the last bits",
                     runtime_threads(), state.at("threads").get<int64_t>()));
  folder_.cut_log(state.at("log_size"));
  say(fmt::format("resuming in epoch {}, step {}", epoch_ + 1, outcome_.steps));
}

// Times a real step in both arithmetics on the first batch, then puts back all that the trial
// changed.
void Run::choose_arithmetic() {
  if (config_.precision != "auto") {
    outcome_.precision = choose_precision(config_.precision, {});
    return;
  }
  data_.start_epoch(0, 0);
  std::optional<Batch> batch = data_.next();
  if (!batch || batch->count < 2) return;
  std::vector<at::Tensor> before;
  for (auto& [name, tensor] : module_state(task_.module()))
    before.push_back(tensor.detach().clone());
  at::Tensor generator = generator_state();
  task_.module().train();
  outcome_.precision = choose_precision("auto", [&] { task_.losses(*batch).total.backward(); });
  optimiser_.zero_grad();
  torch::NoGradGuard guard;
  NamedTensors after = module_state(task_.module());
  for (size_t i = 0; i < after.size(); ++i) after[i].second.detach().copy_(before[i]);
  set_generator_state(generator);
}

void Run::note_failures(const std::vector<SampleFailure>& failures) {
  for (const SampleFailure& failure : failures) {
    if (!failed_.insert(failure.id).second) continue;
    ++outcome_.failures;
    if (outcome_.failed.size() < kNamedFailures) outcome_.failed.push_back(failure);
    folder_.log({{"kind", "failure"}, {"id", failure.id}, {"reason", failure.reason}});
    warn(fmt::format("skipped {}: {}", failure.id, failure.reason));
  }
}

// One picture less is a line; a class less is another task.
void Run::warn_of_lost_classes() {
  const Dataset& data = data_.dataset();
  std::map<int64_t, std::pair<int64_t, int64_t>> counts;  // by label: samples, failures
  for (int64_t i = 0; i < data.size(); ++i) {
    auto& [samples, failures] = counts[data.label(i)];
    ++samples;
    failures += static_cast<int64_t>(failed_.count(data.id(i)));
  }
  const std::vector<std::string>& names = data.class_names();
  for (const auto& [label, count] : counts) {
    bool known = label >= 0 && label < static_cast<int64_t>(names.size());
    if (!known || count.first != count.second || !lost_classes_.insert(label).second) continue;
    warn(fmt::format("class '{}': not one of its {} training images could be read",
                     names[static_cast<size_t>(label)], count.first));
  }
}

void Run::step(const Batch& batch) {
  double rate = peak_ * schedule_factor(schedule_, outcome_.steps);
  optimiser_.zero_grad();
  Losses losses;
  {
    Autocast scope(outcome_.precision);
    losses = task_.losses(batch);
  }
  double loss = losses.total.item<double>();
  if (!std::isfinite(loss))
    fail(Kind::data,
         "the loss is {} in epoch {}, step {} (learning rate {:.3g}); last.ckpt keeps the last "
         "good state. "
         "A lower --lr, --clip-norm 1 or a longer --warmup-epochs usually helps",
         loss, epoch_ + 1, outcome_.steps, rate);
  losses.total.backward();
  if (config_.clip_norm > 0) optimiser_.clip_gradients(config_.clip_norm);
  optimiser_.step(rate);
  if (ema_) ema_->update(outcome_.steps);
  loss_sum_ += loss * batch.count;
  images_ += batch.count;

  if (outcome_.steps % kLogEvery != 0) return;
  nlohmann::ordered_json line = {
      {"kind", "step"},
      {"step", outcome_.steps},
      {"epoch", static_cast<double>(epoch_) +
                    static_cast<double>(batch_) / static_cast<double>(data_.batches())},
      {"loss", loss},
      {"lr", rate}};
  for (auto& [name, part] : losses.parts) line[name] = part.item<double>();
  folder_.log(line, outcome_.steps);
}

void Run::stop_if_asked() {
  if (!interrupted()) return;
  save();
  fail(Kind::interrupted,
       "stopped in epoch {}, step {}; the state is saved: the same command with --resume goes on",
       epoch_ + 1, outcome_.steps);
}

// From batch_ to the end of the epoch. Returns images a second.
double Run::take_batches() {
  Progress progress(fmt::format("epoch {}/{}", epoch_ + 1, config_.epochs), data_.dataset().size(),
                    "img");
  progress.advance(batch_ * config_.batch);
  int64_t images_before = images_;
  data_.start_epoch(epoch_, batch_);
  task_.module().train();
  while (std::optional<Batch> batch = data_.next()) {
    note_failures(batch->failures);
    if (batch->count >= 2) step(*batch);  // batch norm needs two values a channel
    ++outcome_.steps;
    ++batch_;
    progress.advance(batch->count, fmt::format("loss {:.3f}", mean_loss()));
    stop_if_asked();
    if (config_.save_steps > 0 && outcome_.steps % config_.save_steps == 0 &&
        batch_ < data_.batches())
      save();
  }
  if (images_ == 0) fail(Kind::data, "not one training image could be read");
  if (outcome_.failures > 0) warn_of_lost_classes();
  progress.finish(fmt::format("loss {:.3f}", mean_loss()));
  return static_cast<double>(images_ - images_before) / std::max(1e-9, progress.seconds());
}

// Scores the validation data and keeps the model when it is the best so far.
void Run::evaluate(nlohmann::ordered_json& line) {
  Ema::Swap averaged(ema_ ? &*ema_ : nullptr);
  bool better = true;
  if (val_) {
    Predictions predictions = predict_all(task_, *val_, outcome_.precision, "validation");
    note_failures(predictions.failures);
    Scores scores = task_.score(predictions.truth, predictions.predicted);
    line["scores"] = to_json(scores);
    const Score& now = scores.headline();
    if (!outcome_.best.items.empty()) {
      double best = outcome_.best.headline().value;
      better = now.higher_is_better ? now.value > best : now.value < best;
    }
    if (better) outcome_.best = scores;
    say(fmt::format("epoch {}/{}: validation {} {:.4f}{}", epoch_ + 1, config_.epochs, now.name,
                    now.value, better ? " (best)" : ""));
  }
  if (better) {
    outcome_.best_epoch = epoch_ + 1;
    task_.save(folder_.path());
  }
  if (epoch_ + 1 == config_.epochs) task_.save(folder_ / "last");
}

TrainOutcome Run::go() {
  while (epoch_ < config_.epochs) {
    Clock::time_point start = Clock::now();
    double rate = take_batches();
    nlohmann::ordered_json line = {{"kind", "epoch"},
                                   {"epoch", epoch_ + 1},
                                   {"step", outcome_.steps},
                                   {"train_loss", mean_loss()},
                                   {"images_per_second", rate}};
    evaluate(line);
    line["seconds"] = seconds_since(start);
    folder_.log(line, outcome_.steps);
    ++epoch_;
    batch_ = images_ = 0;
    loss_sum_ = 0;
    save();
    if (epoch_ < config_.epochs) stop_if_asked();
  }
  outcome_.epochs = epoch_;
  outcome_.seconds = seconds_before_ + seconds_since(start_);
  return outcome_;
}

}  // namespace

Predictions predict_all(Task& task, Loader& data, Precision precision, const std::string& what) {
  Predictions all;
  bool was_training = task.module().is_training();
  task.module().eval();
  Progress progress(what, data.dataset().size(), "img");
  data.start_epoch(0);
  while (std::optional<Batch> batch = data.next()) {
    all.failures.insert(all.failures.end(), batch->failures.begin(), batch->failures.end());
    if (batch->count == 0) continue;
    Autocast scope(precision);
    for (Annotation& predicted : task.predict(*batch))
      all.predicted.push_back(std::move(predicted));
    for (Annotation& truth : batch->truth) all.truth.push_back(std::move(truth));
    all.indices.insert(all.indices.end(), batch->indices.begin(), batch->indices.end());
    progress.advance(batch->count);
  }
  task.module().train(was_training);
  return all;
}

TrainOutcome train(
    Task& task, Loader& data, Loader* val, const TrainConfig& config, RunFolder& run, bool resume) {
  to_channels_last(task.module());
  Run current(task, data, val, config, run);
  if (resume)
    current.restore();
  else
    current.choose_arithmetic();
  return current.go();
}

}  // namespace espalier
