"""Inference by ONNX Runtime: infer_onnxruntime.py --model model.onnx --batch 8 --threads 1. It computes in
what the file is in: fp32, or int8 of a quantised one."""
import numpy
import onnxruntime

import pace

given = pace.arguments(__doc__).parse_args()
before = pace.status_mib("VmRSS")
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = given.threads
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(given.model, options, providers=["CPUExecutionProvider"])
[port] = session.get_inputs()
images = numpy.random.default_rng(1).standard_normal((given.batch, 3, given.size, given.size), dtype=numpy.float32)


def run():
    return len(session.run(None, {port.name: images})[0])


pace.measure(given, run, before, contender="onnxruntime", version=onnxruntime.__version__)
