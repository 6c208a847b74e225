// Channels taken out of a network for good: its layers become narrower, and so does its file.
//
//   std::vector<bool> keep = ...;          // of each atom of the structure
//   remove_channels(*model, structure, keep);
//   save_model("runs/pruned", *model, meta);   // the widths travel among its arguments
#pragma once

#include <vector>

#include "espalier/models/model.h"
#include "espalier/prune/structure.h"

namespace espalier {

// `structure` is that of `model` as it is now and describes it no longer afterwards. What stays of
// each parameter and buffer keeps its values and its order. Throws Error(usage) when a group would
// be left with nothing.
void remove_channels(ImageModel& model, const Structure& structure, const std::vector<bool>& keep);

// Writes into model.arguments by which widths it differs from what they say else.
void note_widths(ImageModel& model);

// Another network with the same layers and numbers.
ImageModelPtr copy_of(const ImageModel& model);

// A copy of `model` with what `keep` leaves. Throws as remove_channels().
ImageModelPtr without_channels(const ImageModel& model,
                               const Structure& structure,
                               const std::vector<bool>& keep);

// The positions of an axis that stay when `keep` says which atoms do.
std::vector<int64_t> staying_positions(const ChannelAxis& axis, const std::vector<bool>& keep);

// How many of each group `keep` leaves.
Counts counts_of(const Structure& structure, const std::vector<bool>& keep);

}  // namespace espalier
