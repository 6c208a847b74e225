// A folder that one process at a time may write into. The lock belongs to the open folder (flock), so it
// goes with the process however that ends, and leaves no file behind.
//
//   FolderLock lock("runs/mine");   // Error(usage) when another process, or another lock here, holds it
#pragma once

#include "espalier/core/files.h"

namespace espalier {

class FolderLock {
 public:
  // Throws Error(usage) when the folder is locked already, Error(io) when it cannot be opened. On a file
  // system that knows no locks (some network ones) it warns and goes on without.
  explicit FolderLock(const fs::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int handle_;
};

}  // namespace espalier
