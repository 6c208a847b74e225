// The verbs on tables: what train, eval and predict do when it is a table.
#pragma once

#include "app/command_line.h"

namespace espalier {

// train: whether the task is "table"; else whether one of the words is a run folder with a model of tables in it.
bool is_about_a_table(const std::string& verb, const Arguments& arguments);

int run_train_table(const Arguments& arguments);
int run_eval_table(const Arguments& arguments);
int run_predict_table(const Arguments& arguments);

}  // namespace espalier
