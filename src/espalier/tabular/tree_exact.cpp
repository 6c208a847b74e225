#include "espalier/tabular/tree_exact.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "espalier/core/error.h"
#include "espalier/core/radix_sort.h"
#include "espalier/tabular/column_draw.h"
#include "espalier/tabular/divide_items.h"
#include "espalier/tabular/small_sort.h"
#include "espalier/tabular/tree_counts.h"
#include "espalier/tabular/tree_sums.h"

namespace espalier {
namespace {

// Values closer than this are not told apart, as in scikit-learn; in floats, so above 2 all are.
bool apart(float low, float high) {
  return high > low + 1e-7f;
}

// A node's samples in the order of one column, those without a value last.
struct SortedColumn {
  const uint64_t* items;
  int64_t present, missing;

  Items left(int64_t count, bool missing_left) const {
    return {items, static_cast<size_t>(missing_left ? count - missing : count)};
  }
  Items absent() const { return {items + present, static_cast<size_t>(missing)}; }
};

template <class Score>
struct Cut {
  Score score = std::numeric_limits<Score>::lowest();
  int64_t column = -1, left = 0;  // samples on the left, missing ones included
  uint32_t low = 0, high = 0;     // ranks on both sides
  bool missing_left = false, missing_alone = false;
};

struct Limits {
  int64_t samples;
  double weight;
};

template <class Stat>
class Scan {
 public:
  using Score = typename Stat::Score;

  Scan(Stat& stat, const RankedTable& table, const TreeConfig& config, double all_weight)
      : stat_(stat),
        table_(table),
        limits_{config.min_samples_leaf, config.min_weight_leaf * all_weight},
        shift_(32 + stat.payload_bits) {}

  int64_t present(int64_t column, const uint64_t* items, int64_t count) const {
    if (!table_.has_missing(column)) return count;
    const auto absent = static_cast<uint64_t>(table_.distinct(column));
    return std::partition_point(items, items + count,
                                [&](uint64_t item) { return item >> shift_ < absent; }) -
           items;
  }

  // Whether there is something to cut.
  bool varies(const SortedColumn& sorted) const {
    if (sorted.present == 0) return false;
    return sorted.missing > 0 ||
           sorted.items[0] >> shift_ != sorted.items[sorted.present - 1] >> shift_;
  }

  void run(int64_t column, const SortedColumn& sorted, Cut<Score>& best) {
    try_cuts(column, sorted, false, best);
    if (sorted.missing > 0) try_cuts(column, sorted, true, best);
  }

  Split finish(const Cut<Score>& cut, const SortedColumn& sorted) const {
    const int64_t right = sorted.present + sorted.missing - cut.left;
    const Items left = sorted.left(cut.left, cut.missing_left), none;
    const float* value = table_.value(cut.column);
    const Items rest{left.data() + left.size(), static_cast<size_t>(sorted.present) - left.size()};
    Split split;
    split.feature = static_cast<int32_t>(cut.column);
    split.threshold = cut.missing_alone ? std::numeric_limits<double>::infinity()
                                        : value[cut.low] / 2.0 + value[cut.high] / 2.0;
    split.missing_left = sorted.missing > 0 ? cut.missing_left : cut.left > right;
    split.left = stat_.facts(left, cut.missing_left ? sorted.absent() : none);
    split.right = stat_.facts(rest, cut.missing_left ? none : sorted.absent());
    return split;
  }

