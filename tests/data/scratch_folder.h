// A folder for one test, removed with everything in it.
#pragma once

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/files.h"

#include "tests/expect_error.h"

namespace espalier {

class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name)
      : root_(fs::path(testing::TempDir()) / fmt::format("espalier_{}_{}", name, ::getpid())) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& root() const { return root_; }

  // A file below the root, with its folders.
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << bytes;
  }

 private:
  fs::path root_;
};

}  // namespace espalier
