"""Fetches oneDNN, on which exported networks run, into a folder with include/ and lib/.

    python3 scripts/fetch_onednn.py 2023.2.0 .deps/onednn-2023.2.0

The build with GNU OpenMP, the runtime that LibTorch brings too. Exit code 1 when it is not to be had: exported
networks then run on LibTorch's kernels, slower.
"""

import os
import sys
import zipfile

from torch_wheel import say
from wheels import download, extract, on_pinned_platform, whole_folder


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place, found, path = name.partition(".data/data/")
            if not found or name.endswith("/"):
                continue
            if path.startswith("include/"):
                extract(archive, name, folder / path)
            elif path == "lib/libdnnl.so.3":  # the name that programs load; the wheel holds three copies
                extract(archive, name, folder / path)
            elif path.startswith("share/doc/onednn/"):
                extract(archive, name, folder / os.path.basename(path))


def main(version, target):
    if not on_pinned_platform():
        sys.exit(1)
    with whole_folder(target) as places:
        if not places:
            return
        folder, scratch = places
        for package in ("onednn-devel-cpu-gomp", "onednn-cpu-gomp"):
            place = scratch / package
            place.mkdir()
            wheel = download(place, f"oneDNN ({package} {version})", f"{package}=={version}")
            if not wheel:
                sys.exit(1)
            unpack(wheel, folder)
        say(f"oneDNN {version} goes to {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