 private:
  void try_cuts(int64_t column, const SortedColumn& sorted, bool missing_left, Cut<Score>& best) {
    const uint64_t* items = sorted.items;
    const int shift = shift_;
    const float* value = table_.value(column);
    auto cursor = stat_.cursor();
    if (missing_left)
      for (const uint64_t item : sorted.absent()) cursor.move(item);
    const int64_t before = missing_left ? sorted.missing : 0;
    const int64_t all = sorted.present + sorted.missing;
    // Cuts behind `low`..`high` samples that have a value.
    const int64_t low = std::max<int64_t>(1, limits_.samples - before);
    const int64_t high = std::min(sorted.present - 1, all - limits_.samples - before);
    auto heavy_enough = [&] {
      return cursor.left_weight() >= limits_.weight && cursor.right_weight() >= limits_.weight;
    };
    int64_t i = 0;
    Score highest = best.score;
    for (; i < std::min(low - 1, sorted.present); ++i) cursor.move(items[i]);
    while (i < high) {
      cursor.move(items[i]);
      ++i;
      if (!Stat::kCheap && items[i] >> shift == items[i - 1] >> shift) continue;
      if (!(cursor.bound() > highest)) continue;
      const Score score = cursor.score();
      if (!(score > highest)) continue;
      const auto below = static_cast<uint32_t>(items[i - 1] >> shift);
      const auto above = static_cast<uint32_t>(items[i] >> shift);
      if (!apart(value[below], value[above]) || !heavy_enough()) continue;
      highest = score;
      best = {score, column, before + i, below, above, missing_left, false};
    }
    if (missing_left || sorted.missing < std::max<int64_t>(1, limits_.samples) ||
        sorted.present < limits_.samples)
      return;
    for (; i < sorted.present; ++i) cursor.move(items[i]);
    const Score score = cursor.score();
    if (score > highest && heavy_enough())
      best = {score, column, sorted.present, 0, 0, false, true};
  }

  Stat& stat_;
  const RankedTable& table_;
  Limits limits_;
  int shift_;
};

template <class Stat>
class ExactEngine : public SplitEngine {
 public:
  ExactEngine(const TreeConfig& config,
              const RankedTable& table,
              const TreeTarget& target,
              std::span<const uint32_t> samples,
              Random random)
      : table_(table),
        stat_(target, samples),
        count_(static_cast<int64_t>(samples.size())),
        draw_(table.columns(), wanted(config, table), random),
        goes_left_(static_cast<size_t>(table.rows()) + 3) {
    const int bits = std::bit_width(static_cast<uint64_t>(table.most_distinct()));
    if (bits + stat_.payload_bits > 32)
      fail(Kind::unsupported,
           "{} different values and {} classes are too many for the exact engine; choose "
           "engine = histogram",
           table.most_distinct(), target.classes);
    all_weight_ = 0;
    for (const uint32_t sample : samples)
      all_weight_ += !target.times.empty()     ? target.times[sample]
                     : !target.weights.empty() ? target.weights[sample]
                                               : 1;
    scan_.emplace(stat_, table_, config, all_weight_);
  }

  int64_t size() const override { return count_; }

  static int64_t wanted(const TreeConfig& config, const RankedTable& table) {
    return config.max_features > 0 ? config.max_features : table.columns();
  }

 protected:
  using Score = typename Stat::Score;

  uint64_t without_rank(uint32_t sample) const {
    return uint64_t{stat_.payload(sample)} << 32 | sample;
  }
  uint64_t with_rank(uint32_t rank, uint64_t item) const {
    return uint64_t{rank} << (32 + stat_.payload_bits) | item;
  }

  void mark(Items items, bool left) {
    for (const uint64_t item : items) goes_left_[sample_of(item)] = left;
  }

  const RankedTable& table_;
  Stat stat_;
  int64_t count_;
  double all_weight_;
  ColumnDraw draw_;
  std::optional<Scan<Stat>> scan_;
  std::vector<uint8_t>
      goes_left_;  // by sample; of the node that is being divided; see divide_items()
};

template <class Stat>
class PresortedEngine : public ExactEngine<Stat> {
  using Base = ExactEngine<Stat>;

