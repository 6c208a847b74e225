// Augmentation, written once for every field of the annotation. A transform takes a sample and a random stream
// and returns the changed sample; a pipeline is a list of them.
//
//   Transform augment = chain({random_resized_crop(224), random_flip(), colour_jitter(0.4, 0.4, 0.4)});
//   Sample s = augment(dataset.read(i), stream);
//
// Geometry is one primitive, warp(): image (antialiased when shrinking), boxes (corner hull, clipped; dropped when nothing is
// left), instance masks, semantic mask (nearest, kIgnore outside), alpha (as the image, 0 outside), points.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "espalier/core/random.h"
#include "espalier/data/dataset.h"

namespace espalier {

using Transform = std::function<Sample(Sample, Random&)>;

Transform chain(std::vector<Transform> steps);

// Output pixel centre (x, y) shows input position (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]).
using Affine = std::array<double, 6>;

Sample warp(const Sample& sample, const Affine& from_output, int width, int height, uint8_t fill = 0);
Image resize(const Image& image, int width, int height);  // triangle filter, antialiased

Transform resize_to(int width, int height);               // squashes
Transform resize_short_side(int side);                    // keeps the aspect
Transform center_crop(int width, int height);             // pads with 0 where the image is smaller
// Area and aspect as torchvision's RandomResizedCrop (10 tries, then the centre).
Transform random_resized_crop(int side,
                              double min_area = 0.08,
                              double max_area = 1,
                              double min_aspect = 3.0 / 4,
                              double max_aspect = 4.0 / 3);
Transform random_crop(int width, int height, int padding, uint8_t fill = 0);  // pads each side, then crops (CIFAR's)
Transform pad_to(int width, int height, uint8_t fill = 0);  // right and bottom
Transform random_flip(double probability = 0.5);          // left to right
Transform random_affine(double degrees, double translate, double min_scale, double max_scale);
// Factors drawn from [1 - x, 1 + x], in random order, as torchvision's ColorJitter without hue.
Transform colour_jitter(double brightness, double contrast, double saturation);

}  // namespace espalier
