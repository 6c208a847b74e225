"""What bench/tables.cpp prints, for pandas' C engine.

    python bench/peers/tables_pandas.py FILE.csv...     (a Python with pandas)
"""

import os
import sys
import time

import pandas

ROUNDS = 5


def seconds(path):
    start = time.process_time()
    pandas.read_csv(path, engine="c", low_memory=False)
    return time.process_time() - start


def main():
    print("file,megabytes,seconds,megabytes_per_second")
    for path in sys.argv[1:]:
        best = min(seconds(path) for _ in range(ROUNDS))
        size = os.path.getsize(path) / 1e6
        print(f"{os.path.basename(path)},{size:.1f},{best:.4f},{size / best:.0f}")


if __name__ == "__main__":
    main()
