#include "espalier/prune/structure.h"

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/deploy/trace.h"
#include "espalier/prune/surgery.h"

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"

namespace espalier {
namespace {

using torch::Tensor;
namespace nn = torch::nn;

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel = 1, int64_t groups = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups));
}

Structure structure_of(ImageModel& model, const Shape& input = {1, 3, 8, 8}) {
  return read_structure(model, trace(model, torch::zeros(input)), input);
}

std::vector<std::string> names(const Structure& structure) {
  std::vector<std::string> names;
  for (const ChannelGroup& group : structure.groups) names.push_back(group.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Structure, TiesWhatAResidualSumAdds) {
  nn::Conv2d first = conv(3, 6), inner = conv(6, 5, 3), second = conv(5, 6), last = conv(6, 2);
  auto net = make_net({{"first", first.ptr()},
                       {"inner", inner.ptr()},
                       {"second", second.ptr()},
                       {"last", last.ptr()}},
                      [=](Tensor x) mutable {
                        x = first->forward(x);
                        Tensor y = second->forward(torch::relu(inner->forward(x)));
                        return last->forward(y + x).mean({2, 3});
                      });
  Structure structure = structure_of(*net);
  EXPECT_EQ(names(structure), (Names{"first", "inner"}));
  EXPECT_EQ(structure.groups[0].size, 6);
  ASSERT_EQ(structure.groups[0].ties.size(), 1u);
  EXPECT_NE(structure.groups[0].ties[0].find("'Add'"), std::string::npos);
  std::string text = to_text(structure);
  EXPECT_NE(text.find("first: 6 channels\n  written by first, second\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("  read by    inner, last\n"), std::string::npos) << text;
  EXPECT_NE(text.find("last: 2 channels stay: what the network gives\n"), std::string::npos)
      << text;
}

TEST(Structure, TakesDepthwiseChannelsAlongAndGroupsAsAWhole) {
  nn::Conv2d first = conv(3, 8), depthwise = conv(8, 8, 3, 8), grouped = conv(8, 16, 3, 4),
             last = conv(16, 2);
  auto net = make_net({{"first", first.ptr()},
                       {"depthwise", depthwise.ptr()},
                       {"grouped", grouped.ptr()},
                       {"last", last.ptr()}},
                      [=](Tensor x) mutable {
                        x = grouped->forward(depthwise->forward(first->forward(x)));
                        return last->forward(x).mean({2, 3});
                      });
  Structure structure = structure_of(*net);
  ASSERT_EQ(names(structure), (Names{"first"}));
  EXPECT_EQ(structure.groups[0].size, 4);   // groups of the grouped convolution
  EXPECT_EQ(structure.groups[0].width, 2);  // channels of `first` in each
  remove_channels(*net, structure, {true, false, true, false});
  EXPECT_EQ(depthwise->options.groups(), 4);
  EXPECT_EQ(grouped->options.groups(), 2);
  EXPECT_EQ(grouped->weight.sizes(), at::IntArrayRef({8, 2, 3, 3}));
  EXPECT_EQ(eager(*net, torch::zeros({1, 3, 8, 8})).sizes(), at::IntArrayRef({1, 2}));
}

// What stays gives the same numbers as the whole network does with zeros in the place of what went.
TEST(Structure, FollowsJoinedAndFlattenedChannels) {
  torch::manual_seed(1);
  nn::Conv2d left = conv(3, 4), right = conv(3, 6);
  nn::Linear last(10 * 16, 2);
  auto net = make_net({{"left", left.ptr()}, {"right", right.ptr()}, {"last", last.ptr()}},
                      [=](Tensor x) mutable {
                        Tensor y = torch::cat({left->forward(x), right->forward(x)}, 1);
                        return last->forward(torch::relu(y).flatten(1));
                      });
  Structure structure = structure_of(*net, {1, 3, 4, 4});
  ASSERT_EQ(names(structure), (Names{"left", "right"}));
  Tensor images = random_images({2, 3, 4, 4});
  std::vector<bool> keep(10, true);
  {
    torch::NoGradGuard no_grad;
    for (int64_t channel : {1, 2}) left->weight[channel].zero_(), left->bias[channel].zero_();
    for (int64_t channel : {0, 5}) right->weight[channel].zero_(), right->bias[channel].zero_();
  }
  keep[1] = keep[2] = keep[4] = keep[9] = false;
  Tensor wanted = eager(*net, images);
  remove_channels(*net, structure, keep);
  EXPECT_EQ(last->weight.sizes(), at::IntArrayRef({2, 6 * 16}));
  EXPECT_LT(relative_difference(eager(*net, images), wanted), 1e-6);
}

TEST(Structure, KnowsThatASharedLayerReadsWhatItWrites) {
  nn::Conv2d first = conv(3, 6), shared = conv(6, 6, 3), last = conv(6, 2);
  auto net = make_net({{"first", first.ptr()}, {"shared", shared.ptr()}, {"last", last.ptr()}},
                      [=](Tensor x) mutable {
                        x = shared->forward(shared->forward(first->forward(x)));
                        return last->forward(x).mean({2, 3});
                      });
  Structure structure = structure_of(*net);
  ASSERT_EQ(names(structure), (Names{"first"}));
  std::vector<bool> keep(6, true);
  keep[0] = false;
  remove_channels(*net, structure, keep);
  EXPECT_EQ(shared->weight.sizes(), at::IntArrayRef({5, 5, 3, 3}));
  EXPECT_EQ(eager(*net, torch::zeros({1, 3, 8, 8})).sizes(), at::IntArrayRef({1, 2}));
}

TEST(Structure, KeepsWhatIsCutAtAFixedChannelAndSaysWhere) {
  nn::Conv2d first = conv(3, 6), inner = conv(3, 5), last = conv(5, 2);
  auto net = make_net({{"first", first.ptr()}, {"inner", inner.ptr()}, {"last", last.ptr()}},
                      [=](Tensor x) mutable {
                        x = first->forward(x).slice(1, 0, 3);
                        return last->forward(inner->forward(x)).mean({2, 3});
                      });
  Structure structure = structure_of(*net);
  EXPECT_EQ(names(structure), (Names{"inner"}));
  ASSERT_FALSE(structure.kept.empty());
  EXPECT_EQ(structure.kept[0].layer, "first");
  EXPECT_EQ(structure.kept[0].reason, "node 'slice' ('Slice') cuts its input at a fixed channel");
}

TEST(Structure, NamesTheOperatorThatCannotBeFollowed) {
  nn::Conv2d first = conv(3, 4);
  nn::ConvTranspose2d up(nn::ConvTranspose2dOptions(4, 2, 2).stride(2));
  auto net = make_net({{"first", first.ptr()}, {"up", up.ptr()}}, [=](Tensor x) mutable {
    return up->forward(first->forward(x)).mean({2, 3});
  });
  expect_error([&] { structure_of(*net); }, Kind::unsupported,
               "first (node 'up' ('ConvTranspose') is an operator");
}

TEST(Structure, LeavesNoGroupWithoutAChannel) {
  nn::Conv2d first = conv(3, 4), last = conv(4, 2);
  auto net = make_net({{"first", first.ptr()}, {"last", last.ptr()}}, [=](Tensor x) mutable {
    return last->forward(first->forward(x)).mean({2, 3});
  });
  Structure structure = structure_of(*net);
  expect_error([&] { remove_channels(*net, structure, std::vector<bool>(4, false)); }, Kind::usage,
               "first");
}

}  // namespace
}  // namespace espalier
