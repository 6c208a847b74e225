#include "espalier/nn/norm_act.h"

#include <cmath>

#include <torch/csrc/jit/frontend/tracer.h>

#include "espalier/nn/norm_kernels.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor rectified(Tensor y, Rectifier rectifier) {
  if (rectifier == Rectifier::relu) return torch::relu(y);
  if (rectifier == Rectifier::relu6) return torch::relu6(y);
  return y;
}

Tensor by_operators(torch::nn::BatchNorm2dImpl& norm,
                    const Tensor& x,
                    Rectifier rectifier,
                    const Tensor& addend) {
  Tensor y = norm.forward(x);
  return rectified(addend.defined() ? y + addend : y, rectifier);
}

bool is_plain_fp32(const Tensor& tensor) {
  return tensor.defined() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous() &&
         tensor.device().is_cpu();
}

bool suits_kernels(const torch::nn::BatchNorm2dImpl& norm, const Tensor& x, const Tensor& addend) {
  if (torch::jit::tracer::isTracing()) return false;
  bool half = x.scalar_type() == at::kBFloat16;
  if (!x.device().is_cpu() || x.dim() != 4 || !(half || x.scalar_type() == at::kFloat) ||
      x.layout() != at::kStrided || x.numel() == 0 ||
      !x.is_contiguous(at::MemoryFormat::ChannelsLast))
    return false;
  if (addend.defined() && (addend.scalar_type() != x.scalar_type() || addend.sizes() != x.sizes()))
    return false;
  if (!is_plain_fp32(norm.weight) || !is_plain_fp32(norm.bias) ||
      !is_plain_fp32(norm.running_mean) || !is_plain_fp32(norm.running_var) ||
      norm.weight.numel() != x.size(1))
    return false;
  // One value a channel has no variance: the norm itself says so.
  return !norm.is_training() ||
         (x.numel() > x.size(1) && norm.options.momentum() && norm.num_batches_tracked.defined());
}

// What a call needs beside the tensors that have gradients.
struct Call {
  Rectifier rectifier;
  bool training;
  double eps, momentum;
  Tensor running_mean, running_var;
};

template <class Run>
void by_type(const Tensor& x, const Run& run) {
  if (x.scalar_type() == at::kFloat) return run(float{});
  run(c10::BFloat16{});
}

// Null for an undefined tensor.
template <class T>
T* data(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

Extent extent_of(const Tensor& x) {
  return {x.numel() / x.size(1), x.size(1)};
}

// Rows of the small tensor that goes from the forward to the backward pass.
enum Row { kMean, kInverse, kScale, kShift, kRows };

// Mean and 1 / deviation into the first two rows; in training of this batch, which the running
// statistics then take up as BatchNorm2d does, with the unbiased variance.
void take_statistics(const Tensor& x, const Call& call, float* rows) {
  Extent extent = extent_of(x);
  int64_t channels = extent.channels;
  float *mean = rows + kMean * channels, *inverse = rows + kInverse * channels;
  float *running_mean = data<float>(call.running_mean),
        *running_var = data<float>(call.running_var);
  if (call.training) {
    by_type(x, [&]<class T>(T) { channel_moments(data<T>(x), extent, mean, inverse); });
    double n = static_cast<double>(extent.rows), unbiased = n / (n - 1), m = call.momentum;
    for (int64_t c = 0; c < channels; ++c) {
      running_mean[c] = static_cast<float>((1 - m) * running_mean[c] + m * mean[c]);
      running_var[c] = static_cast<float>((1 - m) * running_var[c] + m * unbiased * inverse[c]);
    }
  } else {
    std::copy_n(running_mean, channels, mean);
    std::copy_n(running_var, channels, inverse);
  }
  for (int64_t c = 0; c < channels; ++c)
    inverse[c] = static_cast<float>(1 / std::sqrt(inverse[c] + call.eps));
}

// Fills `rows` (kRows x channels); the result is new.
Tensor compute(const Tensor& x,
               const Tensor& weight,
               const Tensor& bias,
               const Tensor& addend,
               const Call& call,
               const Tensor& rows) {
  int64_t channels = x.size(1);
  float* row = data<float>(rows);
  take_statistics(x, call, row);
  const float *gamma = data<float>(weight), *beta = data<float>(bias);
  float *scale = row + kScale * channels, *shift = row + kShift * channels;
  for (int64_t c = 0; c < channels; ++c) {
    scale[c] = gamma[c] * row[kInverse * channels + c];
    shift[c] = beta[c] - row[kMean * channels + c] * scale[c];
  }
  Tensor y = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast);
  by_type(x, [&]<class T>(T) {
    scale_and_rectify(data<T>(x), data<T>(addend), scale, shift, call.rectifier, data<T>(y),
                      extent_of(x));
  });
  return y;
}

