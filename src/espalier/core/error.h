// The one exception of the project: a kind (which decides the exit code), a message, and the chain
// of what was being done when it happened, outermost first:
//
//   if (!known) fail(Kind::data, "label {} is outside 0..{}", label, classes - 1);
//   catch (Error& e) { e.while_doing("reading labels.csv, line 14"); throw; }
//   -> "reading labels.csv, line 14: label 12 is outside 0..9"
#pragma once

#include <exception>
#include <string>

#include <fmt/format.h>

namespace espalier {

enum class Kind {
  usage,        // a flag, a key, a call: the user's words (exit 2)
  data,         // the content of the user's data (exit 3)
  format,       // the bytes of a file are not what its format demands (exit 4)
  io,           // the system refused: missing file, full disk, permission (exit 4)
  unsupported,  // well-formed, but not handled here (exit 5)
  internal,     // a bug of ours (exit 70)
  interrupted,  // the user stopped the run; state is saved (exit 130)
};

int exit_code(Kind kind);

class Error : public std::exception {
 public:
  Error(Kind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  Kind kind() const noexcept { return kind_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Puts `context` in front of the message; called by each layer that knows more, from the inside
  // out.
  Error& while_doing(const std::string& context);

 private:
  Kind kind_;
  std::string message_;
};

template <class... Args>
[[noreturn]] void fail(Kind kind, fmt::format_string<Args...> text, Args&&... args) {
  throw Error(kind, fmt::format(text, std::forward<Args>(args)...));
}

// Runs `body` and puts `context` in front of any Error that leaves it. Other exceptions pass
// unchanged.
template <class Body>
decltype(auto) with_context(const std::string& context, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    error.while_doing(context);
    throw;
  }
}

}  // namespace espalier
