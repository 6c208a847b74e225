#include "espalier/prune/channel_flow.h"

#include <numeric>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"

namespace espalier {
namespace {

constexpr const char* kTransposed = ".transposed";  // as deploy/lower.cpp names a turned copy

}  // namespace

ChannelFlow::ChannelFlow(const Graph& graph, const Shape& input, std::set<std::string> parameters)
    : graph_(graph), parameters_(std::move(parameters)) {
  check_operators(graph);
  shapes_ = infer_shapes(graph, input);
  for (const auto& [name, shape] : shapes_) values_[name].resize(shape.size());
  for (node_ = 0; node_ < graph.nodes.size(); ++node_) follow_channels(*this, graph.nodes[node_]);
  for (const Port& port : graph.outputs)
    for (const Ids& ids : of(port.name))
      for (int32_t id : ids) reasons_.emplace(root(id), "what the network gives");
}

int32_t ChannelFlow::root(int32_t id) const {
  auto at = [&](int32_t i) -> int32_t& { return parent_[static_cast<size_t>(i)]; };
  while (at(id) != id) id = at(id) = at(at(id));
  return id;
}

const std::string* ChannelFlow::reason(int32_t root) const {
  auto found = reasons_.find(root);
  return found == reasons_.end() ? nullptr : &found->second;
}

const std::set<size_t>& ChannelFlow::ties(int32_t root) const {
  static const std::set<size_t> none;
  auto found = ties_.find(root);
  return found == ties_.end() ? none : found->second;
}

Ids ChannelFlow::fresh(int64_t count) {
  Ids ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), static_cast<int32_t>(parent_.size()));
  parent_.insert(parent_.end(), ids.begin(), ids.end());
  return ids;
}

void ChannelFlow::tie(int32_t a, int32_t b) {
  a = root(a);
  b = root(b);
  if (a != b) {
    parent_[static_cast<size_t>(b)] = a;
    if (auto reason = reasons_.extract(b)) reasons_.emplace(a, reason.mapped());
    if (auto ties = ties_.extract(b)) ties_[a].merge(ties.mapped());
  }
  ties_[a].insert(node_);
}

void ChannelFlow::tie(const Ids& a, const Ids& b) {
  for (size_t i = 0; i < a.size(); ++i) tie(a[i], b[i]);
}

void ChannelFlow::keep(const Ids& ids, const std::string& does) {
  for (int32_t id : ids) reasons_.emplace(root(id), describe(graph_.nodes[node_]) + " " + does);
}

void ChannelFlow::keep_inputs(const Node& node, const std::string& does) {
  for (const std::string& input : node.inputs)
    if (!input.empty())
      for (const Ids& ids : of(input)) keep(ids, does);
}

std::optional<ChannelFlow::Place> ChannelFlow::place_of(const std::string& constant,
                                                        int64_t axis) const {
  if (parameters_.count(constant)) return Place{constant, axis};
  if (!constant.ends_with(kTransposed)) return std::nullopt;
  std::string turned = constant.substr(0, constant.size() - std::string_view(kTransposed).size());
  if (!parameters_.count(turned)) return std::nullopt;
  return Place{turned, 1 - axis};
}

bool ChannelFlow::is_parameter(const std::string& constant) const {
  return place_of(constant, 0).has_value();
}

Ids& ChannelFlow::enter(const Place& place, AxisRole role, const Ids& ids) {
  auto [known, is_new] = index_of_.emplace(std::pair{place.tensor, place.axis}, axes_.size());
  if (is_new) axes_.push_back({place.tensor, place.axis, role, ids});
  return axes_[known->second].ids;
}

Ids ChannelFlow::parameter_axis(const std::string& constant, int64_t axis, AxisRole role) {
  std::optional<Place> place = place_of(constant, axis);
  if (!place) return {};
  auto known = index_of_.find({place->tensor, place->axis});
  if (known != index_of_.end()) return axes_[known->second].ids;
  return enter(*place, role, fresh(shape(constant)[static_cast<size_t>(axis)]));
}

void ChannelFlow::bind(const std::string& constant, int64_t axis, AxisRole role, const Ids& ids) {
  if (ids.empty()) return;
  std::optional<Place> place = place_of(constant, axis);
  if (!place) return keep(ids, "reads a constant that is no parameter");
  Ids& entered = enter(*place, role, ids);
  for (size_t i = 0; i < ids.size(); ++i)
    if (root(entered[i]) != root(ids[i])) tie(ids[i], entered[i]);
}

}  // namespace espalier
