// A trained classifier that another one learns from.
//
//   task.learn_from(open_teacher("runs/large", task.meta()));
#pragma once

#include <memory>

#include "espalier/tasks/classify.h"

namespace espalier {

// Opens `path` as open_classifier() does, in evaluation mode. Throws Error(usage) naming the first
// class or the number of channels in which teacher and student differ.
std::shared_ptr<ClassifyTask> open_teacher(const fs::path& path, const ModelMeta& student);

}  // namespace espalier
