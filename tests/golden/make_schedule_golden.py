"""Writes schedules.json: what torch.optim.lr_scheduler (torch 2.13.0) does step by step, as factors of the peak rate.

    python tests/golden/make_schedule_golden.py
"""
import json
import pathlib

import torch
from torch.optim import SGD, lr_scheduler


def optimiser(lr=1.0, momentum=0.0):
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=momentum)


def path(make, steps, momentum=0.0):
    """The rate (and momentum) at each of `steps` steps."""
    opt = optimiser(momentum=momentum)
    schedule = make(opt)
    rates, momenta = [], []
    for step in range(steps):
        rates.append(opt.param_groups[0]["lr"])
        momenta.append(opt.param_groups[0]["momentum"])
        opt.step()
        if step + 1 < steps:
            schedule.step()
    return rates, momenta


def one_cycles():
    rows = []
    for total, peak, div, final, anneal, three in [
            (100, 0.3, 25.0, 1e4, "cos", False), (37, 0.3, 25.0, 1e4, "cos", True), (64, 0.4, 10.0, 100.0, "linear", False),
            (50, 0.25, 4.0, 1e3, "linear", True), (7, 0.5, 25.0, 1e4, "cos", False)]:
        rates, momenta = path(lambda opt: lr_scheduler.OneCycleLR(
            opt, max_lr=1.0, total_steps=total, pct_start=peak, anneal_strategy=anneal, base_momentum=0.85,
            max_momentum=0.95, div_factor=div, final_div_factor=final, three_phase=three), total, 0.95)
        rows.append({"total": total, "peak_at": peak, "div": div, "final_div": final, "anneal": anneal,
                     "three_phase": three, "rates": rates, "momenta": momenta})
    return rows


def shapes():
    total = 60
    return {"total": total,
            "cosine": path(lambda opt: lr_scheduler.CosineAnnealingLR(opt, total, eta_min=0.1), total)[0],
            "multistep": path(lambda opt: lr_scheduler.MultiStepLR(opt, [30, 45], gamma=0.2), total)[0],
            "poly": path(lambda opt: lr_scheduler.PolynomialLR(opt, total, power=0.9), total)[0],
            "linear": path(lambda opt: lr_scheduler.LinearLR(opt, 1.0, 0.1, total), total)[0]}


def plateaus():
    scores = [0.10, 0.30, 0.35, 0.351, 0.34, 0.36, 0.2, 0.2, 0.2, float("nan"), 0.5, 0.5, 0.51, 0.50, 0.49, 0.48,
              0.47, 0.46, 0.45, 0.44, 0.43, 0.42, 0.60, 0.6, 0.6, 0.6, 0.6, 0.6]
    rows = []
    for mode in ("max", "min"):
        for patience, delta, gamma, floor in [(0, 0.0, 0.5, 0.0), (2, 0.005, 0.1, 0.0), (1, 0.02, 0.5, 0.2)]:
            opt = optimiser()
            schedule = lr_scheduler.ReduceLROnPlateau(opt, mode=mode, factor=gamma, patience=patience, threshold=delta,
                                                      threshold_mode="abs", min_lr=floor, eps=0)
            factors = []
            for score in scores:
                schedule.step(score)
                factors.append(opt.param_groups[0]["lr"])
            rows.append({"higher_is_better": mode == "max", "patience": patience, "min_delta": delta, "gamma": gamma,
                         "floor": floor, "factors": factors})
    return {"scores": [None if s != s else s for s in scores], "runs": rows}


golden = {"one_cycle": one_cycles(), "shapes": shapes(), "plateau": plateaus()}
lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in golden.items())
(pathlib.Path(__file__).parent / "schedules.json").write_text("{\n" + lines + "\n}\n")
