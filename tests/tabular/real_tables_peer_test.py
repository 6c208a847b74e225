"""Models of `train table` and scores of `eval` on real tables against scikit-learn, through the binary.

ESPALIER_DATA names the folder with tables/*.csv. Tolerances are relative to what the numbers are computed from: 1e-10 of the
log-likelihoods for naive Bayes, 1e-9 of the largest fitted value for least squares (whose columns differ by 1e6 in unit),
1e-10 of the largest eigenvalue for PCA. Trees: the same leaves and impurity as one of scikit-learn's, which draws the order in
which equal cuts are looked at.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn import decomposition, linear_model, metrics, naive_bayes, neighbors, tree

BINARY = os.environ["ESPALIER_BINARY"]
FOLDER = pathlib.Path(os.environ.get("ESPALIER_DATA", "none")) / "tables"
MOST_ROWS = 2000  # of the large ones, evenly spread
NEIGHBOURS = 6
CLASSES = {
    "sk_iris": "target", "sk_wine": "target", "sk_breast_cancer": "target", "sk_digits": "target",
    "mlbench_PimaIndiansDiabetes": "diabetes", "mlbench_Glass": "Type", "mlbench_Sonar": "Class", "mlbench_Vehicle": "Class",
    "mlbench_LetterRecognition": "lettr", "mlbench_Shuttle": "Class", "mlbench_Ionosphere": "Class", "spambase": "type",
    "seaborn_penguins": "species",
}
NUMBERS = {
    "sk_diabetes": "target", "california_housing": "HouseValue", "mlbench_BostonHousing": "medv", "seaborn_diamonds": "price",
    "seaborn_mpg": "mpg", "sk_linnerud": "Weight",
}


class Table:
    """The columns of numbers. Rows with a missing cell are left out, and those that repeat another, so that neighbours are
    told apart."""

    def __init__(self, name, target, classes):
        with open(FOLDER / f"{name}.csv", newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file))
        at = header.index(target)
        rows = [row for row in rows if not {"", "NA"}.intersection(row)]
        rows = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
        columns = []
        for j, _ in enumerate(header):
            try:
                column = np.array([float(row[j]) for row in rows])
            except ValueError:
                continue
            if j != at and np.ptp(column) > 0:
                columns.append(column)
        x = np.stack(columns, 1)
        _, first = np.unique(x, axis=0, return_index=True)
        first.sort()
        words = np.array([row[at] for row in rows])[first]
        self.name, self.x = name, x[first]
        self.classes, self.y = np.unique(words, return_inverse=True) if classes else (None, words.astype(float))
        if classes:  # classes of a few rows have no spread
            common = np.bincount(self.y)[self.y] >= 5
            self.x = self.x[common][:, np.ptp(self.x[common], axis=0) > 0]
            self.classes, self.y = np.unique(words[common], return_inverse=True)


def run(*words):
    done = subprocess.run([BINARY, *map(str, words), "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{words}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]) if "--json" in words else None


def write(path, x, y):
    """`y`: words of the last column, or None for a table without a target."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([f"x{j}" for j in range(x.shape[1])] + ([] if y is None else ["y"]))
        out.writerows([*map(repr, row), *([] if y is None else [y[i]])] for i, row in enumerate(x.tolist()))


class Check:
    bad = 0
    worst = {}

    @classmethod
    def near(cls, table, what, ours, theirs, tolerance, scale=1):
        ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
        same = ours.shape == theirs.shape
        off = float(np.abs(ours - theirs).max() / scale) if same else float("inf")
        cls.worst[what] = max(cls.worst.get(what, 0), off)
        cls.true(table, f"{what} differs by {off:.1e}", off <= tolerance)

    @classmethod
    def true(cls, table, what, holds):
        if not holds:
            print(f"{table.name}: {what}")
            cls.bad += 1


