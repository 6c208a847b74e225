"""The well-known CIFAR-10 weights of resnet20 (option A shortcuts), read by ours under their own names.

The weights score 0.917 on the lossless pictures and 0.81 to 0.83 on the JPEG ones here. Needs ESPALIER_DATA.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

data = pathlib.Path(os.environ.get("ESPALIER_DATA", ""))
published = data / "weights" / "cifar10_resnet" / "resnet20-12fca82f.th"
pictures = data / "cifar10_jpg"
if "ESPALIER_DATA" not in os.environ or not published.exists() or not pictures.exists():
    print("skipped: ESPALIER_DATA holds no weights/cifar10_resnet and cifar10_jpg")
    sys.exit(77)

import safetensors.torch  # noqa: E402
import torch  # noqa: E402

state = torch.load(published, map_location="cpu", weights_only=True)["state_dict"]
classes = sorted(p.name for p in (pictures / "test").iterdir())
config = {"architecture": "resnet20", "num_classes": 10, "label_names": classes,
          "pretrained_cfg": {"input_size": [3, 32, 32], "crop_mode": "squash",
                             "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    safetensors.torch.save_file({k.removeprefix("module."): v.contiguous() for k, v in state.items()},
                                folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    out = subprocess.run([os.environ["ESPALIER_BINARY"], "eval", folder, "--data", pictures, "--split", "test", "--json"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
accuracy = json.loads(out.strip().splitlines()[-1])["accuracy"]
print("accuracy", accuracy)
assert 0.80 <= accuracy <= 0.86, accuracy
