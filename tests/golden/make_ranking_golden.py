"""Goldens for tests/metrics/ranking_test.cpp: scores of rankings by scikit-learn, ranks by SciPy.

    python tests/golden/make_ranking_golden.py > tests/golden/ranking_golden.json
"""
import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics

FEW = 60


def floats(values):
    return [float(v) if np.isfinite(v) else None for v in values]


def binary(name, truth, score, weight):
    """One set of samples, without weights and with them."""
    case = {"name": name, "truth": truth.tolist(), "score": score.tolist(), "weight": weight.tolist(),
            "mid_ranks": stats.rankdata(score).tolist()}
    for key, w in (("plain", None), ("weighted", weight)):
        fpr, tpr, threshold = metrics.roc_curve(truth, score, sample_weight=w)
        all_fpr, _, _ = metrics.roc_curve(truth, score, sample_weight=w, drop_intermediate=False)
        precision, recall, pr_threshold = metrics.precision_recall_curve(truth, score, sample_weight=w)
        case[key] = {
            "auc": float(metrics.roc_auc_score(truth, score, sample_weight=w)),
            "partial": [[m, float(metrics.roc_auc_score(truth, score, sample_weight=w, max_fpr=m))]
                        for m in (0.05, 0.3, 0.5, 1.0)],
            "ap": float(metrics.average_precision_score(truth, score, sample_weight=w)),
            "fpr": fpr.tolist(), "tpr": tpr.tolist(), "roc_threshold": floats(threshold), "all_points": len(all_fpr),
            "precision": precision.tolist(), "recall": recall.tolist(), "pr_threshold": pr_threshold.tolist()}
    return case


def cases():
    rng = np.random.default_rng(11)
    truth = rng.permutation(np.arange(FEW) % 3 == 0).astype(int)
    weight = rng.integers(0, 5, FEW) / 4
    score = rng.normal(size=FEW) + truth
    yield binary("continuous", truth, score, weight)
    yield binary("many ties", truth, np.round(score), weight)
    yield binary("all the same", truth, np.full(FEW, 0.25), weight)
    yield binary("perfect", truth, truth + rng.random(FEW) / 2, weight)
    yield binary("upside down", truth, -truth - rng.random(FEW) / 2, weight)
    yield binary("zeros of both signs", truth, np.where(rng.random(FEW) < 0.5, 0.0, -0.0) + (rng.random(FEW) < 0.2), weight)
    yield binary("hairs apart", truth, 1 + rng.integers(0, 9, FEW) * np.finfo(float).eps, weight)
    yield binary("magnitudes", truth, np.sign(score) * 10.0 ** (score * 60), weight)
    few = np.array([0, 1])
    yield binary("two samples", few, np.array([0.3, 0.7]), np.ones(2))


warnings.simplefilter("error")
json.dump({"made_by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}", "binary": list(cases())}, sys.stdout)
sys.stdout.write("\n")
