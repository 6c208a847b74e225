// The error that bad input must give: its kind, and words that name the place or the remedy.
//
//   expect_error([&] { open_splits("none", {}); }, Kind::io, "does not exist");
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {

template <class Action>
void expect_error(Action action, Kind kind, const std::string& words) {
  try {
    action();
    ADD_FAILURE() << "accepted, though: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

}  // namespace espalier
