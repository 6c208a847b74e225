#include "espalier/tensor/stored.h"

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/tensor/budget.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

fs::path file_for(const std::string& name) {
  return fs::path(testing::TempDir()) / (name + ".safetensors");
}

TEST(StoredTensors, EveryTypeAndShapeComesBack) {
  torch::manual_seed(1);
  fs::path path = file_for("every_type");
  NamedTensors tensors;
  for (at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong,
                              at::kInt, at::kShort, at::kChar, at::kByte})
    tensors.emplace_back(c10::toString(type), (torch::randn({3, 5}) * 20).abs().to(type));
  tensors.emplace_back("bool", torch::randn({7}) > 0);
  tensors.emplace_back("scalar", torch::tensor(int64_t{42}));
  tensors.emplace_back("empty", torch::zeros({0, 4}));
  tensors.emplace_back("turned", torch::randn({2, 3}).t());
  tensors.emplace_back("channels_last",
                       torch::randn({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast));
  save_tensors(path, tensors, {{"format", "pt"}});
  Safetensors file = Safetensors::read(path);
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const StoredTensor* stored = file.find(name);
    ASSERT_TRUE(stored) << name;
    at::Tensor back = to_tensor(*stored);
    EXPECT_EQ(back.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(back, tensor)) << name;
  }
  fs::remove(path);
}

TEST(StoredTensors, RefuseTypesTheFormatOrWeLack) {
  EXPECT_THROW(save_tensors(file_for("complex"), {{"c", torch::zeros({2}, at::kComplexFloat)}}),
               Error);
  StoredTensor odd{"odd", "F8_E4M3", {1}, std::string_view("\x01", 1)};
  try {
    to_tensor(odd);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unsupported);
    EXPECT_NE(std::string(error.what()).find("odd"), std::string::npos);
  }
}

TEST(StoredTensors, BoolBytesOfAnyValueAreTrue) {
  StoredTensor flags{"flags", "BOOL", {3}, std::string_view("\x00\x02\xff", 3)};
  EXPECT_TRUE(torch::equal(to_tensor(flags), torch::tensor({false, true, true})));
}

TEST(StoredTensors, AnAbsurdSideBesideAZeroIsRefused) {
  StoredTensor none{"none", "F32", {0, int64_t{1} << 62, 8}, {}};
  EXPECT_THROW(to_tensor(none), Error);
}

TEST(LoadState, LeavesTheModuleAloneWhenTheLastTensorIsBad) {
  torch::nn::Sequential net(torch::nn::Linear(2, 3), torch::nn::Linear(3, 1));
  fs::path path = file_for("bad_last");
  NamedTensors state;
  for (const auto& [name, tensor] : module_state(*net))
    state.emplace_back(name, torch::full_like(tensor, 5));
  state.back().second = torch::full({1}, NAN);
  save_tensors(path, state);
  torch::Tensor before = net->parameters()[0].detach().clone();
  EXPECT_THROW(load_state(*net, Safetensors::read(path).tensors()), Error);
  EXPECT_TRUE(torch::equal(net->parameters()[0], before));
  fs::remove(path);
}

TEST(ModuleState, HasPythonsNamesAndOrder) {
  torch::nn::Sequential net(torch::nn::Conv2d(1, 2, 3), torch::nn::BatchNorm2d(2));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : module_state(*net)) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean",
                                      "1.running_var", "1.num_batches_tracked"}));
}

TEST(AllocationBudget, StopsTheRequestThatPassesItAndOnlyInItsScope) {
  {
    AllocationBudget budget(1 << 20);
    EXPECT_EQ(torch::zeros({1000}).numel(), 1000);
    EXPECT_THROW(torch::empty({1 << 20}), Error);
    EXPECT_THROW(torch::empty({int64_t{1} << 40}), Error);
  }
  EXPECT_EQ(torch::ones({1 << 20}).sum().item<double>(), 1 << 20);
}

TEST(AllocationBudget, CountsTinyTensorsToo) {
  AllocationBudget budget(1 << 20);
  std::vector<torch::Tensor> many;
  EXPECT_THROW(for (int i = 0; i < 100000; ++i) many.push_back(torch::empty({1})), Error);
}

}  // namespace
}  // namespace espalier
