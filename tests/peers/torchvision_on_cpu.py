"""Import this before torchvision (or timm) where torch is the plain CPU wheel.

torchvision's compiled operators then do not load, and its Python refuses to import because it describes two of them
(nms, qnms). Declaring the two is enough: models and transforms use neither. Where the operators load, nothing happens.
"""

import importlib.util
import pathlib

import torch

_folder = pathlib.Path(importlib.util.find_spec("torchvision").origin).parent
try:
    torch.ops.load_library(next(_folder.glob("_C*.so")))
except (OSError, StopIteration):
    _declared = torch.library.Library("torchvision", "DEF")  # lives as long as this module
    for _name in ("nms", "qnms"):
        _declared.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
