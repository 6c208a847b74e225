// Reads a pickle, Python's serialised objects, as plain data: a pickle is a program, and what it would
// call is kept as the name of the callee and its arguments; nothing is run.
//
//   Pickle pickle = Pickle::parse(bytes, 0, [](std::string_view name) { return name == "collections.OrderedDict"; });
//   PickleValue root = pickle.root();
//   root.each_pair("a dict", [](PickleValue key, PickleValue value) { ... });
//
// (Python's Lib/pickletools.py describes the opcodes. Those of protocols 2 to 5 that plain data need are read.)
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier {

class Pickle;

// One value of a pickle that outlives it.
class PickleValue {
 public:
  enum class Type : uint8_t {
    none,
    boolean,
    integer,
    big_integer,  // of more than 64 bits: text() is its bytes, little-endian
    real,
    text,
    list,
    tuple,
    dict,
    global,      // a name, "collections.OrderedDict"
    call,        // callee() with the tuple arguments(); pairs that were set on the result
    persistent,  // what stands outside: arguments()
  };

  Type type() const;
  const char* type_name() const;
  uint64_t offset() const;  // of the opcode that made it
  uint32_t id() const { return id_; }

  // Each asks for the types that have it; another is Error(format) naming offset and `what` was wanted.
  bool boolean(const char* what) const;
  int64_t integer(const char* what) const;
  double real(const char* what) const;
  std::string text(const char* what) const;  // also of a big integer
  std::string global(const char* what) const;
  // Of a list or tuple: one after the other, or all of a short one (at most 4096).
  void each(const char* what, const std::function<void(const PickleValue&)>& visit) const;
  std::vector<PickleValue> items(const char* what) const;
  // Of a dict or call, in the order in which they were set.
  void each_pair(
      const char* what,
      const std::function<void(const PickleValue& key, const PickleValue& value)>& visit) const;
  std::string callee() const;                  // of a call
  std::vector<PickleValue> arguments() const;  // of a call, persistent

 private:
  friend class Pickle;
  friend class PickleMachine;
  PickleValue(const Pickle* pickle, uint32_t id) : pickle_(pickle), id_(id) {}
  void expect(bool right, const char* what) const;
  void each_appended(const std::function<void(uint32_t)>& visit) const;

  const Pickle* pickle_;
  uint32_t id_;
};

class Pickle {
 public:
  // The pickle that begins at `begin` of `bytes`, which must outlive it. `known` says which globals
  // may be named ("module.name"); any other is Error(unsupported). Throws Error(format) naming the
  // offset from `begin` for what is no pickle or a wrong one. Memory: at most a megabyte and four times
  // the pickle's own length, whatever it says.
  static Pickle parse(std::string_view bytes,
                      size_t begin,
                      const std::function<bool(std::string_view)>& known);

  PickleValue root() const { return {this, root_}; }
  size_t end() const { return end_; }  // behind its last byte
  // Values, and their places in lists, dicts and tuples.
  size_t values() const { return nodes_.size() + children_.size(); }
  // Every value of a type, in the order in which they were made.
  void for_each(PickleValue::Type type, const std::function<void(const PickleValue&)>& visit) const;

  Pickle(Pickle&&) = default;  // values look into it: take them afterwards

 private:
  friend class PickleValue;
  friend class PickleMachine;
  static constexpr uint32_t kNone = 0xffffffff;

  struct Node {
    PickleValue::Type type;
    uint32_t offset;
    // integer, real: the 64 bits of a and b. text, big_integer: begin and length in bytes_. global: a in
    // globals_. tuple: begin and length in children_. call: callee and arguments in children_ from a on,
    // last segment b. persistent: the arguments a. list, dict: last segment b.
    uint32_t a, b;
  };
  // Items that were appended together; the segments of one value are a ring, last to first.
  struct Segment {
    uint32_t begin, length, next;
  };

  Pickle() = default;
  std::string_view bytes_;
  size_t end_ = 0;
  uint32_t root_ = 0;
  // Deques: growing copies nothing, so that a peak is no higher than what is held.
  std::deque<Node> nodes_;
  std::deque<uint32_t> children_;
  std::deque<Segment> segments_;
  std::vector<std::string> globals_;  // their names, each once
};

}  // namespace espalier
