// The usual augmentations by name, for training and for evaluation, to square images of one side.
//
//   AugmentConfig config{.augment = "light"};
//   Loader train(dataset, train_transform(config, 32), {.min_side = decode_side(config, 32,
//   true)}); Loader test(dataset, eval_transform(config, 32), {.min_side = decode_side(config, 32,
//   false)});
#pragma once

#include <cstdint>
#include <string>

#include "espalier/core/fields.h"
#include "espalier/data/transform.h"

namespace espalier {

struct AugmentConfig {
  // none: as for evaluation; light: pad by an eighth, crop, flip (CIFAR's); standard: random
  // resized crop, flip, colour jitter (ImageNet's); fine: made 8/7 as large as for evaluation, turned by
  // up to 15 degrees, crop, flip (of look-alike classes, as DCL's published code has it); auto: light up
  // to a side of 64, else standard.
  std::string augment = "auto";
  int64_t size = 0;        // side of the network's input, pixels; 0: the caller's choice
  bool flip = true;        // off for text, digits and whatever has a handedness
  double min_area = 0.25;  // of a random resized crop; ImageNet's recipe has 0.08
  double jitter = 0.4;     // strength of brightness, contrast and saturation jitter
  // none, randaugment or trivialaugment (data/policy.h), after the flip; takes the jitter's place, as
  // in torchvision's and timm's recipes.
  std::string policy = "none";
  int64_t randaugment_ops = 2,
          randaugment_magnitude = 9;  // operations a picture; strength of 0..30
  double blur = 0;                    // share of pictures blurred
  double blur_sigma = 2;              // largest deviation, pixels; least 0.1
  double jpeg_noise = 0;              // share recompressed as JPEG
  int64_t jpeg_quality = 30;          // least quality; most 95
  double erase = 0;                   // share with a rectangle of noise
  double erase_area = 0.33;           // largest share of the picture; least 0.02
  double mixup = 0, cutmix = 0;       // alphas of their shares, 0 off: mix_batches(mixup, cutmix)
  std::string resize =
      "crop";  // crop: short side, then the centre; squash; pad: long side, then black bars
  double crop_share = 1;  // part of the short side that crop keeps; ImageNet's recipe has 0.875
};
Fields fields(AugmentConfig& config);

// Both give side x side images and leave gray images gray. An unknown word is Error(usage). In
// training: what `augment` says (crop, flip), then policy or jitter, blur, JPEG noise, erasing; those
// four act whatever `augment` is.
Transform train_transform(const AugmentConfig& config, int side);
Transform eval_transform(const AugmentConfig& config, int side);

// What Dataset::read may shrink the short side to without loss for these transforms
// (LoaderConfig::min_side).
int decode_side(const AugmentConfig& config, int side, bool training);

}  // namespace espalier
