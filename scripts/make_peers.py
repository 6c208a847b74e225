"""Makes .peers/, the Python environment of the peer tests, from tests/peers/requirements.txt.

Redone only when that file has changed. Nothing that the project builds or runs for its users needs it.
"""

import hashlib
import pathlib
import shutil
import sys
import venv

from torch_wheel import pip, say, sources

REQUIREMENTS = pathlib.Path("tests/peers/requirements.txt")
FOLDER = pathlib.Path(".peers")
STAMP = FOLDER / "made-from"


def main():
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    say("making the peers' Python environment in .peers/ (some minutes, once)")
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    venv.create(FOLDER, with_pip=True, symlinks=True)
    python = str(FOLDER / "bin" / "python")
    [version] = [line.strip().split("==")[1] for line in REQUIREMENTS.open() if line.startswith("torch==")]
    for what, arguments in sources(version):
        say(f"torch {version}: {what}")
        done, words = pip(python, "install", *arguments)
        if done:
            break
        say(f"not there ({words[0]})")
    done, words = pip(python, "install", "-r", str(REQUIREMENTS))
    if not done:
        sys.exit(f"espalier: the peers' environment could not be made: {words[0]}")
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
