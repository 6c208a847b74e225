"""The exported file of every model of the table and of every operation under ONNX's own checker and ONNX Runtime, and
files of PyTorch's own exporter under our reader. The build's tests_deploy writes and reads the files."""

import glob
import os
import sys
import tempfile

import numpy as np
import onnx

from exported import floats, run_onnxruntime, run_ours

SIDE = 64
TOLERANCE = 1e-4  # of the largest logit


def compare(name, ours, theirs):
    difference = np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())
    print(f"{name}: largest relative difference {difference:.2e}")
    return difference <= TOLERANCE


def check_exported(folder):
    run_ours("*EachModel.ExportsAFileThatAgrees/*", ESPALIER_ONNX_OUT=folder)
    files = sorted(glob.glob(os.path.join(folder, "*.onnx")))
    good = len(files) > 0
    for path in files:
        onnx.checker.check_model(path, full_check=True)
        model = onnx.load(path)
        kinds = {node.op_type for node in model.graph.node}
        if "BatchNormalization" in kinds:
            sys.exit(f"{path} still has a BatchNormalization")
        base = path.removesuffix(".onnx")
        images = floats(base + ".images", 2, 3, SIDE, SIDE)
        theirs = run_onnxruntime(path, images)
        good &= compare(os.path.basename(path), floats(base + ".logits", *theirs.shape), theirs)
        good &= run_onnxruntime(path, images[:1]).shape[0] == 1
    return good


def check_operators(folder):
    """Every operation of trace_test.cpp, each a file of its own."""
    run_ours("*EachOperation.*", ESPALIER_ONNX_OUT=folder)
    files = sorted(glob.glob(os.path.join(folder, "*.onnx")))
    good = len(files) > 40
    for path in files:
        onnx.checker.check_model(path, full_check=True)
        base = path.removesuffix(".onnx")
        theirs = run_onnxruntime(path, floats(base + ".images", 5, 6, 10, 12))
        good &= compare(os.path.basename(path), floats(base + ".logits", *theirs.shape), theirs)
    return good


def check_from_pytorch(folder):
    import torch
    import torchvision_on_cpu  # noqa: F401
    import torchvision

    torch.manual_seed(0)
    good = True
    images = torch.randn(2, 3, SIDE, SIDE)
    for name in ("resnet18", "mobilenet_v2", "vgg11_bn", "squeezenet1_1", "densenet121"):
        model = getattr(torchvision.models, name)(num_classes=10).eval()
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
                torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
        if name == "vgg11_bn":
            model.avgpool = torch.nn.AdaptiveAvgPool2d(1)
            model.classifier[0] = torch.nn.Linear(512, 4096)
        base = os.path.join(folder, name)
        images.numpy().tofile(base + ".images")
        for folding in (True, False):
            modes = torch.onnx.TrainingMode
            torch.onnx.export(model, images, base + ".onnx", dynamo=False, opset_version=17,
                              do_constant_folding=folding, training=modes.EVAL if folding else modes.PRESERVE,
                              dynamic_axes={"x": {0: "N"}}, input_names=["x"])
            run_ours("OnnxFromPyTorch.*", ESPALIER_ONNX_IN=base + ".onnx", ESPALIER_ONNX_SIDE=str(SIDE))
            with torch.no_grad():
                theirs = model(images).numpy()
            good &= compare(f"{name} from PyTorch", floats(base + ".ours", *theirs.shape), theirs)
    return good


results = []
for check in (check_exported, check_operators, check_from_pytorch):
    with tempfile.TemporaryDirectory() as folder:
        results.append(check(folder))
sys.exit(0 if all(results) else 1)
