#include "espalier/models/model.h"

#include "espalier/core/error.h"
#include "espalier/tensor/torch.h"

namespace espalier {

torch::Tensor ImageModel::head(const torch::Tensor&) {
  fail(Kind::unsupported, "the network '{}' offers no feature maps", name);
}

}  // namespace espalier
