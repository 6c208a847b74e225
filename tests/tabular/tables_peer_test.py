"""Models of `train table` on real tables (those that come with scikit-learn) against scikit-learn: what `predict` writes
into the last columns, for each row."""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn import datasets, linear_model, naive_bayes

BINARY = os.environ["ESPALIER_BINARY"]
TABLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}


def run(*words):
    done = subprocess.run([BINARY, *map(str, words), "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words}: {done.stderr}")


def write_table(path, x, y):
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow([f"x{j}" for j in range(x.shape[1])] + ["y"])
        for row, target in zip(x, y):
            table.writerow([repr(float(v)) for v in row] + [repr(target.item())])


def predicted(path, count):
    """The last `count` columns."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(cell) for cell in row[-count:]] for row in rows])


def ours(folder, x, y, count, *flags):
    write_table(folder / "t.csv", x, y)
    run("train", "table", "--data", folder / "t.csv", "--target", "y", "--holdout", 0, "--out", folder / "run", "--force",
        *flags)
    run("predict", folder / "run", folder / "t.csv", "--out", folder / "p.csv", "--probabilities")
    return predicted(folder / "p.csv", count)


def cases(x, y, classes):
    if not classes:
        yield "linear", ["--model", "linear"], linear_model.LinearRegression(), 1e-9
        yield "ridge", ["--model", "linear", "--ridge", 2], linear_model.Ridge(alpha=2, solver="svd"), 1e-9
        return
    yield "gaussian", ["--model", "naive-bayes"], naive_bayes.GaussianNB(), 1e-10
    for kind, model in (("multinomial", naive_bayes.MultinomialNB), ("complement", naive_bayes.ComplementNB),
                        ("bernoulli", naive_bayes.BernoulliNB)):
        yield kind, ["--model", "naive-bayes", "--kind", kind], model(), 1e-10
    # Newton to the end; scikit-learn's first-order solvers stop at about 1e-4 of it on columns of such unlike units.
    model = linear_model.LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=1000)
    yield "logistic", ["--model", "logistic"], model, 1e-8


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        for table, load in TABLES.items():
            x, y = load(return_X_y=True)
            classes = len(np.unique(y)) if table != "diabetes" else 0
            for what, flags, model, tolerance in cases(x, y, classes):
                theirs = model.fit(x, y)
                theirs = theirs.predict_proba(x) if classes else theirs.predict(x)[:, None]
                difference = np.abs(ours(pathlib.Path(name), x, y, max(classes, 1), *flags) - theirs).max()
                difference /= max(1, np.abs(theirs).max())
                print(f"{table}, {what}: largest difference {difference:.1e} (allowed {tolerance:.0e})")
                bad += not difference <= tolerance
    return bad


if __name__ == "__main__":
    sys.exit(main())
