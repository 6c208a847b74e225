"""Weights in and out: files that PyTorch writes give the same logits here, ours load there strictly.

resnet18 is torchvision's; EfficientNet-Lite0 is timm's, renamed to EfficientNet-PyTorch's names, under which its
published weights stand. Weights come from the formula of formula.py.
"""
import collections
import json
import os
import pathlib
import re
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

ENDS = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
FIRST = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
OTHERS = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
          "conv_pwl": "_project_conv", "bn3": "_bn2"}


def efficientnet_pytorch(state):
    """timm's names to those of EfficientNet-PyTorch, which counts blocks through all stages."""
    blocks = list(dict.fromkeys(m[0] for m in (re.match(r"blocks\.\d+\.\d+", k) for k in state) if m))
    renamed = collections.OrderedDict()
    for name, value in state.items():
        block = re.match(r"(blocks\.\d+\.\d+)\.(\w+)\.(.*)", name)
        if block:
            i = blocks.index(block[1])
            renamed[f"_blocks.{i}.{(OTHERS if i else FIRST)[block[2]]}.{block[3]}"] = value
        else:
            layer, rest = name.split(".", 1)
            renamed[f"{ENDS[layer]}.{rest}"] = value
    return renamed


def prefixed(state):
    return {"epoch": 3, "best": 0.5, "state_dict": collections.OrderedDict((f"module.{k}", v) for k, v in state.items())}


def ours(*words):
    subprocess.run([os.environ["ESPALIER_BINARY"], "convert", *map(str, words), "--quiet"], check=True)


def expect_logits(path, net):
    subprocess.run(["tests/tests_models", "--gtest_filter=PeerWeights.*"], check=True, stdout=subprocess.DEVNULL,
                   env=os.environ | {"ESPALIER_PEER_WEIGHTS": str(path)})
    logits = torch.tensor(json.loads(pathlib.Path(f"{path}.json").read_text())).view(2, -1)
    with torch.no_grad():
        theirs = net(torch.from_numpy(input_images((2, 3, 64, 64))))
    difference = (logits - theirs).abs().max().item() / theirs.abs().max().item()
    print(f"{path.name}: logits differ by {difference:.1e} of the largest")
    assert difference < 1e-4, path


def expect_state(what, state, net):
    own = net.state_dict()
    net.load_state_dict(state, strict=True)
    assert list(state) == list(own) or set(state) == set(own), what
    for name, value in own.items():
        assert torch.equal(value, state[name]) and value.dtype == state[name].dtype, (what, name)
    print(f"{what}: {len(state)} tensors, strictly and to the bit")


def check(place, name, net, rename):
    net.eval()
    with torch.no_grad():
        fill_module(net, gain=0.9 if "lite" in name else 0.5)
    state = net.state_dict()
    for form, legacy, value in (("plain", False, rename(state)), ("plain_legacy", True, rename(state)),
                                ("prefixed", False, prefixed(rename(state))),
                                ("prefixed_legacy", True, prefixed(rename(state)))):
        path = place / f"{name}_{form}.pth"
        torch.save(value, path, _use_new_zipfile_serialization=not legacy)
        expect_logits(path, net)

    given = place / f"{name}_prefixed_legacy.pth"
    ours(given, place / f"{name}.pth")
    expect_state(f"{name}.pth by torch.load", torch.load(place / f"{name}.pth", weights_only=True), net)
    ours(given, place / f"{name}.safetensors")
    expect_state(f"{name}.safetensors by safetensors", safetensors.torch.load_file(place / f"{name}.safetensors"), net)
    ours(given, place / name)
    theirs = timm.create_model(f"local-dir:{place / name}", pretrained=True)  # strict by default
    expect_state(f"the folder {name} by timm", theirs.state_dict(), net)
    config = timm.data.resolve_data_config({}, model=theirs)
    expected = (127 / 255, 128 / 255) if "lite" in name else (0.485, 0.229)
    assert abs(config["mean"][0] - expected[0]) < 1e-9 and abs(config["std"][0] - expected[1]) < 1e-9, config
    assert config["crop_pct"] == 0.875, config
    # Once more around: what we wrote, read by us.
    ours(place / name, place / f"{name}_again.pth")
    expect_state(f"{name} there and back", torch.load(place / f"{name}_again.pth", weights_only=True), net)


def check_timms_names(place, name):
    """A net that has torchvision's names here, with the state dict that timm's has."""
    net = timm.create_model(name, num_classes=5).eval()
    with torch.no_grad():
        fill_module(net, gain=0.5)
    torch.save(net.state_dict(), place / f"{name}.pth")
    expect_logits(place / f"{name}.pth", net)


with tempfile.TemporaryDirectory() as place:
    for name in ("convnext_tiny", "regnety_004", "regnety_016", "mobilenetv2_100"):
        check_timms_names(pathlib.Path(place), name)
    check(pathlib.Path(place), "resnet18", torchvision.models.resnet18(num_classes=5), lambda state: state)
    check(pathlib.Path(place), "tf_efficientnet_lite0", timm.create_model("tf_efficientnet_lite0", num_classes=5),
          efficientnet_pytorch)
