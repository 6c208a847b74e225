// TensorBoard event files: scalars over steps, appended as a run goes on.
//
//   EventFile events(run_folder);                       //
//   events.out.tfevents.<seconds>.<host>.<pid> events.add(120, {{"loss/train", 1.1},
//   {"accuracy/val", 0.83}});
//
// A record is length, masked CRC-32C of the length, protobuf `Event`, masked CRC-32C of it
// (tensorflow/core/lib/io/ record_writer.cc, tensorflow/core/util/event.proto). A run that is
// killed leaves at most a torn last record, which TensorBoard overlooks.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

class EventFile {
 public:
  // Makes a new file in `folder`. A resumed run passes its `first_step`: TensorBoard then drops
  // what an earlier file of the folder says of this and later steps. Throws Error(io).
  explicit EventFile(const fs::path& folder, int64_t first_step = 0);

  // Scalars of one step, on the disk (not flushed through it) when this returns. Throws Error(io)
  // naming the file.
  void add(int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

  const fs::path& path() const { return path_; }

 private:
  void append(const std::string& event);

  fs::path path_;
  std::ofstream stream_;
};

// CRC-32C (Castagnoli), and the form in which records store it.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

// One record around these bytes, and the bytes of `Event` messages; `wall_time` in seconds since
// 1970.
std::string event_record(std::string_view event);
std::string version_event(double wall_time);
std::string scalar_event(double wall_time,
                         int64_t step,
                         const std::vector<std::pair<std::string, double>>& scalars);
std::string start_event(double wall_time, int64_t step);

}  // namespace espalier
