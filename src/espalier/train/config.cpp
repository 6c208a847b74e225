#include "espalier/train/config.h"

#include <cmath>

namespace espalier {

Fields fields(TrainConfig& c) {
  return {
      field("epochs", c.epochs, "passes over the training data").between(1, 1e6),
      field("batch", c.batch, "images a step").between(2, 1e6),
      field("optimiser", c.optimiser, "sgd or adamw").one_of({"sgd", "adamw"}),
      field("lr", c.lr,
            "peak learning rate for a batch of lr_batch; 0: 0.2 for sgd, 0.002 for adamw")
          .between(0, 1e3),
      field("lr_batch", c.lr_batch,
            "lr is scaled by batch / lr_batch (linear scaling rule); 0: taken as it is")
          .between(0, 1e6),
      field("momentum", c.momentum, "of sgd").between(0, 1),
      field("nesterov", c.nesterov, "Nesterov's form of momentum"),
      field("beta1", c.beta1, "of adamw").between(0, 1),
      field("beta2", c.beta2, "of adamw").between(0, 1),
      field("adam_eps", c.adam_eps, "of adamw").between(0, 1),
      field("weight_decay", c.weight_decay, "on weights; see decay_norms").between(0, 10),
      field("decay_norms", c.decay_norms, "weight decay also on norms and biases"),
      field("schedule", c.schedule, "shape of the learning rate over the run")
          .one_of(schedule_shapes()),
      field("warmup", c.warmup, "none, constant, or gradual (raised every step)")
          .one_of({"none", "constant", "gradual"}),
      field("warmup_epochs", c.warmup_epochs, "length of the warm-up").between(0, 1e6),
      field("milestones", c.milestones, "multistep: drops at these shares of the run")
          .between(0, 1),
      field("gamma", c.gamma, "multistep: factor at each drop").between(0, 1),
      field("power", c.power, "poly: (1 - t) to this power").between(0, 100),
      field("floor", c.floor, "end of the schedule as a share of the peak").between(0, 1),
      field("clip_norm", c.clip_norm, "largest norm of the whole gradient; 0: no clipping")
          .between(0, 1e9),
      field("ema", c.ema,
            "decay of the averaged weights that are evaluated and saved, say 0.999; 0: off")
          .between(0, 0.999999),
      field("precision", c.precision, "auto (timed at the start), fp32 or bf16")
          .one_of({"auto", "fp32", "bf16"}),
      field("seed", c.seed, "of initialisation, order and augmentation").between(0, 9e15),
      field("workers", c.workers, "loader threads; 0: load in the training thread").between(0, 256),
      field("save_steps", c.save_steps,
            "also save the state every so many steps; 0: at each epoch's end")
          .between(0, 1e9),
  };
}

double peak_rate(const TrainConfig& config) {
  double rate = config.lr > 0 ? config.lr : config.optimiser == "sgd" ? 0.2 : 0.002;
  return config.lr_batch > 0
             ? rate * static_cast<double>(config.batch) / static_cast<double>(config.lr_batch)
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
          .floor = config.floor};
}

}  // namespace espalier
