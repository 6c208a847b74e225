// One function a verb; each stands in the file of its name.
#pragma once

#include "app/command_line.h"

namespace espalier {

int run_train(const Arguments& arguments);
int run_eval(const Arguments& arguments);
int run_prune(const Arguments& arguments);
int run_predict(const Arguments& arguments);
int run_export(const Arguments& arguments);
int run_convert(const Arguments& arguments);
int run_report(const Arguments& arguments);
int run_data(const Arguments& arguments);
int run_models(const Arguments& arguments);
int run_bench(const Arguments& arguments);
int run_lab(const Arguments& arguments);
int run_demo(const Arguments& arguments);

}  // namespace espalier
