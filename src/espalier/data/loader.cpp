#include "espalier/data/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>

#include "espalier/core/error.h"
#include "espalier/data/balance.h"

namespace espalier {
namespace {

using Shape = std::tuple<int, int, int>;  // height, width, channels

Shape shape_of(const Image& image) {
  return {image.height, image.width, image.channels};
}

size_t bytes_of(const Shape& shape) {
  const auto [height, width, channels] = shape;
  return static_cast<size_t>(height) * static_cast<size_t>(width) * static_cast<size_t>(channels);
}

// What became of one sample. Each is written by one worker and read when the whole batch is done.
struct Cell {
  Shape shape{};
  Annotation truth;
  Image aside;  // an image whose shape is not the one the buffer was made for
  std::string failure;
  bool failed = false;
};

// A batch while workers fill it: the pixels go straight to their place in a buffer that the first
// image to arrive gives its shape; the rest is sorted out once, by the worker that finishes last.
struct Filling {
  explicit Filling(size_t count) : cells(count), missing(count) {}

  std::vector<Cell> cells;
  std::once_flag shaped;
  Shape shape{};
  std::vector<uint8_t> pixels;
  std::atomic<size_t> missing;
  bool done = false;  // under the loader's mutex
  Batch batch;
};

void place(Filling& filling, size_t position, Sample sample) {
  Cell& cell = filling.cells[position];
  if (sample.image.empty()) fail(Kind::data, "the image is empty");
  cell.shape = shape_of(sample.image);
  std::call_once(filling.shaped, [&] {
    filling.pixels.resize(bytes_of(cell.shape) * filling.cells.size());
    filling.shape = cell.shape;
  });
  if (cell.shape == filling.shape)
    std::memcpy(filling.pixels.data() + position * bytes_of(cell.shape), sample.image.pixels.data(),
                bytes_of(cell.shape));
  else
    cell.aside = std::move(sample.image);
  cell.truth = std::move(sample.truth);
}

// The shape that most samples of the batch have, the earliest on a tie: whichever image happened to
// arrive first, the batch comes out the same.
Shape common_shape(const std::vector<Cell>& cells) {
  std::map<Shape, int> votes;
  for (const Cell& cell : cells)
    if (!cell.failed) ++votes[cell.shape];
  Shape best{};
  int most = 0;
  for (const Cell& cell : cells)
    if (!cell.failed && votes[cell.shape] > most) best = cell.shape, most = votes[cell.shape];
  return best;
}

std::string shape_text(const Shape& shape) {
  const auto [height, width, channels] = shape;
  return fmt::format("{} x {} with {} channels", width, height, channels);
}

std::string name_of(const Dataset& dataset, int64_t index) {
  try {
    return dataset.id(index);
  } catch (...) {
    return fmt::format("sample {}", index);
  }
}

// Closes the gaps that failures left, keeping the order.
void finish(Filling& filling, const Dataset& dataset, const Draw* draws) {
  const Shape shape = common_shape(filling.cells);
  const size_t bytes = bytes_of(shape);
  Batch& batch = filling.batch;
  std::vector<uint8_t> moved;  // only when the first image to arrive was the odd one
  const bool in_place = filling.shape == shape;
  if (!in_place) moved.resize(bytes * filling.cells.size());
  uint8_t* pixels = in_place ? filling.pixels.data() : moved.data();
  size_t count = 0;
  for (size_t i = 0; i < filling.cells.size(); ++i) {
    Cell& cell = filling.cells[i];
    if (!cell.failed && cell.shape != shape) {
      cell.failed = true;
      cell.failure = fmt::format(
          "the image is {}, the rest of the batch {}; a transform should make them equal",
          shape_text(cell.shape), shape_text(shape));
    }
    if (cell.failed) {
      batch.failures.push_back({name_of(dataset, draws[i].index), std::move(cell.failure)});
      continue;
    }
    if (!in_place)
      std::memcpy(pixels + count * bytes, cell.aside.pixels.data(), bytes);
    else if (count != i)
      std::memmove(pixels + count * bytes, pixels + i * bytes, bytes);
    batch.truth.push_back(std::move(cell.truth));
    batch.indices.push_back(draws[i].index);
    ++count;
  }
  batch.pixels = std::move(in_place ? filling.pixels : moved);
  batch.pixels.resize(count * bytes);
  batch.count = static_cast<int>(count);
  std::tie(batch.height, batch.width, batch.channels) = shape;
  filling.cells.clear();
}

}  // namespace

// Samples are handed out one by one, in order, by one atomic counter; a worker waits only when its
// sample belongs to a batch that is not open yet. At most `prefetch` batches are open: taking one
// opens the next.
struct Loader::State {
  DatasetPtr dataset;
  Transform transform;
  BatchTransform batch_transform;
  LoaderConfig config;

