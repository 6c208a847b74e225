#!/usr/bin/env python3
"""Trains on real pictures and writes what the unseen test split says to bench/results/real_data.csv, a line a run.

    ESPALIER_DATA=folder bench/real_data.py [--only fashion_mnist,...] [--threads N] [RUNS]

The folder holds fashion_mnist, cifar10_jpg and butterfly10 (of the last, img/ with every fourth picture as the test
part). The runs of 3 and 4 epochs compare bf16 with fp32 over three seeds. A run whose line is there already is left
alone and an unfinished one is resumed, so the program goes on where it was stopped. RUNS (default: runs) is where the
run folders go.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ESPALIER = HERE.parent / "espalier"
RESULTS = HERE / "results" / "real_data.csv"
COLUMNS = ["data", "model", "size", "epochs", "seed", "accuracy", "low", "high", "test_images", "seconds",
           "precision", "machine"]
SETS = [
    {"data": "fashion_mnist", "model": "resnet20", "size": 28, "epochs": 12},
    {"data": "butterfly10", "model": "resnet18", "size": 128, "epochs": 40, "flags": ["--batch", "32"]},
    {"data": "cifar10_jpg", "model": "resnet20", "size": 32, "epochs": 24},
] + [
    {"data": data, "model": "resnet20", "size": size, "epochs": epochs, "seed": seed, "precision": precision}
    for data, size, epochs in (("fashion_mnist", 28, 3), ("cifar10_jpg", 32, 4))
    for seed in (1, 2, 3) for precision in ("fp32", "bf16")
]


def arranged_butterflies(source, target):
    """Class folders by the first three letters of each name; every fourth picture of the sorted list is test."""
    for i, picture in enumerate(sorted((source / "img").iterdir())):
        folder = target / ("test" if i % 4 == 3 else "train") / picture.name[:3]
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / picture.name).exists():
            (folder / picture.name).symlink_to(picture)
    return target


def measure(row, runs, threads):
    folder = pathlib.Path(os.environ["ESPALIER_DATA"]).resolve() / row["data"]
    if row["data"] == "butterfly10":
        folder = arranged_butterflies(folder, runs / "butterfly10")
    seed, precision = row.get("seed", 1), row.get("precision", "auto")
    run = runs / f"{row['data']}-{row['model']}-{row['epochs']}-{precision}-{seed}"
    words = [ESPALIER, "train", "classify", "--data", folder, "--model", row["model"], "--size", str(row["size"]),
             "--epochs", str(row["epochs"]), "--seed", str(seed), "--precision", precision, "--threads", threads,
             "--out", run, *row.get("flags", [])]
    if (run / "last.ckpt").exists():
        words.append("--resume")
    subprocess.run(words, check=True)
    words = [ESPALIER, "eval", run, "--split", "test", "--json"]
    scores = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    summary = json.loads((run / "summary.json").read_text())
    low, high = scores["accuracy_interval"]
    return [row["data"], row["model"], row["size"], row["epochs"], seed, f"{scores['accuracy']:.4f}", f"{low:.4f}",
            f"{high:.4f}", scores["images"], round(summary["seconds"]), summary["precision"], summary["machine"]]


def is_there(row, lines):
    wanted = {name: str(value) for name, value in {"seed": 1, **row}.items() if name != "flags"}
    return any(all(line[name] == value for name, value in wanted.items()) for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="data sets, separated by commas; left out: all")
    parser.add_argument("--threads", default="0", help="processor threads; 0: all")
    parser.add_argument("runs", nargs="?", default="runs", type=pathlib.Path, help="where the run folders go")
    given = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(COLUMNS) + "\n")
    with RESULTS.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    for row in SETS:
        if is_there(row, lines) or (given.only and row["data"] not in given.only.split(",")):
            continue
        line = measure(row, given.runs, given.threads)
        with RESULTS.open("a", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(line)


if __name__ == "__main__":
    main()
