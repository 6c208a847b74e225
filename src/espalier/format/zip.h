// Zip archives whose entries are stored, not compressed: the container of PyTorch's files
// (PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.3).
//
//   ZipArchive archive = ZipArchive::parse(bytes);      // looks into `bytes`, copies nothing
//   if (const ZipEntry* entry = archive.find("a/version")) use(entry->bytes);
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

struct ZipEntry {
  std::string_view name, bytes;
};

bool is_zip(std::string_view bytes);

class ZipArchive {
 public:
  // Throws Error(format | unsupported) naming the entry: cut short, compressed (which bounds what an
  // archive can unfold to), encrypted, in several volumes, overlapping, named twice, named by a path
  // that leaves its folder, or with bytes that do not give their CRC-32.
  static ZipArchive parse(std::string_view bytes);

  const std::vector<ZipEntry>& entries() const { return entries_; }  // in the directory's order
  const ZipEntry* find(std::string_view name) const;                 // null when there is none

 private:
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, size_t> place_of_;
};

// Writes atomically; the bytes of every entry begin at a multiple of 64, as PyTorch has them. Throws
// Error(io); Error(unsupported) for an archive of 4 GiB and more.
void write_zip(const fs::path& path, const std::vector<ZipEntry>& entries);

}  // namespace espalier
