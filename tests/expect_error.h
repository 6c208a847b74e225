// The error that bad input must give: its kind, and words that name the place or the remedy, all on
// one line.
//
//   expect_error([&] { open_splits("none", {}); }, Kind::io, "none", "does not exist");
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {

template <class Action, class... Words>
void expect_error(Action action, Kind kind, const Words&... words) {
  try {
    action();
    ADD_FAILURE() << "accepted" << (std::string() + ... + (std::string(", though: ") + words));
  } catch (const Error& error) {
    std::string text = error.what();
    EXPECT_EQ(error.kind(), kind) << text;
    for (const std::string& word : {std::string(words)..., std::string()})
      EXPECT_NE(text.find(word), std::string::npos) << text << "\n  lacks: " << word;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

}  // namespace espalier
