// Augmentation policies that need no search: a few operations drawn from one fixed list.
//
//   Transform augment = chain({random_resized_crop(224), random_flip(), trivial_augment_wide()});
//
// RandAugment: Cubuk et al. 2019, arXiv 1909.13719; TrivialAugment (Wide): Müller and Hutter 2021,
// arXiv 2103.10158; operations, strengths and 31 steps of strength as in torchvision.transforms.
// Unlike there, geometry is warp()'s: bilinear (there nearest is the default), smoothed along a side
// that a shear lengthens, and boxes, masks and points move along.
#pragma once

#include <string>
#include <vector>

#include "espalier/data/transform.h"

namespace espalier {

constexpr int kPolicySteps = 31;  // strengths from nothing (step 0) to the most (step 30)

// What an operation's magnitude is:
//   shear_x, shear_y            pixels sideways a pixel down (right a pixel), about the top left corner
//   translate_x, translate_y    whole pixels to the right (down)
//   rotate                      degrees counter-clockwise about the centre
//   brightness, color, contrast, sharpness   factor - 1
//   posterize                   bits kept
//   solarize                    threshold
//   identity, autocontrast, equalize         unused
// Pixels that come from outside have the level `fill`. Throws Error(usage) for another name.
Sample apply_operation(const std::string& name, double magnitude, Sample sample, uint8_t fill = 0);

struct PolicyOperation {
  std::string name;
  std::vector<double> magnitudes;  // for each step of strength; one, 0, when it has none
  bool either_way = false;         // the sign is drawn
};

// For a picture of this size: RandAugment shifts by a share of the sides.
std::vector<PolicyOperation> rand_augment_operations(int width, int height);
std::vector<PolicyOperation> trivial_augment_operations();

// `count` operations, drawn with replacement, at strength `step` of 0..30.
Transform rand_augment(int count = 2, int step = 9, uint8_t fill = 0);

// One operation at a strength drawn evenly from all steps.
Transform trivial_augment_wide(uint8_t fill = 0);

}  // namespace espalier
