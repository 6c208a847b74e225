// The heavy headers of LibTorch, precompiled once. Included by sources only; public headers use
// <ATen/core/Tensor.h> or <torch/nn/module.h> at most.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
