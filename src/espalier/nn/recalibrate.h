// Fresh statistics for the batch norms of a network whose weights were changed behind their back:
// averaged, pruned, or trained in too small batches.
//
//   recalibrate_norms(*net, [&] {
//     std::optional<Batch> batch = loader.next();
//     if (batch) net->forward(images_of(*batch));
//     return batch.has_value();
//   });
#pragma once

#include <cstdint>
#include <functional>

namespace torch::nn {
class Module;
}

namespace espalier {

// Calls `forward_next` until it returns false; each call runs one batch through the network. After
// T batches
//   running_mean = 1/T sum mu_t     running_var = 1/T sum v_t m_t / (m_t - 1)
// where mu_t and v_t are the mean and the biased variance of batch t over its m_t = N H W values
// (each batch weighs the same: give full ones). This is PyTorch's momentum = None. During a batch
// the norms normalise by its own statistics, as in training, while the rest of the network
// (dropout) is in eval mode; no gradients are recorded. Momentum, mode and, when no batch came or
// an error passes through, the old statistics come back.
//
// Returns T. Throws Error(data) when no batch came, or one has a single value a channel.
int64_t recalibrate_norms(torch::nn::Module& net, const std::function<bool()>& forward_next);

}  // namespace espalier