// What goes from the forward to the backward pass.
struct Saved {
  Tensor x, weight, bias, rows, y;  // y only where x alone does not tell what the rectifier did
  Rectifier rectifier;
  bool training;
  double eps;
};

struct Wanted {
  bool x, affine, addend;
};

variable_list gradients(const Saved& saved, const Tensor& dy, const Wanted& wanted) {
  Extent extent = extent_of(saved.x);
  int64_t channels = extent.channels;
  const float* row = data<float>(saved.rows);
  const float *mean = row + kMean * channels, *inverse = row + kInverse * channels,
              *scale = row + kScale * channels;
  bool closes = saved.rectifier != Rectifier::none;
  bool sums_wanted = wanted.affine || (wanted.x && saved.training);
  Tensor dx, dweight, dbias, dz;
  if (wanted.addend) dz = closes ? at::empty_like(saved.x) : dy;

  by_type(saved.x, [&]<class T>(T) {
    Opened<T> in = {.dy = data<T>(dy),
                    .x = data<T>(saved.x),
                    .y = data<T>(saved.y),
                    .scale = scale,
                    .shift = row + kShift * channels,
                    .rectifier = saved.rectifier};
    T* dz_data = closes ? data<T>(dz) : nullptr;
    std::vector<double> sum(static_cast<size_t>(channels)), product(sum.size());
    if (sums_wanted) {
      gradient_sums(in, mean, extent, dz_data, sum.data(), product.data());
      if (dz_data) {
        in = {.dy = dz_data,
              .x = in.x,
              .y = nullptr,
              .scale = scale,
              .shift = in.shift,
              .rectifier = Rectifier::none};
        dz_data = nullptr;
      }
    }
    if (wanted.affine) {
      dweight = at::empty_like(saved.weight);
      dbias = at::empty_like(saved.bias);
      for (int64_t c = 0; c < channels; ++c) {
        size_t i = static_cast<size_t>(c);
        data<float>(dweight)[c] = static_cast<float>(product[i] * inverse[c]);
        data<float>(dbias)[c] = static_cast<float>(sum[i]);
      }
    }
    if (!wanted.x && !dz_data) return;
    // dx = scale * (dz - mean(dz) - xhat * mean(dz * xhat)); with given statistics scale * dz.
    std::vector<float> slope(sum.size()), offset(sum.size());
    for (int64_t c = 0; c < channels; ++c) {
      size_t i = static_cast<size_t>(c);
      double share = scale[c] / static_cast<double>(extent.rows);
      slope[i] = static_cast<float>(share * product[i] * inverse[c] * inverse[c]);
      offset[i] = static_cast<float>(share * sum[i]);
    }
    dx = at::empty_like(saved.x);
    input_gradient(in, mean, scale, saved.training ? slope.data() : nullptr, offset.data(), extent,
                   data<T>(dx), dz_data);
  });
  return {dx, dweight, dbias, dz};
}

