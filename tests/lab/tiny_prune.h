// An experiment on pruning that takes seconds.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/lab/prune_lab.h"

namespace espalier::testing {

inline ClassifyRecipe tiny_prune_recipe() {
  ClassifyRecipe recipe = prune_lab_recipe();
  recipe.data = "orchard:species,classes=2,size=32,train=24,val=8,test=8";
  recipe.train.epochs = 1;
  recipe.train.batch = 8;
  recipe.train.workers = 0;
  recipe.train.precision = "fp32";
  return recipe;
}

// Of PruneLabConfig or RankLabConfig.
template <class Lab>
void make_tiny(Lab& lab) {
  lab.to = "macs=0.5";
  lab.judge.images = 8;
  lab.meta.epochs = 1;
  lab.meta.net.hidden = 2;
  lab.meta.evolution = {
      .population = 3, .generations = 2, .parents = 2, .mutants = 1, .crossings = 1};
}

// Empty at the beginning and gone at the end.
class LabFolder {
 public:
  explicit LabFolder(const std::string& name)
      : path_(fs::path(::testing::TempDir()) / fmt::format("espalier_{}_{}", name, ::getpid())) {
    fs::remove_all(path_);
  }
  ~LabFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace espalier::testing
