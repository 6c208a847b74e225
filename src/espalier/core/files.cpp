#include "espalier/core/files.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "espalier/core/durable.h"
#include "espalier/core/error.h"

namespace espalier {
namespace {

std::string system_reason() {
  return errno == 0 ? "unknown reason" : std::strerror(errno);
}

constexpr std::string_view kPart = ".part";

// Beside the target, so that renaming stays within one file system; of this process and call alone.
fs::path part_of(const fs::path& path) {
  static std::atomic<uint64_t> calls{0};
  fs::path part = path;
  part += fmt::format("{}{}-{}", kPart, ::getpid(), calls++);
  return part;
}

// The process that writes a file of this name, 0 when it is not a temporary name.
pid_t writer_of(const std::string& name) {
  size_t found = name.rfind(kPart);
  if (found == std::string::npos) return 0;
  pid_t writer = 0;
  const char *begin = name.data() + found + kPart.size(), *end = name.data() + name.size();
  auto [rest, status] = std::from_chars(begin, end, writer);
  return status == std::errc() && rest != end && *rest == '-' ? writer : 0;
}

bool is_alive(pid_t process) {
  return ::kill(process, 0) == 0 || errno != ESRCH;
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t max_bytes) {
  std::error_code status;
  fs::file_status found = fs::status(path, status);
  if (found.type() == fs::file_type::not_found) fail(Kind::io, "{} does not exist", path.string());
  if (found.type() == fs::file_type::none)
    fail(Kind::io, "cannot read {}: {}", path.string(), status.message());
  if (found.type() != fs::file_type::regular) fail(Kind::io, "{} is not a file", path.string());
  uint64_t size = fs::file_size(path, status);
  if (status) fail(Kind::io, "cannot read {}: {}", path.string(), status.message());
  if (size > max_bytes)
    fail(Kind::io, "{} has {} bytes, more than the limit of {}", path.string(), size, max_bytes);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(Kind::io, "cannot open {}: {}", path.string(), system_reason());
  std::string bytes(size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  if (static_cast<uint64_t>(stream.gcount()) != size)
    fail(Kind::io, "{} ended after {} of {} bytes", path.string(), stream.gcount(), size);
  return bytes;
}

void flush_to_disk(const fs::path& path) {
  int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0)
    fail(Kind::io, "cannot reopen {} to flush it: {}", path.string(), system_reason());
  int status = ::fsync(handle), reason = errno;
  ::close(handle);
  if (status != 0) fail(Kind::io, "cannot flush {}: {}", path.string(), std::strerror(reason));
}

void remove_abandoned_parts(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    pid_t writer = writer_of(entry.path().filename().string());
    if (writer > 0 && !is_alive(writer)) fs::remove(entry.path(), ignored);
  }
}

void make_folder(const fs::path& path) {
  std::error_code status;
  fs::create_directories(path, status);
  if (status) fail(Kind::io, "cannot create the folder {}: {}", path.string(), status.message());
}

void write_file_atomic(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  if (path.has_parent_path()) make_folder(path.parent_path());
  fs::path part = part_of(path);
  errno = 0;
  try {
    std::ofstream stream(part, std::ios::binary | std::ios::trunc);
    if (!stream) fail(Kind::io, "cannot write {}: {}", path.string(), system_reason());
    write(stream);
    stream.flush();
    if (!stream) fail(Kind::io, "cannot write {}: {}", path.string(), system_reason());
    stream.close();
    flush_to_disk(part);
    std::error_code status;
    fs::rename(part, path, status);
    if (status) fail(Kind::io, "cannot rename to {}: {}", path.string(), status.message());
    flush_to_disk(path.has_parent_path() ? path.parent_path() : ".");
  } catch (...) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw;
  }
}

void write_file_atomic(const fs::path& path, std::string_view bytes) {
  write_file_atomic(path, [&](std::ostream& stream) {
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

}  // namespace espalier
