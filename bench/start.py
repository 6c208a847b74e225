#!/usr/bin/env python3
"""How long the binary takes to start, and a training to take its first step on a folder of 50,000 pictures.

    bench/start.py [FOLDER]

FOLDER (default: runs/start-50000) is filled with small JPEGs the first time: 100 classes of 500 hard links to pictures of
an orchard. Each figure is the median of several runs, in wall-clock seconds and in seconds of processor time (which a
busy machine changes less). Goes to bench/results/start.csv.
"""
import csv
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parent / "build" / "release" / "bin" / "espalier"
RESULTS = HERE / "results" / "start.csv"
COLUMNS = ["what", "files", "runs", "seconds", "cpu_seconds", "machine"]
CLASSES, PER_CLASS = 100, 500


def make_folder(folder):
    """Real pictures under many names: what is listed, opened and decoded is what a user has, the disk is spared."""
    if (folder / "done").exists():
        return
    source = folder.parent / "start-pictures"
    subprocess.run(["rm", "-rf", source, folder / "pictures"], check=True)
    subprocess.run([BINARY, "data", "orchard", "--out", source, "--size", "64", "--format", "jpeg", "--train", "1000", "--val",
                    "4", "--test", "4", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    pictures = sorted(p for p in (source / "train").rglob("*.jpg"))
    for c in range(CLASSES):
        place = folder / "pictures" / f"class{c:03}"
        place.mkdir(parents=True, exist_ok=True)
        for i in range(PER_CLASS):
            os.link(pictures[(c * PER_CLASS + i) % len(pictures)], place / f"{i:05}.jpg")
    (folder / "done").touch()


def processor_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def start_up(words):
    start = time.perf_counter()
    child = subprocess.Popen([BINARY, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, words
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def first_step(data, run, precision):
    """From the start of the process to the line of the first step in metrics.jsonl."""
    subprocess.run(["rm", "-rf", run], check=True)
    start = time.perf_counter()
    child = subprocess.Popen([BINARY, "train", "classify", "--data", data, "--model", "resnet20", "--size", "32", "--epochs", "1",
                              "--precision", precision, "--out", run, "--quiet"], stdout=subprocess.DEVNULL)
    log = run / "metrics.jsonl"
    while not (log.exists() and '"step"' in log.read_text()):
        assert child.poll() is None, "the training ended early"
        time.sleep(0.002)
    taken = time.perf_counter() - start, processor_seconds(child.pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return taken


def machine_line(run):
    """As a run records it."""
    subprocess.run([BINARY, "train", "classify", "--data", "orchard:size=32,train=64,val=8,test=8", "--epochs", "1", "--out", run,
                    "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return json.loads((run / "summary.json").read_text())["machine"]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs/start-50000").resolve()
    make_folder(folder)
    data, run, files = folder / "pictures", folder / "run", CLASSES * PER_CLASS
    figures = [
        ("start: --version", 0, [start_up(["--version"]) for _ in range(9)]),
        ("start: data --help", 0, [start_up(["data", "--help"]) for _ in range(9)]),
        ("first step, precision fp32", files, [first_step(data, run, "fp32") for _ in range(5)]),
        ("first step, precision bf16", files, [first_step(data, run, "bf16") for _ in range(5)]),
        ("first step, precision auto", files, [first_step(data, run, "auto") for _ in range(5)]),
    ]
    machine = machine_line(folder / "machine")
    with RESULTS.open("w", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(COLUMNS)
        for what, count, runs in figures:
            wall, cpu = (statistics.median(side) for side in zip(*runs))
            out.writerow([what, count, len(runs), f"{wall:.3f}", f"{cpu:.3f}", machine])
            print(f"{what:28} {wall:.3f} s, {cpu:.3f} s of processor time")


if __name__ == "__main__":
    main()
