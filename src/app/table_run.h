// The verbs on tables: what train, eval and predict do when it is a table.
#pragma once

#include "espalier/metrics/answers.h"

#include "app/command_line.h"

namespace espalier {

// train: whether the task is "table"; else whether one of the words is a run folder with a model of tables in it.
bool is_about_a_table(const std::string& verb, const Arguments& arguments);

// What the run's model answers for the rows of a table whose target is known.
Answers answer_table(const fs::path& run, const std::string& data);

int run_train_table(const Arguments& arguments);
int run_eval_table(const Arguments& arguments);
int run_predict_table(const Arguments& arguments);

}  // namespace espalier
