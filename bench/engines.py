#!/usr/bin/env python3
"""Measures the models of tables beside scikit-learn and FAISS and writes bench/results/engines.csv.

    bench/engines.py [--only tree,forest,knn-784,...] [--threads 1,2] [--repeats 5] [--dry]

All contenders of a setting are started and warmed up, then take turns, so a change of the machine's pace meets them all;
the fastest of the repeats counts. `quality` must agree (accuracy on rows held out, summed distances, variance explained,
inertia): a fast wrong answer is none. --dry prints and writes nothing. Needs build/release/bin/bench_engines
(cmake --build build/release --target bench_engines) and the peers' Python environment (.peers/, or ESPALIER_PEERS).
"""
import argparse
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OURS = HERE.parent / "build" / "release" / "bin" / "bench_engines"
PEERS = os.environ.get("ESPALIER_PEERS", str(HERE.parent / ".peers" / "bin" / "python"))
RESULTS = HERE / "results" / "engines.csv"
COLUMNS = ["setting", "data", "threads", "contender", "seconds", "processor_seconds", "times_ours", "quality", "machine"]

# Made by the peers' Python, which has numpy: rows, columns, test rows, and what the labels are.
DATA = {
    "80000x20": "x = normal(80000, 20); test = normal(20000, 20)",
    "50000x784": "x = normal(50000, 784); test = normal(1000, 784)",
    "50000x64": "x = normal(50000, 64); test = normal(1000, 64)",
    "100000x5": "x = normal(100000, 5); test = normal(5000, 5)",
    "20000x784": "x = spectrum(20000, 784); test = x[:10]",
    "20000x50": "x = heaps(20000, 50, 20); test = x[:10]",
}
MAKE = """
import sys, pathlib, numpy as np
rng = np.random.default_rng(1)
def normal(rows, columns): return rng.standard_normal((rows, columns), dtype=np.float32)
def spectrum(rows, columns):  # variances fall as in photographs of clothes or digits
    turn = np.linalg.qr(rng.normal(size=(columns, columns)))[0]
    return ((rng.normal(size=(rows, columns)) * np.arange(1, columns + 1) ** -0.8) @ turn + 3).astype(np.float32)
def heaps(rows, columns, count):
    return (rng.normal(size=(count, columns))[rng.integers(count, size=rows)] * 2
            + rng.normal(size=(rows, columns))).astype(np.float32)
def label(x):
    noisy = x[:, 0] + x[:, 1] * x[:, 2] + 0.7 * rng.normal(size=len(x))
    return np.digitize(noisy, [-1, -0.3, 0.3, 1]).astype(np.int32)
exec(sys.argv[2])
folder = pathlib.Path(sys.argv[1])
np.array([*x.shape, len(test)], np.int64).tofile(folder / "shape")
x.tofile(folder / "x"); test.tofile(folder / "test")
label(x).tofile(folder / "labels"); label(test).tofile(folder / "test_labels")
"""
SETTINGS = {
    "tree": ("80000x20", ["sklearn"]),
    "tree-depth-10": ("80000x20", ["sklearn"]),
    "tree-gini": ("80000x20", ["sklearn"]),
    "forest": ("80000x20", ["sklearn"]),
    "knn-784": ("50000x784", ["sklearn", "faiss"]),
    "knn-784-fit": ("50000x784", ["sklearn"]),
    "knn-64": ("50000x64", ["sklearn", "faiss"]),
    "kd-tree-5": ("100000x5", ["sklearn"]),
    "pca": ("20000x784", ["sklearn-full", "sklearn-covariance_eigh", "sklearn-randomized", "sklearn-arpack"]),
    "kmeans": ("20000x50", ["sklearn"]),
}


def machine(threads):
    with open("/proc/cpuinfo") as lines:
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return f"{model}, {threads} thread{'s' if threads > 1 else ''}"


class Contender:
    def __init__(self, name, command, threads):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        self.name, self.turns = name, []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"{name} did not start: {' '.join(command)}")

    def take_turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.turns.append([float(word) for word in self.process.stdout.readline().split()])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(setting, folder, threads, repeats):
    data, peers = SETTINGS[setting]
    program = str(HERE / "peers" / "engines_sklearn.py")
    field = [Contender("espalier", [str(OURS), setting, folder, str(threads)], threads)]
    field += [Contender(peer, [PEERS, program, peer, setting, folder, str(threads)], threads) for peer in peers]
    for _ in range(repeats):
        for contender in field:
            contender.take_turn()
    for contender in field:
        contender.close()
    ours = min(turn[0] for turn in field[0].turns)
    for contender in field:
        seconds, processor, quality = min(contender.turns)
        yield {"setting": setting, "data": data, "threads": threads, "contender": contender.name,
               "seconds": f"{seconds:.4g}", "processor_seconds": f"{processor:.4g}", "times_ours": f"{seconds / ours:.2f}",
               "quality": f"{quality:.8g}", "machine": machine(threads)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SETTINGS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dry", action="store_true")
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(SETTINGS):
        sys.exit(f"no setting {', '.join(unknown)}: there are {', '.join(SETTINGS)}")
    threads = [int(number) for number in given.threads.split(",")]
    rows = []
    if RESULTS.exists():
        with RESULTS.open() as file:
            rows = list(csv.DictReader(file))
    for data in DATA:
        of_this = [setting for setting in wanted if SETTINGS[setting][0] == data]
        if not of_this:
            continue
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PEERS, "-c", MAKE, folder, DATA[data]], check=True)
            for setting in of_this:
                for number in threads:
                    new = list(measure(setting, folder, number, given.repeats))
                    for row in new:
                        print(*list(row.values())[:-1], sep="\t", flush=True)
                    rows = [row for row in rows if (row["setting"], row["threads"]) != (setting, str(number))] + new
                    if given.dry:
                        continue
                    with RESULTS.open("w", newline="") as file:
                        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                        writer.writeheader()
                        writer.writerows(rows)


if __name__ == "__main__":
    main()
