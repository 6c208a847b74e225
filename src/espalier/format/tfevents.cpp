#include "espalier/format/tfevents.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include <unistd.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);  // reflected Castagnoli
    table[i] = value;
  }
  return table;
}

template <class T>
void put_little_endian(std::string& to, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) to += static_cast<char>(value >> (8 * i));
}

// Protobuf's wire format: a key of field number and wire type, then the value.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void put_key(std::string& to, int field, Wire wire) {
  put_varint(to, static_cast<uint64_t>(field << 3 | wire));
}

void put_bytes(std::string& to, int field, std::string_view bytes) {
  put_key(to, field, kBytes);
  put_varint(to, bytes.size());
  to += bytes;
}

void put_double(std::string& to, int field, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  put_key(to, field, kFixed64);
  put_little_endian(to, bits);
}

void put_float(std::string& to, int field, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  put_key(to, field, kFixed32);
  put_little_endian(to, bits);
}

// Event: wall_time = 1, step = 2.
std::string event_head(double wall_time, int64_t step) {
  std::string event;
  put_double(event, 1, wall_time);
  if (step != 0) {
    put_key(event, 2, kVarint);
    put_varint(event, static_cast<uint64_t>(step));
  }
  return event;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data()
                                                                             : "localhost";
}

constexpr std::string_view kPrefix = "events.out.tfevents.";

// The second in the name of an event file, 0 for other names.
int64_t second_of(const std::string& name) {
  constexpr int64_t kMost = 9'999'999'999;  // ten digits, so that names sort as numbers do
  int64_t second = 0;
  if (name.starts_with(kPrefix))
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), second);
  return second < kMost ? second : 0;
}

// TensorBoard reads the files of a folder in the order of their names. A later one gets a later second, also
// when the run was resumed within the same second or the clock was set back.
fs::path later_name(const fs::path& folder) {
  auto second = static_cast<int64_t>(now());
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    second = std::max(second, second_of(entry.path().filename().string()) + 1);
  return folder / fmt::format("{}{}.{}.{}", kPrefix, second, host_name(), ::getpid());
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = ~0u;
  for (char c : bytes) crc = table[(crc ^ static_cast<uint8_t>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) {
  uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

std::string event_record(std::string_view event) {
  std::string record;
  put_little_endian(record, uint64_t{event.size()});
  put_little_endian(record, masked_crc32c(record));
  record += event;
  put_little_endian(record, masked_crc32c(event));
  return record;
}

std::string version_event(double wall_time) {
  std::string event = event_head(wall_time, 0);
  put_bytes(event, 3, "brain.Event:2");
  return event;
}

std::string scalar_event(double wall_time,
                         int64_t step,
                         const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    std::string entry;  // Summary.Value: tag = 1, simple_value = 2
    put_bytes(entry, 1, tag);
    put_float(entry, 2, static_cast<float>(value));
    put_bytes(summary, 1, entry);
  }
  std::string event = event_head(wall_time, step);
  put_bytes(event, 5, summary);
  return event;
}

std::string start_event(double wall_time, int64_t step) {
  std::string log;  // SessionLog: status = 1, START = 1
  put_key(log, 1, kVarint);
  put_varint(log, 1);
  std::string event = event_head(wall_time, step);
  put_bytes(event, 7, log);
  return event;
}

EventFile::EventFile(const fs::path& folder, int64_t first_step) {
  make_folder(folder);
  path_ = later_name(folder);
  stream_.open(path_, std::ios::binary | std::ios::app);
  append(version_event(now()));
  if (first_step > 0) append(start_event(now(), first_step));
}

void EventFile::add(int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  append(scalar_event(now(), step, scalars));
}

void EventFile::append(const std::string& event) {
  stream_ << event_record(event) << std::flush;
  if (!stream_) fail(Kind::io, "cannot write {}: {}", path_.string(), std::strerror(errno));
}

}  // namespace espalier
