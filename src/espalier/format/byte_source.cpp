#include "espalier/format/byte_source.h"

#include <algorithm>
#include <cstring>

#include <zlib.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

constexpr unsigned kBuffer = 1 << 17;
constexpr size_t kMostAtOnce = size_t{1} << 30;  // zlib counts in int

class GzipFile : public ByteSource {
 public:
  GzipFile(const fs::path& path, uint64_t max_bytes)
      : path_(path.string()), left_(max_bytes), file_(gzopen(path_.c_str(), "rb")) {
    if (!file_) fail(Kind::io, "cannot read {}", path_);
    gzbuffer(file_, kBuffer);
  }
  ~GzipFile() override { gzclose(file_); }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  size_t read(char* into, size_t size) override {
    const int got = gzread(file_, into, static_cast<unsigned>(std::min(size, kMostAtOnce)));
    int fault = Z_OK;
    const char* words = gzerror(file_, &fault);
    if (fault == Z_BUF_ERROR) fail(Kind::format, "{}: the gzip data are cut short", path_);
    if (got < 0 && fault == Z_ERRNO) fail(Kind::io, "cannot read {}", path_);
    if (got < 0) fail(Kind::format, "{}: the gzip data are damaged ({})", path_, words);
    if (static_cast<uint64_t>(got) > left_)
      fail(Kind::format, "{}: more text than the limit of a table", path_);
    left_ -= static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
  }
  uint64_t size() const override {
    std::error_code ignored;
    return gzdirect(file_) ? fs::file_size(path_, ignored) : 0;
  }

 private:
  std::string path_;
  uint64_t left_;
  gzFile file_;
};

class MemoryBytes : public ByteSource {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes), size_(bytes.size()) {}
  size_t read(char* into, size_t size) override {
    size = std::min(size, bytes_.size());
    std::memcpy(into, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return size;
  }
  uint64_t size() const override { return size_; }

 private:
  std::string_view bytes_;
  uint64_t size_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const fs::path& path, uint64_t max_bytes) {
  std::error_code status;
  if (!fs::exists(path, status)) fail(Kind::io, "{} does not exist", path.string());
  if (!fs::is_regular_file(path, status)) fail(Kind::io, "{} is not a file", path.string());
  return std::make_unique<GzipFile>(path, max_bytes);
}

std::unique_ptr<ByteSource> bytes_in_memory(std::string_view bytes) {
  return std::make_unique<MemoryBytes>(bytes);
}

}  // namespace espalier
