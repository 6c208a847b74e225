"""Our int8 files under ONNX's checker and ONNX Runtime, and files of ONNX Runtime's own quantiser under our reader and
runtime. The build's tests_deploy writes and reads the files."""

import glob
import os
import sys
import tempfile

import numpy as np
import onnx
from onnxruntime import GraphOptimizationLevel, quantization

from exported import floats, run_onnxruntime, run_ours

MODELS = ("resnet20", "mobilenet_v2", "tf_efficientnet_lite0", "shufflenet_v2_x0_5", "squeezenet1_1", "regnet_y_400mf",
          "resnet50")


def off(given, wanted):
    """Mean difference of the answers, relative to their spread."""
    return np.abs(given - wanted).mean() / np.abs(wanted - wanted.mean()).mean()


def check_ours(folder):
    run_ours("*Int8Model.IsTheSameReadBack/*", ESPALIER_INT8_OUT=folder)
    good = len(glob.glob(os.path.join(folder, "*.onnx"))) == len(MODELS)
    for name in MODELS:
        base = os.path.join(folder, name)
        model = onnx.load(base + ".onnx")
        onnx.checker.check_model(model, full_check=True)
        side = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
        images = floats(base + ".images", -1, 3, side, side)
        plain = run_onnxruntime(base + ".onnx", images, GraphOptimizationLevel.ORT_DISABLE_ALL)
        whole = run_onnxruntime(base + ".onnx", images, GraphOptimizationLevel.ORT_ENABLE_ALL, base + ".optimised")
        oracle, ours = (floats(base + end, *plain.shape) for end in (".logits", ".ours"))
        kinds = [node.op_type for node in onnx.load(base + ".optimised").graph.node]
        left, done = kinds.count("Conv") + kinds.count("FusedConv"), kinds.count("QLinearConv")
        figures = [off(oracle, plain), off(whole, plain), off(ours, whole)]
        agreed = np.mean(ours.argmax(1) == whole.argmax(1))
        print(f"{name}: oracle to ONNX Runtime's float {figures[0]:.1e}, its int8 to that {figures[1]:.1e}, our "
              f"runtime to its int8 {figures[2]:.1e}, same first answer {agreed:.2f}; QLinearConv {done}, Conv {left}")
        gates = {"regnet_y_400mf": 32}.get(name, 0)
        good &= figures[0] < 0.02 and figures[2] < 0.1 and agreed > 0.8 and left <= gates and done > 10
    return good


class Images(quantization.CalibrationDataReader):
    def __init__(self, name, images):
        self.left = [{name: images}]

    def get_next(self):
        return self.left.pop() if self.left else None


def check_theirs(folder):
    """With values of either type, and weights by channel or by tensor."""
    run_ours("*Int8Model.IsTheSameReadBack/*", ESPALIER_INT8_OUT=folder)
    kinds = quantization.QuantType
    good = True
    for name in ("resnet20", "mobilenet_v2"):
        base = os.path.join(folder, name)
        plain = base + ".float.onnx"
        os.rename(base + ".float", plain)
        [port] = onnx.load(plain).graph.input
        side = port.type.tensor_type.shape.dim[2].dim_value
        images = floats(base + ".images", -1, 3, side, side)
        for values, by_channel in ((kinds.QUInt8, True), (kinds.QInt8, False)):
            made = os.path.join(folder, "theirs.onnx")
            quantization.quantize_static(plain, made, Images(port.name, images), per_channel=by_channel,
                                         activation_type=values, weight_type=kinds.QInt8)
            quantised = onnx.load(made)
            del quantised.metadata_props[:]  # carried over from ours: the checksum of other bytes
            onnx.save(quantised, made)
            images[:2].tofile(os.path.join(folder, "theirs.images"))
            run_ours("OnnxFromPyTorch.*", ESPALIER_ONNX_IN=made, ESPALIER_ONNX_SIDE=str(side))
            theirs = run_onnxruntime(made, images[:2], GraphOptimizationLevel.ORT_DISABLE_ALL)
            difference = off(floats(os.path.join(folder, "theirs.ours"), *theirs.shape), theirs)
            print(f"{name} by ONNX Runtime's quantiser ({values}): our difference {difference:.1e}")
            good &= difference < 0.05
    return good


if __name__ == "__main__":
    results = []
    for check in (check_ours, check_theirs):
        with tempfile.TemporaryDirectory() as work:
            results.append(check(work))
    sys.exit(0 if all(results) else 1)
