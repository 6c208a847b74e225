// The ways to train a classifier, by name: what each adds to batches, losses and heads. All save the
// plain network.
//
//   MethodConfig method = resolve_method({.name = "dcl"}, *model, /*channels=*/3, /*side=*/224);
//   Loader train(dataset, transform, {.batch = 32 / copies(method)}, batch_transform(method, {}));
//   std::unique_ptr<ClassifyTask> task = make_task(method, model, meta, {});
#pragma once

#include <memory>
#include <string>

#include "espalier/tasks/dcl.h"
#include "espalier/tasks/pmg.h"

namespace espalier {

struct MethodConfig {
  std::string name = "plain";  // a row of the table in method.cpp
  DclConfig dcl;
  PmgConfig pmg;
};
Fields fields(MethodConfig& config);  // method, dcl_..., pmg_...

// The config with nothing left to choose. Throws what the method throws for a network or side that does
// not suit it.
MethodConfig resolve_method(MethodConfig config, ImageModel& model, int64_t channels, int64_t side);

// How often each picture that a loader reads goes through the network.
int64_t copies(const MethodConfig& config);

// What the loader does to its batches after `first`; empty when nothing.
BatchTransform batch_transform(const MethodConfig& config, BatchTransform first);

std::unique_ptr<ClassifyTask> make_task(const MethodConfig& config,
                                        const ImageModelPtr& model,
                                        const ModelMeta& meta,
                                        const ClassifyConfig& task);

// "dcl as in the paper (strict), 7 x 7 cells, ...": which form of a method runs, for the log.
std::string description(const MethodConfig& config);

}  // namespace espalier
