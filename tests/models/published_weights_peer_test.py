"""Published weights score as published. Needs ESPALIER_DATA; each part is left out, and says so, where its files are not.

CIFAR-10's resnet20 (option A shortcuts): 0.917 on the lossless pictures, 0.81 to 0.83 on the JPEG ones here.
EfficientNet-Lite0 with ImageNet weights: monarch (323), cabbage butterfly (324) and admiral (321) among the photographs
of butterfly10 come out right for nearly every one.
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
    ours("convert", published, folder)
    accuracy = ours("eval", folder, "--data", pictures, "--split", "test")["accuracy"]
    print("resnet20 on JPEG CIFAR-10: accuracy", accuracy)
    assert 0.80 <= accuracy <= 0.86, accuracy


def butterflies(published, pictures, folder):
    ours("convert", published, folder)
    for species, meant in (("001", "323"), ("008", "324"), ("009", "321")):
        photos = sorted(pictures.glob(f"img/{species}*.jpg"))
        records = ours("predict", folder, *photos)["predictions"]
        right = sum(record["answers"][0]["class"] == meant for record in records)
        print(f"EfficientNet-Lite0 on butterfly10, species {species}: {right} of {len(photos)} are class {meant}")
        assert len(photos) > 50 and right >= 0.9 * len(photos), species


ran = False
for check, published, pictures in (
        (cifar, "weights/cifar10_resnet/resnet20-12fca82f.th", "cifar10_jpg"),
        (butterflies, "**/efficientnet-lite0-57934424.pth", "butterfly10")):
    found = sorted(data.glob(published))
    if not found or not (data / pictures).exists():
        print(f"left out: ESPALIER_DATA holds no {published} and {pictures}")
        continue
    with tempfile.TemporaryDirectory() as place:
        check(found[0], data / pictures, pathlib.Path(place) / "model")
    ran = True
sys.exit(0 if ran else 77)
