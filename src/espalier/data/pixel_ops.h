// Changes of a picture's levels that move nothing, so that no annotation notices. Beside them in
// transform.h: brightness, contrast, saturation.
//
//   equalize(photo);  posterize(photo, 4);  gaussian_blur(photo, 1.5);
//
// Every channel by itself; an empty image stays empty. Goldens are Pillow's ImageOps and
// ImageEnhance and torchvision's gaussian_blur.
#pragma once

#include <cstdint>

#include "espalier/format/image.h"

namespace espalier {

void posterize(Image& image, int bits);         // keeps the highest 0..8 bits of a level
void solarize(Image& image, double threshold);  // inverts levels of at least `threshold`
void autocontrast(Image& image);                // darkest level to 0, brightest to 255
void equalize(Image& image);                    // evens out the histogram

// Blends with the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13: 1 keeps it, 0 gives the smooth
// one, above 1 sharpens. The outermost pixels stay (Pillow's Sharpness), rounded where Pillow
// truncates.
void adjust_sharpness(Image& image, double factor);

// Deviation `sigma` > 0 in pixels, at most 100; the kernel reaches ceil(3 sigma) pixels and the
// picture is mirrored about its outermost pixels. Throws Error(usage) for another sigma.
void gaussian_blur(Image& image, double sigma);

}  // namespace espalier