 public:
  PresortedEngine(const TreeConfig& config,
                  const RankedTable& table,
                  const TreeTarget& target,
                  std::span<const uint32_t> samples,
                  Random random)
      : Base(config, table, target, samples, random), in_second_(samples.size()) {
    constexpr uint64_t kLeftOut = ~uint64_t{0};
    std::vector<uint64_t> item(static_cast<size_t>(table.rows()), kLeftOut);
    for (const uint32_t sample : samples) item[sample] = this->without_rank(sample);
    for (auto& items : items_)  // not filled with zeros, which takes longer than filling them
      items.reset(new uint64_t[static_cast<size_t>(table.columns()) * samples.size() + 1]);
    uint64_t* to = items_[0].get();
    for (int64_t c = 0; c < table.columns(); ++c)
      for (int64_t i = 0; i < table.rows(); ++i) {
        const uint64_t rest = item[table.order(c)[i]];
        *to = this->with_rank(table.rank(c)[i], rest);
        to += rest != kLeftOut;
      }
  }

  NodeFacts facts() override { return this->stat_.facts(span(0, 0, this->count_), {}); }

  Split best(int64_t begin, int64_t end) override {
    this->stat_.enter(span(0, begin, end));
    Cut<typename Base::Score> cut;
    this->draw_.each([&](int64_t column) {
      const SortedColumn at = sorted(column, begin, end);
      if (!this->scan_->varies(at)) return false;
      this->scan_->run(column, at, cut);
      return true;
    });
    return cut.column < 0 ? Split{} : this->scan_->finish(cut, sorted(cut.column, begin, end));
  }

  void divide(
      int64_t begin, int64_t end, const Split& split, bool keep_left, bool keep_right) override {
    if (!keep_left && !keep_right) return;
    const SortedColumn at = sorted(split.feature, begin, end);
    const bool with_missing = at.missing > 0 && split.missing_left;
    this->mark({at.items, static_cast<size_t>(end - begin)}, false);
    this->mark(at.left(split.left.samples, with_missing), true);
    if (with_missing) this->mark(at.absent(), true);
    const uint8_t to = !in_second_[static_cast<size_t>(begin)];
    const int64_t middle = begin + split.left.samples;
    for (int64_t c = 0; c < this->table_.columns(); ++c) {
      const Items from = span(c, begin, end);
      uint64_t* target = items_[to].get() + c * this->count_;
      divide_items(from.data(), end - begin, this->goes_left_.data(),
                   keep_left ? target + begin : nullptr, keep_right ? target + middle : nullptr);
    }
    in_second_[static_cast<size_t>(begin)] = in_second_[static_cast<size_t>(middle)] = to;
  }

 private:
  Items span(int64_t column, int64_t begin, int64_t end) const {
    return {items_[in_second_[static_cast<size_t>(begin)]].get() + column * this->count_ + begin,
            static_cast<size_t>(end - begin)};
  }
  SortedColumn sorted(int64_t column, int64_t begin, int64_t end) const {
    const Items items = span(column, begin, end);
    const int64_t present = this->scan_->present(column, items.data(), end - begin);
    return {items.data(), present, end - begin - present};
  }

  // columns x samples, and one place to spare. A node lies in the one array, its halves in the other.
  std::array<std::unique_ptr<uint64_t[]>, 2> items_;
  std::vector<uint8_t> in_second_;  // by the first place of a node
};

template <class Stat>
class SortingEngine : public ExactEngine<Stat> {
  using Base = ExactEngine<Stat>;

 public:
  SortingEngine(const TreeConfig& config,
                const RankedTable& table,
                const TreeTarget& target,
                std::span<const uint32_t> samples,
                Random random)
      : Base(config, table, target, samples, random),
        buffer_(2 * samples.size()),
        best_(samples.size()) {
    for (const uint32_t sample : samples) samples_.push_back(this->without_rank(sample));
  }

  NodeFacts facts() override {
    sort(0, 0, this->count_);
    return this->stat_.facts({sorted_, samples_.size()}, {});
  }

