#!/usr/bin/env python3
"""Measures espalier beside its peers and writes bench/results/performance.csv, a line a contender.

    bench/compare.py [--only infer,train,data] [--precision fp32] [--again] [--slow]   # about a quarter of an hour on a quiet machine

All contenders of one setting run at the same time but take turns: each is started, warmed up and put to sleep, then each
in turn is woken for one short measurement, five times round. So a change of the machine's pace meets them all. A setting
whose lines are there already is left alone (--again measures it anew), so the program goes on where it was stopped.
--slow adds training under torch.compile, which compiles for minutes. Afterwards bench/chart.py makes table and chart.

Needs ./espalier built, and the peers' Python environment, which ./test makes (.peers/, or ESPALIER_PEERS).
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ESPALIER = str(HERE.parent / "espalier")
PEERS = os.environ.get("ESPALIER_PEERS", str(HERE.parent / ".peers" / "bin" / "python"))
RESULTS = HERE / "results" / "performance.csv"
SETTING = ["what", "model", "size", "batch", "threads", "precision"]
COLUMNS = SETTING + ["contender", "images_per_second", "lowest", "highest", "ours_to_this", "peak_mib", "grown_mib",
                     "version", "machine"]
REPEATS = 5
PICTURES = 400  # of the loader's folder


def settings():
    for model in ("resnet50", "mobilenet_v2"):
        for batch in (1, 8):
            for precision in ("fp32", "bf16", "int8"):
                for threads in (1, 2):
                    yield dict(what="infer", model=model, size=224, batch=batch, threads=threads, precision=precision)
    for model, size, batches in (("resnet20", 32, (16, 128)), ("resnet18", 224, (8, 32)),
                                 ("mobilenet_v2", 224, (8, 32)), ("tf_efficientnet_lite0", 160, (16, 32))):
        for batch in batches:
            for precision in ("fp32",) if model.startswith("tf_") else ("fp32", "bf16"):
                for threads in (1, 2):
                    yield dict(what="train", model=model, size=size, batch=batch, threads=threads,
                               precision=precision)
    for workers in (1, 2):
        yield dict(what="data", model="random-resized-crop", size=224, batch=32, threads=workers, precision="uint8")


def peer(program, *words):
    return [PEERS, str(HERE / "peers" / program), *words]


def contenders(row, work, slow):
    """Name -> command of everyone who is measured at this setting; ours comes first."""
    common = ["--batch", str(row["batch"]), "--size", str(row["size"]), "--repeats", str(REPEATS), "--paced"]
    if row["what"] == "data":
        folder = str(work / "pictures")
        common += ["--workers", str(row["threads"]), "--data", folder, "--min-area", "0.08", "--seconds", "5"]
        return {"espalier": [ESPALIER, "bench", "data", *common, "--augment", "standard", "--jitter", "0", "--threads",
                             "1", "--json"],
                "torch DataLoader": peer("load_torch.py", *common)}
    common += ["--threads", str(row["threads"])]
    named = ["--model", row["model"], "--precision", row["precision"], *common]
    if row["what"] == "infer":
        exported = ["--model", str(exported_file(row, work)), *common, "--seconds", "2"]
        if row["precision"] == "int8":
            floats = ["--model", str(exported_file({**row, "precision": "fp32"}, work)), *exported[2:]]
            return {"espalier": [ESPALIER, "bench", "infer", *exported, "--json"],
                    "espalier fp32": [ESPALIER, "bench", "infer", *floats, "--json"],
                    "onnxruntime": peer("infer_onnxruntime.py", *exported)}
        named += ["--seconds", "2"]
        ort = "onnxruntime" if row["precision"] == "fp32" else "onnxruntime fp32"
        return {"espalier": [ESPALIER, "bench", "infer", *exported, "--precision", row["precision"], "--json"],
                ort: peer("infer_onnxruntime.py", *exported),
                "torch eager": peer("infer_torch.py", *named),
                "torch compile": peer("infer_torch.py", *named, "--mode", "compile")}
    named += ["--seconds", "3"]
    all_of_them = {"espalier": [ESPALIER, "bench", "train", *named, "--json"],
                   "torch eager": peer("train_torch.py", *named)}
    if row["precision"] == "bf16" and row["batch"] <= 16:
        plain = [word if word != "bf16" else "fp32" for word in named]
        all_of_them["torch eager fp32 nchw"] = peer("train_torch.py", *plain, "--layout", "nchw")
    if slow:
        all_of_them["torch compile"] = peer("train_torch.py", *named, "--mode", "compile")
    return all_of_them


class Contender:
    def __init__(self, name, command, log):
        self.name, self.log = name, log
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"),
                                        text=True)
        if self.line() != "ready":
            self.give_up()

    def line(self):
        return self.process.stdout.readline().strip()

    def take_turn(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return float(self.line())
        except (BrokenPipeError, ValueError):
            self.give_up()

    def result(self):
        try:
            return json.loads(self.line())
        except ValueError:
            self.give_up()
        finally:
            self.process.stdin.close()
            self.process.wait()

    def give_up(self):
        sys.exit(f"{self.name} stopped ({' '.join(self.process.args)}):\n" + self.log.read_text()[-2000:])


def measure(row, work, slow):
    field = []
    try:
        for number, (name, command) in enumerate(contenders(row, work, slow).items()):
            field.append(Contender(name, command, work / f"{number}.log"))
        for _ in range(REPEATS):
            for contender in field:
                contender.take_turn()
        results = {contender.name: contender.result() for contender in field}
    finally:
        for contender in field:
            contender.process.kill()
    ours = results["espalier"]
    return [{**row, "contender": name, "version": result.get("version", ""),
             "ours_to_this": f"{ours['images_per_second'] / result['images_per_second']:.3f}",
             **{key: f"{result[key]:.4g}" for key in ("images_per_second", "lowest", "highest")},
             **{key: "" if name == "torch DataLoader" else round(result[key]) for key in ("peak_mib", "grown_mib")},
             "machine": ours["machine"]}
            for name, result in results.items()]


def exported_file(row, work):
    return work / f"{row['model']}{'-int8' if row['precision'] == 'int8' else ''}.onnx"


def prepare(rows, work):
    for row in rows:
        for precision in ("fp32", row["precision"]) if row["what"] == "infer" else ():
            file = exported_file({**row, "precision": precision}, work)
            if not file.exists():
                subprocess.run([ESPALIER, "export", row["model"], "--size", str(row["size"]), "--out", str(file),
                                "--quiet", *(["--int8"] if precision == "int8" else [])],
                               check=True, stdout=subprocess.DEVNULL)
    if any(row["what"] == "data" for row in rows):
        subprocess.run(peer("photographs.py", str(work / "pictures"), str(PICTURES)), check=True,
                       stdout=subprocess.DEVNULL)


def key_of(line):
    return tuple(str(line[name]) for name in SETTING)


def read_results():
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_results(lines):
    RESULTS.parent.mkdir(exist_ok=True)
    order = {key_of(row): position for position, row in enumerate(settings())}
    lines = sorted(lines, key=lambda line: order.get(key_of(line), len(order)))
    unfinished = RESULTS.with_suffix(".unfinished")
    with unfinished.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    unfinished.replace(RESULTS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="infer,train,data", help="what to measure, separated by commas")
    parser.add_argument("--precision", default="fp32,bf16,int8,uint8",
                        help="arithmetic; uint8 is the loader's; bf16 says little where the processor has no matrix units")
    parser.add_argument("--again", action="store_true", help="measure also what is there already")
    parser.add_argument("--slow", action="store_true", help="training under torch.compile too")
    given = parser.parse_args()
    listed = subprocess.run([ESPALIER, "models", "--json"], check=True, stdout=subprocess.PIPE).stdout
    models = {row["name"] for row in json.loads(listed.splitlines()[-1])["models"]} | {"random-resized-crop"}
    done = set() if given.again else {key_of(line) for line in read_results()}
    rows = [row for row in settings()
            if row["what"] in given.only.split(",") and row["precision"] in given.precision.split(",")
            and row["model"] in models and key_of(row) not in done]
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        prepare(rows, work)
        for number, row in enumerate(rows):
            lines = measure(row, work, given.slow)
            write_results([line for line in read_results() if key_of(line) != key_of(row)] + lines)
            said = ", ".join(f"{line['contender']} {line['images_per_second']}" for line in lines)
            print(f"{number + 1}/{len(rows)} {' '.join(map(str, row.values()))}: {said}", flush=True)


if __name__ == "__main__":
    main()
