"""Goldens for tests/metrics/{confusion_matrix,probability_scores,regression,tests_of_difference}_test.cpp, by
scikit-learn, SciPy, statsmodels and MLstatkit (0.1.91, for DeLong's test).

    python tests/golden/make_metrics_golden.py > tests/golden/metrics_golden.json
"""
import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
import statsmodels
from MLstatkit import Delong_test
from scipy import stats
from sklearn import calibration, metrics
from statsmodels.stats.contingency_tables import mcnemar

warnings.simplefilter("ignore")
AVERAGES = ("micro", "macro", "weighted")


def lists(values):
    return np.asarray(values, float).tolist()


def classes_case(name, seed, samples, classes, sharpness, absent=()):
    rng = np.random.default_rng(seed)
    truth = rng.choice([c for c in range(classes) if c not in absent], samples)
    logits = rng.normal(size=(samples, classes)).round(1)
    logits[np.arange(samples), truth] += sharpness
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    guess = p.argmax(1)
    weight = rng.integers(0, 5, samples) / 4
    labels = np.arange(classes)
    case = {"name": name, "classes": classes, "truth": truth.tolist(), "guess": guess.tolist(), "score": lists(p.ravel()),
            "weight": lists(weight)}
    for key, w in (("plain", None), ("weighted", weight)):
        kw = {"sample_weight": w}
        part = {"confusion": lists(metrics.confusion_matrix(truth, guess, labels=labels, **kw).ravel()),
                "accuracy": metrics.accuracy_score(truth, guess, **kw),
                "balanced": metrics.balanced_accuracy_score(truth, guess, **kw),
                "matthews": metrics.matthews_corrcoef(truth, guess, **kw),
                "log_loss": metrics.log_loss(truth, p, labels=labels, **kw),
                "kappa": [metrics.cohen_kappa_score(truth, guess, labels=labels, weights=k, **kw)
                          for k in (None, "linear", "quadratic")],
                "brier": metrics.brier_score_loss(truth, p[:, 1] if classes == 2 else p, labels=labels, **kw)}
        for beta in (0.5, 1, 2):
            each = metrics.precision_recall_fscore_support(truth, guess, beta=beta, labels=labels, zero_division=0, **kw)
            averages = {a: metrics.precision_recall_fscore_support(truth, guess, beta=beta, average=a, zero_division=0, **kw)[:3]
                        for a in AVERAGES}
            part[f"f{beta}"] = {"each": [lists(v) for v in each[:3]], **{a: lists(v) for a, v in averages.items()}}
        if not absent and classes > 2:
            part["ovr"] = [metrics.roc_auc_score(truth, p, multi_class="ovr", average=a, **kw) for a in AVERAGES]
        if not absent and classes > 2 and w is None:
            part["ovo"] = [metrics.roc_auc_score(truth, p, multi_class="ovo", average=a) for a in AVERAGES[1:]]
        case[key] = part
    return case


def calibration_case(seed, samples):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, samples).round(2)
    truth = (rng.random(samples) < p ** 1.3).astype(int)
    case = {"truth": truth.tolist(), "p": lists(p)}
    for strategy in ("uniform", "quantile"):
        case[strategy] = [[n, *map(lists, calibration.calibration_curve(truth, p, n_bins=n, strategy=strategy))]
                          for n in (1, 5, 10)]
    return case


def regression_case(name, truth, predicted, weight):
    case = {"name": name, "truth": lists(truth), "predicted": lists(predicted), "weight": lists(weight)}
    for key, w in (("plain", None), ("weighted", weight)):
        kw = {"sample_weight": w}
        case[key] = {"mae": metrics.mean_absolute_error(truth, predicted, **kw),
                     "rmse": metrics.root_mean_squared_error(truth, predicted, **kw),
                     "r2": metrics.r2_score(truth, predicted, **kw),
                     "pinball": [[q, metrics.mean_pinball_loss(truth, predicted, alpha=q, **kw)] for q in (0, 0.1, 0.5, 0.9, 1)]}
    return case


