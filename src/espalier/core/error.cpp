#include "espalier/core/error.h"

namespace espalier {

int exit_code(Kind kind) {
  switch (kind) {
    case Kind::usage:
      return 2;
    case Kind::data:
      return 3;
    case Kind::format:
    case Kind::io:
      return 4;
    case Kind::unsupported:
      return 5;
    case Kind::interrupted:
      return 130;
    case Kind::internal:
      break;
  }
  return 70;
}

Error& Error::while_doing(const std::string& context) {
  message_ = context + ": " + message_;
  return *this;
}

}  // namespace espalier
