"""Measures the way `espalier bench --paced` does, so that a driver can let programs take turns.

    pace.measure(arguments, call, record)   # call() handles some images and returns how many

Prints "ready" when warm, one rate a line of standard input, and at the end one JSON object with the keys of
`espalier bench --json`.
"""
import argparse
import json
import statistics
import sys
import time

WARM_CALLS, WARM_SECONDS = 3, 0.2


def arguments(description, **defaults):
    """The flags that every peer understands; `defaults` are those of this peer."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", help="a model's name or an .onnx file")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--paced", action="store_true")
    parser.set_defaults(**defaults)
    return parser


def status_mib(key):
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) / 1024 for line in stream if line.startswith(key + ":"))


def stretch(seconds, least_calls, call):
    """Images a second of calls made one after another for that long."""
    images = calls = 0
    start = time.perf_counter()
    while calls < least_calls or time.perf_counter() - start < seconds:
        images += call()
        calls += 1
    return images / (time.perf_counter() - start)


def measure(given, call, resident_before, **record):
    stretch(WARM_SECONDS, WARM_CALLS, call)
    if given.paced:
        print("ready", flush=True)
    rates = []
    for _ in range(given.repeats):
        if given.paced and not sys.stdin.readline():
            sys.exit("standard input ended before the last repeat")
        rates.append(stretch(given.seconds / given.repeats, 1, call))
        if given.paced:
            print(rates[-1], flush=True)
    peak = status_mib("VmHWM")
    print(json.dumps({**record, "images_per_second": statistics.median(rates), "lowest": min(rates),
                      "highest": max(rates), "peak_mib": peak, "grown_mib": peak - resident_before}))
