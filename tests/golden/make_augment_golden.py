"""Goldens for tests/data/policy_test.cpp and pixel_ops_test.cpp, by torchvision on Pillow images.

    PYTHONPATH=tests/peers .peers/bin/python tests/golden/make_augment_golden.py > tests/golden/augment_golden.json
"""
import io
import json
import random
import sys

import torchvision_on_cpu  # noqa: F401
import numpy
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

NAMES = {"Identity": "identity", "ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x",
         "TranslateY": "translate_y", "Rotate": "rotate", "Brightness": "brightness", "Color": "color",
         "Contrast": "contrast", "Sharpness": "sharpness", "Posterize": "posterize", "Solarize": "solarize",
         "AutoContrast": "autocontrast", "Equalize": "equalize"}


def picture(mode, width, height, seed):
    """Blocks of colour with noise, darker on the left: a histogram with gaps, edges for every filter."""
    rng = random.Random(seed)
    image = Image.new(mode, (width, height))
    blocks = [[rng.randint(30, 200) for _ in range(3)] for _ in range(20)]
    for y in range(height):
        for x in range(width):
            base = blocks[(x // 5 + 4 * (y // 5)) % 20]
            value = [min(240, b * (x + width) // (2 * width) + rng.randint(0, 25)) for b in base]
            image.putpixel((x, y), tuple(value) if mode == "RGB" else value[0])
    return image


def stored(image):
    return {"width": image.width, "height": image.height, "channels": len(image.getbands()),
            "pixels": list(image.tobytes())}


def space(operations):
    return [{"name": NAMES[name], "magnitudes": magnitudes.reshape(-1).tolist(), "either_way": signed}
            for name, (magnitudes, signed) in operations.items()]


def applied(inputs):
    wide = TrivialAugmentWide()._augmentation_space(31)
    narrow = RandAugment()._augmentation_space(31, (13, 19))
    cases = [("rgb", name, 1.0) for name in ("Identity", "AutoContrast", "Equalize")]
    cases += [("gray", name, 1.0) for name in ("AutoContrast", "Equalize")]
    cases += [("fine", "AutoContrast", 1.0), ("fine", "Equalize", 1.0)]
    cases += [("flat", "AutoContrast", 1.0), ("flat", "Equalize", 1.0)]
    for name in ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"):
        cases += [("rgb", name, sign * narrow[name][0][step].item()) for sign, step in ((1, 9), (-1, 30))]
    cases += [("gray", "Rotate", wide["Rotate"][0][22].item())]
    for name in ("Brightness", "Color", "Contrast", "Sharpness"):
        cases += [("rgb", name, sign * wide[name][0][30].item()) for sign in (1, -1)]
    cases += [("gray", name, narrow[name][0][15].item()) for name in ("Color", "Contrast", "Sharpness")]
    cases += [("rgb", "Posterize", bits) for bits in (2, 5, 8)]
    cases += [("rgb", "Solarize", wide["Solarize"][0][step].item()) for step in (11, 30)]
    for given, name, magnitude in cases:
        out = _apply_op(inputs[given], name, float(magnitude), InterpolationMode.BILINEAR, None)
        yield {"input": given, "name": NAMES[name], "magnitude": float(magnitude), **stored(out)}


def blurred(inputs):
    for given, sigma in (("rgb", 0.4), ("rgb", 1.9), ("gray", 1.0)):
        reach = int(numpy.ceil(3 * sigma))
        tensor = F.pil_to_tensor(inputs[given])
        out = F.gaussian_blur(tensor, [2 * reach + 1] * 2, [sigma] * 2)
        yield {"input": given, "sigma": sigma, **stored(F.to_pil_image(out))}


def packed(inputs):
    for given, quality in (("rgb", 30), ("rgb", 95), ("gray", 50)):
        file = io.BytesIO()
        inputs[given].save(file, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
        yield {"input": given, "quality": quality, **stored(Image.open(file))}


def mixed():
    """torchvision.transforms.v2's MixUp and CutMix with their draws fixed."""
    from torchvision.transforms import v2

    torch.manual_seed(3)
    images = torch.randint(0, 256, (3, 1, 6, 8), dtype=torch.uint8)
    labels = torch.tensor([2, 0, 1])
    result = {"images": images.flatten().tolist(), "labels": labels.tolist(), "cases": []}
    up = v2.MixUp(num_classes=4)
    up.make_params = lambda flat: {"lam": 0.3}
    pixels, soft = up(images.float(), labels)
    result["cases"].append({"mixup": 0.3, "pixels": pixels.flatten().tolist(), "soft": soft.tolist()})
    cut = v2.CutMix(num_classes=4)
    box = (2, 0, 7, 3)
    cut.make_params = lambda flat: {"box": box, "lam_adjusted": 1 - 15 / 48}
    pixels, soft = cut(images, labels)
    result["cases"].append({"cutmix": box, "pixels": pixels.flatten().tolist(), "soft": soft.tolist()})
    return result


def main():
    inputs = {"rgb": picture("RGB", 19, 13, 1), "gray": picture("L", 21, 16, 2), "fine": picture("L", 40, 29, 3),
              "flat": Image.new("RGB", (6, 5), (9, 9, 70))}
    json.dump({"made_with": f"torchvision {torchvision.__version__}, Pillow {PIL.__version__}",
               "inputs": {k: stored(v) for k, v in inputs.items()},
               "rand_augment": {"width": 19, "height": 13, "operations": space(RandAugment()._augmentation_space(31, (13, 19)))},
               "trivial_augment": space(TrivialAugmentWide()._augmentation_space(31)),
               "applied": list(applied(inputs)), "blurred": list(blurred(inputs)), "packed": list(packed(inputs)),
               "mixed": mixed()}, sys.stdout, separators=(",", ":"))
    print()


main()
