"""The linear probe in the hands of scikit-learn: the same classifier from the same features.

`train classify --probe` runs on the orchard's pictures as files. timm rebuilds the backbone from the run folder and gives
the features of the same pictures; StandardScaler and LogisticRegression are fitted to them at the penalty that ours chose
(C = 1 / (l2 N)), and at each penalty that ours tried.
"""
import json
import os
import pathlib
import subprocess
import tempfile

import numpy
import torch
import torchvision_on_cpu  # noqa: F401
import timm
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SIDE = 64
MODEL = "tf_efficientnet_lite0"


def ours(folder, *words):
    done = subprocess.run([os.environ["ESPALIER_BINARY"], *words, "--quiet", "--json"], check=True, cwd=folder,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def features_of(net, config, folder):
    """Of every picture below `folder`, by name of its class: N x D, N."""
    mean, std = (numpy.array(config[key], numpy.float32) for key in ("mean", "std"))
    names = sorted(place.name for place in folder.iterdir())
    pixels, labels = [], []
    for label, name in enumerate(names):
        for path in sorted((folder / name).iterdir()):
            image = numpy.asarray(Image.open(path).convert("RGB"), numpy.float32) / 255
            assert image.shape == (SIDE, SIDE, 3), image.shape
            pixels.append(((image - mean) / std).transpose(2, 0, 1))
            labels.append(label)
    with torch.no_grad():
        maps = net.forward_features(torch.from_numpy(numpy.stack(pixels)))
        return net.forward_head(maps, pre_logits=True).double().numpy(), numpy.array(labels)


def logistic(features, labels, l2):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (l2 * len(labels)), tol=1e-8, max_iter=20000))
    return model.fit(features, labels)


with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place)
    ours(folder, "data", "orchard", "--out", "pictures", "--size", str(SIDE), "--train", "160", "--val", "80", "--test", "16")
    said = ours(folder, "train", "classify", "--data", "pictures", "--model", MODEL, "--size", str(SIDE), "--resize", "squash",
                "--probe", "--out", "run")
    probe = json.loads((folder / "run/probe.json").read_text())
    accuracy = probe["scores"]["accuracy"]["value"]
    assert accuracy == said["validation"]["accuracy"]["value"]

    net = timm.create_model(f"local-dir:{folder / 'run'}", pretrained=True).eval()
    config = timm.data.resolve_data_config({}, model=net)
    known, labels = features_of(net, config, folder / "pictures/train")
    held, truth = features_of(net, config, folder / "pictures/val")
    assert known.shape == (160, probe["features"]) and probe["images"] == 160

    theirs = logistic(known, labels, probe["l2"])
    weight, bias = (tensor.detach().double().numpy() for tensor in (net.classifier.weight, net.classifier.bias))
    logits = held @ weight.T + bias
    shares = numpy.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    difference = abs(shares - theirs.predict_proba(held)).max()
    print(f"probabilities differ by {difference:.1e}, accuracy {accuracy:.4f} and {theirs.score(held, truth):.4f}")
    assert difference < 1e-4
    assert abs(accuracy - theirs.score(held, truth)) < 1e-9

    tried = [10, 3.2, 1, 0.32, 0.1, 0.032, 0.01, 3.2e-3, 1e-3, 3.2e-4, 1e-4]
    scores = {l2: logistic(known, labels, l2).score(held, truth) for l2 in tried}
    print("theirs at each penalty:", {l2: round(score, 4) for l2, score in scores.items()})
    assert accuracy >= max(scores.values()) - 1 / len(truth), "a better penalty was passed over"
