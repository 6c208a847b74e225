// An exponential moving average of a module's parameters and float buffers, evaluated and saved in
// their place.
//
//   Ema ema(module, 0.999);   ema.update();  ...  { Ema::Swap averaged(ema); evaluate(module); }
#pragma once

#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "espalier/tensor/stored.h"

namespace espalier {

class Ema {
 public:
  Ema(torch::nn::Module& module, double decay);

  // average <- d average + (1 - d) now, with d = min(decay, (1 + t) / (10 + t)) so that early
  // averages forget the random start (TensorFlow's ExponentialMovingAverage); integer buffers are
  // copied.
  void update(int64_t step);

  NamedTensors state() const;  // "ema.conv1.weight", ...

  // The averaged weights stand in the module while a Swap lives.
  class Swap {
   public:
    explicit Swap(Ema* ema);  // null: does nothing
    ~Swap();
    Swap(const Swap&) = delete;
    Swap& operator=(const Swap&) = delete;

   private:
    Ema* ema_;
  };

 private:
  void exchange();

  double decay_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> live_, average_;
};

}  // namespace espalier
