#include "espalier/train/loop.h"

#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/data/parts.h"
#include "espalier/nn/norms.h"
#include "espalier/nn/recalibrate.h"
#include "espalier/tensor/recompute.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/checkpoint.h"
#include "espalier/train/ema.h"
#include "espalier/train/finite.h"
#include "espalier/train/gradients.h"
#include "espalier/train/lost_classes.h"
#include "espalier/train/optimiser.h"
#include "espalier/train/patience.h"
#include "espalier/train/profile.h"
#include "espalier/train/swa.h"

namespace espalier {
namespace {

constexpr int64_t kLogEvery = 10;  // steps
constexpr size_t kNamedFailures = 100;
constexpr const char* kCures =
    "A lower --lr, --clip-norm 1 or a longer --warmup-epochs usually helps";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void append(NamedTensors& all, const std::string& prefix, const NamedTensors& more) {
  for (const auto& [name, tensor] : more) all.emplace_back(prefix + name, tensor);
}

// What each stage learns at, said where it is not the same everywhere.
std::vector<StageRate> rates_of(Task& task, const TrainConfig& config) {
  std::vector<StageRate> rates =
      stage_rates(task.module(), task.network(), config.head_rate, config.layer_decay);
  if (config.head_rate == 1 && config.layer_decay == 1) return rates;
  std::string text;
  for (const StageRate& stage : rates)
    text += fmt::format("{}{} x{:.3g}", text.empty() ? "" : ", ", stage.name, stage.factor);
  say("learning rates: " + text);
  return rates;
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
        optimiser_(task.module(), config, rates_of(task, config)),
        generator_(generator_state()) {
    if (config.ema > 0) ema_.emplace(task.module(), config.ema);
    if (config.swa_start > 0) swa_.emplace(task.module());
    if (ema_ && swa_)
      fail(Kind::usage, "ema and swa_start are two ways to average the weights: choose one");
    if (data.batches() == 0)
      fail(Kind::data, "the training data hold less than one batch; lower --batch");
    if (!val && (config.patience > 0 || config.schedule == "plateau"))
      fail(Kind::usage, "{} needs validation data, and there are none",
           config.patience > 0 ? "--patience" : "--schedule plateau");
    schedule_ = make_schedule(config, data.batches());
    peak_ = peak_rate(config);
  }

  void restore();
  void choose_arithmetic();
  TrainOutcome go();

 private:
  double take_batches();
  void step(const Batch& batch);
  void skip_step(const std::string& fault, double rate);
  void check_monitor();
  void evaluate(nlohmann::ordered_json& line, int64_t epoch, const std::string& what);
  void end_epoch(nlohmann::ordered_json& line);
  void finish_averaging();
  void finish_recalibrating();
  void recalibrate();
  bool forward_next();
  bool averaging() const {
    return swa_ && static_cast<double>(epoch_) >=
                       config_.swa_start * static_cast<double>(config_.epochs) - 1e-9;
  }
  const Score& monitored(const Scores& scores) const {
    return config_.monitor.empty() ? scores.headline() : scores.at(config_.monitor);
  }
  bool out_of_patience() const {
    return config_.patience > 0 && patience_.stale >= config_.patience;
  }
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
  std::optional<Swa> swa_;
  at::Tensor generator_;
  Patience patience_;
  Plateau plateau_;
  Score latest_;  // the monitored score of the last evaluation
  Profile profile_;
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
  if (swa_) append(all, "", swa_->state());
  all.emplace_back("generator", generator_);
  return all;
}

void Run::save() {
  std::string broken = nonfinite_weights(task_.module());
  if (!broken.empty())
    fail(
        Kind::data,
        "the weights stopped being finite in epoch {}: {}; last.ckpt keeps the last good state. {}",
        epoch_ + 1, broken, kCures);
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
      {"patience", to_json(patience_)},
      {"plateau", to_json(plateau_)},
      {"skipped", outcome_.skipped},
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
  from_json(state.at("patience"), patience_);
  from_json(state.at("plateau"), plateau_);
  outcome_.skipped = state.at("skipped");
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
  Batch part = cut(*batch, parts_of(batch->count, config_.batch)[0]);
  std::vector<at::Tensor> before;
  for (auto& [name, tensor] : module_state(task_.module()))
    before.push_back(tensor.detach().clone());
  at::Tensor generator = generator_state();
  task_.module().train();
  outcome_.precision = choose_precision("auto", [&] { task_.losses(part).total.backward(); });
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

void Run::warn_of_lost_classes() {
  for (const LostClass& lost : lost_classes(data_.dataset(), failed_))
    if (lost_classes_.insert(lost.label).second)
      warn(fmt::format("class '{}': not one of its {} training images could be read", lost.name,
                       lost.images));
}

void Run::skip_step(const std::string& fault, double rate) {
  std::string place = fmt::format("{}, in epoch {}, step {} (learning rate {:.3g})", fault,
                                  epoch_ + 1, outcome_.steps, rate);
  if (outcome_.skipped >= config_.skip_nonfinite)
    fail(Kind::data, "{}{}; last.ckpt keeps the last good state. {}{}", place,
         outcome_.skipped == 0 ? "" : fmt::format(", after {} skipped steps", outcome_.skipped),
         kCures,
         config_.skip_nonfinite == 0 ? "; --skip-nonfinite 10 leaves out a few such steps" : "");
  ++outcome_.skipped;
  optimiser_.zero_grad();
  folder_.log({{"kind", "skipped"}, {"step", outcome_.steps}, {"reason", fault}});
  warn("skipped a step: " + place);
}

void Run::step(const Batch& batch) {
  double factor = averaging() && config_.swa_lr > 0
                      ? config_.swa_lr
                      : plateau_.factor * schedule_factor(schedule_, outcome_.steps);
  double rate = peak_ * factor;
  optimiser_.zero_grad();
  // A forward pass that overflows leaves its mark in the statistics of the norms.
  std::vector<at::Tensor> buffers = task_.module().buffers(), before;
  if (config_.skip_nonfinite > 0)
    for (const at::Tensor& buffer : buffers) before.push_back(buffer.clone());
  StepGradients found = find_gradients(
      task_, batch, {.part = config_.batch, .precision = outcome_.precision}, profile_);
  if (found.fault.empty())
    found.fault = check_gradients(optimiser_, config_.clip_norm, task_.module());
  if (!found.fault.empty()) {
    skip_step(found.fault, rate);
    for (size_t i = 0; i < before.size(); ++i) buffers[i].copy_(before[i]);
    return;
  }
  optimiser_.step(rate, momentum_at(config_, schedule_, outcome_.steps));
  if (ema_) ema_->update(outcome_.steps);
  profile_.lap(Profile::step);
  loss_sum_ += found.loss * batch.count;
  images_ += batch.count;

  if (outcome_.steps % kLogEvery != 0) return;
  nlohmann::ordered_json line = {
      {"kind", "step"},
      {"step", outcome_.steps},
      {"epoch", static_cast<double>(epoch_) +
                    static_cast<double>(batch_) / static_cast<double>(data_.batches())},
      {"loss", found.loss},
      {"lr", rate}};
  for (const auto& [name, part] : found.parts) line[name] = part;
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
  // Not the data set's size: destroyed copies go through the network too.
  Progress progress(fmt::format("epoch {}/{}", epoch_ + 1, config_.epochs),
                    data_.batches() * images_a_step(config_), "img");
  progress.advance(batch_ * images_a_step(config_));
  int64_t images_before = images_;
  double loading_before = data_.busy_seconds();
  profile_ = Profile();
  data_.start_epoch(epoch_, batch_);
  task_.module().train();
  while (std::optional<Batch> batch = data_.next()) {
    profile_.lap(Profile::idle);
    note_failures(batch->failures);
    if (batch->count >= 2) step(*batch);  // batch norm needs two values a channel
    ++outcome_.steps;
    ++batch_;
    progress.advance(batch->count, fmt::format("loss {:.3f}", mean_loss()));
    stop_if_asked();
    if (config_.save_steps > 0 && outcome_.steps % config_.save_steps == 0 &&
        batch_ < data_.batches())
      save();
    profile_.lap(Profile::other);
  }
  profile_.set_loading(data_.busy_seconds() - loading_before, data_.workers());
  if (images_ == 0) fail(Kind::data, "not one training image could be read");
  if (outcome_.failures > 0) warn_of_lost_classes();
  progress.finish(fmt::format("loss {:.3f}", mean_loss()));
  return static_cast<double>(images_ - images_before) / std::max(1e-9, progress.seconds());
}

// Scores the module as it stands on the validation data, and keeps it when it is the best so far.
void Run::evaluate(nlohmann::ordered_json& line, int64_t epoch, const std::string& what) {
  bool better = true;
  if (val_) {
    Predictions predictions = predict_all(task_, *val_, outcome_.precision, "validation");
    note_failures(predictions.failures);
    Scores scores = task_.score(predictions.truth, predictions.predicted);
    line["scores"] = to_json(scores);
    const Score& now = monitored(scores);
    if (!outcome_.best.items.empty()) {
      double best = monitored(outcome_.best).value;
      better = now.higher_is_better ? now.value > best : now.value < best;
    }
    if (better) outcome_.best = scores;
    say(fmt::format("{}: validation {} {:.4f}{}", what, now.name, now.value,
                    better ? " (best)" : ""));
    latest_ = now;
  }
  if (better) {
    outcome_.best_epoch = epoch;
    task_.save(folder_.path());
  }
}

void Run::end_epoch(nlohmann::ordered_json& line) {
  if (averaging()) swa_->add();
  Ema::Swap averaged(ema_ ? &*ema_ : nullptr);
  evaluate(line, epoch_ + 1, fmt::format("epoch {}/{}", epoch_ + 1, config_.epochs));
  if (val_) {
    patience_.observe(latest_, config_.min_delta);
    if (config_.schedule == "plateau" &&
        plateau_.observe(latest_, config_.min_delta, config_.plateau_patience, config_.gamma,
                         config_.floor))
      say(fmt::format("the learning rate falls to {:.3g}", peak_ * plateau_.factor));
  }
  if (epoch_ + 1 == config_.epochs || out_of_patience()) task_.save(folder_ / "last");
}

// One batch of training data through the network, for the statistics of its norms.
bool Run::forward_next() {
  if (interrupted())
    fail(Kind::interrupted, "stopped after the last epoch; the same command with --resume goes on");
  std::optional<Batch> batch = data_.next();
  if (!batch) return false;
  note_failures(batch->failures);
  if (batch->count < 2) return true;
  Autocast scope(outcome_.precision);
  for (const Part& part : parts_of(batch->count, config_.batch)) task_.predict(cut(*batch, part));
  return true;
}

void Run::recalibrate() {
  data_.start_epoch(epoch_);
  recalibrate_norms(task_.module(), [this] { return forward_next(); });
}

// The last weights with fresh statistics, scored and saved in the place of those without.
void Run::finish_recalibrating() {
  if (config_.norms != "recalibrate" || batch_norms(task_.module()).empty()) return;
  say("averaging the statistics of the norms anew");
  Ema::Swap averaged(ema_ ? &*ema_ : nullptr);
  recalibrate();
  nlohmann::ordered_json line = {{"kind", "recalibrated"}, {"epoch", epoch_}};
  evaluate(line, epoch_, "recalibrated norms");
  task_.save(folder_ / "last");
  folder_.log(line);
}

// The averaged weights with fresh statistics, scored and saved beside the others.
void Run::finish_averaging() {
  if (!swa_ || swa_->count() == 0) return;
  say(fmt::format("averaging the weights of {} epochs", swa_->count()));
  Swa::Scope averaged(*swa_);
  if (!batch_norms(task_.module()).empty() && config_.norms != "frozen") recalibrate();
  nlohmann::ordered_json line = {{"kind", "swa"}, {"epoch", epoch_}, {"models", swa_->count()}};
  evaluate(line, epoch_, "averaged weights");
  task_.save(folder_ / "swa");
  folder_.log(line);
}

// A slip in the score's name is told before the first epoch, not after it.
void Run::check_monitor() {
  if (!val_ || config_.monitor.empty()) return;
  torch::NoGradGuard guard;
  task_.module().eval();
  val_->start_epoch(0);
  std::optional<Batch> batch = val_->next();
  if (batch && batch->count > 0) monitored(task_.score(batch->truth, task_.predict(*batch)));
}

TrainOutcome Run::go() {
  check_monitor();
  while (epoch_ < config_.epochs && !out_of_patience()) {
    Clock::time_point start = Clock::now();
    double rate = take_batches();
    nlohmann::ordered_json line = {{"kind", "epoch"},
                                   {"epoch", epoch_ + 1},
                                   {"step", outcome_.steps},
                                   {"train_loss", mean_loss()},
                                   {"images_per_second", rate}};
    if (config_.profile) {
      line["profile"] = profile_.to_json();
      say("profile: " + profile_.text());
    }
    end_epoch(line);
    line["seconds"] = seconds_since(start);
    folder_.log(line, outcome_.steps);
    ++epoch_;
    batch_ = images_ = 0;
    loss_sum_ = 0;
    save();
    if (epoch_ < config_.epochs && !out_of_patience()) stop_if_asked();
  }
  finish_recalibrating();
  finish_averaging();
  outcome_.stopped_early = epoch_ < config_.epochs;
  if (outcome_.stopped_early)
    say(fmt::format("stopped early: {} epochs without improvement", patience_.stale));
  outcome_.epochs = epoch_;
  outcome_.seconds = seconds_before_ + seconds_since(start_);
  return outcome_;
}

}  // namespace

TrainOutcome train(
    Task& task, Loader& data, Loader* val, const TrainConfig& config, RunFolder& run, bool resume) {
  to_channels_last(task.module());
  if (config.norms == "frozen") freeze_norms(task.network());
  Recompute scope(config.recompute);
  Run current(task, data, val, config, run);
  if (resume)
    current.restore();
  else
    current.choose_arithmetic();
  return current.go();
}

}  // namespace espalier
