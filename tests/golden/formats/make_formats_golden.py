"""Files written by other implementations than ours, and what those read from them.

  python3 make_formats_golden.py      (needs pillow, numpy, safetensors, tensorboardX; see the versions printed)

Pictures follow formulas that the tests know, or stand beside Pillow's own decoding as .ppm / .pgm.
"""
import io
import os

import numpy as np
import PIL
from PIL import Image
from PIL import ImageOps
import safetensors
import safetensors.numpy
import tensorboardX
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary

here = os.path.dirname(os.path.abspath(__file__))


def at(name):
    return os.path.join(here, name)


def smooth(width, height):
    """A soft picture with a sharp corner, different in each channel and direction."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / (width - 1), 255 * y / (height - 1), 128 + 100 * np.sin(x / 3.0) * np.cos(y / 4.0)], -1)
    rgb[: height // 4, : width // 4] = (250, 30, 60)
    return Image.fromarray(rgb.round().astype(np.uint8))


photo = smooth(29, 21)
photo.save(at("ycc420.jpg"), quality=85, subsampling=2)
photo.save(at("progressive.jpg"), quality=85, subsampling=0, progressive=True)
photo.convert("L").save(at("gray.jpg"), quality=85)
photo.convert("CMYK").save(at("cmyk.jpg"), quality=90)
for name in ("ycc420", "progressive", "cmyk"):
    Image.open(at(name + ".jpg")).convert("RGB").save(at(name + ".ppm"))
Image.open(at("gray.jpg")).save(at("gray.pgm"))

# Eight ways a camera can be held. Each file shows the same upright picture: 24 x 16, quarters red, green, blue, white
# (left to right, top to bottom).
upright = Image.new("RGB", (24, 16))
for i, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]):
    upright.paste(colour, (12 * (i % 2), 8 * (i // 2), 12 * (i % 2) + 12, 8 * (i // 2) + 8))
undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270}
for orientation in range(1, 9):
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=60, subsampling=0, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(buffer)), dtype=int)
    assert shown.shape == (16, 24, 3) and np.abs(shown - np.asarray(upright, dtype=int))[::5, ::5].max() < 60
    with open(at(f"orientation{orientation}.jpg"), "wb") as file:
        file.write(buffer.getvalue())

# PNG: sample (x, y, c) is (37 x + 59 y + 83 c) modulo the number of values.
y, x = np.mgrid[0:7, 0:9]
plane = [(37 * x + 59 * y + 83 * c) for c in range(4)]
Image.fromarray((plane[0] % 2).astype(bool)).save(at("gray1.png"))
Image.fromarray((plane[0] % 256).astype(np.uint8)).save(at("gray8.png"))
Image.fromarray((np.stack(plane[:2], -1) % 256).astype(np.uint8), "LA").save(at("gray_alpha8.png"))
Image.fromarray((np.stack(plane[:3], -1) % 256).astype(np.uint8)).save(at("rgb8.png"))
Image.fromarray((np.stack(plane, -1) % 256).astype(np.uint8), "RGBA").save(at("rgba8.png"))
Image.fromarray(((plane[0] * 977) % 65536).astype(np.uint16)).save(at("gray16.png"))
palette = Image.fromarray((plane[0] % 5).astype(np.uint8), "P")
palette.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200, 90, 80, 70])
palette.save(at("palette4.png"), bits=4, transparency=2)

# One key of metadata: the reference keeps several in no order.
safetensors.numpy.save_file(
    {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([1.5, -2.5], dtype=np.float32),
     "flag": np.array([True, False, True]), "half": np.array([0.5, 2], dtype=np.float16),
     "none": np.zeros((0, 4), dtype=np.float32), "steps": np.array(-7, dtype=np.int64),
     "wide": np.array([3.25], dtype=np.float64)},
    at("reference.safetensors"), metadata={"format": "pt"})


def record(event):
    """The framing is tensorboardX's own."""
    name = at("tmp")
    writer = tensorboardX.record_writer.RecordWriter(name)
    writer.write(event.SerializeToString())
    writer.close()
    with open(name, "rb") as file:
        data = file.read()
    os.remove(name)
    return data


def simple(tag, value):
    return Summary.Value(tag=tag, simple_value=value)


with open(at("reference.tfevents"), "wb") as file:
    file.write(record(Event(wall_time=1700000000.25, file_version="brain.Event:2")))
    file.write(record(Event(wall_time=1700000001.5, step=300, session_log=SessionLog(status=SessionLog.START))))
    file.write(record(Event(wall_time=1700000002.75, step=12345678901, summary=Summary(value=[
        simple("loss/train", 1.25), simple("genauigkeit/prüfung " + "x" * 200, -0.1)]))))

print("pillow", PIL.__version__, "safetensors", safetensors.__version__, "tensorboardX", tensorboardX.__version__)
