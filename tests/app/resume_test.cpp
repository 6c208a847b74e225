// A run that is killed goes on to the bit.
#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

TEST_F(Command, AKilledRunGoesOnToTheBit) {
  expect_resumed_to_the_bit({});
}

TEST_F(Command, AKilledRunGoesOnToTheBitWithRatesFrozenNormsAndBalance) {
  expect_resumed_to_the_bit(
      {"--head-rate", "10", "--layer-decay", "0.75", "--norms", "frozen", "--balance"});
}

// Blending draws from a stream of its own for each batch.

TEST_F(Command, AKilledRunGoesOnToTheBitWithMixupAndCutmix) {
  expect_resumed_to_the_bit({"--mixup", "0.4", "--cutmix", "1"});
}

TEST_F(Command, AKilledRunGoesOnToTheBitWithDestroyedCopies) {
  expect_resumed_to_the_bit({"--method", "dcl", "--dcl-grid", "4"});
}

TEST_F(Command, AnExperimentGoesOnWhereItStopped) {
  const std::vector<std::string> words = {
      "lab",        "dcl",
      "--data",     "orchard:twins,classes=2,size=32,train=16,val=4,test=8",
      "--size",     "32",
      "--epochs",   "4",
      "--batch",    "8",
      "--dcl-grid", "4",
      "--model",    "resnet20",
      "--pretrain", "",
      "--ways",     "plain,destruction",
      "--splits",   "1",
      "--seeds",    "2",
      "--out",      "lab",
      "--threads",  "1",
      "--json",     "--quiet"};
  Outcome outcome = run(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["runs"], 4);
  const std::string lines = read_file(root_ / "lab/results.csv");
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(root_ / "lab/results.csv"), lines);
  expect_refused({"lab", "dlc"}, 2, "did you mean dcl?");
}

}  // namespace
}  // namespace espalier
