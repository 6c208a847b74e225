#include "espalier/nn/stages.h"

#include <algorithm>
#include <map>

#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using torch::nn::Module;

constexpr double kOpened = 0.8;

struct Stage {
  std::string name;
  std::vector<at::Tensor> parameters;
};

bool is_norm(const std::vector<at::Tensor>& parameters) {
  return std::all_of(parameters.begin(), parameters.end(),
                     [](const at::Tensor& tensor) { return tensor.dim() < 2; });
}

// From the input to the output. `loose` are parameters that still wait for their stage.
void add_stages(const Module& module,
                const std::string& prefix,
                size_t most,
                std::vector<Stage>& stages,
                std::vector<at::Tensor>& loose) {
  for (const at::Tensor& own : module.parameters(/*recurse=*/false)) loose.push_back(own);
  for (const auto& child : module.named_children()) {
    std::vector<at::Tensor> parameters = child.value()->parameters();
    if (parameters.empty()) continue;
    std::string name = prefix + child.key();
    if (parameters.size() > most && !child.value()->children().empty()) {
      add_stages(*child.value(), name + ".", most, stages, loose);
      continue;
    }
    if (is_norm(parameters) && !stages.empty()) {
      std::vector<at::Tensor>& before = stages.back().parameters;
      before.insert(before.end(), parameters.begin(), parameters.end());
      continue;
    }
    loose.insert(loose.end(), parameters.begin(), parameters.end());
    stages.push_back({name, std::exchange(loose, {})});
  }
}

std::vector<Stage> stages_of(const Module& net) {
  std::vector<Stage> stages;
  std::vector<at::Tensor> loose;
  auto most = static_cast<size_t>(kOpened * static_cast<double>(net.parameters().size()));
  add_stages(net, "", most, stages, loose);
  if (!loose.empty()) stages.push_back({"", loose});
  return stages;
}

}  // namespace

std::vector<StageRate> stage_rates(const Module& whole,
                                   const Module& net,
                                   double head_rate,
                                   double layer_decay) {
  std::vector<StageRate> rates;
  std::map<const c10::TensorImpl*, size_t> place;
  std::vector<Stage> stages = stages_of(net);
  double factor = 1;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage, factor *= layer_decay) {
    for (const at::Tensor& parameter : stage->parameters)
      place[parameter.unsafeGetTensorImpl()] = rates.size();
    rates.push_back({stage->name, rates.empty() ? head_rate : factor, {}});
  }
  for (const auto& item : whole.named_parameters()) {
    auto found = place.find(item.value().unsafeGetTensorImpl());
    rates[found == place.end() ? 0 : found->second].parameters.push_back(item.key());
  }
  return rates;
}

}  // namespace espalier
