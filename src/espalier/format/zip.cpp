#include "espalier/format/zip.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/format/checksum.h"

namespace espalier {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kLocatorSize = 20;
constexpr size_t kEnd64Size = 56, kAlignment = 64;
constexpr uint64_t kLargest = 0xffffffff;

// A little-endian number of `width` bytes. The caller has checked that they are there.
uint64_t number(std::string_view bytes, size_t at, int width) {
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i)
    value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

void check_within(std::string_view bytes, uint64_t at, uint64_t length, const char* what) {
  if (at > bytes.size() || length > bytes.size() - at)
    fail(Kind::format, "cut short: {} at byte {} reaches beyond the end at {}", what, at,
         bytes.size());
}

struct Directory {
  uint64_t at, size, count;
};

size_t find_end(std::string_view bytes) {
  if (bytes.size() < kEndSize)
    fail(Kind::format, "{} bytes are too few for a zip archive", bytes.size());
  size_t last = bytes.size() - kEndSize;
  for (size_t at = last;; --at) {
    if (number(bytes, at, 4) == kEnd && number(bytes, at + 20, 2) == last - at) return at;
    if (at == 0 || last - at == 0xffff)
      fail(Kind::format, "a zip archive without its directory: cut short, or not complete yet");
  }
}

// From the end record, or from its 64-bit form where one of its fields is too narrow.
Directory find_directory(std::string_view bytes) {
  size_t end = find_end(bytes);
  if (number(bytes, end + 4, 2) != 0 || number(bytes, end + 6, 2) != 0)
    fail(Kind::unsupported, "a zip archive in several volumes");
  Directory found{number(bytes, end + 16, 4), number(bytes, end + 12, 4),
                  number(bytes, end + 10, 2)};
  size_t limit = end;
  if (found.at == kLargest || found.size == kLargest || found.count == 0xffff) {
    if (end < kLocatorSize || number(bytes, end - kLocatorSize, 4) != kLocator64)
      fail(Kind::format, "a zip archive whose 64-bit directory record is missing");
    uint64_t record = number(bytes, end - kLocatorSize + 8, 8);
    check_within(bytes, record, kEnd64Size, "the directory record");
    if (number(bytes, record, 4) != kEnd64)
      fail(Kind::format, "no directory record at byte {}", record);
    found = {number(bytes, record + 48, 8), number(bytes, record + 40, 8),
             number(bytes, record + 32, 8)};
    limit = record;
  }
  if (found.at > limit || found.size > limit - found.at)
    fail(Kind::format, "the directory claims bytes {} to {}, but it must end before {}", found.at,
         found.at + found.size, limit);
  if (found.count > found.size / kCentralSize)
    fail(Kind::format, "the directory claims {} entries in {} bytes", found.count, found.size);
  return found;
}

void check_name(std::string_view name) {
  bool climbs = name.starts_with('/') || name.find('\\') != std::string_view::npos ||
                name.find('\0') != std::string_view::npos || name.empty();
  for (size_t begin = 0; begin <= name.size() && !climbs;) {
    size_t end = std::min(name.find('/', begin), name.size());
    climbs = name.substr(begin, end - begin) == "..";
    begin = end + 1;
  }
  if (climbs) fail(Kind::format, "its name is not a path within the archive");
}

// What the directory says of one entry.
struct Listed {
  std::string_view name;
  uint64_t size, packed, local;
  uint32_t crc;
  int method, flags;
};

// Replaces the fields that are all ones by those of the 64-bit extra field.
void widen(std::string_view extra, Listed& entry) {
  for (size_t at = 0; at + 4 <= extra.size();) {
    uint64_t length = number(extra, at + 2, 2);
    if (length > extra.size() - at - 4) fail(Kind::format, "an extra field is cut short");
    if (number(extra, at, 2) == 1) {
      std::string_view wide = extra.substr(at + 4, length);
      for (uint64_t* field : {&entry.size, &entry.packed, &entry.local})
        if (*field == kLargest) {
          if (wide.size() < 8) fail(Kind::format, "its 64-bit sizes are cut short");
          *field = number(wide, 0, 8);
          wide.remove_prefix(8);
        }
      return;
    }
    at += 4 + length;
  }
}

struct Placed {
  ZipEntry entry;
  uint64_t begin, end;  // from its local header to the end of its bytes
};

Placed place(std::string_view bytes, const Listed& listed, uint64_t directory) {
  if (listed.flags & 1) fail(Kind::unsupported, "it is encrypted");
  if (listed.method != 0)
    fail(Kind::unsupported, "it is compressed (method {}); PyTorch stores its entries plainly",
         listed.method);
  if (listed.size != listed.packed)
    fail(Kind::format, "it is stored, but its {} bytes take {}", listed.size, listed.packed);
  check_within(bytes, listed.local, kLocalSize, "its header");
  if (number(bytes, listed.local, 4) != kLocal)
    fail(Kind::format, "no header at byte {}", listed.local);
  uint64_t name = number(bytes, listed.local + 26, 2), extra = number(bytes, listed.local + 28, 2);
  check_within(bytes, listed.local + kLocalSize, name + extra, "its header");
  if (bytes.substr(listed.local + kLocalSize, name) != listed.name)
    fail(Kind::format, "another name stands at its place");
  uint64_t begin = listed.local + kLocalSize + name + extra;
  if (begin > directory || listed.size > directory - begin)
    fail(Kind::format, "its {} bytes from {} on reach into the directory at {}", listed.size, begin,
         directory);
  return {{listed.name, bytes.substr(begin, listed.size)}, listed.local, begin + listed.size};
}

void check_no_overlap(std::vector<const Placed*> order) {
  std::sort(order.begin(), order.end(),
            [](const Placed* a, const Placed* b) { return a->begin < b->begin; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i]->begin < order[i - 1]->end)
      fail(Kind::format, "the entries '{}' and '{}' overlap", order[i - 1]->entry.name,
           order[i]->entry.name);
}

void append(std::string& bytes, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.size() >= 4 && number(bytes, 0, 4) == kLocal;
}

ZipArchive ZipArchive::parse(std::string_view bytes) {
  Directory directory = find_directory(bytes);
  std::string_view list = bytes.substr(directory.at, directory.size);
  std::vector<Placed> placed;
  placed.reserve(directory.count);
  std::vector<uint32_t> sums;
  for (uint64_t i = 0; i < directory.count; ++i) {
    check_within(list, 0, kCentralSize, "the directory");
    if (number(list, 0, 4) != kCentral)
      fail(Kind::format, "entry {} of the directory does not begin as one", i);
    uint64_t name = number(list, 28, 2), extra = number(list, 30, 2), comment = number(list, 32, 2);
    check_within(list, kCentralSize, name + extra + comment, "the directory");
    Listed listed{.name = list.substr(kCentralSize, name),
                  .size = number(list, 24, 4),
                  .packed = number(list, 20, 4),
                  .local = number(list, 42, 4),
                  .crc = static_cast<uint32_t>(number(list, 16, 4)),
                  .method = static_cast<int>(number(list, 10, 2)),
                  .flags = static_cast<int>(number(list, 8, 2))};
    with_context(fmt::format("entry '{}'", listed.name), [&] {
      check_name(listed.name);
      widen(list.substr(kCentralSize + name, extra), listed);
      placed.push_back(place(bytes, listed, directory.at));
    });
    sums.push_back(listed.crc);
    list.remove_prefix(kCentralSize + name + extra + comment);
  }
  std::vector<const Placed*> order;
  for (const Placed& item : placed) order.push_back(&item);
  check_no_overlap(order);

  ZipArchive archive;
  archive.entries_.reserve(placed.size());
  for (size_t i = 0; i < placed.size(); ++i) {
    Checksum sum;
    sum.add(placed[i].entry.bytes);
    if (sum.value() != sums[i])
      fail(Kind::format, "entry '{}': its bytes do not give its checksum: the file is damaged",
           placed[i].entry.name);
    archive.entries_.push_back(placed[i].entry);
    if (!archive.place_of_.emplace(placed[i].entry.name, i).second)
      fail(Kind::format, "entry '{}' is there twice", placed[i].entry.name);
  }
  return archive;
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  auto found = place_of_.find(name);
  return found == place_of_.end() ? nullptr : &entries_[found->second];
}

void write_zip(const fs::path& path, const std::vector<ZipEntry>& entries) {
  struct Place {
    std::string header;
    uint64_t at;
  };
  std::vector<Place> places;
  std::string directory;
  uint64_t at = 0;
  for (const ZipEntry& entry : entries) {
    Checksum sum;
    sum.add(entry.bytes);
    // Version 2.0, no flags, stored, and the date at which time begins in DOS.
    std::string common;
    for (uint64_t field : {20, 0, 0, 0, 0x21}) append(common, field, 2);
    append(common, sum.value(), 4);
    append(common, entry.bytes.size(), 4);
    append(common, entry.bytes.size(), 4);
    append(common, entry.name.size(), 2);
    std::string header;
    append(header, kLocal, 4);
    header += common;
    uint64_t begin = at + kLocalSize + entry.name.size() + 4;  // with the head of an extra field
    uint64_t padding = (kAlignment - begin % kAlignment) % kAlignment;
    append(header, padding + 4, 2);
    header += entry.name;
    header += "FB";  // the extra field by which PyTorch pads
    append(header, padding, 2);
    header.append(padding, 'Z');

    append(directory, kCentral, 4);
    append(directory, 20, 2);
    directory += common;
    for (int width : {2, 2, 2, 2, 4}) append(directory, 0, width);
    append(directory, at, 4);
    directory += entry.name;
    places.push_back({header, at});
    at += header.size() + entry.bytes.size();
    if (at + directory.size() + kEndSize >= kLargest || places.size() >= 0xffff)
      fail(Kind::unsupported, "writing {}: archives of 4 GiB and more are not written",
           path.string());
  }
  std::string end;
  append(end, kEnd, 4);
  append(end, 0, 4);
  append(end, entries.size(), 2);
  append(end, entries.size(), 2);
  append(end, directory.size(), 4);
  append(end, at, 4);
  append(end, 0, 2);
  write_file_atomic(path, [&](std::ostream& stream) {
    for (size_t i = 0; i < entries.size(); ++i) {
      stream << places[i].header;
      stream.write(entries[i].bytes.data(), static_cast<std::streamsize>(entries[i].bytes.size()));
    }
    stream << directory << end;
  });
}

}  // namespace espalier