  int64_t epoch = 0;
  std::vector<Draw> order;
  int64_t end = 0;    // batches of the epoch
  int64_t taken = 0;  // batches handed over, those before `first_batch` among them

  std::vector<std::unique_ptr<Filling>> ring;  // batch b at b % prefetch
  std::atomic<int64_t> ticket{0};              // next sample to hand out
  std::atomic<int64_t> open{0};                // batches below may be filled
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> busy{0};  // nanoseconds
  std::mutex mutex;
  std::condition_variable opened, finished;
  std::exception_ptr broken;  // under the mutex: what made a batch impossible
  std::vector<std::thread> threads;

  int64_t samples() const {
    return std::min(end * config.batch, static_cast<int64_t>(order.size()));
  }
  int64_t samples_in(int64_t batch) const {
    return std::min(config.batch, samples() - batch * config.batch);
  }
  std::unique_ptr<Filling>& slot(int64_t batch) {
    return ring[static_cast<size_t>(batch % config.prefetch)];
  }
  void make_slot(int64_t batch) {
    slot(batch) = std::make_unique<Filling>(static_cast<size_t>(samples_in(batch)));
  }

  void start(int64_t first_batch);
  void stop();
  void work();
  bool wait_until_open(int64_t batch);
  bool fill(Filling& filling, int64_t number);
  void load(Filling& filling, size_t position, const Draw& draw);
  std::vector<Draw> make_order() const;
  Batch make_batch();
  Batch take_batch();
};

void Loader::State::load(Filling& filling, size_t position, const Draw& draw) {
  Cell& cell = filling.cells[position];
  auto failed = [&](std::string reason) {
    cell.failed = true;
    cell.failure = std::move(reason);
  };
  const auto start = std::chrono::steady_clock::now();
  try {
    Random random = Random(config.seed)
                        .stream("sample")
                        .stream(static_cast<uint64_t>(epoch))
                        .stream(static_cast<uint64_t>(draw.index));
    if (draw.repeat > 0) random = random.stream(static_cast<uint64_t>(draw.repeat));
    Sample sample = dataset->read(draw.index, config.min_side);
    if (transform) sample = transform(std::move(sample), random);
    place(filling, position, std::move(sample));
  } catch (const std::exception& error) {
    failed(error.what());
  } catch (...) {
    failed("an exception of unknown type");
  }
  busy += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
}

// Loads sample `number` of the epoch; true when that made its batch complete.
bool Loader::State::fill(Filling& filling, int64_t number) {
  const int64_t first = number - number % config.batch;
  load(filling, static_cast<size_t>(number - first), order[static_cast<size_t>(number)]);
  if (filling.missing.fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
  finish(filling, *dataset, order.data() + first);
  if (batch_transform && filling.batch.count > 0) {
    Random random = Random(config.seed)
                        .stream("batch")
                        .stream(static_cast<uint64_t>(epoch))
                        .stream(static_cast<uint64_t>(first / config.batch));
    batch_transform(filling.batch, random);
  }
  return true;
}

std::vector<Draw> Loader::State::make_order() const {
  Random random = Random(config.seed).stream("order").stream(static_cast<uint64_t>(epoch));
  const auto size = static_cast<size_t>(dataset->size());
  if (config.shuffle && config.balance) {
    std::vector<int64_t> labels(size);
    for (size_t i = 0; i < size; ++i) labels[i] = dataset->label(static_cast<int64_t>(i));
    return balanced_order(labels, random);
  }
  std::vector<Draw> draws(size);
  for (size_t i = 0; i < size; ++i) draws[i].index = static_cast<int64_t>(i);
  if (config.shuffle) random.shuffle(draws);
  return draws;
}

bool Loader::State::wait_until_open(int64_t batch) {
  if (batch < open.load(std::memory_order_acquire)) return true;
  std::unique_lock lock(mutex);
  opened.wait(lock, [&] { return stopping || batch < open; });
  return !stopping;
}

void Loader::State::work() {
  try {
    while (!stopping) {
      const int64_t number = ticket.fetch_add(1, std::memory_order_relaxed);
      const int64_t batch = number / config.batch;
      if (number >= samples() || !wait_until_open(batch)) return;
      Filling& filling = *slot(batch);
      if (!fill(filling, number)) continue;
      std::lock_guard lock(mutex);
      filling.done = true;
      finished.notify_one();
    }
  } catch (...) {
    std::lock_guard lock(mutex);
    if (!broken) broken = std::current_exception();
    finished.notify_one();
  }
}

void Loader::State::start(int64_t first_batch) {
  taken = std::min(first_batch, end);
  ticket = taken * config.batch;
  ring.clear();
  if (config.workers == 0) return;
  ring.resize(static_cast<size_t>(config.prefetch));
  open = std::min(end, taken + config.prefetch);
  for (int64_t batch = taken; batch < open; ++batch) make_slot(batch);
  const int64_t useful = std::min(config.workers, (end - taken) * config.batch);
  try {
    for (int64_t i = 0; i < useful; ++i) threads.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {  // fewer do as well
    if (threads.empty()) fail(Kind::io, "cannot start a loader thread: {}", error.what());
  }
}

void Loader::State::stop() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  opened.notify_all();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  stopping = false;
  broken = nullptr;
}

// The next batch, made here and now.
Batch Loader::State::make_batch() {
  Filling filling(static_cast<size_t>(samples_in(taken)));
  for (int64_t i = 0, first = taken * config.batch; i < samples_in(taken); ++i)
    fill(filling, first + i);
  ++taken;
  return std::move(filling.batch);
}

// The next batch, when the workers have it; its place in the ring goes to a later one.
Batch Loader::State::take_batch() {
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return broken || slot(taken)->done; });
  if (broken) std::rethrow_exception(broken);
  Batch batch = std::move(slot(taken)->batch);
  slot(taken).reset();
  const int64_t later = taken + config.prefetch;
  ++taken;
  if (later < end) {
    make_slot(later);
    open.store(later + 1, std::memory_order_release);
    opened.notify_all();
  }
  return batch;
}

