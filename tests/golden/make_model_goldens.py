"""Writes models.json: parameter counts and logits of the Python originals with weights by formula (formula.py).

    python tests/golden/make_model_goldens.py          # torch 2.13.0, torchvision 0.28.0, timm 1.0.31, pytorchcv 0.0.74

The photograph ResNets, MobileNetV2, ShuffleNetV2, SqueezeNet, RegNet and ConvNeXt are torchvision's; MobileNetV1, EfficientNet-Lite
and the vision transformer timm's. The CIFAR ones are pytorchcv's, which projects its shortcuts (option B, our
shortcut = "conv"); option A has no published original that installs, and is tested against option B instead.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "peers")]
import torch  # noqa: E402
import torchvision_on_cpu  # noqa: E402,F401
import timm  # noqa: E402
import timm.models.efficientnet as timm_efficientnet  # noqa: E402
import torchvision  # noqa: E402
from pytorchcv.models.resnet_cifar import get_resnet_cifar  # noqa: E402

from formula import fill_module, input_images  # noqa: E402

KEPT = 20  # logits of an image that are stored, evenly spread


def our_cifar_name(name):
    """pytorchcv's name to that of the well-known port: features.stage2.unit1.body.conv1.bn.bias -> layer2.0.bn1.bias."""
    name = re.sub(r"^features\.init_block\.(conv|bn)\.", r"\g<1>1.", name)
    name = re.sub(r"^features\.stage(\d)\.unit(\d+)\.",
                  lambda m: f"layer{m[1]}.{int(m[2]) - 1}.", name)
    name = re.sub(r"body\.conv(\d)\.(conv|bn)\.", r"\g<2>\g<1>.", name)
    name = name.replace("identity_conv.conv.", "shortcut.0.").replace("identity_conv.bn.", "shortcut.1.")
    return name.replace("output.", "linear.")


def golden(name, arguments, net, rename, shapes, gain=0.5):
    net.eval()
    rows = []
    for shape in shapes:
        with torch.no_grad():
            fill_module(net, rename, gain)
            logits = net(torch.from_numpy(input_images(shape))).double()
        step = max(1, logits.shape[1] // KEPT)
        rows.append({"input": list(shape), "step": step, "largest": logits.abs().max().item(),
                     "logits": [[round(v, 7) for v in image[::step].tolist()] for image in logits]})
        print(name, arguments, shape, "largest logit", rows[-1]["largest"])
    return {"model": name, "arguments": arguments, "gain": gain,
            "parameters": sum(p.numel() for p in net.parameters()), "cases": rows}


def photograph_nets():
    """Name, width, gain of the norms (formula.py) and original of each net whose parameter names are ours."""
    for width in (1, 0.35, 1.4):
        yield "mobilenet_v1", width, 0.9, timm_efficientnet._gen_mobilenet_v1("mobilenetv1_100", width)
        yield "mobilenet_v2", width, 0.9, torchvision.models.mobilenet_v2(width_mult=width)
    for i in range(5):
        for name in (f"efficientnet_lite{i}", f"tf_efficientnet_lite{i}"):
            yield name, 1, 0.9, timm.create_model(name)
    for width in ("x0_5", "x1_0", "x1_5", "x2_0"):
        name = f"shufflenet_v2_{width}"
        yield name, 1, 0.9, getattr(torchvision.models, name)()
    for name in ("squeezenet1_0", "squeezenet1_1"):
        yield name, 1, 0.5, getattr(torchvision.models, name)()
    for name in ("regnet_y_400mf", "regnet_y_1_6gf", "convnext_tiny"):
        yield name, 1, 0.5, getattr(torchvision.models, name)()
    yield "vit_small", 1, 0.5, timm.create_model("vit_small_patch16_224", dynamic_img_size=True,
                                                dynamic_img_pad=True)


def main():
    goldens = []
    for name in ("resnet18", "resnet34", "resnet50", "resnet101"):
        goldens.append(golden(name, {}, getattr(torchvision.models, name)(), lambda n: n,
                              [(2, 3, 64, 64), (1, 3, 97, 65)]))
    for name, depth in (("resnet20", 20), ("resnet32", 32), ("resnet56", 56)):
        for channels in (3, 1):
            net = get_resnet_cifar(num_classes=10, blocks=depth, bottleneck=False, in_channels=channels,
                                   model_name=None)
            # pytorchcv pools a window of 8; ours pools whatever is left, so other sizes work too.
            net.features.final_pool = torch.nn.AdaptiveAvgPool2d(1)
            goldens.append(golden(name, {"shortcut": "conv", "in_channels": channels}, net, our_cifar_name,
                                  [(2, channels, 32, 32), (1, channels, 27, 35)]))
    for name, width, gain, net in photograph_nets():
        shapes = [(2, 3, 64, 64), (1, 3, 97, 65)] + [(1, 3, 224, 224)] * (name == "vit_small")
        goldens.append(golden(name, {"width": width} if width != 1 else {}, net, lambda n: n, shapes, gain))
    lines = ",\n".join(json.dumps(row) for row in goldens)
    (HERE / "models.json").write_text(f"[\n{lines}\n]\n")


main()
