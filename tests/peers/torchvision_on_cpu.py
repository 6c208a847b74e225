"""Import this before torchvision (or timm) where torch is the plain CPU wheel.

torchvision's compiled operators are then not registered, and its Python refuses to import because it describes two of
them (nms, qnms). Declaring the two is enough: the models use neither.
"""
import torch

_declared = torch.library.Library("torchvision", "FRAGMENT")
for _name in ("nms", "qnms"):
    try:
        _declared.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass  # the compiled operators are there
