#include "espalier/nn/recalibrate.h"

#include "espalier/core/error.h"
#include "espalier/nn/norms.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// Cumulative averaging for as long as it lives.
class Averaging {
 public:
  explicit Averaging(const std::vector<NamedNorm>& norms) : norms_(norms) {
    for (const NamedNorm& norm : norms_) {
      momenta_.push_back(set_momentum(*norm.module, std::nullopt));
      // num_batches_tracked 0: the first batch weighs 1, and no old value is left.
      for (torch::Tensor& buffer : norm.module->buffers()) buffer.zero_();
      norm.module->train();
    }
  }
  Averaging(const Averaging&) = delete;
  Averaging& operator=(const Averaging&) = delete;
  ~Averaging() {
    for (size_t i = 0; i < norms_.size(); ++i) set_momentum(*norms_[i].module, momenta_[i]);
  }

 private:
  const std::vector<NamedNorm>& norms_;
  std::vector<std::optional<double>> momenta_;
};

}  // namespace

int64_t recalibrate_norms(torch::nn::Module& net, const std::function<bool()>& forward_next) {
  torch::NoGradGuard no_grad;
  NormScope scope(net);
  net.eval();
  Averaging averaging(scope.norms());
  int64_t batches = 0;
  try {
    while (forward_next()) ++batches;
  } catch (const c10::Error& error) {
    std::string_view text = error.what_without_backtrace();
    if (text.find("more than 1 value per channel") == std::string_view::npos) throw;
    fail(Kind::data, "recalibrating norms, batch {}: {}; give larger batches or images", batches,
         text);
  }
  if (batches == 0) fail(Kind::data, "recalibrating norms: there was no batch");
  scope.keep_new_statistics();
  return batches;
}

}  // namespace espalier
