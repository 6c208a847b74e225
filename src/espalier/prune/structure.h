// What may be removed from a network, and what goes together: groups of channels, read off its
// trace.
//
//   Structure structure = read_structure(model, graph, {1, 3, 224, 224});
//   fmt::print("{}", to_text(structure));
//   Counts half = ...;   // channels that stay, one number a group
//
// A group is a set of atoms; an atom is what must live or go as one: a channel with everything that
// writes, scales, adds or reads it, or several channels where the network ties them (a residual
// stage, the channels of a grouped convolution's group).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/deploy/graph.h"

namespace espalier {

class ImageModel;

enum class AxisRole {
  writes,     // outputs of a weight
  reads,      // inputs of a weight
  scales,     // gamma of a batch norm
  shifts,     // what is added or multiplied channel by channel: biases, betas, layer norms
  remembers,  // running statistics
};

// An axis of a parameter or buffer along which channels can be removed.
struct ChannelAxis {
  std::string tensor;  // "layer1.0.conv1.weight"
  int64_t axis;
  AxisRole role;
  std::vector<int32_t> atoms;  // of each position; -1: it stays
};

struct ChannelGroup {
  std::string name;               // of the layer that writes it first: "layer1.0.conv1"
  int32_t first, size;            // its atoms: first .. first + size - 1
  int64_t width;                  // channels of that layer that an atom takes
  std::vector<std::string> ties;  // operators that tie its channels: "node 'add' ('Add')"
};

// Channels that stay, and why.
struct KeptChannels {
  std::string layer, reason;
  int64_t channels;
};

// How many atoms of each group stay.
using Counts = std::vector<int64_t>;

// A number of channels that follows from the counts.
struct Width {
  int64_t fixed = 0;
  std::vector<std::pair<int32_t, int64_t>> parts;  // group, channels an atom

  int64_t at(const Counts& counts) const {
    int64_t width = fixed;
    for (auto [group, channels] : parts) width += channels * counts[static_cast<size_t>(group)];
    return width;
  }
  bool operator==(const Width&) const = default;
};

struct Structure {
  std::vector<ChannelAxis> axes;  // in the order in which the network reads them
  std::vector<ChannelGroup> groups;
  std::vector<int32_t> group_of;  // of each atom
  std::vector<KeptChannels> kept;
  std::map<std::string, Width> width_of;  // of the values of the graph that have channels

  Counts whole() const;
  Width width(const std::vector<int32_t>& atoms) const;
};

// `graph`: the trace of `model`, unfolded; `input`: 1 x C x H x W. Channels that an operator without
// a rule reads, or that the network gives out, stay and are listed with the reason. Throws
// Error(unsupported) naming the first such operators when nothing is left that can be removed;
// Error as infer_shapes().
Structure read_structure(const ImageModel& model, const Graph& graph, const Shape& input);

// A paragraph a group: its layers, in which role, and what ties them; then what stays and why.
std::string to_text(const Structure& structure);

}  // namespace espalier
