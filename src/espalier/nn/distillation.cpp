#include "espalier/nn/distillation.h"

#include "espalier/tensor/torch.h"

namespace espalier {

at::Tensor distillation_loss(const at::Tensor& student,
                             const at::Tensor& teacher,
                             double temperature) {
  at::Tensor log_p = at::log_softmax(student.to(at::kFloat) / temperature, 1);
  at::Tensor log_q = at::log_softmax(teacher.to(at::kFloat) / temperature, 1);
  at::Tensor sum = at::kl_div(log_p, log_q, at::Reduction::Sum, /*log_target=*/true);
  return sum * (temperature * temperature / static_cast<double>(student.size(0)));
}

}  // namespace espalier
