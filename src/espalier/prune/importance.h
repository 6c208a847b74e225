// How much each atom of a network seems to matter.
//
//   std::vector<double> scores = weight_importance(model, structure, WeightMeasure::l1);
//
// A score is compared with others of its group; those of gamma and Taylor also with other groups'.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "espalier/prune/structure.h"

namespace espalier {

// Of an atom that a measure knows nothing about: it is never the first to go.
constexpr double kUnknownImportance = std::numeric_limits<double>::infinity();

enum class WeightMeasure { l1, l2 };

// The sum of sizes (Li et al. 2017, arXiv 1608.08710) or the Euclidean length of the weights that
// write a channel, over their mean in the layer; an atom's is the mean over its layers. 1 is usual.
std::vector<double> weight_importance(const ImageModel& model,
                                      const Structure& structure,
                                      WeightMeasure measure);

// |gamma| of the batch norm behind a channel (Liu et al. 2017, arXiv 1708.06519), the mean where
// several are tied; unknown where there is none.
std::vector<double> gamma_importance(const ImageModel& model, const Structure& structure);

// The squared change of the loss, to first order, when the channel's readers get zeros for it
// (Molchanov et al. 2019, arXiv 1906.10771, equation 8, at a gate in front of the readers): the sum
// over the weights that read it of gradient times weight, squared for each batch, mean over the
// batches. `backward_batches` runs the whole network over some batches and calls its argument after
// each backward pass.
std::vector<double> taylor_importance(
    ImageModel& model,
    const Structure& structure,
    const std::function<void(const std::function<void()>& after_backward)>& backward_batches);

}  // namespace espalier
