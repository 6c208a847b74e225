#!/usr/bin/env python3
"""Trains on real pictures and writes what the unseen test split says to bench/results/real_data.csv, a line a run.

    ESPALIER_DATA=folder bench/real_data.py [RUNS]

The folder holds fashion_mnist, cifar10_jpg and butterfly10 (of the last, img/ with every fourth picture as the test
part). A run whose line is there already is left alone and an unfinished one is resumed, so the program goes on where
it was stopped. RUNS (default: runs) is where the run folders go.
"""
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
    {"data": "fashion_mnist", "model": "resnet20", "size": 28, "epochs": 12, "flags": []},
    {"data": "butterfly10", "model": "resnet18", "size": 128, "epochs": 40, "flags": ["--batch", "32"]},
    {"data": "cifar10_jpg", "model": "resnet20", "size": 32, "epochs": 15, "flags": []},
]


def arranged_butterflies(source, target):
    """Class folders by the first three letters of each name; every fourth picture of the sorted list is test."""
    for i, picture in enumerate(sorted((source / "img").iterdir())):
        folder = target / ("test" if i % 4 == 3 else "train") / picture.name[:3]
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / picture.name).exists():
            (folder / picture.name).symlink_to(picture)
    return target


def measure(row, seed, runs):
    folder = pathlib.Path(os.environ["ESPALIER_DATA"]).resolve() / row["data"]
    if row["data"] == "butterfly10":
        folder = arranged_butterflies(folder, runs / "butterfly10")
    run = runs / f"{row['data']}-{row['model']}-{seed}"
    words = [ESPALIER, "train", "classify", "--data", folder, "--model", row["model"], "--size", str(row["size"]),
             "--epochs", str(row["epochs"]), "--seed", str(seed), "--out", run, *row["flags"]]
    if (run / "last.ckpt").exists():
        words.append("--resume")
    subprocess.run(words, check=True)
    words = [ESPALIER, "eval", run, "--split", "test", "--json"]
    scores = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    summary = json.loads((run / "summary.json").read_text())
    low, high = scores["accuracy_interval"]
    return [row["data"], row["model"], row["size"], row["epochs"], seed, f"{scores['accuracy']:.4f}", f"{low:.4f}",
            f"{high:.4f}", scores["images"], round(summary["seconds"]), summary["precision"], summary["machine"]]


def main():
    runs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    RESULTS.parent.mkdir(exist_ok=True)
    done = set()
    if RESULTS.exists():
        with RESULTS.open(newline="") as stream:
            done = {(line["data"], line["model"], line["epochs"], line["seed"]) for line in csv.DictReader(stream)}
    else:
        RESULTS.write_text(",".join(COLUMNS) + "\n")
    for row in SETS:
        if (row["data"], row["model"], str(row["epochs"]), "1") in done:
            continue
        line = measure(row, 1, runs)
        with RESULTS.open("a", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(line)


if __name__ == "__main__":
    main()
