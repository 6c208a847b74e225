// The small residual networks for 32 x 32 pictures (He et al. 2015, arXiv 1512.03385, section 4.2):
// 6n + 2 layers, three stages of n blocks with 16, 32 and 64 channels. Parameter names of the
// well-known PyTorch port (layer2.0.conv1.weight, linear.bias), so its published weights load.
//
//   ImageModelPtr net = make_cifar_resnet({.blocks = 3, .in_channels = 1});   // resnet20 for
//   Fashion-MNIST
#pragma once

#include <cstdint>
#include <string>

#include "espalier/core/fields.h"
#include "espalier/models/model.h"

namespace espalier {

struct CifarResNetConfig {
  int64_t blocks = 3;  // residual blocks a stage: 3, 5, 9 give resnet20, 32, 56
  int64_t width = 16;  // channels of the first stage; doubles with each stage
  int64_t classes = 10;
  int64_t in_channels = 3;
  // Where the stride changes: "pad" takes every second pixel and pads the new channels with zeros
  // (the paper's option A, no parameters); "conv" projects by a strided 1x1 convolution and a norm
  // (option B).
  std::string shortcut = "pad";
  // Off, as in the paper: a short training that begins so never catches up.
  bool zero_init_last_gamma = false;
};
Fields fields(CifarResNetConfig& config);

// Any image size. features() gives the maps at strides 1, 2 and 4. Leaves `name` empty: make_model
// sets it.
ImageModelPtr make_cifar_resnet(const CifarResNetConfig& config);

}  // namespace espalier
