#!/usr/bin/env python3
"""A run of ours pruned by Torch-Pruning (Fang et al., CVPR 2023), written as a run of ours.

    prune_torch_pruning.py RUN OUT --macs 0.5 [--importance l1|bn] [--scope global|layer] [--round-to 1]

RUN holds a network that torchvision has under the same name. OUT gets model.safetensors and config.json with the
narrower layers, so that both prunings are trained on, exported and timed by the same program:

    espalier train classify --model OUT --weights OUT --data ... --epochs E
"""
import argparse
import json
import pathlib
import sys

import torch
import safetensors.torch
import torch_pruning as tp
from torch import nn

from networks import make_network


def open_run(run):
    config = json.loads((run / "config.json").read_text())
    net = make_network(config["architecture"])
    classes = config["num_classes"]
    for name, layer in list(net.named_modules()):
        if isinstance(layer, nn.Linear):
            last = name
    parent = net.get_submodule(last.rpartition(".")[0])
    old = net.get_submodule(last)
    setattr(parent, last.rpartition(".")[2], nn.Linear(old.in_features, classes))
    net.load_state_dict(safetensors.torch.load_file(run / "model.safetensors"), strict=True)
    return config, net.eval(), net.get_submodule(last)


def importance(name):
    if name == "bn":
        return tp.importance.BNScaleImportance()
    return tp.importance.MagnitudeImportance(p=1, normalizer="mean")


def prune(net, classifier, example, arguments):
    """In small steps until no more than the share of the multiply-adds is left; the last step that holds."""
    whole, _ = tp.utils.count_ops_and_params(net, example)
    pruner = tp.pruner.BasePruner(net, example, importance=importance(arguments.importance),
                                  global_pruning=arguments.scope == "global", pruning_ratio=0.9,
                                  iterative_steps=100, ignored_layers=[classifier],
                                  round_to=None if arguments.round_to == 1 else arguments.round_to)
    left = whole
    while left > arguments.macs * whole:
        before = left
        pruner.step()
        left, _ = tp.utils.count_ops_and_params(net, example)
        if left == before and pruner.current_step >= 100:
            sys.exit("Torch-Pruning stopped before the budget was met")
    return left / whole


def widths(pruned, whole):
    """What differs, as our files say it (src/espalier/models/widths.h)."""
    theirs = dict(whole.named_modules())
    layers = {}
    for name, layer in pruned.named_modules():
        was = theirs[name]
        if isinstance(layer, nn.Conv2d):
            pairs = {"in": (layer.in_channels, was.in_channels), "out": (layer.out_channels, was.out_channels)}
        elif isinstance(layer, nn.Linear):
            pairs = {"in": (layer.in_features, was.in_features), "out": (layer.out_features, was.out_features)}
        elif isinstance(layer, nn.BatchNorm2d):
            if layer.num_features != was.num_features:
                layers[name] = layer.num_features
            continue
        else:
            continue
        changed = {side: now for side, (now, before) in pairs.items() if now != before}
        if changed:
            layers[name] = changed
    return layers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--macs", type=float, required=True, help="share of the multiply-adds that may stay")
    parser.add_argument("--importance", choices=["l1", "bn"], default="l1")
    parser.add_argument("--scope", choices=["global", "layer"], default="global")
    parser.add_argument("--round-to", type=int, default=1)
    given = parser.parse_args()
    config, net, classifier = open_run(given.run)
    _, whole, _ = open_run(given.run)
    size = config["pretrained_cfg"]["input_size"]
    left = prune(net, classifier, torch.zeros(1, *size), given)
    config["espalier"]["arguments"]["layer_widths"] = widths(net, whole)
    config["num_features"] = classifier.in_features
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    safetensors.torch.save_file({name: value.contiguous() for name, value in net.state_dict().items()},
                                given.out / "model.safetensors",
                                {"espalier": json.dumps(config), "format": "pt"})
    print(json.dumps({"macs_left": left, "version": tp.__version__}))


if __name__ == "__main__":
    main()
