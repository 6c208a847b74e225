#include "espalier/tensor/recompute.h"

#include "espalier/tensor/precision.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

namespace autograd = torch::autograd;
using autograd::Variable;
using autograd::variable_list;

thread_local bool recomputing = false;

// What the second run needs to be the first one over again.
struct Replay : torch::CustomClassHolder {
  torch::nn::Module* block = nullptr;
  std::function<at::Tensor(const at::Tensor&)> forward;
  Precision precision = Precision::fp32;
  at::Tensor generator;
  variable_list parameters;
  bool input_learns = false;

  // With gradients from here on.
  at::Tensor run(const at::Tensor& x) const {
    at::Tensor now = generator_state();
    set_generator_state(generator);
    at::AutoGradMode grad(true);
    // Weights that the first run cast without gradients may still stand in autocast's cache.
    at::autocast::clear_cache();
    at::Tensor y;
    {
      Recompute whole(false);
      Autocast scope(precision);
      y = forward(x);
    }
    set_generator_state(now);
    return y;
  }
};

class Buffers {
 public:
  explicit Buffers(const torch::nn::Module& module) {
    for (const at::Tensor& buffer : module.buffers())
      kept_.emplace_back(buffer, buffer.detach().clone());
  }
  ~Buffers() {
    torch::NoGradGuard guard;
    for (auto& [buffer, value] : kept_) buffer.copy_(value);
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> kept_;
};

struct Recomputed : autograd::Function<Recomputed> {
  // `parameters` are inputs so that the engine asks for their gradients.
  static at::Tensor forward(autograd::AutogradContext* context,
                            const c10::intrusive_ptr<Replay>& replay,
                            const at::Tensor& x,
                            at::TensorList /*parameters*/) {
    context->save_for_backward({x});
    context->saved_data["replay"] = c10::IValue::make_capsule(replay);
    return replay->forward(x);
  }

  static variable_list backward(autograd::AutogradContext* context, variable_list gradients) {
    auto capsule = context->saved_data["replay"].toCapsule();
    const Replay& replay = static_cast<const Replay&>(*capsule);
    // Put back only when the gradients are there: the graph in between refers to the buffers.
    Buffers statistics(*replay.block);
    at::Tensor x = context->get_saved_variables()[0].detach();
    x.set_requires_grad(replay.input_learns);
    at::Tensor y = replay.run(x);
    variable_list inputs = replay.parameters;
    if (replay.input_learns) inputs.push_back(x);
    variable_list found = autograd::grad({y}, inputs, {gradients[0]}, /*retain_graph=*/false,
                                         /*create_graph=*/false, /*allow_unused=*/true);
    // One for each argument of forward(): the plan has none.
    variable_list result = {Variable(), replay.input_learns ? found.back() : Variable()};
    for (size_t i = 0; i < replay.parameters.size(); ++i) result.push_back(found[i]);
    return result;
  }
};

}  // namespace

Recompute::Recompute(bool on) : before_(recomputing) {
  recomputing = on;
}

Recompute::~Recompute() {
  recomputing = before_;
}

at::Tensor recomputed(torch::nn::Module& block,
                      const std::function<at::Tensor(const at::Tensor&)>& forward,
                      const at::Tensor& x) {
  if (!recomputing || !at::GradMode::is_enabled()) return forward(x);
  auto replay = c10::make_intrusive<Replay>();
  for (const at::Tensor& parameter : block.parameters())
    if (parameter.requires_grad()) replay->parameters.push_back(parameter);
  replay->input_learns = x.requires_grad();
  if (replay->parameters.empty() && !replay->input_learns) return forward(x);
  replay->block = &block;
  replay->forward = forward;
  replay->precision =
      at::autocast::is_autocast_enabled(at::kCPU) ? Precision::bf16 : Precision::fp32;
  replay->generator = generator_state();
  return Recomputed::apply(replay, x, at::TensorList(replay->parameters));
}

}  // namespace espalier
