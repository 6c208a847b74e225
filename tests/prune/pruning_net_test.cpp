#include "espalier/prune/pruning_net.h"

#include <gtest/gtest.h>

#include "espalier/deploy/trace.h"
#include "espalier/models/model_file.h"
#include "espalier/models/table.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

const Shape kInput = {1, 3, 32, 32};

struct Subject {
  explicit Subject(const std::string& name, const nlohmann::json& arguments)
      : model(make_model(name, arguments)),
        graph(trace(*model, at::zeros(kInput))),
        structure(read_structure(*model, graph, kInput)) {}

  // About this share of each group.
  Counts counts(double share) const {
    Counts counts;
    for (const ChannelGroup& group : structure.groups)
      counts.push_back(std::max<int64_t>(1, static_cast<int64_t>(share * group.size)));
    return counts;
  }

  ImageModelPtr model;
  Graph graph;
  Structure structure;
};

Subject small_resnet() {
  return Subject("resnet20", {{"classes", 3}, {"width", 8}, {"blocks", 1}});
}

double loss_at(PruningNet& net, const Counts& counts, const at::Tensor& images) {
  torch::NoGradGuard no_grad;
  return net.at(counts).forward(images).pow(2).mean().item<double>();
}

TEST(PruningNet, AWeightIsTheLeadingPartOfWhatItsLayersMake) {
  Subject subject = small_resnet();
  PruningNet net(*subject.model, subject.structure, {.hidden = 5}, 1);
  const Counts counts = subject.counts(0.5);
  const std::vector<bool> keep = leading_atoms(subject.structure, counts);
  auto made = net.module().named_parameters();
  auto whole = subject.model->named_parameters(), parameters = net.at(counts).named_parameters();
  int generated = 0;
  for (const auto& item : parameters) {
    std::string name = item.key();
    std::replace(name.begin(), name.end(), '.', '_');
    if (!made.contains(name + ".first.weight")) continue;
    ++generated;
    const at::Tensor first = made[name + ".first.weight"];
    const at::Tensor share = at::full({first.size(1)}, 0.5);  // every group is halved exactly
    const at::Tensor hidden = at::relu(at::linear(share, first, made[name + ".first.bias"]));
    at::Tensor expected =
        at::linear(hidden, made[name + ".second.weight"], made[name + ".second.bias"])
            .view(whole[item.key()].sizes());
    for (const ChannelAxis& axis : subject.structure.axes) {
      if (axis.tensor != item.key()) continue;
      std::vector<int64_t> stay;
      for (size_t i = 0; i < axis.atoms.size(); ++i)
        if (axis.atoms[i] < 0 || keep[static_cast<size_t>(axis.atoms[i])])
          stay.push_back(static_cast<int64_t>(i));
      expected = expected.index_select(axis.axis, torch::tensor(stay));
    }
    EXPECT_EQ(2 * item.value().size(0), whole[item.key()].size(0));
    EXPECT_TRUE(at::equal(item.value(), expected)) << item.key();
  }
  EXPECT_EQ(generated, 7);  // all convolutions of 3 blocks and the first
}

TEST(PruningNet, GradientsReachWhatWasTakenAndNothingElse) {
  Subject subject = small_resnet();
  PruningNet net(*subject.model, subject.structure, {.hidden = 4, .affine = "shared"}, 2);
  net.shared()->to(at::kDouble);
  net.module().to(at::kDouble);
  torch::manual_seed(3);
  const at::Tensor images = at::randn({4, 3, 32, 32}, at::kDouble);
  const Counts counts = subject.counts(0.5);
  net.at(counts).forward(images).pow(2).mean().backward();
  net.hand_back_gradients();

  for (const auto& item : net.module().named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    at::Tensor flat = item.value().detach().view(-1), gradient = item.value().grad().view(-1);
    // The largest, and one in the middle.
    for (int64_t at : {gradient.abs().argmax().item<int64_t>(), gradient.numel() / 2}) {
      const double step = 1e-7, was = flat[at].item<double>();
      flat[at] = was + step;
      const double above = loss_at(net, counts, images);
      flat[at] = was - step;
      const double below = loss_at(net, counts, images);
      flat[at] = was;
      const double expected = (above - below) / (2 * step), given = gradient[at].item<double>();
      EXPECT_NEAR(given, expected, 1e-6 + 1e-4 * std::abs(expected)) << item.key() << " " << at;
    }
  }
  // Rows of the second layer that make what was cropped away: exactly none.
  const at::Tensor rows = net.module().named_parameters()["conv1_weight.second.weight"].grad();
  const at::Tensor cropped_away = rows.view({8, 27, 4}).narrow(0, 4, 4);
  EXPECT_EQ(cropped_away.abs().max().item<double>(), 0);
  EXPECT_GT(rows.view({8, 27, 4}).narrow(0, 0, 4).abs().amax({2}).min().item<double>(), 0);
}

TEST(PruningNet, ANetworkOfItsOwnSaysTheSame) {
  struct Row {
    const char* name;
    nlohmann::json arguments;
  };
  const Row rows[] = {{"resnet20", {{"classes", 3}, {"width", 8}}},
                      {"mobilenet_v1", {{"classes", 3}, {"width", 0.25}}},
                      {"mobilenet_v2", {{"classes", 3}, {"width", 0.25}}},
                      {"shufflenet_v2_x0_5", {{"classes", 3}}},
                      {"squeezenet1_1", {{"classes", 3}}},
                      {"regnet_y_400mf", {{"classes", 3}}}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Subject subject(row.name, row.arguments);
    PruningNet net(*subject.model, subject.structure, {.hidden = 3}, 1);
    torch::manual_seed(5);
    const at::Tensor images = at::randn({2, 3, 32, 32});
    for (double share : {0.4, 0.8, 0.3}) {
      const Counts counts = subject.counts(share);
      ImageModelPtr own = net.network(counts);
      torch::NoGradGuard no_grad;
      torch::manual_seed(7);  // of dropout
      const at::Tensor wanted = net.at(counts).forward(images);
      own->train();
      torch::manual_seed(7);
      EXPECT_LT((own->forward(images) - wanted).abs().max().item<double>(),
                1e-5 * wanted.abs().max().item<double>());
      // As remove_channels() would have left it.
      ImageModelPtr cut = copy_of(*subject.model);
      remove_channels(*cut, subject.structure, leading_atoms(subject.structure, counts));
      EXPECT_EQ(own->arguments, cut->arguments);
    }
  }
}

TEST(PruningNet, ItsSizeIsThatOfTheWeightsTimesTheHiddenWidth) {
  Subject subject = small_resnet();
  int64_t weights = 0;
  for (const auto& item : subject.model->named_parameters())
    if (item.value().dim() == 4) weights += item.value().numel();
  PruningNet net(*subject.model, subject.structure, {.hidden = 32}, 1);
  EXPECT_GT(net.parameters(), 33 * weights);
  EXPECT_LT(net.parameters(), 33 * weights + 2000);
}

}  // namespace
}  // namespace espalier
