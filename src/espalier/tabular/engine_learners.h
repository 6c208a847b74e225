// Trees, forests, neighbours, PCA and k-means as learners of the table of names (tabular/learner.h).
#pragma once

#include <memory>

#include "espalier/tabular/learner.h"

namespace espalier {

std::unique_ptr<Learner> make_tree_learner();    // classify, regress
std::unique_ptr<Learner> make_forest_learner();  // classify, regress
std::unique_ptr<Learner> make_knn_learner();     // classify, regress
std::unique_ptr<Learner> make_pca_learner();     // describe: codes
std::unique_ptr<Learner> make_kmeans_learner();  // describe: the number of the cluster

}  // namespace espalier
