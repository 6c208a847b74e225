"""Fetches LibTorch, the C++ half of the pinned torch wheel, into a folder with include/ and lib/.

    python3 scripts/fetch_libtorch.py 2.13.0 .deps/libtorch-2.13.0
"""

import os
import platform
import re
import subprocess
import sys
import zipfile

from torch_wheel import say, sources
from wheels import download, extract, on_pinned_platform, whole_folder

WANTED_LIBRARY = re.compile(r"torch/lib/(lib(torch|torch_cpu|c10)\.so|libgomp[^/]*)$")
# The small libraries that the CUDA build's libtorch_cpu is linked with, and the packages that hold them.
CUDA_PARTS = {"libcudart": "nvidia-cuda-runtime==13.0.96", "libcupti": "nvidia-cuda-cupti==13.0.85"}


def download_torch(version, folder):
    target = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311",
              "--platform", "manylinux_2_28_x86_64"]
    for number, (what, arguments) in enumerate(sources(version)):
        place = folder / str(number)
        place.mkdir()
        wheel = download(place, f"torch {version}: {what}", *target, *arguments)
        if wheel:
            return wheel
    sys.exit(f"espalier: no source offers torch {version}; set ESPALIER_TORCH to a LibTorch folder instead")


def unpack_torch(wheel, folder):
    say(f"unpacking {wheel.name}")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("/"):
                continue
            if name.startswith("torch/include/"):
                extract(archive, name, folder / name[len("torch/"):])
            elif WANTED_LIBRARY.match(name):
                extract(archive, name, folder / "lib" / os.path.basename(name))
            elif re.search(r"dist-info/(licenses/)?(LICENSE|NOTICE)$", name):
                extract(archive, name, folder / os.path.basename(name))


def needed(library):
    text = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def add_cuda_parts(folder, scratch):
    """A CUDA build does not load without these two, even where no GPU is; the CPU build needs neither."""
    for library in needed(folder / "lib" / "libtorch_cpu.so"):
        package = CUDA_PARTS.get(library.split(".so")[0])
        if not package:
            continue
        place = scratch / library
        place.mkdir()
        wheel = download(place, f"{library} ({package})", package)
        if not wheel:
            sys.exit(f"espalier: {package}, which this build of torch needs, is not to be had")
        with zipfile.ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith("/" + library)]
            extract(archive, name, folder / "lib" / library)


def main(version, target):
    if not on_pinned_platform():
        sys.exit(f"espalier: no torch wheel is pinned for {platform.system()} on {platform.machine()}; "
                 "set ESPALIER_TORCH to a LibTorch folder")
    with whole_folder(target) as places:
        if places:
            folder, scratch = places
            unpack_torch(download_torch(version, scratch), folder)
            add_cuda_parts(folder, scratch)
            say(f"LibTorch {version} goes to {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
