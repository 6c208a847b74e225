#include "espalier/prune/importance.h"

#include <map>

#include "espalier/core/error.h"
#include "espalier/models/model.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

std::map<std::string, at::Tensor> parameters_by_name(const ImageModel& model) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& item : model.named_parameters()) parameters.emplace(item.key(), item.value());
  return parameters;
}

// One number for each position of an axis.
std::vector<double> numbers(const at::Tensor& values) {
  at::Tensor plain = values.detach().to(at::kDouble).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

// Everything of `tensor` at one position of `axis`, as a row.
at::Tensor rows_along(const at::Tensor& tensor, int64_t axis) {
  return tensor.movedim(axis, 0).reshape({tensor.size(axis), -1});
}

// The mean over the places at which an atom was given a number.
class MeanOfAtoms {
 public:
  explicit MeanOfAtoms(size_t atoms) : sums_(atoms), places_(atoms) {}

  void add(int32_t atom, double value) {
    sums_[static_cast<size_t>(atom)] += value;
    ++places_[static_cast<size_t>(atom)];
  }
  std::vector<double> means() const {
    std::vector<double> means(sums_.size(), kUnknownImportance);
    for (size_t i = 0; i < sums_.size(); ++i)
      if (places_[i] > 0) means[i] = sums_[i] / places_[i];
    return means;
  }

 private:
  std::vector<double> sums_;
  std::vector<int> places_;
};

}  // namespace

std::vector<double> weight_importance(const ImageModel& model,
                                      const Structure& structure,
                                      WeightMeasure measure) {
  auto parameters = parameters_by_name(model);
  MeanOfAtoms importance(structure.group_of.size());
  for (const ChannelAxis& axis : structure.axes) {
    if (axis.role != AxisRole::writes) continue;
    at::Tensor rows = rows_along(parameters.at(axis.tensor).detach(), axis.axis);
    at::Tensor size = measure == WeightMeasure::l1 ? rows.abs().sum(1) : rows.norm(2, 1);
    std::vector<double> values = numbers(size / size.mean().clamp_min(1e-30));
    for (size_t i = 0; i < values.size(); ++i)
      if (axis.atoms[i] >= 0) importance.add(axis.atoms[i], values[i]);
  }
  return importance.means();
}

std::vector<double> gamma_importance(const ImageModel& model, const Structure& structure) {
  auto parameters = parameters_by_name(model);
  MeanOfAtoms importance(structure.group_of.size());
  for (const ChannelAxis& axis : structure.axes) {
    if (axis.role != AxisRole::scales) continue;
    std::vector<double> values = numbers(parameters.at(axis.tensor).abs());
    for (size_t i = 0; i < values.size(); ++i)
      if (axis.atoms[i] >= 0) importance.add(axis.atoms[i], values[i]);
  }
  return importance.means();
}

std::vector<double> taylor_importance(
    ImageModel& model,
    const Structure& structure,
    const std::function<void(const std::function<void()>& after_backward)>& backward_batches) {
  auto parameters = parameters_by_name(model);
  std::vector<double> sums(structure.group_of.size());
  int64_t batches = 0;
  backward_batches([&] {
    torch::NoGradGuard no_grad;
    std::vector<double> gates(sums.size());  // the derivative by each atom's gate
    for (const ChannelAxis& axis : structure.axes) {
      if (axis.role != AxisRole::reads) continue;
      const at::Tensor& weight = parameters.at(axis.tensor);
      if (!weight.grad().defined()) continue;
      std::vector<double> values =
          numbers(rows_along(weight.detach() * weight.grad(), axis.axis).sum(1));
      for (size_t i = 0; i < values.size(); ++i)
        if (axis.atoms[i] >= 0) gates[static_cast<size_t>(axis.atoms[i])] += values[i];
    }
    for (size_t atom = 0; atom < sums.size(); ++atom) sums[atom] += gates[atom] * gates[atom];
    ++batches;
  });
  if (batches == 0) fail(Kind::data, "not one batch came to measure importance with");
  for (double& sum : sums) sum /= static_cast<double>(batches);
  return sums;
}

}  // namespace espalier
