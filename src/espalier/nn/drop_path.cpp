#include "espalier/nn/drop_path.h"

#include "espalier/tensor/torch.h"

namespace espalier {

at::Tensor drop_path(const at::Tensor& branch, double share, bool training) {
  if (share == 0 || !training) return branch;
  std::vector<int64_t> shape(static_cast<size_t>(branch.dim()), 1);
  shape[0] = branch.size(0);
  return branch * at::empty(shape, branch.options()).bernoulli_(1 - share).div_(1 - share);
}

}  // namespace espalier
