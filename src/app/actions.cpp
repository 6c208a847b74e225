#include "app/actions.h"

#include <cctype>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {

int run_action(const std::string& verb,
               const std::string& word,
               const std::vector<Action>& actions,
               const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    fmt::print("espalier {0} {1}   (espalier {0} {1} --help says more)\n\n", verb, word);
    for (const Action& action : actions) fmt::print("  {:<10} {}\n", action.name, action.help);
    return arguments.empty() ? exit_code(Kind::usage) : 0;
  }
  std::string kind = word;
  for (char& c : kind) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return find_named(actions, arguments[0], kind).run({arguments.begin() + 1, arguments.end()});
}

}  // namespace espalier
