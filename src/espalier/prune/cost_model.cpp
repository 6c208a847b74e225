#include "espalier/prune/cost_model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "espalier/core/error.h"
#include "espalier/deploy/cost.h"
#include "espalier/deploy/shapes.h"
#include "espalier/models/model.h"
#include "espalier/prune/latency_model.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {

class CostModel::Builder {
 public:
  Builder(CostModel& model, const Structure& structure) : model_(model), structure_(structure) {
    model_.widths_ = {Width{.fixed = 1, .parts = {}}};
    for (const ChannelAxis& axis : structure.axes)
      width_of_[{axis.tensor, axis.axis}] = enter(structure.width(axis.atoms));
    whole_ = structure.whole();
  }

  // `full`, what the whole network has, in proportion to two widths.
  void add(int64_t PrunedCost::*figure, int64_t full, uint32_t a, uint32_t b = 0) {
    if (full == 0) return;
    int64_t product = model_.widths_[a].at(whole_) * model_.widths_[b].at(whole_);
    if (full % product != 0)
      fail(Kind::internal, "a cost of {} is no multiple of its widths' {}", full, product);
    auto sum = std::find_if(model_.sums_.begin(), model_.sums_.end(),
                            [&](const Sum& s) { return s.figure == figure; });
    if (sum == model_.sums_.end()) sum = model_.sums_.insert(sum, Sum{figure, {}});
    for (Term& term : sum->terms)
      if (term.a == a && term.b == b) return void(term.scale += full / product);
    sum->terms.push_back({full / product, a, b});
  }

  void add_parameter(int64_t PrunedCost::*figure, int64_t full, const std::string& name) {
    add(figure, full, parameter_width(name, 0),
        parameter_width(name, 1) + parameter_width(name, 2));
  }

  // Of the last axes only one is ever named; 0 means that it does not change.
  uint32_t parameter_width(const std::string& name, int64_t axis) const {
    std::string plain = name.substr(0, name.rfind(".transposed"));
    auto found = width_of_.find({plain, axis});
    return found == width_of_.end() ? 0 : found->second;
  }

  uint32_t value_width(const std::string& value) {
    auto found = structure_.width_of.find(value);
    return found == structure_.width_of.end() ? 0 : enter(found->second);
  }

 private:
  uint32_t enter(const Width& width) {
    if (width.parts.empty()) return 0;
    auto known = std::find(model_.widths_.begin(), model_.widths_.end(), width);
    if (known == model_.widths_.end()) known = model_.widths_.insert(known, width);
    return static_cast<uint32_t>(known - model_.widths_.begin());
  }

  CostModel& model_;
  const Structure& structure_;
  Counts whole_;
  std::map<std::pair<std::string, int64_t>, uint32_t> width_of_;
};

CostModel::CostModel(const ImageModel& model,
                     const Graph& graph,
                     const Structure& structure,
                     const Shape& input) {
  Builder builder(*this, structure);
  std::map<std::string, Shape> shapes = infer_shapes(graph, input);
  std::map<std::string, const Node*> nodes;
  for (const Node& node : graph.nodes) nodes[node.name] = &node;
  for (const LayerCost& layer : count_cost(graph, input).layers) {
    const Node& node = *nodes.at(layer.name);
    uint32_t out = builder.value_width(node.outputs[0]);
    builder.add(&PrunedCost::extras, layer.extras, out);
    if (layer.macs == 0) continue;
    builder.add_parameter(&PrunedCost::macs, layer.macs, node.inputs[1]);
    builder.add(&PrunedCost::activations, layer.activations, out);
    builder.add(&PrunedCost::traffic, layer.activations, out);
    for (const std::string& name : node.inputs) {
      if (name.empty()) continue;
      if (graph.constants.count(name))
        builder.add_parameter(&PrunedCost::traffic, count_numbers(shapes.at(name)), name);
      else
        builder.add(&PrunedCost::traffic, count_numbers(shapes.at(name)),
                    builder.value_width(name));
    }
  }
  for (const auto& item : model.named_parameters())
    builder.add_parameter(&PrunedCost::parameters, item.value().numel(), item.key());
  // safetensors' header has about 110 bytes a tensor beside its name, our widths 60 more a layer.
  int64_t header = 4096;
  for (const auto& [name, tensor] : module_state(model)) {
    builder.add_parameter(&PrunedCost::bytes, static_cast<int64_t>(tensor.nbytes()), name);
    header += 2 * static_cast<int64_t>(name.size()) + 140;
  }
  builder.add(&PrunedCost::bytes, header, 0);
}

PrunedCost CostModel::at(const Counts& counts) const {
  thread_local std::vector<int64_t> widths;
  widths.clear();
  for (const Width& width : widths_) widths.push_back(width.at(counts));
  PrunedCost cost;
  for (const Sum& sum : sums_) {
    int64_t total = 0;
    for (const Term& term : sum.terms) total += term.scale * widths[term.a] * widths[term.b];
    cost.*sum.figure = total;
  }
  if (latency_) cost.latency_ns = std::llround(1e6 * latency_->milliseconds(counts));
  return cost;
}

}  // namespace espalier
