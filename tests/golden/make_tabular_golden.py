"""Goldens for tests/tabular/models_test.cpp, by scikit-learn.

    python tests/golden/make_tabular_golden.py > tests/golden/tabular_golden.json
"""
import json
import sys
import warnings

import numpy as np
import sklearn
from scipy import stats
from sklearn import linear_model, naive_bayes


def rows(array):
    return np.asarray(array, float).tolist()


def draw(name, seed, count, width, classes, kind):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, count)
    y[:classes] = np.arange(classes)
    if kind == "gaussian":
        x = rng.normal(size=(count, width)) * rng.uniform(0.1, 50, width) + rng.normal(size=(classes, width))[y]
        x += 1000 * rng.normal(size=width)  # means far from 0
    elif kind == "categorical":
        x = rng.integers(0, 4, (count, width)) * (y[:, None] + rng.integers(0, 2, (count, width))) % 4
    else:
        x = rng.poisson(rng.gamma(1.0, 1.5, (classes, width))[y])
    return np.round(x.astype(float), 3), y, np.round(rng.uniform(0, 3, count), 2)


def bayes_case(name, seed, kind, weighted, options=None, shape=(60, 6, 3)):
    x, y, w = draw(name, seed, *shape, kind)
    options = options or {}
    model = {
        "gaussian": naive_bayes.GaussianNB,
        "multinomial": naive_bayes.MultinomialNB,
        "complement": naive_bayes.ComplementNB,
        "bernoulli": naive_bayes.BernoulliNB,
        "categorical": naive_bayes.CategoricalNB,
    }[kind](**options)
    if kind == "categorical":
        x = x.astype(int)
    model.fit(x, y, sample_weight=w if weighted else None)
    test = x[::-1] + 0.25 if kind == "gaussian" else x[::-1]
    out = {"name": name, "kind": kind, "options": options, "classes": shape[2], "x": rows(x), "y": y.tolist(),
           "weights": w.tolist() if weighted else [], "test": rows(test),
           "joint": rows(model.predict_joint_log_proba(test)), "probabilities": rows(model.predict_proba(test)),
           "predicted": model.predict(test).tolist()}
    if kind == "gaussian":
        out["parameters"] = rows(model.var_)
    elif kind == "categorical":
        out["parameters"] = rows(np.concatenate(model.feature_log_prob_, 1))
    else:
        out["parameters"] = rows(model.feature_log_prob_)
    return out


def linear_case(name, seed, count, width, targets, weighted=False, intercept=True, ridge=0.0, positive=False,
                dependent=False, constant=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, width)) * np.logspace(0, 3, width) + rng.normal(size=width) * 10
    if dependent:
        x[:, -1] = 2 * x[:, 0] - x[:, 1]
    if constant:
        x[:, 1] = 7.25
    y = x @ rng.normal(size=(width, targets)) + 0.5 * rng.normal(size=(count, targets)) + 3
    w = np.round(rng.uniform(0.1, 3, count), 2)
    weight = w if weighted else None
    if ridge:
        model = linear_model.Ridge(alpha=ridge, fit_intercept=intercept, solver="svd").fit(x, y, weight)
    else:
        model = linear_model.LinearRegression(fit_intercept=intercept, positive=positive).fit(x, y, weight)
    out = {"name": name, "x": rows(x), "y": rows(y), "weights": w.tolist() if weighted else [],
           "intercept": intercept, "ridge": ridge, "non_negative": positive,
           "coefficients": rows(np.atleast_2d(model.coef_)),
           "intercepts": rows(np.broadcast_to(np.ravel(model.intercept_), targets)),
           "r2": [float(v) for v in sklearn.metrics.r2_score(y, model.predict(x), sample_weight=weight,
                                                            multioutput="raw_values")]}
    if not ridge and not positive:
        centred = x - np.average(x, axis=0, weights=weight) if intercept else x
        if weighted:
            centred = centred * np.sqrt(w)[:, None]
        out["rank"] = int(np.linalg.matrix_rank(centred))
        out["singular_values"] = rows(np.linalg.svd(centred, compute_uv=False))
    return out


