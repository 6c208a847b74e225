"""bench/engines.cpp's settings by scikit-learn or FAISS: PEER SETTING FOLDER THREADS, the same turns."""
import pathlib
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits


def load(folder):
    folder = pathlib.Path(folder)
    rows, columns, tests = np.fromfile(folder / "shape", np.int64)
    return (np.fromfile(folder / "x", np.float32).reshape(rows, columns),
            np.fromfile(folder / "test", np.float32).reshape(tests, columns),
            np.fromfile(folder / "labels", np.int32), np.fromfile(folder / "test_labels", np.int32))


def classifier(model, data):
    x, test, labels, truth = data
    return lambda: model.fit(x, labels), lambda: float(np.mean(model.predict(test) == truth))


def neighbours(data, k, algorithm, threads, fitted):
    from sklearn.neighbors import NearestNeighbors
    x, test, _, _ = data
    found = []
    model = NearestNeighbors(n_neighbors=k, algorithm=algorithm, n_jobs=threads).fit(x)

    def run():
        found[:] = (model if fitted else model.fit(x)).kneighbors(test)
    return run, lambda: float(found[0].sum())


def flat(data, k, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    x, test, _, _ = data
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    found = []

    def run():
        found[:] = index.search(test, k)
    return run, lambda: float(np.sqrt(np.maximum(found[0], 0)).sum())


def pca(data, solver):
    from sklearn.decomposition import PCA
    model = PCA(50, svd_solver=solver, random_state=0)
    return lambda: model.fit(data[0]), lambda: float(model.explained_variance_ratio_.sum())


def kmeans(data):
    from sklearn.cluster import KMeans
    model = KMeans(20, init=data[0][:20], n_init=1, tol=0, max_iter=30, algorithm="lloyd")
    return lambda: model.fit(data[0]), lambda: float(model.inertia_)


def trial(peer, setting, data, threads):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier
    if peer == "faiss":
        return flat(data, 5 if "784" in setting else 10, threads)
    if setting == "tree":
        return classifier(DecisionTreeClassifier(criterion="entropy", random_state=0), data)
    if setting == "tree-depth-10":
        return classifier(DecisionTreeClassifier(criterion="entropy", max_depth=10, random_state=0), data)
    if setting == "tree-gini":
        return classifier(DecisionTreeClassifier(random_state=0), data)
    if setting == "forest":
        return classifier(RandomForestClassifier(100, n_jobs=threads, random_state=0), data)
    if setting == "knn-784":
        return neighbours(data, 5, "brute", threads, True)
    if setting == "knn-784-fit":
        return neighbours(data, 5, "brute", threads, False)
    if setting == "knn-64":
        return neighbours(data, 10, "brute", threads, True)
    if setting == "kd-tree-5":
        return neighbours(data, 10, "kd_tree", threads, False)
    if setting == "pca":
        return pca(data, peer.split("-")[1])
    if setting == "kmeans":
        return kmeans(data)
    sys.exit(f"no setting {setting}")


def main():
    peer, setting, folder, threads = sys.argv[1:]
    data = load(folder)
    with threadpool_limits(int(threads)):
        run, quality = trial(peer, setting, data, int(threads))
        run()
        print("ready", flush=True)
        for _ in sys.stdin:
            start, processor = time.perf_counter(), time.process_time()
            run()
            used, passed = time.process_time() - processor, time.perf_counter() - start
            print(passed, used, quality(), flush=True)


if __name__ == "__main__":
    main()
