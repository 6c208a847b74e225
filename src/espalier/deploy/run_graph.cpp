#include "espalier/deploy/run_graph.h"

#include <set>

#include "espalier/core/error.h"
#include "espalier/deploy/operators.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

bool fully_known(const Shape& shape) {
  for (size_t i = 1; i < shape.size(); ++i)
    if (shape[i] < 0) return false;
  return !shape.empty();
}

}  // namespace

void check_runnable(const Graph& graph) {
  verify(graph);
  check_operators(graph);
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    fail(Kind::unsupported, "the graph has {} inputs and {} outputs; one of each is handled",
         graph.inputs.size(), graph.outputs.size());
  if (Shape shape = graph.inputs[0].shape; fully_known(shape)) {
    if (shape[0] < 0) shape[0] = 1;
    infer_shapes(graph, shape);
  }
}

std::map<std::string, Shape> shapes_for(const Graph& graph, const at::Tensor& images) {
  const Shape& wanted = graph.inputs[0].shape;
  Shape given = images.sizes().vec();
  if (images.scalar_type() != at::kFloat) fail(Kind::data, "the network wants float32 images");
  if (!wanted.empty() && (given.size() != wanted.size() ||
                          (given.size() > 1 && wanted[1] > 0 && given[1] != wanted[1])))
    fail(Kind::data, "the network wants images of {} (-1: any), not {}", shape_text(wanted),
         shape_text(given));
  return with_context(fmt::format("images of {}", shape_text(given)), [&] {
    try {
      return infer_shapes(graph, given);
    } catch (const Error& error) {
      throw Error(error.kind() == Kind::format ? Kind::data : error.kind(), error.what());
    }
  });
}

GraphRunner::GraphRunner(Graph graph) {
  check_runnable(graph);
  graph_ = std::make_shared<const Graph>(std::move(graph));
  plan_steps();
}

void GraphRunner::plan_steps() {
  std::map<std::string, size_t> slot_of;
  for (const auto& [name, value] : graph_->constants) {
    slot_of[name] = constants_.size();
    bool picture_weight = value.dim() == 4 && value.scalar_type() == at::kFloat;
    constants_.push_back(picture_weight ? value.contiguous(at::MemoryFormat::ChannelsLast) : value);
  }
  size_t slots = constants_.size();
  slot_of[graph_->inputs[0].name] = input_ = slots++;
  for (size_t i = 0; i < graph_->nodes.size(); ++i) {
    const Node& node = graph_->nodes[i];
    Step step{.node = i,
              .inputs = {},
              .output = slots++,
              .free_after = {},
              .kernel = make_kernel(*graph_, node)};
    for (const std::string& name : node.inputs)
      step.inputs.push_back(name.empty() ? kAbsent : slot_of.at(name));
    slot_of[node.outputs[0]] = step.output;
    steps_.push_back(std::move(step));
  }
  output_ = slot_of.at(graph_->outputs[0].name);
  std::set<size_t> read_later = {output_, kAbsent};
  for (size_t constant = 0; constant < constants_.size(); ++constant) read_later.insert(constant);
  for (size_t i = steps_.size(); i-- > 0;) {
    if (!read_later.count(steps_[i].output)) steps_[i].free_after.push_back(steps_[i].output);
    for (size_t slot : steps_[i].inputs)
      if (read_later.insert(slot).second) steps_[i].free_after.push_back(slot);
  }
  constants_.resize(slots);
}

void GraphRunner::run_step(const Step& step, Slots& slots) const {
  std::vector<at::Tensor> inputs;
  for (size_t slot : step.inputs) inputs.push_back(slot == kAbsent ? at::Tensor() : slots[slot]);
  for (size_t slot : step.free_after)
    if (slot != step.output) slots[slot] = at::Tensor();
  try {
    slots[step.output] = step.kernel(inputs);
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    fail(Kind::unsupported, "{}: LibTorch refuses it: {}", describe(graph_->nodes[step.node]),
         error.what_without_backtrace());
  } catch (const std::exception& error) {  // oneDNN's, out of memory
    fail(Kind::unsupported, "{}: {}", describe(graph_->nodes[step.node]), error.what());
  }
}

at::Tensor GraphRunner::run(const at::Tensor& images) const {
  return run(images, [](const std::string&, const at::Tensor&) {});
}

at::Tensor GraphRunner::run(const at::Tensor& images, const Observer& observe) const {
  torch::NoGradGuard no_gradients;
  shapes_for(*graph_, images);
  Slots slots = constants_;
  slots[input_] =
      images.dim() == 4 ? images.contiguous(at::MemoryFormat::ChannelsLast) : images.contiguous();
  observe(graph_->inputs[0].name, slots[input_]);
  for (const Step& step : steps_) {
    run_step(step, slots);
    observe(graph_->nodes[step.node].outputs[0], slots[step.output]);
  }
  return slots[output_].contiguous();
}

}  // namespace espalier