def trained(folder, x, y, *flags, answers=1):
    """What `train` says of the fit, and the last columns that `predict` writes for the same rows."""
    write(folder / "t.csv", x, y)
    said = run("train", "table", "--data", folder / "t.csv", *([] if y is None else ["--target", "y"]), "--holdout", 0,
               "--out", folder / "run", "--force", "--json", *flags)
    if not answers:
        return said["fit"], None
    run("predict", folder / "run", folder / "t.csv", "--out", folder / "p.csv", "--probabilities")
    with open(folder / "p.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return said["fit"], np.array([[float(cell) for cell in row[-answers:]] for row in rows])


def words_of(table):
    # Words, so that the order of classes is that of both sides: c00, c01, ...
    return [f"c{label:02}" for label in table.y] if table.classes is not None else [repr(v) for v in table.y.tolist()]


def check_naive_bayes(folder, table):
    model = naive_bayes.GaussianNB().fit(table.x, table.y)
    likelihoods = model.predict_joint_log_proba(table.x)
    _, shares = trained(folder, table.x, words_of(table), "--model", "naive-bayes", answers=len(table.classes))
    theirs = model.predict_proba(table.x)
    seen = (shares > 1e-280) & (theirs > 1e-280)
    scale = np.maximum(1, np.abs(likelihoods).max(1, keepdims=True)) * np.ones_like(theirs)
    Check.near(table, "naive Bayes log-probabilities", np.log(shares[seen]) / scale[seen], np.log(theirs[seen]) / scale[seen], 1e-10)
    Check.true(table, "naive Bayes sees other classes", ((shares > 1e-270) == (theirs > 1e-270)).all())
    return shares


def impurity(shares, criterion):
    if criterion == "gini":
        return 1 - (shares ** 2).sum(1).mean()
    return -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(1).mean()


def check_tree(folder, table):
    for criterion in ("gini", "entropy"):
        for depth in (3, 0):
            flags = ["--model", "tree", "--criterion", criterion] + (["--max-depth", depth] if depth else [])
            fit, shares = trained(folder, table.x, words_of(table), *flags, answers=len(table.classes))
            theirs = []
            for seed in range(5):
                model = tree.DecisionTreeClassifier(criterion=criterion, max_depth=depth or None, random_state=seed)
                model.fit(table.x, table.y)
                theirs.append((model.get_n_leaves(), impurity(model.predict_proba(table.x), criterion)))
            off = min(abs(impurity(shares, criterion) - value) for _, value in theirs)
            what = f"{criterion} tree of depth {depth or 'any'}"
            Check.worst[f"tree impurity, depth {depth or 'any'}"] = max(off, Check.worst.get(f"tree impurity, depth {depth or 'any'}", 0))
            Check.true(table, f"{what}: impurity {impurity(shares, criterion)}, theirs {theirs}", off <= 1e-10)
            if depth:
                Check.true(table, f"{what}: {fit['leaves']} leaves, theirs {theirs}", fit["leaves"] in [n for n, _ in theirs])


def check_neighbours(folder, table):
    """The mean of numbers that no two sets of rows share tells who the neighbours are."""
    marks = np.random.default_rng(1).random(len(table.x))
    _, means = trained(folder, table.x, [repr(v) for v in marks.tolist()], "--model", "knn", "--goal", "regress",
                       "--neighbors", NEIGHBOURS)
    model = neighbors.NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(table.x)
    distance, index = model.kneighbors(table.x)
    clear = distance[:, -1] - distance[:, -2] > 1e-9 * distance[:, -1]  # else either may be the last
    Check.true(table, "too few rows with clear neighbours", clear.mean() > 0.1)
    Check.near(table, "neighbours", means[clear, 0], marks[index[clear, :NEIGHBOURS]].mean(1), 1e-12)


def check_pca(folder, table):
    fit, _ = trained(folder, table.x, None, "--model", "pca", "--components", min(table.x.shape), answers=0)
    theirs = decomposition.PCA(svd_solver="full").fit(table.x)
    count = min(len(fit["variance"]), len(theirs.explained_variance_))
    Check.near(table, "PCA spectrum", fit["variance"][:count], theirs.explained_variance_[:count], 1e-10,
               theirs.explained_variance_[0])


def check_linear(folder, table):
    fit, fitted = trained(folder, table.x, words_of(table), "--model", "linear", "--goal", "regress")
    # Of columns in their own units scikit-learn's solver would cut off what is small but not nothing.
    spread = table.x.std(0)
    model = linear_model.LinearRegression().fit((table.x - table.x.mean(0)) / spread, table.y)
    theirs = model.predict((table.x - table.x.mean(0)) / spread)
    Check.near(table, "least squares, fitted values", fitted[:, 0], theirs, 1e-9, np.abs(theirs).max())
    if model.rank_ == table.x.shape[1]:
        coefficients = [row["coefficient"] for row in fit["coefficients"] if row["column"].startswith("x")]
        Check.near(table, "least squares, coefficients", np.array(coefficients) * spread, model.coef_, 1e-9,
                   np.abs(model.coef_).max())


def check_scores(folder, table, shares):
    said = run("eval", folder / "run", "--data", folder / "t.csv", "--json")
    guess = shares.argmax(1)
    two = len(table.classes) == 2
    best = shares[:, 1] if two else shares / shares.sum(1, keepdims=True)
    theirs = {
        "accuracy": metrics.accuracy_score(table.y, guess),
        "macro_f1": metrics.f1_score(table.y, guess, average="macro"),
        "mcc": metrics.matthews_corrcoef(table.y, guess),
        "kappa": metrics.cohen_kappa_score(table.y, guess),
        "brier": metrics.brier_score_loss(table.y, best),
        "auc": metrics.roc_auc_score(table.y, best, multi_class="ovr"),
        "average_precision": np.mean([metrics.average_precision_score(table.y == c, shares[:, c])
                                      for c in ([1] if two else range(len(table.classes)))]),
    }
    for name, value in theirs.items():
        Check.near(table, name, said[name], value, 1e-10)


def check_number_scores(folder, table):
    _, fitted = trained(folder, table.x, words_of(table), "--model", "linear", "--goal", "regress")
    said = run("eval", folder / "run", "--data", folder / "t.csv", "--json")
    fitted = fitted[:, 0]
    Check.near(table, "r2", said["r2"], metrics.r2_score(table.y, fitted), 1e-10)
    for name, value in (("rmse", metrics.root_mean_squared_error(table.y, fitted)),
                        ("mae", metrics.mean_absolute_error(table.y, fitted))):
        Check.near(table, name, said[name] / value, 1, 1e-10)


def main():
    if not FOLDER.is_dir():
        print("skipped: ESPALIER_DATA names no folder with tables/; parity on real tables is NOT tested")
        return 77
    looked_at = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for tables, classes in ((CLASSES, True), (NUMBERS, False)):
            for name, target in tables.items():
                if not (FOLDER / f"{name}.csv").exists():
                    print(f"left out: there is no {name}.csv")
                    continue
                table = Table(name, target, classes)
                looked_at += 1
                if classes:
                    shares = check_naive_bayes(folder, table)
                    check_scores(folder, table, shares)
                    check_tree(folder, table)
                else:
                    check_linear(folder, table)
                    check_number_scores(folder, table)
                check_neighbours(folder, table)
                check_pca(folder, table)
                print(f"{name}: {table.x.shape[0]} x {table.x.shape[1]}", flush=True)
    for what, off in Check.worst.items():
        print(f"{what}: largest difference {off:.1e}")
    print(f"{looked_at} tables, {Check.bad} disagreements")
    if looked_at < 12:
        print("fewer than 12 tables: this shows too little")
        return 1
    return Check.bad


if __name__ == "__main__":
    sys.exit(main())
