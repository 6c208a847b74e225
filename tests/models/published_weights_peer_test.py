"""Published weights score as published. Needs ESPALIER_DATA; each part is left out, and says so, where its files are not.

CIFAR-10's resnet20 (option A shortcuts): 0.917 on the lossless pictures, 0.81 to 0.83 on the JPEG ones here.
EfficientNet-Lite0 with ImageNet weights: monarch (323), cabbage butterfly (324) and admiral (321) among the photographs
of butterfly10 come out right for nearly every one. So they do by SqueezeNet 1.0, whose published file is Caffe's weights in
the form of deep compression (Han et al. 2016, arXiv 1510.00149), unfolded here: a codebook of 256 values, biases, a code for
each weight that is not zero, and four bits that say how far the next such weight is.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

data = pathlib.Path(os.environ.get("ESPALIER_DATA", "none"))
binary = os.environ["ESPALIER_BINARY"]


def ours(*words):
    out = subprocess.run([binary, *map(str, words), "--json", "--quiet"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def cifar(published, pictures, folder):
    classes = sorted(p.name for p in (pictures / "test").iterdir())
    ours("convert", published, folder, "--classes", ",".join(classes))
    accuracy = ours("eval", folder, "--data", pictures, "--split", "test")["accuracy"]
    print("resnet20 on JPEG CIFAR-10: accuracy", accuracy)
    assert 0.80 <= accuracy <= 0.86, accuracy


def unfold(published, path):
    """SqueezeNet's compressed weights as a state_dict of torchvision's net, for images in RGB."""
    import numpy as np
    import torch
    import torchvision_on_cpu  # noqa: F401
    import torchvision

    net = torchvision.models.squeezenet1_0()
    convolutions = [module for module in net.modules() if isinstance(module, torch.nn.Conv2d)]
    data = published.read_bytes()
    at = 4 * len(convolutions)

    def take(dtype, count):
        nonlocal at
        values = np.frombuffer(data, dtype, count, at)
        at += values.nbytes
        return values

    for module, used in zip(convolutions, np.frombuffer(data, np.uint32, len(convolutions)).tolist()):
        codebook, bias = take(np.float32, 256), take(np.float32, module.bias.numel())
        codes, gaps = take(np.uint8, used), take(np.uint8, (used + 1) // 2)
        gaps = np.stack([gaps % 16, gaps // 16], 1).reshape(-1)[:used].astype(np.int64)
        weight = np.zeros(module.weight.numel(), np.uint8)
        weight[np.cumsum(gaps + 1) - 1] = codes
        module.weight.data = torch.from_numpy(codebook[weight]).view_as(module.weight)
        module.bias.data = torch.from_numpy(bias.copy())
    assert at == len(data), (at, len(data))
    convolutions[0].weight.data = convolutions[0].weight.data.flip(1)  # Caffe's channels are BGR
    torch.save(net.state_dict(), path)


def squeezenet(published, pictures, folder):
    path = folder.with_name("squeezenet1_0.pth")
    unfold(published, path)
    scale = ",".join([repr(1 / 255)] * 3)
    butterflies(path, pictures, folder, "--mean", ",".join(repr(v / 255) for v in (123, 117, 104)), "--std", scale)


def butterflies(published, pictures, folder, *flags):
    ours("convert", published, folder, *flags)
    for species, meant in (("001", "323"), ("008", "324"), ("009", "321")):
        photos = sorted(pictures.glob(f"img/{species}*.jpg"))
        records = ours("predict", folder, *photos)["predictions"]
        right = sum(record["answers"][0]["class"] == meant for record in records)
        print(f"{published.name} on butterfly10, species {species}: {right} of {len(photos)} are class {meant}")
        assert len(photos) > 50 and right >= 0.85 * len(photos), species


ran = False
for check, published, pictures in (
        (cifar, "weights/cifar10_resnet/resnet20-12fca82f.th", "cifar10_jpg"),
        (squeezenet, "weights/squeezenet/compressed_SqueezeNet.net", "butterfly10"),
        (butterflies, "**/efficientnet-lite0-57934424.pth", "butterfly10")):
    found = sorted(data.glob(published))
    if not found or not (data / pictures).exists():
        print(f"left out: ESPALIER_DATA holds no {published} and {pictures}")
        continue
    with tempfile.TemporaryDirectory() as place:
        check(found[0], data / pictures, pathlib.Path(place) / "model")
    ran = True
sys.exit(0 if ran else 77)
