"""Goldens for tests/tabular/pca_test.cpp, knn_test.cpp and kmeans_test.cpp, by scikit-learn.

    python tests/golden/make_pca_golden.py > tests/golden/pca_golden.json
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

rng = np.random.default_rng(3)
ROWS, COLUMNS, QUERIES = 120, 8, 25
mixed = rng.normal(size=(ROWS, 4)) * [3, 2, 1.2, 0.8] @ rng.normal(size=(4, COLUMNS))
x = np.round(mixed + 0.3 * rng.normal(size=(ROWS, COLUMNS)) + rng.normal(size=COLUMNS) * 5, 4)
queries = np.round(x[rng.integers(ROWS, size=QUERIES)] + 0.5 * rng.normal(size=(QUERIES, COLUMNS)), 4)
queries[3] = x[17]  # at distance 0
labels = rng.integers(4, size=ROWS)
target = np.round(rng.normal(size=ROWS), 4)


def described(pca, codes):
    return {"variance": pca.explained_variance_.tolist(), "ratio": pca.explained_variance_ratio_.tolist(),
            "components": pca.components_.ravel().tolist(), "noise": float(pca.noise_variance_),
            "mean": pca.mean_.tolist(), "codes": codes.ravel().tolist()}


def pca(name, ours, **how):
    found = PCA(svd_solver="full", **how).fit(x)
    return {"name": name, "config": ours, **described(found, found.transform(queries))}


def incremental(parts):
    found = IncrementalPCA(n_components=3)
    for part in np.array_split(x, parts):
        found.partial_fit(part)
    return {"parts": [len(p) for p in np.array_split(x, parts)], **described(found, found.transform(queries))}


def knn(metric, weights, k):
    classes = KNeighborsClassifier(k, weights=weights, metric=metric, algorithm="brute").fit(x, labels)
    numbers = KNeighborsRegressor(k, weights=weights, metric=metric, algorithm="brute").fit(x, target)
    distance, index = classes.kneighbors(queries)
    return {"metric": {"euclidean": "l2", "manhattan": "l1", "cosine": "cosine"}[metric], "weights": weights, "k": k,
            "distance": distance.ravel().tolist(), "index": index.ravel().tolist(),
            "shares": classes.predict_proba(queries).ravel().tolist(), "classes": classes.predict(queries).tolist(),
            "values": numbers.predict(queries).tolist()}


def kmeans(clusters):
    found = KMeans(clusters, init=x[:clusters], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(x)
    return {"clusters": clusters, "centres": found.cluster_centers_.ravel().tolist(), "labels": found.labels_.tolist(),
            "inertia": float(found.inertia_)}


json.dump({
    "scikit_learn": sklearn.__version__, "rows": ROWS, "columns": COLUMNS, "queries_rows": QUERIES,
    "x": x.ravel().tolist(), "queries": queries.ravel().tolist(), "labels": labels.tolist(), "target": target.tolist(),
    "pca": [
        pca("all", {}),
        pca("three", {"components": 3}, n_components=3),
        pca("whitened", {"components": 4, "whiten": True}, n_components=4, whiten=True),
        pca("share", {"share": 0.95}, n_components=0.95),
        pca("minka", {"minka": True}, n_components="mle"),
    ],
    "incremental": [incremental(1), incremental(4)],
    "knn": [knn(m, w, k) for m in ("euclidean", "manhattan", "cosine") for w in ("uniform", "distance") for k in (1, 5)],
    "kmeans": [kmeans(3), kmeans(6)],
    "best_inertia": {str(k): float(KMeans(k, n_init=50, random_state=0, tol=0).fit(x).inertia_) for k in (3, 5)},
}, sys.stdout)
print()
