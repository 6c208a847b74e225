"""Weights and inputs by formula: the same numbers here and in tests/models/fill.h, so that no weights are stored.

Element i of the tensor called NAME is made from u = top 24 bits of mix(fnv1a(NAME) + i), in [-1, 1):
  two or more dimensions   u * sqrt(6 / fan_in)      (deviation sqrt(2 / fan_in))
  running_var              1 + u / 2
  running_mean             u / 5
  weight of a norm         gain + u / 5              (1/2: deep residual sums stay bounded; nets without them want more,
                                                      or their logits hardly depend on the images)
  bias                     u / 10
  an input                 u * sqrt(3)               (deviation 1)
All in double, rounded once to float.
"""
import math

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return np.uint64(value)


def signed_uniform(name, count):
    """`count` doubles in [-1, 1)."""
    with np.errstate(over="ignore"):
        z = fnv1a(name) + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0


def filled(name, shape, gain):
    u = signed_uniform(name, math.prod(shape))
    if len(shape) >= 2:
        values = u * math.sqrt(6.0 / math.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 1.0 + u * 0.5
    elif name.endswith("running_mean"):
        values = u * 0.2
    elif name.endswith("weight"):
        values = gain + u * 0.2
    else:
        values = u * 0.1
    return values.astype(np.float32).reshape(shape)


def input_images(shape):
    return (signed_uniform("input", math.prod(shape)) * math.sqrt(3.0)).astype(np.float32).reshape(shape)


def fill_module(module, rename=lambda name: name, gain=0.5):
    """Fills a torch module in place; `rename` gives our name for each of its state_dict's names."""
    import torch

    for name, tensor in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(filled(rename(name), tuple(tensor.shape), gain)))
