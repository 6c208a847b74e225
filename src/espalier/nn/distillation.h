// The soft loss of knowledge distillation (Hinton, Vinyals and Dean 2015, arXiv 1503.02531,
// section 2): the student learns the teacher's whole distribution, softened.
//
//   at::Tensor soft = distillation_loss(student_logits, teacher_logits, /*temperature=*/4);
#pragma once

#include <ATen/core/Tensor.h>

namespace espalier {

// T^2 KL(softmax(teacher / T) || softmax(student / T)), mean over the images; both N x classes, the
// teacher's without gradient. The factor T^2 keeps the size of the gradient for every T.
at::Tensor distillation_loss(const at::Tensor& student,
                             const at::Tensor& teacher,
                             double temperature);

}  // namespace espalier
