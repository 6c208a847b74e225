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
    at::Tensor numbers = tensor.contiguous();
    copy(memory(plain, engine(), const_cast<void*>(numbers.const_data_ptr())), target);
    if (tensor.numel() > 1) tensor = at::zeros({}).expand(tensor.sizes());
  } else {
    copy(row.packed.front(), target);
  }
  row.packed.push_back(target);
  return target;
}

at::Tensor Weights::unpacked(const std::string& name, at::IntArrayRef shape) const {
  const Row& row = rows_.at(name);
  at::Tensor numbers = at::empty(shape, at::kFloat);
  copy(row.packed.front(), memory(row.plain, engine(), numbers.mutable_data_ptr()));
  return numbers;
}

}  // namespace espalier::onednn
