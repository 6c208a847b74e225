// A split of pictures as a classifier answers it.
//
//   DatasetPtr pictures = choose_split(open_splits(where, config), "test");
//   Answers answers = answers_of(predict_split(task, pictures, "test"), *pictures, classes);
#pragma once

#include "espalier/data/splits.h"
#include "espalier/metrics/answers.h"
#include "espalier/tasks/classify.h"
#include "espalier/train/loop.h"

namespace espalier {

// The run folder that `path` is or stands in; empty when there is none.
fs::path run_of(const fs::path& path);

// "train", "val" or "test"; Error(data) when there is none or nothing in it.
DatasetPtr choose_split(const Splits& splits, const std::string& name);

// All of `data` in fp32. Throws Error(data) when its classes are not those of the task, or no picture can be read.
Predictions predict_split(ClassifyTask& task, const DatasetPtr& data, const std::string& split);

std::vector<int32_t> true_classes(const Predictions& predictions);
Answers answers_of(const Predictions& predictions,
                   const Dataset& data,
                   const std::vector<std::string>& classes);

}  // namespace espalier
