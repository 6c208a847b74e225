"""Goldens for tests/data/transform_test.cpp, by Pillow.

    python tests/golden/make_resize_golden.py > tests/golden/resize_golden.json
"""
import json
import math
import random
import sys

import PIL
from PIL import Image, ImageEnhance


def picture(mode, width, height, seed):
    """Smooth waves with noise on top and two hard edges, so that every part of a filter shows."""
    rng = random.Random(seed)
    image = Image.new(mode, (width, height))
    for y in range(height):
        for x in range(width):
            value = [int(128 + 80 * math.sin(x / (2 + c) + y / 3) + rng.randint(-40, 40)) for c in range(3)]
            if width // 3 <= x < width // 2:
                value = [255, 255, 0]
            if y == height // 2:
                value = [0, 0, 255]
            image.putpixel((x, y), tuple(value) if mode == "RGB" else value[0])
    return image


def flat(image):
    return list(image.tobytes())


def stored(image):
    return {"width": image.width, "height": image.height, "channels": len(image.getbands()), "pixels": flat(image)}


def main():
    inputs = {"rgb": picture("RGB", 23, 17, 1), "gray": picture("L", 31, 12, 2),
              "small": picture("RGB", 9, 7, 3)}
    resized, warped, colours = [], [], []
    for name, size, box in [
        ("rgb", (10, 7), None), ("rgb", (9, 17), None), ("rgb", (23, 4), None), ("rgb", (5, 30), None),
        ("rgb", (37, 29), None), ("rgb", (1, 1), None), ("gray", (13, 12), None), ("gray", (8, 5), None),
        ("gray", (2, 40), None), ("rgb", (8, 8), (3, 2, 19, 15)), ("rgb", (11, 12), (14, 9, 20, 15)),
        ("gray", (6, 4), (2.5, 1.25, 27.5, 11.75)),
    ]:
        image = inputs[name]
        box = box or (0, 0, image.width, image.height)
        out = image.resize(size, Image.BILINEAR, box=box)
        resized.append({"input": name, "box": box, **stored(out)})
    for name, size, degrees, shift in [("rgb", (20, 20), 30, (2.3, -1.6)), ("gray", (25, 18), -75, (9.5, 20.25)),
                                       ("rgb", (18, 25), 181, (22.0, 17.5))]:
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        m = (c, s, shift[0], -s, c, shift[1])
        out = inputs[name].transform(size, Image.AFFINE, m, Image.BILINEAR)
        warped.append({"input": name, "matrix": m, **stored(out)})
    for kind, enhance in [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast),
                          ("saturation", ImageEnhance.Color)]:
        for name in ("small", "gray") if kind == "contrast" else ("small",):
            for factor in (0.0, 0.6, 1.4):
                out = enhance(inputs[name]).enhance(factor)
                colours.append({"input": name, "kind": kind, "factor": factor, **stored(out)})
    json.dump({"made_with": f"Pillow {PIL.__version__}", "inputs": {k: stored(v) for k, v in inputs.items()},
               "resized": resized, "warped": warped, "colours": colours}, sys.stdout, separators=(",", ":"))
    print()


main()
