// The whole library: a network from the table classifies a grey picture.
#include <torch/types.h>

#include "espalier/models/table.h"
#include "espalier/tensor/runtime.h"

int main() {
  espalier::start_runtime(1);
  auto net = espalier::make_model("resnet20", {{"classes", 5}});
  net->eval();
  torch::Tensor logits = net->forward(torch::full({2, 3, 32, 32}, 0.5));
  bool as_promised =
      logits.size(0) == 2 && logits.size(1) == 5 && logits.isfinite().all().item<bool>();
  return as_promised ? 0 : 1;
}
