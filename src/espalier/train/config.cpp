#include "espalier/train/config.h"

#include <cmath>

namespace espalier {

Fields fields(TrainConfig& c) {
  return {
      field("epochs", c.epochs, "passes over the training data").between(1, 1e6),
      field("batch", c.batch, "images that go through the network together").between(2, 1e6),
      field("accumulate", c.accumulate,
            "batches whose gradients make one step: that of a batch so many times as large, in the "
            "memory of one")
          .between(1, 1e6),
      field("optimiser", c.optimiser, "sgd or adamw").one_of({"sgd", "adamw"}),
      field("lr", c.lr,
            "peak learning rate for a batch of lr_batch; 0: 0.2 for sgd, 0.002 for adamw")
          .between(0, 1e3),
      field("lr_batch", c.lr_batch,
            "lr is scaled by images a step / lr_batch (linear scaling rule); 0: taken as it is")
          .between(0, 1e6),
      field("momentum", c.momentum, "of sgd").between(0, 1),
      field("nesterov", c.nesterov, "Nesterov's form of momentum"),
      field("beta1", c.beta1, "of adamw").between(0, 1),
      field("beta2", c.beta2, "of adamw").between(0, 1),
      field("adam_eps", c.adam_eps, "of adamw").between(0, 1),
      field("weight_decay", c.weight_decay, "on weights; see decay_norms").between(0, 10),
      field("decay_norms", c.decay_norms, "weight decay also on norms and biases"),
      field("head_rate", c.head_rate,
            "factor on the learning rate of the network's head, and of heads that the method adds; "
            "for pretrained weights often 10")
          .between(0, 1e4),
      field("layer_decay", c.layer_decay,
            "the learning rate falls by this factor for each stage before the head, say 0.75; 1: "
            "the same everywhere")
          .between(0, 1),
      field(
          "norms", c.norms,
          "batch norms: train; frozen: keep the statistics, scales and shifts they come with (for "
          "pretrained weights and small batches); recalibrate: train, then average the statistics "
          "anew over one pass of the training data")
          .one_of({"train", "frozen", "recalibrate"}),
      field("schedule", c.schedule, "shape of the learning rate over the run")
          .one_of(schedule_shapes()),
      field("warmup", c.warmup, "none, constant, or gradual (raised every step)")
          .one_of({"none", "constant", "gradual"}),
      field("warmup_epochs", c.warmup_epochs, "length of the warm-up").between(0, 1e6),
      field("milestones", c.milestones, "multistep: drops at these shares of the run")
          .between(0, 1),
      field("gamma", c.gamma, "multistep, plateau: factor at each drop").between(0, 1),
      field("power", c.power, "poly: (1 - t) to this power").between(0, 100),
      field("floor", c.floor, "lowest rate of the schedule as a share of the peak").between(0, 1),
      field("cycle_peak", c.cycle_peak, "one_cycle: share of the run at which the rate peaks")
          .between(0, 1),
      field("cycle_div", c.cycle_div, "one_cycle: begins at the peak divided by this")
          .between(1, 1e9),
      field("cycle_final_div", c.cycle_final_div,
            "one_cycle: ends at its beginning divided by this")
          .between(1, 1e12),
      field("cycle_anneal", c.cycle_anneal, "one_cycle: form of its slopes")
          .one_of({"cos", "linear"}),
      field("cycle_three_phase", c.cycle_three_phase,
            "one_cycle: down as slowly as up, then to the end"),
      field("cycle_momentum", c.cycle_momentum,
            "one_cycle: momentum (adamw: beta1) at the peak, with the usual one at both ends; 0: "
            "constant")
          .between(0, 1),
      field("plateau_patience", c.plateau_patience,
            "plateau: epochs without improvement that are borne before the rate drops")
          .between(0, 1e6),
      field("monitor", c.monitor,
            "validation score that picks the best model, stops early and moves the plateau "
            "schedule; empty: the task's first"),
      field("patience", c.patience,
            "stop early after so many epochs without improvement of the score; 0: never")
          .between(0, 1e6),
      field("min_delta", c.min_delta,
            "patience, plateau: smallest change of the score that is an improvement")
          .between(0, 1e9),
      field("clip_norm", c.clip_norm, "largest norm of the whole gradient; 0: no clipping")
          .between(0, 1e9),
      field("skip_nonfinite", c.skip_nonfinite,
            "steps with a loss or gradient that is not finite that are left out before the run "
            "stops")
          .between(0, 1e9),
      field("ema", c.ema,
            "decay of the averaged weights that are evaluated and saved, say 0.999; 0: off")
          .between(0, 0.999999),
      field("swa_start", c.swa_start,
            "share of the run after which the weights at each epoch's end are averaged "
            "(stochastic weight averaging); 0: off")
          .between(0, 0.999),
      field("swa_lr", c.swa_lr,
            "constant learning rate while averaging, as a share of the peak; 0: the schedule goes "
            "on")
          .between(0, 1),
      field("precision", c.precision, "auto (timed at the start), fp32 or bf16")
          .one_of({"auto", "fp32", "bf16"}),
      field("seed", c.seed, "of initialisation, order and augmentation").between(0, 9e15),
      field("workers", c.workers, "loader threads; 0: load in the training thread").between(0, 256),
      field("balance", c.balance,
            "every class as often as every other in each epoch, pictures of small ones several "
            "times"),
      field("save_steps", c.save_steps,
            "also save the state every so many steps; 0: at each epoch's end")
          .between(0, 1e9),
      field("profile", c.profile,
            "say each epoch which share of the time loading, forward, backward and step take"),
      field("recompute", c.recompute,
            "activation checkpointing: each block's activations are computed again in the backward "
            "pass, which takes less memory and more time"),
  };
}

int64_t images_a_step(const TrainConfig& config) {
  return config.batch * config.accumulate;
}

double peak_rate(const TrainConfig& config) {
  double rate = config.lr > 0 ? config.lr : config.optimiser == "sgd" ? 0.2 : 0.002;
  return config.lr_batch > 0 ? rate * static_cast<double>(images_a_step(config)) /
                                   static_cast<double>(config.lr_batch)
                             : rate;
}

Schedule make_schedule(const TrainConfig& config, int64_t steps_per_epoch) {
  double warmup = std::min(config.warmup_epochs, 0.3 * static_cast<double>(config.epochs));
  return {.shape = config.schedule,
          .total_steps = config.epochs * steps_per_epoch,
          .warmup = config.warmup,
          .warmup_steps = std::llround(warmup * static_cast<double>(steps_per_epoch)),
          .milestones = config.milestones,
          .gamma = config.gamma,
          .power = config.power,
          .floor = config.floor,
          .cycle = {.peak_at = config.cycle_peak,
                    .start = 1 / config.cycle_div,
                    .end = 1 / config.cycle_final_div,
                    .anneal = config.cycle_anneal,
                    .three_phase = config.cycle_three_phase}};
}

std::optional<double> momentum_at(const TrainConfig& config,
                                  const Schedule& schedule,
                                  int64_t step) {
  if (schedule.shape != "one_cycle" || config.cycle_momentum <= 0) return {};
  const double usual = config.optimiser == "adamw" ? config.beta1 : config.momentum;
  return one_cycle_momentum(schedule, step, config.cycle_momentum, usual);
}

}  // namespace espalier
