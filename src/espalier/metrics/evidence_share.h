// How much of the evidence for a class falls on what is known to matter: a map of evidence and a mask
// in, shares out.
//
//   std::optional<EvidenceShare> seen = evidence_share(map, object_mask(truth));
//   if (seen) fmt::print("{:.2f} on the object, {:.2f} if spread evenly\n", seen->share, seen->even);
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/data/annotation.h"
#include "espalier/metrics/scores.h"

namespace espalier {

struct EvidenceShare {
  double share = 0;  // of the evidence, on the mask
  double even = 0;   // of the picture, under the mask: what evidence spread evenly would give
};

// `map`: a grid of any size, stretched over the picture (data/stretch.h); what is negative or no
// number counts as 0. `mask`: one channel of the picture's size, 0..255, a pixel counts by its share
// of 255. Nothing when there is no evidence, or no mask or nothing in it. Throws Error(internal) for
// several channels.
std::optional<EvidenceShare> evidence_share(const Raster<float>& map, const Image& mask);

// Where the object is: the alpha matte, else all instances that have masks, else what is neither
// class 0 nor unlabelled in the semantic mask. Empty when nothing of it is known.
Image object_mask(const Annotation& truth);

// All instances of this label that have masks; empty when there is none.
Image part_mask(const Annotation& truth, int64_t label);

struct MeanEvidenceShare {
  int64_t pictures = 0;
  EvidenceShare mean;
  std::optional<Interval> interval = {};  // 95 %, of mean.share (Student's t); from two on
};
// All zero for no pictures.
MeanEvidenceShare mean_share(const std::vector<EvidenceShare>& shares);

// {"share": 0.62, "even": 0.41}; a mean also says "pictures", "low" and "high".
nlohmann::ordered_json to_json(const EvidenceShare& share);
nlohmann::ordered_json to_json(const MeanEvidenceShare& mean);

}  // namespace espalier
