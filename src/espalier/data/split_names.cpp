#include "espalier/data/split_names.h"

namespace espalier {

std::string split_name(std::string_view word) {
  std::string name;
  for (char c : word) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (name == "train" || name == "val" || name == "test") return name;
  return name == "valid" || name == "validation" || name == "dev" ? "val" : "";
}

}  // namespace espalier
