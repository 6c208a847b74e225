// Augmentation, written once for every field of the annotation. A transform takes a sample and a
// random stream and returns the changed sample; a pipeline is a list of them.
//
//   Transform augment = chain({random_resized_crop(224), random_flip()});
//   Sample s = augment(dataset.read(i), stream);
//
// Geometry is one primitive, warp(), and one rule: an output pixel is outside when its centre shows
// a place outside the input.
//
//   image          antialiased when shrinking, `fill` outside; flips, right angles and shifts by
//                  whole pixels are exact
//   boxes          hull of the four moved corners, clipped; the instance is dropped when less
//                  than 1/1000 of a pixel is left of a side
//   instance mask  as the image, then 255 where it is 128 or more; the instance is dropped when
//                  nothing is left
//   semantic mask  nearest, kIgnore outside
//   alpha          as the image, 0 outside
//   points         moved; dropped outside [0, width) x [0, height)
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

// A sample without an image moves its annotation alone (a prediction back to the original's frame,
// say). Throws Error(usage) for a map that has no inverse or an empty frame.
Sample warp(
    const Sample& sample, const Affine& from_output, int width, int height, uint8_t fill = 0);

// Triangle filter of reach max(1, scale): Pillow's BILINEAR, torchvision's antialias=True. The same
// size gives the same bits.
Image resize(const Image& image, int width, int height);

// Blends with black, with the mean gray, with each pixel's own gray, as torchvision's functions of
// these names, but rounded where those truncate. 1 keeps the image, 0 gives the other, above 1
// exaggerates. Gray stays gray.
void adjust_brightness(Image& image, double factor);
void adjust_contrast(Image& image, double factor);
void adjust_saturation(Image& image, double factor);

Transform resize_to(int width, int height);    // squashes
Transform resize_short_side(int side);         // keeps the aspect
Transform center_crop(int width, int height);  // pads with 0 where the image is smaller
// Area and aspect as torchvision's RandomResizedCrop (10 tries, then the centre).
Transform random_resized_crop(int side,
                              double min_area = 0.08,
                              double max_area = 1,
                              double min_aspect = 3.0 / 4,
                              double max_aspect = 4.0 / 3);
// Pads each side, then crops (CIFAR's recipe).
Transform random_crop(int width, int height, int padding, uint8_t fill = 0);
// At the right and the bottom. A larger image is Error(data).
Transform pad_to(int width, int height, uint8_t fill = 0);
Transform random_flip(double probability = 0.5);  // left to right
// About the centre: turned by up to `degrees` either way, scaled, shifted by up to `translate` of
// each side.
Transform random_affine(double degrees, double translate, double min_scale, double max_scale);
// Factors drawn from [1 - x, 1 + x], in random order, as torchvision's ColorJitter without hue.
Transform colour_jitter(double brightness, double contrast, double saturation);

}  // namespace espalier
