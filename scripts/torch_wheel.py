"""Where the pinned torch wheel comes from: in turn the configured package index's plain CPU build, PyTorch's own
index of CPU builds, and the default build, which carries CUDA."""

import subprocess
import sys

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def sources(version):
    """(what to call it, arguments for pip), best first."""
    patience = ["--timeout", "20", "--retries", "1"]
    return [
        ("the CPU build from the configured package index", [f"torch=={version}+cpu"]),
        ("the CPU build from PyTorch's index", [f"torch=={version}+cpu", "--index-url", CPU_INDEX, *patience]),
        ("the default build from the configured package index", [f"torch=={version}"]),
    ]


def say(text):
    print(f"espalier: {text}", file=sys.stderr, flush=True)


def pip(python, *arguments):
    """Runs pip with its words on standard error; returns whether it succeeded, and its last words if not."""
    quiet = [] if sys.stderr.isatty() else ["--quiet"]  # a terminal gets the progress bar
    command = [python, "-m", "pip", "--disable-pip-version-check", *quiet, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
    words = process.stderr.read()
    return process.wait() == 0, words.strip().splitlines()[-1:] or [""]
