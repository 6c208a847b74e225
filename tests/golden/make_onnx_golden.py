"""Makes tests/golden/onnx/: a small net by PyTorch's own exporter, with and without its folding, and its logits for the
picture x[i] = sin(i / 10). Run in the peers' environment (tests/peers/requirements.txt)."""

import json
import pathlib

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
folder = pathlib.Path(__file__).parent / "onnx"
net = nn.Sequential(nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU6(),
                    nn.Conv2d(4, 4, 3, groups=4, padding=1), nn.BatchNorm2d(4), nn.SiLU(), nn.MaxPool2d(2),
                    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 3)).eval()
for layer in net:
    if isinstance(layer, nn.BatchNorm2d):
        for values in (layer.weight, layer.running_var):
            nn.init.uniform_(values, 0.5, 1.5)
        for values in (layer.bias, layer.running_mean):
            nn.init.uniform_(values, -0.3, 0.3)
images = torch.from_numpy(np.sin(np.arange(2 * 2 * 12 * 10) / 10).astype(np.float32).reshape(2, 2, 12, 10))
modes = torch.onnx.TrainingMode
for name, mode in (("pytorch_folded", modes.EVAL), ("pytorch_plain", modes.PRESERVE)):
    torch.onnx.export(net, images, folder / f"{name}.onnx", dynamo=False, opset_version=17, training=mode,
                      input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
with torch.no_grad():
    (folder / "pytorch.json").write_text(json.dumps({"logits": net(images).flatten().tolist()}) + "\n")
