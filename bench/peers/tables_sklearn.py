"""What bench/tables.cpp prints of models, for scikit-learn; one thread.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python bench/peers/tables_sklearn.py
"""

import time

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.naive_bayes import GaussianNB

ROUNDS = 5


def seconds(body):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        body()
        best = min(best, time.process_time() - start)
    return best


def main():
    print("model,step,seconds")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500000, 50))
    y = np.arange(len(x)) * 7919 % 10
    x[np.arange(len(x)), np.arange(len(x)) % 50] += y
    model = GaussianNB().fit(x, y)
    name = "gaussian naive Bayes 500000 x 50 10 classes"
    print(f"{name},fit,{seconds(lambda: GaussianNB().fit(x, y)):.4f}")
    print(f"{name},predict,{seconds(lambda: model.predict(x)):.4f}")
    x, y = rng.normal(size=(200000, 100)), rng.normal(size=200000)
    print(f"linear regression 200000 x 100,fit,{seconds(lambda: LinearRegression().fit(x, y)):.4f}")
    y = rng.random(1000000) < 0.3
    score = 1 / (1 + np.exp(rng.normal(size=len(y)) - y))
    print(f"AUC of 1000000 scores,score,{seconds(lambda: roc_auc_score(y, score)):.4f}")
    print(f"average precision of 1000000 scores,score,{seconds(lambda: average_precision_score(y, score)):.4f}")


if __name__ == "__main__":
    main()
