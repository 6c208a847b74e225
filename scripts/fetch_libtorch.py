"""Fetches LibTorch, the C++ half of the pinned torch wheel, into a folder with include/ and lib/.

    python3 scripts/fetch_libtorch.py 2.13.0 .deps/libtorch-2.13.0

Any Python 3 with pip will do: the wheel is only unpacked. The folder appears whole or not at all, also when this
is killed half-way or runs twice at once.
"""

import fcntl
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

from torch_wheel import pip, say, sources

# The wheels known to work. pip has checked what the index says; this checks what the index says.
SHA256 = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl":
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl":
        "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7",
    "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl":
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl":
        "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
}
WANTED_LIBRARY = re.compile(r"torch/lib/(lib(torch|torch_cpu|c10)\.so|libgomp[^/]*)$")
# The small libraries that the CUDA build's libtorch_cpu is linked with, and the packages that hold them.
CUDA_PARTS = {"libcudart": "nvidia-cuda-runtime==13.0.96", "libcupti": "nvidia-cuda-cupti==13.0.85"}


def checked(wheel):
    """The wheel, or None with a word when its bytes are not the ones that were pinned."""
    digest = hashlib.sha256()
    with open(wheel, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    pinned = SHA256.get(wheel.name)
    if pinned is None:
        say(f"no checksum is pinned for {wheel.name}; using it as the index gave it")
    elif digest.hexdigest() != pinned:
        say(f"{wheel.name} has SHA-256 {digest.hexdigest()}, but {pinned} is pinned: not used")
        return None
    return wheel


def download(folder, what, *arguments):
    say(f"fetching {what}")
    done, words = pip(sys.executable, "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
                      "--dest", str(folder), *arguments)
    if not done:
        say(f"not there ({words[0]})")
        return None
    return checked(next(folder.glob("*.whl")))


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


def extract(archive, name, path):
    """With the time stamp of the archive: a precompiled header from a compiler cache fits equal headers only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, open(path, "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    stamp = time.mktime(archive.getinfo(name).date_time + (0, 0, -1))
    os.utime(path, (stamp, stamp))


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
    target = pathlib.Path(target)
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        sys.exit(f"espalier: no torch wheel is pinned for {platform.system()} on {platform.machine()}; "
                 "set ESPALIER_TORCH to a LibTorch folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            return
        for left_over in target.parent.glob("unfinished-*"):
            shutil.rmtree(left_over)
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=target.parent) as scratch:
            scratch = pathlib.Path(scratch)
            folder = scratch / "libtorch"
            unpack_torch(download_torch(version, scratch), folder)
            add_cuda_parts(folder, scratch)
            folder.rename(target)
    say(f"LibTorch {version} stands in {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