// The same from operators that have derivatives themselves.
variable_list differentiable_gradients(const Saved& saved, const Tensor& dy, const Wanted& wanted) {
  Tensor mean = saved.rows[kMean], variance = saved.rows[kInverse].pow(-2) - saved.eps;
  Tensor y = at::batch_norm(saved.x, saved.weight, saved.bias, saved.training ? Tensor() : mean,
                            saved.training ? Tensor() : variance, saved.training, 0, saved.eps,
                            /*cudnn_enabled=*/false);
  const Tensor& z = saved.y.defined() ? saved.y : y;
  Tensor dz = dy;
  if (saved.rectifier != Rectifier::none) {
    Tensor open = z.detach() > 0;
    if (saved.rectifier == Rectifier::relu6) open = open & (z.detach() < 6);
    dz = dy * open;
  }
  std::vector<Tensor> inputs;
  for (const Tensor& input : {saved.x, saved.weight, saved.bias})
    if (input.requires_grad()) inputs.push_back(input);
  variable_list found = inputs.empty()
                            ? variable_list()
                            : torch::autograd::grad({y}, inputs, {dz}, /*retain_graph=*/true,
                                                    /*create_graph=*/true);
  variable_list all;
  size_t next = 0;
  for (const Tensor& input : {saved.x, saved.weight, saved.bias})
    all.push_back(input.requires_grad() ? found[next++] : Tensor());
  all.push_back(wanted.addend ? dz : Tensor());
  return all;
}

struct NormAct : torch::autograd::Function<NormAct> {
  static Tensor forward(AutogradContext* context,
                        const Tensor& x,
                        const Tensor& weight,
                        const Tensor& bias,
                        const std::optional<Tensor>& addend,
                        const Call& call) {
    Tensor rows = at::empty({kRows, x.size(1)}, at::kFloat);
    Tensor y = compute(x, weight, bias, addend.value_or(Tensor()), call, rows);
    bool keep = addend && call.rectifier != Rectifier::none;
    context->save_for_backward({x, weight, bias, rows, keep ? y : Tensor()});
    context->saved_data["addend"] = addend.has_value();
    context->saved_data["rectifier"] = static_cast<int64_t>(call.rectifier);
    context->saved_data["training"] = call.training;
    context->saved_data["eps"] = call.eps;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list arrived) {
    variable_list tensors = context->get_saved_variables();
    Saved saved = {.x = tensors[0],
                   .weight = tensors[1],
                   .bias = tensors[2],
                   .rows = tensors[3],
                   .y = tensors[4],
                   .rectifier = static_cast<Rectifier>(context->saved_data["rectifier"].toInt()),
                   .training = context->saved_data["training"].toBool(),
                   .eps = context->saved_data["eps"].toDouble()};
    Wanted wanted = {
        .x = context->needs_input_grad(0),
        .affine = context->needs_input_grad(1) || context->needs_input_grad(2),
        .addend = context->saved_data["addend"].toBool() && context->needs_input_grad(3)};
    if (!arrived[0].defined()) return variable_list(5);
    variable_list result;
    if (at::GradMode::is_enabled())
      result = differentiable_gradients(saved, arrived[0], wanted);
    else
      result = gradients(saved, arrived[0].contiguous(at::MemoryFormat::ChannelsLast), wanted);
    result.emplace_back();  // of the call's settings
    return result;
  }
};

}  // namespace

Tensor norm_act(torch::nn::BatchNorm2d& norm,
                const Tensor& x,
                Rectifier rectifier,
                const Tensor& addend) {
  if (!suits_kernels(*norm, x, addend)) return by_operators(*norm, x, rectifier, addend);
  Call call = {.rectifier = rectifier,
               .training = norm->is_training(),
               .eps = norm->options.eps(),
               .momentum = norm->options.momentum().value_or(0),
               .running_mean = norm->running_mean,
               .running_var = norm->running_var};
  if (call.training) norm->num_batches_tracked += 1;
  std::optional<Tensor> aligned;
  if (addend.defined()) aligned = addend.contiguous(at::MemoryFormat::ChannelsLast);
  if (at::GradMode::is_enabled() &&
      (x.requires_grad() || norm->weight.requires_grad() || norm->bias.requires_grad() ||
       (addend.defined() && addend.requires_grad())))
    return NormAct::apply(x, norm->weight, norm->bias, aligned, call);
  return compute(x, norm->weight, norm->bias, aligned.value_or(Tensor()), call,
                 at::empty({kRows, x.size(1)}, at::kFloat));
}

}  // namespace espalier
