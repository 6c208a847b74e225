// Learning as a small part of longer work, which has a progress of its own: a forest's bar would only be in the way.
#pragma once

#include "espalier/core/progress.h"

namespace espalier {

// Nothing but warnings is said while this lives. Not for several threads.
class Hushed {
 public:
  Hushed() : was_quiet_(quiet()) { set_quiet(true); }
  ~Hushed() { set_quiet(was_quiet_); }
  Hushed(const Hushed&) = delete;
  Hushed& operator=(const Hushed&) = delete;

 private:
  bool was_quiet_;
};

}  // namespace espalier
