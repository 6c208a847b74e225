"""Files that the build's tests_deploy writes and reads, and ONNX Runtime on them."""

import os
import subprocess
import sys

import numpy as np
import onnxruntime


def run_ours(test_filter, **variables):
    """Runs some of tests_deploy with these variables in its environment."""
    binary = os.path.join("tests", "tests_deploy")
    done = subprocess.run([binary, f"--gtest_filter={test_filter}"], env={**os.environ, **variables},
                          text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{binary} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def run_onnxruntime(path, images, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL, optimised=""):
    """What ONNX Runtime gives for the images; `optimised`: where it writes the graph that it ran."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    options.log_severity_level = 3
    if optimised:
        options.optimized_model_filepath = optimised
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def floats(path, *shape):
    return np.fromfile(path, np.float32).reshape(*shape)
