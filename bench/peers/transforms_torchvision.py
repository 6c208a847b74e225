"""The table of bench/transforms.cpp for torchvision on Pillow images (mixup and cutmix: on a float batch), one thread.

    PYTHONPATH=tests/peers .peers/bin/python bench/peers/transforms_torchvision.py
"""
import io
import time

import torchvision_on_cpu  # noqa: F401
import numpy
import torch
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide, v2
from torchvision.transforms.autoaugment import _apply_op

SIDE, ROUNDS, ROUND_SECONDS = 224, 5, 0.15
NAMES = {"Identity": "identity", "ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x",
         "TranslateY": "translate_y", "Rotate": "rotate", "Brightness": "brightness", "Color": "color",
         "Contrast": "contrast", "Sharpness": "sharpness", "Posterize": "posterize", "Solarize": "solarize",
         "AutoContrast": "autocontrast", "Equalize": "equalize"}


def picture(width, height):
    rng = numpy.random.default_rng(1)
    y, x, c = numpy.mgrid[:height, :width, :3]
    waves = 128 + 70 * numpy.sin(x / (9.0 + c) + y / 23.0) + rng.uniform(-20, 20, (height, width, 3))
    return Image.fromarray(waves.astype("uint8"))


def microseconds(body):
    best = float("inf")
    body()
    for _ in range(ROUNDS):
        start, calls, spent = time.process_time(), 0, 0
        while spent < ROUND_SECONDS:
            for _ in range(8):
                body()
            calls += 8
            spent = time.process_time() - start
        best = min(best, 1e6 * spent / calls)
    return best


def measure(name, transform, image):
    print(f"{name},{image.width}x{image.height},{microseconds(lambda: transform(image)):.1f}", flush=True)


def jpeg(image):
    """As Pillow users do it; torchvision's own needs its compiled operators."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(torch.randint(30, 96, (1,))))
    result = Image.open(file)
    result.load()
    return result


def measure_mix(name, transform):
    images, labels = torch.rand(64, 3, SIDE, SIDE), torch.arange(64)
    print(f"{name},{SIDE}x{SIDE},{microseconds(lambda: transform(images, labels)) / 64:.1f}", flush=True)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    photo, square = picture(500, 375), picture(SIDE, SIDE)
    print("transform,input,microseconds")
    measure("random_resized_crop", v1.RandomResizedCrop(SIDE), photo)
    measure("resize_and_center_crop", v1.Compose([v1.Resize(256), v1.CenterCrop(SIDE)]), photo)
    measure("resize", v1.Resize((SIDE, SIDE)), photo)
    measure("enlarge", v1.Resize((2 * SIDE, 2 * SIDE)), square)
    measure("flip", v1.RandomHorizontalFlip(1), square)
    measure("colour_jitter", v1.ColorJitter(0.4, 0.4, 0.4), square)
    for name, (magnitudes, _) in TrivialAugmentWide()._augmentation_space(31).items():
        magnitude = magnitudes.reshape(-1)[magnitudes.numel() // 2].item()
        measure(NAMES[name], lambda i: _apply_op(i, name, magnitude, InterpolationMode.BILINEAR, None), square)
    bilinear = {"interpolation": InterpolationMode.BILINEAR}
    measure("rand_augment", RandAugment(**bilinear), square)
    measure("trivial_augment_wide", TrivialAugmentWide(**bilinear), square)
    measure("blur", v1.GaussianBlur(13, (0.1, 2.0)), square)
    measure("jpeg", jpeg, square)
    measure("erasing", v1.Compose([v1.PILToTensor(), v1.RandomErasing(1, value=0)]), square)
    measure_mix("mixup", v2.MixUp(num_classes=64))
    measure_mix("cutmix", v2.CutMix(num_classes=64))


if __name__ == "__main__":
    main()