  Split best(int64_t begin, int64_t end) override {
    bool entered = false;
    const int64_t count = end - begin;
    Cut<typename Base::Score> cut;
    SortedColumn of_best{};
    this->draw_.each([&](int64_t column) {
      if (!sort(column, begin, end)) return false;
      if (!std::exchange(entered, true)) this->stat_.enter({sorted_, static_cast<size_t>(count)});
      const int64_t present = this->scan_->present(column, sorted_, count);
      const SortedColumn at{sorted_, present, count - present};
      if (!this->scan_->varies(at)) return false;
      this->scan_->run(column, at, cut);
      if (cut.column == column) {
        std::copy(sorted_, sorted_ + count, best_.begin());
        of_best = {best_.data(), present, count - present};
      }
      return true;
    });
    if (cut.column < 0) return {};
    return this->scan_->finish(cut, of_best);
  }

  void divide(
      int64_t begin, int64_t end, const Split& split, bool keep_left, bool keep_right) override {
    if (!keep_left && !keep_right) return;
    // The last rank that goes left.
    const float* value = this->table_.value(split.feature);
    const auto distinct = this->table_.distinct(split.feature);
    const auto last =
        static_cast<uint32_t>(std::partition_point(value, value + distinct,
                                                   [&](float v) { return v <= split.threshold; }) -
                              value);
    const uint32_t* rank = this->table_.rank_of_sample(split.feature);
    uint64_t* spare = buffer_.data();
    int64_t l = begin, r = 0;
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t item = samples_[static_cast<size_t>(i)];
      const uint32_t at = rank[sample_of(item)];
      const bool left = at == distinct ? split.missing_left : at < last;
      samples_[static_cast<size_t>(l)] = spare[r] = item;
      l += left;
      r += !left;
    }
    std::copy(spare, spare + r, samples_.begin() + l);
  }

 private:
  // Leaves the node's items in sorted_ and says whether their ranks differ; if not, they are not sorted.
  bool sort(int64_t column, int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    uint64_t *items = buffer_.data(), *spare = items + samples_.size();
    const uint32_t* rank = this->table_.rank_of_sample(column);
    const uint64_t* node = samples_.data() + begin;
    const uint32_t first = rank[sample_of(node[0])];
    uint32_t differ = 0;
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t at = rank[sample_of(node[i])];
      differ |= at ^ first;
      items[i] = this->with_rank(at, node[i]);
    }
    sorted_ = items;
    if (differ == 0) return false;
    const int low = 32 + this->stat_.payload_bits;
    sorted_ =
        count <= kSmallSort
            ? small_sort(items, spare, count)
            : radix_sort(items, spare, count, low,
                         std::bit_width(static_cast<uint64_t>(this->table_.distinct(column))));
    return true;
  }

  std::vector<uint64_t> samples_;  // items without rank
  std::vector<uint64_t> buffer_, best_;
  const uint64_t* sorted_ = nullptr;
};

template <class Stat, class... Arguments>
std::unique_ptr<SplitEngine> make_for(const TreeConfig& config,
                                      const RankedTable& table,
                                      const Arguments&... arguments) {
  // A column costs about a tenth as much to divide as to sort.
  if (10 * ExactEngine<Stat>::wanted(config, table) < table.columns())
    return std::make_unique<SortingEngine<Stat>>(config, table, arguments...);
  return std::make_unique<PresortedEngine<Stat>>(config, table, arguments...);
}

}  // namespace

std::unique_ptr<SplitEngine> make_exact_engine(const TreeConfig& config,
                                               const RankedTable& table,
                                               const TreeTarget& target,
                                               std::span<const uint32_t> samples,
                                               Random random) {
  if (target.classes == 0) return make_for<SquaredError>(config, table, target, samples, random);
  const bool entropy = config.criterion == "entropy";
  if (!target.weights.empty())
    return entropy ? make_for<ClassWeights<true>>(config, table, target, samples, random)
                   : make_for<ClassWeights<false>>(config, table, target, samples, random);
  if (!target.times.empty())
    return entropy ? make_for<ClassCounts<true, true>>(config, table, target, samples, random)
                   : make_for<ClassCounts<false, true>>(config, table, target, samples, random);
  return entropy ? make_for<ClassCounts<true, false>>(config, table, target, samples, random)
                 : make_for<ClassCounts<false, false>>(config, table, target, samples, random);
}

}  // namespace espalier
