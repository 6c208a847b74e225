// The orchard: seeded pictures of branches, leaves and fruit with every kind of truth in one
// annotation. Picture i of (config, split) is a pure function of them; nothing is stored.
//
//   DatasetPtr easy = make_orchard({.kind = "species"}, OrchardSplit::train);
//   Sample s = easy->read(0);        // image, label, boxes, masks, semantic, alpha, points
//
// Truth: the label of the picture; instances of leaves (label 0), fruit (1) and, of twins, marks
// (2) with boxes and masks of what is visible; semantic classes 0 background, 1 branch, 2 leaf, 3
// fruit; alpha of everything that grows; a point for each visible fruit: its centre, moved into the
// visible box where that is cut. orchard_render.h says it exactly.
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/data/dataset.h"

namespace espalier {

enum class OrchardSplit { train, val, test };

struct OrchardConfig {
  std::string kind =
      "species";  // species: differ in shape and colour; twins: only in a small local mark
  int64_t classes = 8;
  int64_t first = 0;    // the first class is so far into the list: other species than from 0 on
  int64_t size = 96;    // side of the square picture, pixels
  double mark = 0.2;    // side of the deciding part over the side of the picture (twins)
  double noise = 0.05;  // sensor noise, deviation over full scale
  double spurious =
      0;  // share of training pictures whose background follows the class; never so in test
  int64_t train = 2000, val = 400, test = 1000;  // pictures a split
  int64_t seed = 1;
};
Fields fields(OrchardConfig& config);

// Names of the classes, of the instance labels and of the semantic classes.
std::vector<std::string> orchard_class_names(const OrchardConfig& config);
const std::vector<std::string>& orchard_instance_names();
const std::vector<std::string>& orchard_semantic_names();

// Throws Error(usage) naming the key for a value out of range. Classes are balanced: each run of
// `classes` pictures has every class once.
DatasetPtr make_orchard(const OrchardConfig& config, OrchardSplit split);

// A short video: objects drift, cross, leave and enter; each keeps its track number. Frames are
// samples 0 .. frames-1; a frame is the same whatever `frames` is.
DatasetPtr make_orchard_video(const OrchardConfig& config, int64_t frames, uint64_t number);

}  // namespace espalier