Loader::Loader(DatasetPtr dataset,
               Transform transform,
               LoaderConfig config,
               BatchTransform batch_transform)
    : state_(std::make_unique<State>()) {
  if (!dataset) fail(Kind::usage, "a loader needs a data set");
  if (config.batch < 1) fail(Kind::usage, "the batch size is {}, not at least 1", config.batch);
  if (config.workers < 0)
    fail(Kind::usage, "the number of workers is {}, not 0 or more", config.workers);
  if (config.prefetch < 1)
    fail(Kind::usage, "prefetch is {} batches, not at least 1", config.prefetch);
  state_->dataset = std::move(dataset);
  state_->transform = std::move(transform);
  state_->batch_transform = std::move(batch_transform);
  state_->config = config;
}

Loader::Loader(Loader&&) noexcept = default;

Loader::~Loader() {
  if (state_) state_->stop();
}

void Loader::start_epoch(int64_t epoch, int64_t first_batch) {
  if (first_batch < 0)
    fail(Kind::usage, "the first batch of an epoch is {}, not 0 or more", first_batch);
  State& s = *state_;
  s.stop();
  s.epoch = epoch;
  s.order = s.make_order();
  s.end = batches();
  s.start(first_batch);
}

std::optional<Batch> Loader::next() {
  State& s = *state_;
  if (s.taken >= s.end) return std::nullopt;
  return s.config.workers == 0 ? s.make_batch() : s.take_batch();
}

int64_t Loader::batches() const {
  const int64_t samples = state_->dataset->size(), batch = state_->config.batch;
  return state_->config.drop_last ? samples / batch : (samples + batch - 1) / batch;
}

int64_t Loader::workers() const {
  return state_->config.workers;
}

double Loader::busy_seconds() const {
  return static_cast<double>(state_->busy) * 1e-9;
}

const Dataset& Loader::dataset() const {
  return *state_->dataset;
}

}  // namespace espalier
