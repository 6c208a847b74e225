"""Fetching and unpacking pinned wheels: what fetch_libtorch.py and fetch_onednn.py share. Any Python 3 with pip will
do, as the wheels are only unpacked."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import time

from torch_wheel import pip, say

# The wheels known to work. pip has checked what the index says; this checks the index.
SHA256 = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl":
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl":
        "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7",
    "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl":
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl":
        "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    "onednn_cpu_gomp-2023.2.0-py2.py3-none-manylinux1_x86_64.whl":
        "2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb",
    "onednn_devel_cpu_gomp-2023.2.0-py2.py3-none-manylinux1_x86_64.whl":
        "9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284",
}


def on_pinned_platform():
    return platform.machine() == "x86_64" and platform.system() == "Linux"


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


def extract(archive, name, path):
    """With the time stamp of the archive: a precompiled header from a compiler cache fits equal headers only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, open(path, "wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    stamp = time.mktime(archive.getinfo(name).date_time + (0, 0, -1))
    os.utime(path, (stamp, stamp))


@contextlib.contextmanager
def whole_folder(target):
    """(a folder to fill, a folder for scratch), or None when `target` exists. The filled folder becomes `target` at
    the end: whole or not at all, also when this is killed half-way or runs twice at once."""
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            yield None
            return
        for left_over in target.parent.glob("unfinished-*"):
            shutil.rmtree(left_over)
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=target.parent) as scratch:
            scratch = pathlib.Path(scratch)
            yield scratch / "made", scratch
            (scratch / "made").rename(target)
