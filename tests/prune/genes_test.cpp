#include "espalier/prune/genes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/prune/bench.h"

namespace espalier {
namespace {

TEST(Genes, EachGroupIsOneUnlessAskedForThePublished) {
  Bench bench("resnet20");
  const Genes genes = read_genes(bench.structure, "groups");
  EXPECT_EQ(genes.count, std::ssize(bench.structure.groups));
  for (int32_t i = 0; i < genes.count; ++i) EXPECT_EQ(genes.of_group[static_cast<size_t>(i)], i);
}

// The lengths of the published vectors; of V2 without the middle of its first block, which has no expansion in
// torchvision's form.
TEST(Genes, PublishedOnesAreThoseOfThePublishedNetworks) {
  for (const auto& [name, wanted] :
       {std::pair{"mobilenet_v1", 13}, {"mobilenet_v2", 24}, {"resnet50", 20}}) {
    Bench bench(name);
    const Genes genes = read_genes(bench.structure, "published");
    EXPECT_EQ(genes.count, wanted) << name;
    // What the classifier reads, and nothing else, stays whole.
    EXPECT_EQ(std::count(genes.of_group.begin(), genes.of_group.end(), -1), 1) << name;
  }
}

TEST(Genes, TheWidthsInsideABottleneckAreOne) {
  Bench bench("resnet50");
  const Genes genes = read_genes(bench.structure, "published");
  std::map<std::string, int32_t> gene;
  for (size_t i = 0; i < bench.structure.groups.size(); ++i)
    gene[bench.structure.groups[i].name] = genes.of_group[i];
  EXPECT_EQ(gene.at("layer1.0.conv1"), gene.at("layer1.0.conv2"));
  EXPECT_NE(gene.at("layer1.0.conv1"), gene.at("layer1.1.conv1"));
  const auto last = std::find(genes.of_group.begin(), genes.of_group.end(), -1);
  EXPECT_TRUE(
      bench.structure.groups[static_cast<size_t>(last - genes.of_group.begin())].name.starts_with(
          "layer4.0"));
}

}  // namespace
}  // namespace espalier
