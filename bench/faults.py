#!/usr/bin/env python3
"""Tries every fault as often as the table wants and writes bench/results/faults.csv: fault, trials, outcomes.

    bench/faults.py [FILTER] [--build FOLDER]

FILTER chooses tests by name, as --gtest_filter takes it ("Kill.*"); the other rows stay as they are. FOLDER is the
build to try, build/release by default; nothing is built here (./test does). About half an hour on two cores. Ends with an error when a trial did, and then leaves the table as it was.
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
RESULTS = HERE / "results" / "faults.csv"
COLUMNS = ["fault", "trials", "outcomes", "machine"]


def run_tests(build, pattern):
    """The report of the test program, as it writes it."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        environment = os.environ | {"ESPALIER_FAULTS": "all", "ESPALIER_BINARY": str(build / "bin" / "espalier")}
        words = [build / "tests" / "tests_faults", f"--gtest_output=json:{report}", f"--gtest_filter={pattern}"]
        if subprocess.run(words, env=environment, cwd=build).returncode != 0:
            sys.exit("a trial failed (see above); the table stays as it was")
        return json.loads(report.read_text())


def rows_of(report):
    rows, skipped = {}, []
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            if test.get("result") == "SKIPPED":
                skipped.append(f"{suite['name']}.{test['name']}")
            for key, value in test.items():
                if key.startswith("fault: "):
                    trials, outcomes = value.split("|")
                    rows[key.removeprefix("fault: ")] = [trials, outcomes]
    for name in skipped:
        print(f"{name} was skipped: its rows are not new", file=sys.stderr)
    return rows


def machine_line():
    names = [line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{names[0].split(':')[1].strip() if names else 'unknown processor'}, {os.cpu_count()} threads"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("filter", nargs="?", default="*")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    words = parser.parse_args()
    rows = rows_of(run_tests(words.build.resolve(), words.filter))
    table = {}
    if RESULTS.exists():
        with RESULTS.open(newline="") as stream:
            table = {line["fault"]: list(line.values()) for line in csv.DictReader(stream)}
    for fault, (trials, outcomes) in rows.items():
        table[fault] = [fault, trials, outcomes, machine_line()]
    with RESULTS.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(table.values())
    print(f"{len(rows)} rows in {RESULTS}")


if __name__ == "__main__":
    main()
