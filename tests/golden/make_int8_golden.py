"""Makes tests/golden/onnx/onnxruntime_int8.onnx, the small net of make_onnx_golden.py as ONNX Runtime's quantiser leaves it,
and what ONNX Runtime, its optimisations off, answers for the picture x[i] = sin(i / 10). Run in the peers' environment."""

import json
import pathlib
import tempfile

import numpy as np
import onnxruntime
from onnxruntime import quantization

folder = pathlib.Path(__file__).parent / "onnx"
images = np.sin(np.arange(2 * 2 * 12 * 10) / 10).astype(np.float32).reshape(2, 2, 12, 10)


class Pictures(quantization.CalibrationDataReader):
    left = [{"x": images}]

    def get_next(self):
        return self.left.pop() if self.left else None


made = folder / "onnxruntime_int8.onnx"
with tempfile.TemporaryDirectory() as work:
    quantization.quantize_static(folder / "pytorch_folded.onnx", made, Pictures(), per_channel=True,
                                 activation_type=quantization.QuantType.QUInt8,
                                 weight_type=quantization.QuantType.QInt8)
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
session = onnxruntime.InferenceSession(made, options, providers=["CPUExecutionProvider"])
[answers] = session.run(None, {"x": images})
(folder / "onnxruntime_int8.json").write_text(json.dumps({"logits": answers.flatten().tolist()}) + "\n")
