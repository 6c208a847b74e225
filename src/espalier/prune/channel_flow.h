// Which channels of a traced network are one and the same thing: the axes of its parameters are
// followed, position by position, through every operator. Two positions that an operator forces to
// live or go together (the addends of a residual sum, the input and output of a depthwise
// convolution) are tied. For structure.cpp and channel_rules.cpp only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "espalier/deploy/graph.h"
#include "espalier/prune/structure.h"

namespace espalier {

// The positions of one axis, by id; empty: nothing there may be removed.
using Ids = std::vector<int32_t>;

class ChannelFlow {
 public:
  // `parameters`: the names among the graph's constants that are the module's.
  ChannelFlow(const Graph& graph, const Shape& input, std::set<std::string> parameters);

  struct ParameterAxis {
    std::string tensor;
    int64_t axis;
    AxisRole role;
    Ids ids;
  };
  // In the order in which the graph reads them.
  const std::vector<ParameterAxis>& axes() const { return axes_; }
  // Of each axis of a value that a node makes.
  const std::vector<Ids>& of(const std::string& value) const { return values_.at(value); }
  int32_t root(int32_t id) const;
  // Why a tied set must stay as it is; nothing when it need not.
  const std::string* reason(int32_t root) const;
  // The nodes that tied anything in it.
  const std::set<size_t>& ties(int32_t root) const;

  // --- for the rules of channel_rules.cpp ---

  const Graph& graph() const { return graph_; }
  const Shape& shape(const std::string& value) const { return shapes_.at(value); }
  Ids fresh(int64_t count);
  void tie(const Ids& a, const Ids& b);
  void tie(int32_t a, int32_t b);
  // What is in `ids` stays, because the node at hand `does` something: "cuts its input into parts".
  void keep(const Ids& ids, const std::string& does);
  void keep_inputs(const Node& node, const std::string& does);
  bool is_parameter(const std::string& constant) const;
  bool is_constant(const std::string& value) const { return graph_.constants.count(value) > 0; }
  // The axis of a parameter, entered when it is first met.
  Ids parameter_axis(const std::string& constant, int64_t axis, AxisRole role);
  // The axis of a parameter goes with `ids`.
  void bind(const std::string& constant, int64_t axis, AxisRole role, const Ids& ids);
  void set(const std::string& value, std::vector<Ids> axes) { values_[value] = std::move(axes); }

 private:
  struct Place {
    std::string tensor;
    int64_t axis;
  };
  std::optional<Place> place_of(const std::string& constant, int64_t axis) const;
  Ids& enter(const Place& place, AxisRole role, const Ids& ids);

  const Graph& graph_;
  std::map<std::string, Shape> shapes_;
  std::set<std::string> parameters_;
  std::map<std::string, std::vector<Ids>> values_;
  std::vector<ParameterAxis> axes_;
  std::map<std::pair<std::string, int64_t>, size_t> index_of_;
  mutable std::vector<int32_t> parent_;
  std::map<int32_t, std::string> reasons_;
  std::map<int32_t, std::set<size_t>> ties_;
  size_t node_ = 0;  // at hand
};

// Applies the rule of the node's operator; an operator without one keeps its inputs as they are.
void follow_channels(ChannelFlow& flow, const Node& node);

}  // namespace espalier
