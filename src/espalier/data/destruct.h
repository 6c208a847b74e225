// Destruction of an image for fine-grained recognition: its cells are moved about, so that only local
// detail still tells the class (DCL, Chen et al., CVPR 2019, section 3.1).
//
//   Destruction moved = draw_destruction(/*grid=*/7, /*reach=*/2, random);
//   Image destroyed = destruct(photo, moved);
//   Image again = destruct(destroyed, inverse(moved));   // the photo
//
// strict is the paper: a bounded displacement and exact targets. compat is the published code
// (JDAI-CV/DCL), which walks the cells with coins, loses a margin, and guesses the targets.
#pragma once

#include <cstdint>

#include "espalier/core/random.h"
#include "espalier/data/annotation.h"

namespace espalier {

// Region confusion: in each row the cells are sorted by i + r, r uniform in (-reach, reach), then the
// same in each column of the result, all with noise of their own. (The paper states both at once, on
// the original's indices, which may send two cells to one place; one after the other is always a
// permutation.) No cell moves 2 reach places or further along either axis; reach 0 moves none.
// Throws Error(usage) unless 1 <= grid <= 255 and 0 <= reach < grid (or grid is 1 and reach 0).
Destruction draw_destruction(int grid, double reach, Random& random);

// The walk of the published code: cells are taken row by row, and after each a coin swaps the last
// two of the row under way, another the last two complete rows. Displacements are not bounded.
Destruction draw_published_walk(int grid, Random& random);

// Every order of the cells alike: the jigsaw of progressive multi-granularity training.
Destruction draw_jigsaw(int grid, Random& random);

Destruction inverse(const Destruction& destruction);

// The image with its cells moved. Bounds are floor(i side / grid); where the grid does not divide a
// side cells differ by a pixel, and one that goes to a cell of another size repeats or loses a line
// of pixels. Where it divides both, no pixel is lost. Throws Error(usage) when the image has fewer pixels
// a side than cells.
Image destruct(const Image& image, const Destruction& destruction);

// As the published code does it: `margin` pixels are cut off every side (there: 10 of 448), the rest
// is cut into cells, each is resized to the least cell's size, and the whole back to the image's
// size. (Filters: triangle; there Lanczos for the cells, and for the whole what Pillow then took.)
Image destruct_published(const Image& image, const Destruction& destruction, int margin);

// The targets of the published code: for each cell of `destroyed` that cell of `original` whose
// channel means add to the nearest sum, the first of several. Not always a permutation.
Destruction guess_sources(const Image& original, const Image& destroyed, int grid);

}  // namespace espalier
