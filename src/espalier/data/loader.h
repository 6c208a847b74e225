// Batches from a data set: read, transformed and stacked by worker threads, handed over in order. The order and
// every bit depend on (seed, epoch) alone, never on the number of workers; memory is bounded by `prefetch` batches.
//
//   Loader loader(dataset, augment, {.batch = 128, .workers = 2, .shuffle = true, .seed = 1});
//   loader.start_epoch(3, /*first_batch=*/0);
//   while (std::optional<Batch> batch = loader.next()) { ... }
//
// A sample that cannot be read is left out of its batch and named in Batch::failures; the run goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "espalier/data/transform.h"

namespace espalier {

struct SampleFailure {
  std::string id, reason;
};

struct Batch {
  int count = 0, height = 0, width = 0, channels = 0;
  // count x height x width x channels, as stored (normalising is the task's)
  std::vector<uint8_t> pixels = {};
  std::vector<Annotation> truth = {};
  std::vector<int64_t> indices = {};  // in the data set
  std::vector<SampleFailure> failures = {};
};

// Changes a finished batch as a whole (data/mix.h). It may drop no sample.
using BatchTransform = std::function<void(Batch&, Random&)>;

struct LoaderConfig {
  int64_t batch = 128;
  int64_t workers = 2;   // 0: in the calling thread
  int64_t prefetch = 4;  // batches ready or under way
  bool shuffle = false;
  bool balance = false;    // with shuffle: every class as often as every other (data/balance.h)
  bool drop_last = false;  // leave out a last batch that is not full
  uint64_t seed = 0;
  int min_side = 0;  // passed to Dataset::read
};

class Loader {
 public:
  // `transform` must give every image the same size and channels; one that differs from most of its
  // batch is a failure. An empty function changes nothing. `batch_transform` draws from a stream of its own for
  // each seed, epoch and batch number, so that neither threads nor resuming change a bit; batches
  // without a sample are spared it. Throws Error(usage) for impossible settings.
  Loader(DatasetPtr dataset,
         Transform transform,
         LoaderConfig config,
         BatchTransform batch_transform = {});
  ~Loader();
  Loader(Loader&&) noexcept;

  // Batches of an epoch are numbered from 0; starting at `first_batch` gives exactly the later batches.
  // An epoch under way is abandoned; each worker still ends the sample it is at.
  void start_epoch(int64_t epoch, int64_t first_batch = 0);

  // Nothing at the end of the epoch. A batch that lost all its samples has count 0.
  std::optional<Batch> next();

  int64_t batches() const;  // per epoch
  int64_t workers() const;  // as configured
  // Spent reading and transforming so far, summed over the threads.
  double busy_seconds() const;
  const Dataset& dataset() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier
