#include "espalier/tensor/precision.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

TEST(Precision, WordsAreTakenAtTheirWord) {
  EXPECT_EQ(choose_precision("fp32", {}), Precision::fp32);
  EXPECT_EQ(choose_precision("bf16", {}), Precision::bf16);
  EXPECT_THROW(choose_precision("fp16", {}), Error);
}

TEST(Precision, AutoTakesTheClearlyFasterOne) {
  if (!processor_has_bf16()) GTEST_SKIP() << "this processor has no bf16";
  set_quiet(true);
  auto slow_in = [](bool bf16) {
    return [bf16] {
      if (at::autocast::is_autocast_enabled(at::kCPU) == bf16)
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
    };
  };
  EXPECT_EQ(choose_precision("auto", slow_in(true)), Precision::fp32);
  EXPECT_EQ(choose_precision("auto", slow_in(false)), Precision::bf16);
}

TEST(Precision, AutocastHoldsForItsScope) {
  at::Tensor x = at::ones({4, 3, 8, 8}), w = at::ones({2, 3, 3, 3});
  {
    Autocast scope(Precision::bf16);
    EXPECT_EQ(at::conv2d(x, w).scalar_type(), at::kBFloat16);
  }
  EXPECT_EQ(at::conv2d(x, w).scalar_type(), at::kFloat);
}

TEST(Runtime, GeneratorStateComesBack) {
  seed_generator(5);
  at::Tensor state = generator_state();
  at::Tensor first = torch::randn({8});
  set_generator_state(state);
  EXPECT_TRUE(at::equal(torch::randn({8}), first));
}

TEST(Runtime, ThreadsAreAsAsked) {
  start_runtime(2);
  EXPECT_EQ(runtime_threads(), 2);
  start_runtime(1);
  EXPECT_EQ(runtime_threads(), 1);
}

}  // namespace
}  // namespace espalier
