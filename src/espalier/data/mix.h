// mixup and cutmix: pictures of a batch blended with, or patched by, their neighbours, and the labels
// in the same shares.
//
//   Loader train(dataset, transform, config, mix_batches(/*mixup_alpha=*/0.2, /*cutmix_alpha=*/1));
//
// mixup: Zhang et al. 2017, arXiv 1710.09412; cutmix: Yun et al. 2019, arXiv 1905.04899; shares and
// pairs as in torchvision.transforms.v2: one share a batch, and sample i with sample i - 1 (the first
// with the last). Unlike there, pictures are bytes, so that a blend is rounded to levels.
//
// A mixed sample has the labels of both with their shares as scores, the larger first, a class that
// both have once. Its instances, semantic mask, alpha and points are emptied: they no longer describe
// the picture.
#pragma once

#include "espalier/data/loader.h"

namespace espalier {

struct PixelBox {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // half open
};

// Each picture keeps the share `keep` of itself, 0..1.
void blend_neighbours(Batch& batch, double keep);

// Each picture has its neighbour's pixels inside the box, which must lie in the frame.
void patch_from_neighbours(Batch& batch, const PixelBox& box);

// Every batch is mixed, its share drawn from Beta(alpha, alpha); with both alphas above 0 each batch
// takes mixup or cutmix by a fair coin (timm's switch); with none nothing is done (an empty function).
// Throws Error(usage) for an alpha that is negative or not finite.
BatchTransform mix_batches(double mixup_alpha, double cutmix_alpha);

}  // namespace espalier
