#include "espalier/tensor/without_init.h"

#include <gtest/gtest.h>

#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

TEST(WithoutInit, DrawsNothingWhileItLives) {
  at::Tensor before = generator_state(), x = at::full({4}, 7.0f);
  {
    WithoutInit scope;
    x.uniform_(0, 1).normal_(0, 1);
    torch::nn::Linear linear(3, 2);
    EXPECT_EQ(linear->weight.sizes(), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ((at::zeros({3}) + 1).sum().item<double>(), 3);
  }
  EXPECT_EQ(x.sum().item<double>(), 28);
  EXPECT_TRUE(at::equal(generator_state(), before));
  x.uniform_(0, 1);
  EXPECT_LT(x.sum().item<double>(), 4);
}

}  // namespace
}  // namespace espalier
