#include "espalier/tasks/teacher.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/tasks/open_classifier.h"

namespace espalier {
namespace {

void check_classes(const ModelMeta& teacher, const ModelMeta& student) {
  const std::vector<std::string>&theirs = teacher.class_names, &ours = student.class_names;
  for (size_t i = 0; i < std::min(theirs.size(), ours.size()); ++i)
    if (theirs[i] != ours[i])
      fail(Kind::usage,
           "class {} is '{}' to the teacher and '{}' in the data; a teacher must have been trained "
           "on the same classes in the same order",
           i, theirs[i], ours[i]);
  if (theirs.size() != ours.size())
    fail(Kind::usage,
         "it knows {} classes and the data have {}; a teacher must have been trained on the same "
         "classes",
         theirs.size(), ours.size());
}

}  // namespace

std::shared_ptr<ClassifyTask> open_teacher(const fs::path& path, const ModelMeta& student) {
  return with_context("the teacher " + path.string(), [&] {
    std::shared_ptr<ClassifyTask> teacher = open_classifier(path);
    check_classes(teacher->meta(), student);
    if (teacher->meta().mean.size() != student.mean.size())
      fail(Kind::usage, "it takes images of {} channels and the data have {}",
           teacher->meta().mean.size(), student.mean.size());
    teacher->module().eval();
    return teacher;
  });
}

}  // namespace espalier
