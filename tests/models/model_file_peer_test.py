"""Our model.safetensors + config.json in the hands of the originals: strict names, and the same logits.

resnet50 goes to torchvision through safetensors, resnet18 to timm, which gets the folder and nothing else; the other
way round, folders that timm wrote are read by ours. (That every model has the original's names and logits is
golden_test's to show.)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
import torchvision_on_cpu  # noqa: F401
import safetensors.torch
import timm
import torchvision

sys.path.append(str(pathlib.Path(__file__).parent.parent / "golden"))
from formula import fill_module, input_images  # noqa: E402


def run_ours(folder, model):
    """Has tests_models write (or, when there is one, read) the model in `folder`; returns the logits it saw."""
    subprocess.run(["tests/tests_models", "--gtest_filter=PeerFiles.*"], check=True, stdout=subprocess.DEVNULL,
                   env=os.environ | {"ESPALIER_PEER_FOLDER": str(folder), "ESPALIER_PEER_MODEL": model})
    return torch.tensor(json.loads((folder / "logits.json").read_text())).view(2, -1)


def expect_same(what, ours, net):
    net.eval()
    with torch.no_grad():
        theirs = net(torch.from_numpy(input_images((2, 3, 64, 64))))
    difference = (ours - theirs).abs().max().item() / theirs.abs().max().item()
    print(f"{what}: logits differ by {difference:.1e} of the largest")
    assert difference < 1e-4, what


def ours_in_torchvision(folder):
    ours = run_ours(folder, "resnet50")
    config = json.loads((folder / "config.json").read_text())
    net = getattr(torchvision.models, config["architecture"])(num_classes=config["num_classes"])
    net.load_state_dict(safetensors.torch.load_file(folder / "model.safetensors"), strict=True)
    expect_same("torchvision reads ours", ours, net)


def ours_in_timm(folder):
    ours = run_ours(folder, "resnet18")
    net = timm.create_model(f"local-dir:{folder}", pretrained=True)  # strict by default
    config = timm.data.resolve_data_config({}, model=net)
    assert config["crop_mode"] == "squash" and list(config["input_size"]) == [3, 32, 32], config
    assert abs(config["mean"][1] - 0.45) < 1e-12, config
    assert net.pretrained_cfg["label_names"] == ["ash", "birch", "cedar"]
    expect_same("timm reads ours", ours, net)


def timms_in_ours(folder, name, **arguments):
    net = timm.create_model(name, num_classes=4, **arguments)
    with torch.no_grad():
        fill_module(net)
    timm.models.save_for_hf(net, folder, safe_serialization=True)
    assert not (folder / "logits.json").exists()
    expect_same(f"ours reads timm's {name}", run_ours(folder, name), net)


checks = [ours_in_torchvision, ours_in_timm]
checks += [lambda folder, name=name: timms_in_ours(folder, name)
           for name in ("resnet34", "mobilenetv1_100", "tf_efficientnet_lite0")]
checks += [lambda folder: timms_in_ours(folder, "vit_small_patch16_224", dynamic_img_size=True)]
for check in checks:
    with tempfile.TemporaryDirectory() as place:
        check(pathlib.Path(place))
