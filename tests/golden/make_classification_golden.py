"""Goldens for tests/metrics/classification_test.cpp, by scikit-learn and statsmodels.

    python tests/golden/make_classification_golden.py > tests/golden/classification_golden.json
"""
import json
import sys

import numpy as np
import sklearn
import statsmodels
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint


def case(name, seed, samples, classes, sharpness, absent=(), with_zero=False):
    rng = np.random.default_rng(seed)
    present = [c for c in range(classes) if c not in absent]
    truth = rng.choice(present, samples)
    logits = rng.normal(size=(samples, classes))
    logits[np.arange(samples), truth] += sharpness
    if absent:
        logits[:, list(absent)] -= 100  # never predicted either
    p = np.exp(logits - logits.max(1, keepdims=True))
    p = (p / p.sum(1, keepdims=True)).astype(np.float32)
    if with_zero:  # the true class of the first sample gets no probability at all
        worst = np.zeros(classes, np.float32)
        worst[(truth[0] + 1) % classes] = 1
        p[0] = worst
    p = np.round(p.astype(np.float64), 5).astype(np.float32)
    labels = np.arange(classes)
    guess = p.argmax(1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, guess, labels=labels, zero_division=0)
    eps = np.finfo(np.float32).eps
    out = {
        "name": name,
        "truth": truth.tolist(),
        "probabilities": [[float(f"{v:.5f}") for v in row] for row in p],
        "confusion": metrics.confusion_matrix(truth, guess, labels=labels).tolist(),
        "accuracy": float(metrics.accuracy_score(truth, guess)),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        # labels left to scikit-learn: the classes that occur in truth or prediction
        "macro_f1": float(metrics.f1_score(truth, guess, average="macro", zero_division=0)),
        # clipped by hand where our header says so: scikit-learn's clip depends on the dtype
        "log_loss": float(-np.log(np.clip(
            p.astype(np.float64)[np.arange(samples), truth], eps, 1 - eps)).mean()),
        "accuracy_interval": proportion_confint(
            int((truth == guess).sum()), samples, method="wilson"),
        "recall_interval": [
            proportion_confint(int(((truth == c) & (guess == c)).sum()), int(support[c]),
                               method="wilson") if support[c] else [0.0, 1.0]
            for c in range(classes)],
    }
    if not with_zero:
        q = p.astype(np.float64)
        out["log_loss"] = float(metrics.log_loss(truth, q / q.sum(1, keepdims=True), labels=labels))
    # Among equal probabilities scikit-learn puts the higher class first, we the lower.
    if classes > 5 and not with_zero:
        out["top5"] = float(metrics.top_k_accuracy_score(truth, p, k=5, labels=labels))
    return out


wilson = [[k, n, *proportion_confint(k, n, method="wilson")]
          for k, n in [(0, 10), (10, 10), (1, 2), (88, 100), (1, 1000), (9999, 10000), (3, 7)]]
json.dump({"made_by": f"scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}",
           "wilson": wilson,
           "cases": [case("two classes", 1, 30, 2, 1.0),
                     case("four classes, one absent", 2, 40, 4, 1.5, absent=(2,)),
                     case("seven classes", 3, 50, 7, 1.0),
                     case("a probability of zero", 4, 20, 6, 2.0, with_zero=True)]},
          sys.stdout)
sys.stdout.write("\n")
