// Where numbers stopped being finite, in words: which parameter, how many of its values.
//
//   if (!std::isfinite(norm)) fail(Kind::data, "{}", nonfinite_gradients(module));
#pragma once

#include <string>

namespace torch::nn {
class Module;
}

namespace espalier {

// "layer1.0.conv1.weight (3 of 2304 values)" for the first parameter or buffer, in the module's
// order, that holds a NaN or an infinity, with "and 4 more" behind it; empty when all are finite.
std::string nonfinite_weights(const torch::nn::Module& module);

// The same for gradients, but the last in the module's order: a gradient runs backward, so this is
// the one nearest to where it broke.
std::string nonfinite_gradients(const torch::nn::Module& module);

}  // namespace espalier
