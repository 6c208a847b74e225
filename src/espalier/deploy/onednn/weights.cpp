#include "espalier/deploy/onednn/weights.h"

#include "espalier/tensor/torch.h"

namespace espalier::onednn {

using dnnl::memory;

const dnnl::engine& engine() {
  static const dnnl::engine one(dnnl::engine::kind::cpu, 0);
  return one;
}

memory::desc dense(const memory::dims& dims, memory::data_type type) {
  memory::dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(dims[i], 1);
  return memory::desc(dims, type, strides);
}

namespace {

void copy(const memory& from, const memory& to) {
  dnnl::stream stream(engine());
  dnnl::reorder(from, to).execute(stream, const_cast<memory&>(from), const_cast<memory&>(to));
  stream.wait();
}

}  // namespace

memory Weights::packed(const std::string& name,
                       at::Tensor& tensor,
                       const memory::desc& plain,
                       const memory::desc& wanted) {
  Row& row = rows_[name];
  for (const memory& one : row.packed)
    if (one.get_desc() == wanted) return one;
  memory target(wanted, engine());
  if (row.packed.empty()) {
    row.plain = plain;
    at::Tensor numbers =
        row.whole.defined() ? row.whole.to(at::kFloat) * row.scale : tensor.contiguous();
    copy(memory(plain, engine(), const_cast<void*>(numbers.const_data_ptr())), target);
    if (tensor.numel() > 1) tensor = at::zeros({}).expand(tensor.sizes());
  } else {
    copy(row.packed.front(), target);
  }
  row.packed.push_back(target);
  return target;
}

memory Weights::packed_whole(const std::string& name,
                             at::Tensor& tensor,
                             const Steps& steps,
                             const memory::desc& plain,
                             const memory::desc& wanted) {
  Row& row = rows_[name];
  for (const memory& one : row.packed_whole)
    if (one.get_desc() == wanted) return one;
  if (!row.whole.defined()) {
    std::vector<int64_t> shape(static_cast<size_t>(tensor.dim()), 1);
    if (steps.scale.numel() > 1) shape[static_cast<size_t>(steps.axis)] = -1;
    row.scale = steps.scale.reshape(shape);
    at::Tensor numbers = row.packed.empty() ? tensor : unpacked(name, tensor.sizes());
    row.whole = at::round(numbers / row.scale).to(at::kChar).contiguous();
    if (tensor.numel() > 1) tensor = at::zeros({}).expand(tensor.sizes());
  }
  memory target(wanted, engine());
  copy(memory(plain, engine(), row.whole.mutable_data_ptr()), target);
  row.packed_whole.push_back(target);
  return target;
}

at::Tensor Weights::unpacked(const std::string& name, at::IntArrayRef shape) const {
  const Row& row = rows_.at(name);
  if (row.packed.empty()) return (row.whole.to(at::kFloat) * row.scale).reshape(shape);
  at::Tensor numbers = at::empty(shape, at::kFloat);
  copy(row.packed.front(), memory(row.plain, engine(), numbers.mutable_data_ptr()));
  return numbers;
}

}  // namespace espalier::onednn
