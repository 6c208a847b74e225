"""Goldens for tests/tabular/tree_test.cpp and forest_test.cpp, by scikit-learn.

    python tests/golden/make_tree_golden.py > tests/golden/tree_golden.json

scikit-learn breaks ties by its random state. A case is only taken when ten states give the same tree: then no two splits
of a node were equally good, and there is one right answer.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROWS, COLUMNS = 600, 5


def make_table(seed):
    global x, labels, target, weights, absent, holes, rng
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(ROWS, COLUMNS)), 5).astype(np.float32)
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.4 * rng.normal(size=ROWS)
    labels = np.digitize(score, [-0.6, 0.6])
    target = np.round(score + np.sin(3 * x[:, 3]) + 1000, 5)
    weights = np.round(rng.uniform(0.1, 2, size=ROWS), 4)
    weights[::17] = 0
    absent = [[int(i), int(j)] for i, j in zip(rng.integers(ROWS, size=160), rng.integers(COLUMNS, size=160))]
    holes = x.copy()
    for i, j in absent:
        holes[i, j] = np.nan


class Tied(Exception):
    pass


def grown(kind, data, truth, weight, **how):
    trees = [kind(random_state=state, **how).fit(data, truth, sample_weight=weight) for state in range(10)]
    first = trees[0].tree_
    for other in trees[1:]:
        for name in ("feature", "threshold", "children_left", "n_node_samples"):
            if not np.array_equal(getattr(first, name), getattr(other.tree_, name)):
                raise Tied(how)
    return trees[0]


def nodes(tree):
    t = tree.tree_
    inner = t.feature >= 0
    return {
        "feature": np.where(inner, t.feature, -1).tolist(),
        "threshold": ["inf" if np.isinf(v) else float(v) for v in np.where(inner, t.threshold, 0)],
        "left": np.where(inner, t.children_left, 0).tolist(),
        "right": np.where(inner, t.children_right, 0).tolist(),
        "missing_left": np.where(inner, t.missing_go_to_left, 0).astype(int).tolist(),
        "impurity": t.impurity.tolist(),
        "samples": t.n_node_samples.tolist(),
        "weight": t.weighted_n_node_samples.tolist(),
        "value": t.value.reshape(len(inner), -1).tolist(),
        "importance": tree.feature_importances_.tolist(),
    }


def case(name, classes, weighted=False, missing=False, ours=None, **how):
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    data = holes if missing else x
    tree = grown(kind, data, labels if classes else target, weights if weighted else None, **how)
    return {"name": name, "classes": 3 if classes else 0, "weighted": weighted, "missing": missing,
            "config": {**{k: v for k, v in how.items() if k != "criterion" or classes}, **(ours or {})}, **nodes(tree)}


def path(criterion):
    found = DecisionTreeClassifier(criterion=criterion, random_state=0, min_samples_leaf=25).cost_complexity_pruning_path(
        x, labels)
    return {"criterion": criterion, "min_samples_leaf": 25, "alpha": found.ccp_alphas.tolist(),
            "impurity": found.impurities.tolist()}


def all_trees():
    return [
        case("entropy", True, criterion="entropy", min_samples_leaf=25),
        case("gini", True, criterion="gini", min_samples_leaf=25),
        case("entropy, depth 4", True, criterion="entropy", max_depth=4, min_samples_split=80, min_samples_leaf=15),
        case("gini, least decrease", True, criterion="gini", min_impurity_decrease=0.01, min_samples_leaf=20),
        case("entropy, best first", True, criterion="entropy", max_leaf_nodes=12, min_samples_leaf=15),
        case("gini, pruned", True, criterion="gini", min_samples_leaf=25, ccp_alpha=0.008),
        case("entropy, weights", True, weighted=True, criterion="entropy", min_samples_leaf=25),
        case("gini, weights", True, weighted=True, criterion="gini", min_samples_leaf=25, min_weight_fraction_leaf=0.03),
        case("entropy, missing", True, missing=True, criterion="entropy", min_samples_leaf=25),
        case("gini, missing, weights", True, weighted=True, missing=True, criterion="gini", min_samples_leaf=25),
        case("squared error", False, criterion="squared_error", min_samples_leaf=5),
        case("squared error, weights", False, weighted=True, criterion="squared_error", min_samples_leaf=6),
        case("squared error, missing", False, missing=True, criterion="squared_error", min_samples_leaf=5),
        case("squared error, best first", False, criterion="squared_error", max_leaf_nodes=20, min_samples_leaf=3),
    ]


for seed in range(1000):  # until no case ties
    make_table(seed)
    try:
        trees = all_trees()
        break
    except Tied as tied:
        print(seed, tied, file=sys.stderr)

test = np.round(rng.normal(size=(1000, COLUMNS)), 5).astype(np.float32)
test_labels = np.digitize(test[:, 0] + test[:, 1] * test[:, 2], [-0.6, 0.6])
forests = [RandomForestClassifier(100, random_state=s, oob_score=True, max_features=2).fit(x, labels) for s in range(8)]
numbers = [RandomForestRegressor(100, random_state=s, oob_score=True, max_features=1).fit(x, target) for s in range(8)]
json.dump({
    "scikit_learn": sklearn.__version__,
    "rows": ROWS, "columns": COLUMNS,
    "x": [float(f"{v:.5f}") for v in x.ravel()],
    "labels": labels.tolist(), "target": target.tolist(), "weights": weights.tolist(), "absent": absent,
    "trees": trees,
    "paths": [path("entropy"), path("gini")],
    "forest": {
        "test": [float(f"{v:.5f}") for v in test.ravel()], "test_labels": test_labels.tolist(),
        "accuracy": [float(f.score(test, test_labels)) for f in forests],
        "out_of_bag": [float(f.oob_score_) for f in forests],
        "regression_out_of_bag": [float(f.oob_score_) for f in numbers],
        "importance": np.mean([f.feature_importances_ for f in forests], 0).tolist(),
    },
}, sys.stdout)
print()
