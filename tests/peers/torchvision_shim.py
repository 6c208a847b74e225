"""Import before torchvision, where torch is a CPU build and torchvision came from the default package index.

That torchvision's compiled operators want CUDA libraries and do not load; then its Python half fails to import
("operator torchvision::nms does not exist"). Declaring the two operators for which it registers Python code without
looking is enough: models and transforms call neither. Where the operators load, nothing happens.

    import torchvision_shim  # noqa: F401  (first)
    import torchvision
"""

import importlib.util
import pathlib

import torch

_folder = pathlib.Path(importlib.util.find_spec("torchvision").origin).parent
try:
    torch.ops.load_library(next(_folder.glob("_C*.so")))
except (OSError, StopIteration):
    _library = torch.library.Library("torchvision", "DEF")  # lives as long as this module
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