def simple_errors():
    """Of one column, by scipy.stats.linregress: slope, its standard error and that of the intercept."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=30) * 4 + 100
    y = 0.3 * x + rng.normal(size=30)
    fit = stats.linregress(x, y)
    return {"x": x.tolist(), "y": y.tolist(), "slope": fit.slope, "intercept": fit.intercept, "error": fit.stderr,
            "intercept_error": fit.intercept_stderr}


def logistic_case(name, seed, count, width, classes, l2, weighted=False, intercept=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, width)) * rng.uniform(0.5, 3, width) + rng.normal(size=width)
    y = (x @ rng.normal(size=(width, classes)) + rng.gumbel(size=(count, classes)) * 2).argmax(1)
    w = np.round(rng.uniform(0, 3, count), 2)
    model = linear_model.LogisticRegression(C=1 / l2, fit_intercept=intercept, solver="newton-cholesky", tol=1e-14,
                                            max_iter=1000)
    model.fit(x, y, sample_weight=w if weighted else None)
    return {"name": name, "x": rows(x), "y": y.tolist(), "classes": classes, "l2": l2, "intercept": intercept,
            "weights": w.tolist() if weighted else [], "coefficients": rows(model.coef_),
            "intercepts": rows(np.broadcast_to(model.intercept_, model.coef_.shape[:1])),
            "probabilities": rows(model.predict_proba(x))}


def main():
    warnings.simplefilter("error", sklearn.exceptions.ConvergenceWarning)
    golden = {
        "made_by": f"scikit-learn {sklearn.__version__}",
        "bayes": [
            bayes_case("gaussian", 1, "gaussian", False),
            bayes_case("gaussian, weights, ten classes", 2, "gaussian", True, shape=(80, 5, 10)),
            bayes_case("gaussian, smoothed", 3, "gaussian", False, {"var_smoothing": 0.1}, (9, 19, 2)),
            bayes_case("multinomial", 4, "multinomial", False),
            bayes_case("multinomial, weights, alpha", 5, "multinomial", True, {"alpha": 0.3}),
            bayes_case("multinomial, even prior", 6, "multinomial", False, {"fit_prior": False}),
            bayes_case("complement", 7, "complement", False),
            bayes_case("complement, norm", 8, "complement", True, {"norm": True, "alpha": 0.5}),
            bayes_case("bernoulli", 9, "bernoulli", False),
            bayes_case("bernoulli, binarize", 10, "bernoulli", True, {"binarize": 1.0, "alpha": 0.1}),
            bayes_case("categorical", 11, "categorical", False),
            bayes_case("categorical, weights", 12, "categorical", True, {"alpha": 0.7}),
        ],
        "linear": [
            linear_case("plain", 1, 40, 4, 1),
            linear_case("two targets, weights", 2, 40, 5, 2, weighted=True),
            linear_case("no intercept", 3, 30, 3, 1, intercept=False),
            linear_case("dependent columns", 4, 40, 5, 2, dependent=True),
            linear_case("constant column", 5, 30, 4, 1, constant=True),
            linear_case("more columns than rows", 6, 8, 12, 1),
            linear_case("ridge", 7, 40, 5, 2, ridge=10.0),
            linear_case("ridge, weights", 8, 40, 5, 1, ridge=0.5, weighted=True),
            linear_case("ridge, dependent columns", 9, 40, 5, 1, ridge=2.0, dependent=True),
            linear_case("non-negative", 10, 40, 6, 2, positive=True),
        ],
        "simple_errors": simple_errors(),
        "logistic": [
            logistic_case("two classes", 1, 60, 4, 2, 1.0),
            logistic_case("two classes, weights, weak", 2, 60, 3, 2, 0.01, weighted=True),
            logistic_case("two classes, no intercept", 3, 60, 3, 2, 1.0, intercept=False),
            logistic_case("four classes", 4, 90, 5, 4, 1.0),
            logistic_case("three classes, weights", 5, 80, 3, 3, 0.1, weighted=True),
        ],
    }
    json.dump(golden, sys.stdout)
    print()


if __name__ == "__main__":
    main()