def by_definition(truth, scores):
    """The covariance of AUCs of DeLong et al. 1988, equations 4 to 6: all pairs, no ranks."""
    positive, negative = scores[:, truth == 1], scores[:, truth == 0]
    psi = (positive[:, :, None] > negative[:, None, :]) + 0.5 * (positive[:, :, None] == negative[:, None, :])
    return psi.mean((1, 2)), np.cov(psi.mean(2)) / positive.shape[1] + np.cov(psi.mean(1)) / negative.shape[1]


def delong_case(name, seed, samples, decimals):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(samples) % 3 == 0).astype(int)
    common = rng.normal(size=samples)
    scores = np.stack([truth + common + rng.normal(size=samples), 0.7 * truth + common]).round(decimals)
    auc, covariance = by_definition(truth, scores)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    z = (auc[0] - auc[1]) / np.sqrt(variance)
    theirs = Delong_test(truth, scores[0], scores[1])
    assert abs(theirs[0] + z) < 1e-9 * abs(z), (theirs, z)  # theirs is second - first
    assert abs(theirs[1] - 2 * stats.norm.sf(abs(z))) < 1e-9
    return {"name": name, "truth": truth.tolist(), "first": lists(scores[0]), "second": lists(scores[1]), "auc": lists(auc),
            "variance": lists(np.diag(covariance)), "z": z, "p": 2 * stats.norm.sf(abs(z)),
            "error_of_difference": np.sqrt(variance)}


def mcnemar_case(first, second):
    table = [[40, first], [second, 7]]
    exact, square = mcnemar(table, exact=True), mcnemar(table, exact=False, correction=True)
    k, n = min(first, second), first + second
    return {"first": first, "second": second, "exact": exact.pvalue, "square": square.statistic, "square_p": square.pvalue,
            "mid": 2 * stats.binom.cdf(k, n, 0.5) - stats.binom.pmf(k, n, 0.5)}


def bootstrap_case(name, seed, samples, statistic):
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=samples)
    case = {"name": name, "values": lists(x), "estimate": statistic(x),
            "jackknife": lists([statistic(np.delete(x, i)) for i in range(samples)])}
    for method in ("percentile", "BCa"):
        done = stats.bootstrap((x,), statistic, vectorized=False, n_resamples=499, method=method, rng=np.random.default_rng(1))
        case["drawn"] = lists(done.bootstrap_distribution)
        case[method] = lists(done.confidence_interval)
    return case


rng = np.random.default_rng(5)
truth = rng.normal(size=40).round(2) * 10
few = rng.integers(0, 3, 40) / 2
json.dump(
    {"made_by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}",
     "classes": [classes_case("two classes", 1, 40, 2, 1.0), classes_case("three classes", 2, 60, 3, 0.8),
                 classes_case("six classes", 3, 90, 6, 1.2), classes_case("five classes, one absent", 4, 50, 5, 1.0, (3,))],
     "calibration": calibration_case(6, 120),
     "regression": [regression_case("near", truth, truth + rng.normal(size=40).round(2), few),
                    regression_case("constant truth", np.full(40, 2.5), truth, few),
                    regression_case("constant and met", np.full(40, 2.5), np.full(40, 2.5), few)],
     "delong": [delong_case("continuous", 7, 60, 12), delong_case("ties", 8, 90, 0)],
     "mcnemar": [mcnemar_case(a, b) for a, b in [(1, 0), (3, 3), (4, 9), (9, 4), (25, 60), (1500, 1400), (0, 30)]],
     "normal": [[z, stats.norm.cdf(z), 2 * stats.norm.sf(abs(z))] for z in (-9.0, -1.96, 0.0, 0.3, 5.0)],
     "bootstrap": [bootstrap_case("mean", 9, 30, np.mean), bootstrap_case("root mean square", 10, 25,
                                                                         lambda v: np.sqrt(np.mean(v * v)))]},
    sys.stdout)
sys.stdout.write("\n")
