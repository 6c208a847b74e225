#include "espalier/tasks/trial_maps.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {

std::vector<at::Tensor> trial_maps(
    ImageModel& model, const std::string& method, size_t least, int64_t channels, int64_t side) {
  torch::NoGradGuard guard;
  const bool was_training = model.is_training();
  model.eval();
  std::vector<at::Tensor> maps = model.features(at::zeros({1, channels, side, side}));
  model.train(was_training);
  if (maps.size() < least)
    fail(Kind::unsupported,
         "method {} needs feature maps, at least {}, and the network '{}' offers {}", method, least,
         model.name, maps.size());
  return maps;
}

}  // namespace espalier
