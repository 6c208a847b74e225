// Verbs that are several things: `espalier data ACTION`, `espalier bench WHAT`, `espalier lab EXPERIMENT`.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"

namespace espalier {

struct Action {
  std::string name, help;
  int (*run)(const Arguments&);
};

// Runs the action that the first argument names, or lists them; `word` is what the verb calls them in
// its help, "ACTION". Throws Error(usage) naming the nearest for an unknown one.
int run_action(const std::string& verb,
               const std::string& word,
               const std::vector<Action>& actions,
               const Arguments& arguments);

}  // namespace espalier
