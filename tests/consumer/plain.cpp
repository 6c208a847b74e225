// The library without tensors: an error with its context, and a counted stream.
#include <cstdio>
#include <cstring>

#include "espalier/core/error.h"
#include "espalier/core/random.h"

int main() {
  try {
    espalier::with_context("reading leaves.csv", [] {
      espalier::fail(espalier::Kind::data, "label {} is outside 0..9", 12);
    });
  } catch (const espalier::Error& error) {
    if (std::strcmp(error.what(), "reading leaves.csv: label 12 is outside 0..9") != 0) return 1;
  }
  espalier::Random one(7), other(7);
  return one.stream("leaf").bits() == other.stream("leaf").bits() ? 0 : 1;
}
