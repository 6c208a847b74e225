#include "espalier/data/policy.h"

#include <map>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

#include "tests/data/golden_images.h"

namespace espalier {
namespace {

const Json& golden() {
  static const Json read = read_golden("augment_golden.json");
  return read;
}

void expect_operations(const std::vector<PolicyOperation>& ours, const Json& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    SCOPED_TRACE(ours[i].name);
    EXPECT_EQ(ours[i].name, theirs[i].at("name"));
    EXPECT_EQ(ours[i].either_way, theirs[i].at("either_way"));
    const std::vector<double> magnitudes = theirs[i].at("magnitudes");
    ASSERT_EQ(ours[i].magnitudes.size(), magnitudes.size());
    for (size_t k = 0; k < magnitudes.size(); ++k)
      EXPECT_NEAR(ours[i].magnitudes[k], magnitudes[k], 2e-5);
  }
}

TEST(Policy, OperationsAndStrengthsAreTorchvisions) {
  const Json& narrow = golden().at("rand_augment");
  expect_operations(rand_augment_operations(narrow.at("width"), narrow.at("height")),
                    narrow.at("operations"));
  expect_operations(trivial_augment_operations(), golden().at("trivial_augment"));
}

TEST(Policy, EveryOperationIsTorchvisionsToOneLevel) {
  std::map<std::string, int> seen;
  for (const Json& c : golden().at("applied")) {
    const std::string name = c.at("name"), input = c.at("input");
    SCOPED_TRACE(c.at("name").dump() + c.at("magnitude").dump() + input);
    ++seen[name];
    const Sample out = apply_operation(name, c.at("magnitude"),
                                       sample_of(stored(golden().at("inputs").at(input))));
    const bool exact = name == "identity" || name == "posterize" || name == "solarize" ||
                       name == "autocontrast" || name == "equalize" ||
                       name.starts_with("translate");
    EXPECT_LE(farthest(out.image, stored(c)), exact ? 0 : 1);
  }
  EXPECT_EQ(seen.size(), trivial_augment_operations().size());
}

// The picture after each of many draws, by the pictures that single operations give.
template <class Draw>
std::map<std::vector<uint8_t>, int> count_outcomes(Draw&& draw, int draws) {
  std::map<std::vector<uint8_t>, int> outcomes;
  Random random(4);
  for (int i = 0; i < draws; ++i) ++outcomes[draw(random).image.pixels];
  return outcomes;
}

TEST(Policy, TrivialAugmentDrawsEveryStepBothWaysEvenly) {
  const Image image = noise(40, 40, 3);
  const Transform policy = trivial_augment_wide();
  const int draws = 14 * 61 * 20;
  const auto outcomes =
      count_outcomes([&](Random& random) { return policy(sample_of(image), random); }, draws);
  for (const PolicyOperation& operation : trivial_augment_operations())
    for (size_t step : {size_t{13}, size_t{30}}) {
      if (operation.name != "rotate" && operation.name != "shear_x" &&
          operation.name != "brightness")
        continue;
      for (double sign : {-1, 1}) {
        const Sample out =
            apply_operation(operation.name, sign * operation.magnitudes[step], sample_of(image));
        const auto found = outcomes.find(out.image.pixels);
        ASSERT_NE(found, outcomes.end()) << operation.name << " step " << step;
        EXPECT_NEAR(found->second, draws / (14.0 * 62), 18);  // 4 deviations of about 20 draws
      }
    }
}

TEST(Policy, RandAugmentKeepsToItsStrength) {
  const Image image = noise(40, 40, 3);
  const Transform policy = rand_augment(1, 9);
  // 10 signed operations both ways, posterize, solarize; autocontrast changes nothing in noise.
  EXPECT_LE(
      count_outcomes([&](Random& random) { return policy(sample_of(image), random); }, 2000).size(),
      size_t{2 * 9 + 5});
  EXPECT_GE(
      count_outcomes([&](Random& random) { return policy(sample_of(image), random); }, 2000).size(),
      size_t{2 * 9 + 3});
  Random random(1);
  EXPECT_EQ(rand_augment(0, 30)(sample_of(image), random).image, image);
  // Two operations reach pictures that one does not.
  EXPECT_GT(count_outcomes([&](Random& r) { return rand_augment(2, 9)(sample_of(image), r); }, 2000)
                .size(),
            100u);
}

TEST(Policy, ShiftsRevealTheFill) {
  const Sample out = apply_operation("translate_x", 3.9, sample_of(Image(8, 2, 1, 50)), 128);
  EXPECT_EQ(out.image.pixels, (std::vector<uint8_t>{128, 128, 128, 50, 50, 50, 50, 50,  //
                                                    128, 128, 128, 50, 50, 50, 50, 50}));
}

TEST(Policy, RefusesWhatItDoesNotKnow) {
  try {
    apply_operation("shear_z", 0.1, sample_of(Image(4, 4, 1)));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
    EXPECT_NE(std::string(error.what()).find("shear_x"), std::string::npos);
  }
  EXPECT_THROW(rand_augment(-1), Error);
  EXPECT_THROW(rand_augment(2, 31), Error);
}

}  // namespace
}  // namespace espalier
