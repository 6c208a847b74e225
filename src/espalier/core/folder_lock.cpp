#include "espalier/core/folder_lock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"

namespace espalier {

FolderLock::FolderLock(const fs::path& folder)
    : handle_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (handle_ < 0)
    fail(Kind::io, "cannot open the folder {}: {}", folder.string(), std::strerror(errno));
  if (::flock(handle_, LOCK_EX | LOCK_NB) == 0) return;
  int reason = errno;
  if (reason != EWOULDBLOCK) {
    warn(fmt::format("{} cannot be locked ({}): see to it that no second process writes into it",
                     folder.string(), std::strerror(reason)));
    return;
  }
  ::close(handle_);
  fail(Kind::usage, "another process is writing to {}: wait for it, stop it, or give another --out",
       folder.string());
}

FolderLock::~FolderLock() {
  ::close(handle_);
}

}  // namespace espalier
