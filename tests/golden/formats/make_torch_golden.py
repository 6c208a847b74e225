"""Files of torch.save in both of its forms, and the same tensors as safetensors.

    python make_torch_golden.py          # torch 2.13.0, safetensors 0.8.0

Every type, views of one storage, tensors whose numbers do not lie in a row, and the values beside tensors that
checkpoints hold. torch_tensors.safetensors has each tensor under its path, its numbers in a row.
"""
import collections
import pathlib

import safetensors.torch
import torch

here = pathlib.Path(__file__).parent
torch.manual_seed(0)
TYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]

base = torch.arange(24, dtype=torch.float32) / 7
state = collections.OrderedDict()
for name in TYPES:
    state[f"types.{name}"] = (torch.arange(6).reshape(2, 3) - 2).to(getattr(torch, name))
state["views.whole"] = base
state["views.tail"] = base[20:]
state["views.transposed"] = base.view(4, 6).t()
state["views.steps"] = base[1::5]
state["views.expanded"] = base[:3].view(3, 1).expand(3, 4)
state["views.alike"] = state["views.whole"]
state["conv.weight"] = torch.randn(2, 3, 3, 3).to(memory_format=torch.channels_last)
state["conv.bias"] = torch.nn.Parameter(torch.randn(2))
state["scalar"] = torch.tensor(-1.5)
state["empty"] = torch.zeros(0, 3)
state["counter"] = torch.tensor(12345678901)
state._metadata = collections.OrderedDict([("", {"version": 1}), ("conv", {"version": 2})])

checkpoint = {
    "epoch": 300, "best_prec1": 91.75, "arch": "résnet", "resumed": False, "scaler": None, "large": -(1 << 40),
    "state_dict": state,
    "optimizer": {"state": {0: {"step": torch.tensor(7.0), "exp_avg": torch.randn(2)}},
                  "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 1, 2]}]},
    "shape": torch.Size([3, 4]),
    "both": [torch.ones(2), (torch.zeros(1, dtype=torch.int32), "text")],
}
torch.save(checkpoint, here / "torch_zip.pth")
torch.save(checkpoint, here / "torch_protocol4.pth", pickle_protocol=4)
torch.save(checkpoint, here / "torch_legacy.pth", _use_new_zipfile_serialization=False)


def flat(value, name=""):
    if isinstance(value, torch.Tensor):
        yield name, value.detach().contiguous().clone()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from flat(item, f"{name}.{i}" if name else str(i))


safetensors.torch.save_file(dict(flat(checkpoint)), here / "torch_tensors.safetensors")
