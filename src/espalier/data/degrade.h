// What lenses, codecs and obstacles do to a picture. The annotation stays as it is: an object that
// is blurred or partly hidden is still there.
//
//   Transform augment = chain({random_flip(), random_blur(0.1), random_jpeg(0.2), random_erasing(0.25)});
//
// Each acts with the probability given (0..1), else Error(usage).
#pragma once

#include "espalier/data/transform.h"

namespace espalier {

// Gaussian, its deviation in pixels drawn evenly (torchvision's GaussianBlur, reaching 3 deviations).
Transform random_blur(double probability, double least = 0.1, double most = 2);

// Packed and unpacked as a JPEG of a quality drawn evenly from whole numbers 1..100, colour at half
// resolution below 90 (torchvision's v2.JPEG).
Transform random_jpeg(double probability, int least = 30, int most = 95);

// A rectangle of random levels, its share of the area and its aspect drawn as torchvision's
// RandomErasing does. Filled as in the paper's best row (Zhong et al. 2017, RE-R: each pixel evenly
// from 0..255); torchvision's default is the mean colour, its "random" is normal noise.
Transform random_erasing(double probability, double min_area = 0.02, double max_area = 0.33);

}  // namespace espalier
