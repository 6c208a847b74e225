// One runner shared by threads. Built for ThreadSanitizer, this also shows that they write to nothing they share.
#include <thread>

#include <gtest/gtest.h>

#include "espalier/core/files.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

TEST(Threads, OneRunnerServesThemAllWithTheSameNumbers) {
  fs::path golden = fs::path(__FILE__).parent_path().parent_path() / "golden/onnx";
  const GraphRunner runner(read_onnx(golden / "pytorch_plain.onnx"));
  const at::Tensor images = at::rand({2, 2, 12, 10});
  const at::Tensor wanted = runner.run(images);
  std::vector<int> same(4, 0);
  std::vector<std::thread> threads;
  for (int& count : same)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) count += at::equal(runner.run(images), wanted);
    });
  for (std::thread& thread : threads) thread.join();
  for (int count : same) EXPECT_EQ(count, 20);
}

}  // namespace
}  // namespace espalier
