#include "espalier/data/recipe.h"

#include <algorithm>
#include <cmath>

#include "espalier/core/error.h"
#include "espalier/data/degrade.h"
#include "espalier/data/photo_part.h"
#include "espalier/data/policy.h"

namespace espalier {
namespace {

constexpr int kLargestLightSide = 64;
constexpr double kLeastBlur = 0.1, kLeastErased = 0.02;
constexpr int kBestJpeg = 95;
constexpr double kFineTurn = 15;  // degrees

std::string resolved_augment(const AugmentConfig& config, int side) {
  for (const char* known : {"none", "light", "standard", "fine"})
    if (config.augment == known) return known;
  if (config.augment == "auto") return side <= kLargestLightSide ? "light" : "standard";
  fail(Kind::usage, "augment is \"{}\", not one of auto, none, light, standard, fine",
       config.augment);
}

int before_crop(const AugmentConfig& config, int side) {
  return static_cast<int>(std::lround(side / config.crop_share));
}

// What a crop of this side is cut from: 512 for 448.
int before_fine_crop(int side) {
  return static_cast<int>(std::lround(side * 8 / 7.0));
}

// torchvision's Resize(short) and CenterCrop(side) as one map: the same pixels, without the image
// between.
Sample crop_centre(const Sample& s, int shorter, int side) {
  const int64_t width = s.image.width, height = s.image.height, least = std::min(width, height);
  if (least < 1) fail(Kind::data, "the image is empty");
  const int64_t wide = width * shorter / least, high = height * shorter / least;
  const double x = double(width) / double(wide), y = double(height) / double(high);
  const double left = std::floor(double(wide - side) / 2),
               top = std::floor(double(high - side) / 2);
  return warp(s, {x, 0, x * left, 0, y, y * top}, side, side);
}

Sample fit_and_pad(const Sample& s, int side) {
  const double longer = std::max(s.image.width, s.image.height);
  if (longer < 1) fail(Kind::data, "the image is empty");
  auto scaled = [&](int length) { return std::max(1.0, std::round(length * side / longer)); };
  const double wide = scaled(s.image.width), high = scaled(s.image.height);
  const double x = s.image.width / wide, y = s.image.height / high;
  const double left = std::floor((side - wide) / 2), top = std::floor((side - high) / 2);
  return warp(s, {x, 0, -x * left, 0, y, -y * top}, side, side);
}

// Nothing, or the transform of this name.
Transform make_policy(const AugmentConfig& config) {
  if (config.policy == "none") return {};
  if (config.policy == "trivialaugment") return trivial_augment_wide();
  if (config.policy == "randaugment")
    return rand_augment(static_cast<int>(config.randaugment_ops),
                        static_cast<int>(config.randaugment_magnitude));
  fail(Kind::usage, "policy is \"{}\", not one of none, randaugment, trivialaugment",
       config.policy);
}

void add_degradations(const AugmentConfig& config, std::vector<Transform>& steps) {
  if (config.blur > 0)
    steps.push_back(random_blur(config.blur, kLeastBlur, std::max(kLeastBlur, config.blur_sigma)));
  if (config.jpeg_noise > 0)
    steps.push_back(random_jpeg(config.jpeg_noise, static_cast<int>(config.jpeg_quality),
                                std::max(kBestJpeg, static_cast<int>(config.jpeg_quality))));
  if (config.erase > 0)
    steps.push_back(
        random_erasing(config.erase, std::min(kLeastErased, config.erase_area), config.erase_area));
}

}  // namespace

Fields fields(AugmentConfig& config) {
  return {
      field("augment", config.augment,
            "augmentation; auto: light up to a side of 64, else standard; fine: little, for "
            "look-alike classes")
          .one_of({"auto", "none", "light", "standard", "fine"}),
      field("size", config.size, "side of the network's input in pixels; 0: chosen from the data")
          .between(0, 8192),
      field("flip", config.flip, "mirror training images left to right; off for text and digits"),
      field("min_area", config.min_area,
            "least share of the image that a random resized crop shows")
          .between(0.001, 1),
      field("jitter", config.jitter, "strength of brightness, contrast and saturation jitter")
          .between(0, 1),
      field("policy", config.policy,
            "random operations on each picture, in place of the jitter; trivialaugment needs no "
            "tuning")
          .one_of({"none", "randaugment", "trivialaugment"}),
      field("randaugment_ops", config.randaugment_ops, "operations a picture of policy=randaugment")
          .between(0, 100),
      field("randaugment_magnitude", config.randaugment_magnitude,
            "strength of policy=randaugment, 30 the most")
          .between(0, 30),
      field("blur", config.blur, "share of training images that are blurred").between(0, 1),
      field("blur_sigma", config.blur_sigma,
            "largest deviation of the blur in pixels; the least 0.1")
          .between(0.1, 100),
      field("jpeg_noise", config.jpeg_noise,
            "share of training images packed as JPEG and unpacked again")
          .between(0, 1),
      field("jpeg_quality", config.jpeg_quality, "least quality of jpeg_noise; the most is 95")
          .between(1, 100),
      field("erase", config.erase,
            "share of training images with a random rectangle replaced by noise")
          .between(0, 1),
      field("erase_area", config.erase_area, "largest share of the image that is erased")
          .between(0.001, 1),
      field("mixup", config.mixup,
            "alpha of mixup: each batch's pictures blended in pairs, labels in the same shares, "
            "often 0.2; 0: off")
          .between(0, 100),
      field(
          "cutmix", config.cutmix,
          "alpha of cutmix: a part of each picture from another, often 1; with mixup, either by a "
          "coin; 0: off")
          .between(0, 100),
      field("resize", config.resize, "how an image is made square for evaluation")
          .one_of({"crop", "squash", "pad"}),
      field("crop_share", config.crop_share, "part of the short side that resize=crop keeps")
          .between(0.1, 1),
  };
}

Transform eval_transform(const AugmentConfig& config, int side) {
  if (side < 1) fail(Kind::usage, "the side of the images is {}, not at least 1", side);
  if (config.resize == "squash") return resize_to(side, side);
  if (config.resize == "pad") return [=](Sample s, Random&) { return fit_and_pad(s, side); };
  if (config.resize == "crop")
    return [=, shorter = before_crop(config, side)](Sample s, Random&) {
      return crop_centre(s, shorter, side);
    };
  fail(Kind::usage, "resize is \"{}\", not one of crop, squash, pad", config.resize);
}

Transform train_transform(const AugmentConfig& config, int side) {
  const std::string augment = resolved_augment(config, side);
  std::vector<Transform> steps;
  if (augment == "standard") {
    steps.push_back(random_resized_crop(side, config.min_area));
  } else if (augment == "fine") {
    steps.push_back(eval_transform(config, before_fine_crop(side)));
    steps.push_back(random_affine(kFineTurn, 0, 1, 1));
    steps.push_back(random_crop(side, side, 0));
  } else {
    steps.push_back(eval_transform(config, side));
    if (augment == "light") steps.push_back(random_crop(side, side, side / 8));
  }
  if (config.flip && augment != "none") steps.push_back(random_flip());
  if (Transform policy = make_policy(config))
    steps.push_back(std::move(policy));
  else if (config.jitter > 0 && augment == "standard")
    steps.push_back(colour_jitter(config.jitter, config.jitter, config.jitter));
  add_degradations(config, steps);
  return chain(std::move(steps));
}

int decode_side(const AugmentConfig& config, int side, bool training) {
  // A random resized crop decodes what it shows, itself.
  const std::string augment = training ? resolved_augment(config, side) : "none";
  if (augment == "standard") return kUndecoded;
  if (augment == "fine") side = before_fine_crop(side);
  return config.resize == "crop" ? before_crop(config, side) : side;
}

}  // namespace espalier
