"""A folder of JPEG pictures for loader measurements: photographs.py FOLDER COUNT. Noise with the spectrum of photographs
(amplitude 1/f; Field 1987), 500 x 375, Pillow's encoder; a file there already is left alone."""
import pathlib
import sys

import numpy
from PIL import Image

WIDTH, HEIGHT, CLASSES = 500, 375, 4


def make_picture(random):
    rows, columns = numpy.fft.fftfreq(HEIGHT)[:, None] * HEIGHT, numpy.fft.rfftfreq(WIDTH)[None, :] * WIDTH
    frequency = numpy.hypot(rows / HEIGHT, columns / WIDTH)
    frequency[0, 0] = 1

    def field():
        spectrum = (random.normal(size=frequency.shape) + 1j * random.normal(size=frequency.shape)) / frequency ** 1.4
        values = numpy.fft.irfft2(spectrum, s=(HEIGHT, WIDTH))
        return values / values.std()

    light, warm, green = field(), field(), field()
    colours = numpy.stack([light + 0.3 * warm, light + 0.15 * green, light - 0.3 * warm], axis=-1)
    return Image.fromarray(numpy.clip(120 + 55 * colours, 0, 255).astype(numpy.uint8))


def make_folder(folder, count, quality=90):
    """Returns the mean size of a file in bytes."""
    sizes = 0
    for number in range(count):
        file = pathlib.Path(folder) / str(number % CLASSES) / f"{number:04}.jpg"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            make_picture(numpy.random.default_rng(number)).save(file, quality=quality)
        sizes += file.stat().st_size
    return sizes / count


if __name__ == "__main__":
    print(f"{make_folder(sys.argv[1], int(sys.argv[2])):.0f} bytes a file")
