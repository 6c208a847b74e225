#include "espalier/format/pickle.h"

#include <algorithm>
#include <cstring>

#include "espalier/core/error.h"
#include "espalier/core/utf8.h"

namespace espalier {

using Type = PickleValue::Type;

// The stack machine that a pickle is written for (Lib/pickletools.py), with values by their numbers.
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle,
                std::string_view bytes,
                size_t begin,
                const std::function<bool(std::string_view)>& known)
      : pickle_(pickle), bytes_(bytes), begin_(begin), at_(begin), known_(known) {
    none_ = add(Type::none);
    false_ = add(Type::boolean, 0);
    true_ = add(Type::boolean, 1);
    empty_tuple_ = add(Type::tuple, 0, 0);
    for (uint32_t i = 0; i < 256; ++i)
      add(Type::integer, i);  // most numbers: shapes, flags, counts
  }

  void run() {
    try {
      while (step()) {
      }
    } catch (Error& error) {
      throw error.while_doing(fmt::format("byte {} of the pickle", opcode_at_ - begin_));
    }
    pickle_.end_ = at_;
  }

 private:
  // One opcode; false after the last.
  bool step() {
    opcode_at_ = at_;
    auto opcode = static_cast<uint8_t>(take(1)[0]);
    switch (opcode) {
      case 0x80: {  // PROTO
        uint64_t protocol = number(1);
        if (protocol < 2 || protocol > 5)
          fail(Kind::unsupported, "pickle protocol {} is not read", protocol);
        return true;
      }
      case 0x95:
        take(8);
        return true;  // FRAME
      case '.':       // STOP
        pickle_.root_ = top();
        return false;
      case '(':
        marks_.push_back(stack_.size());
        return check_memory();  // MARK
      case '0':
        pop();
        return true;  // POP
      case '1':
        take_marked();
        return true;  // POP_MARK
      case 'N':
        return push(none_);  // NONE
      case 0x88:
        return push(true_);  // NEWTRUE
      case 0x89:
        return push(false_);  // NEWFALSE
      case 'K':
        return push_integer(static_cast<int64_t>(number(1)));  // BININT1
      case 'M':
        return push_integer(static_cast<int64_t>(number(2)));  // BININT2
      case 'J':
        return push_integer(static_cast<int32_t>(number(4)));  // BININT
      case 0x8a:
        return push_long(number(1));  // LONG1
      case 'G':
        return push_real();  // BINFLOAT
      case 'X':
        return push_text(number(4));  // BINUNICODE
      case 0x8c:
        return push_text(number(1));  // SHORT_BINUNICODE
      case 0x8d:
        return push_text(number(8));  // BINUNICODE8
      case 'T':
        return push_text(number(4));  // BINSTRING (Python 2)
      case 'U':
        return push_text(number(1));  // SHORT_BINSTRING
      case ']':
        return push(add(Type::list, 0, Pickle::kNone));  // EMPTY_LIST
      case '}':
        return push(add(Type::dict, 0, Pickle::kNone));  // EMPTY_DICT
      case ')':
        return push(empty_tuple_);  // EMPTY_TUPLE
      case 't':
        return push_tuple(take_marked());  // TUPLE
      case 0x85:
        return push_tuple(pop_last(1));  // TUPLE1
      case 0x86:
        return push_tuple(pop_last(2));  // TUPLE2
      case 0x87:
        return push_tuple(pop_last(3));  // TUPLE3
      case 'a':
        append(pop_last(1), Type::list);
        return true;  // APPEND
      case 'e':
        append(take_marked(), Type::list);
        return true;  // APPENDS
      case 's':
        append(pop_last(2), Type::dict);
        return true;  // SETITEM
      case 'u':
        append(take_marked(), Type::dict);
        return true;  // SETITEMS
      case 'q':
        memoise(number(1));
        return true;  // BINPUT
      case 'r':
        memoise(number(4));
        return true;  // LONG_BINPUT
      case 0x94:
        memoise(memo_.size());
        return true;  // MEMOIZE
      case 'h':
        return push(recall(number(1)));  // BINGET
      case 'j':
        return push(recall(number(4)));  // LONG_BINGET
      case 'c': {                        // GLOBAL
        std::string module(line());
        return push_global(module + "." + std::string(line()));
      }
      case 0x93: {  // STACK_GLOBAL
        PickleValue name = value(pop()), module = value(pop());
        return push_global(module.text("a module's name") + "." + name.text("a global's name"));
      }
      case 'R':
        return call();  // REDUCE
      case 'b':         // BUILD: the attributes of an object, which plain data has none of
        pop();
        if (node(top()).type != Type::call) fail(Kind::format, "attributes of a {}", name(top()));
        return true;
      case 'Q': {  // BINPERSID
        uint32_t arguments = pop();
        if (node(arguments).type != Type::tuple)
          fail(Kind::format, "a persistent object named by a {}", name(arguments));
        return push(add(Type::persistent, arguments));
      }
    }
    fail(Kind::unsupported,
         "opcode 0x{:02x} is not read: only dicts, lists, tuples, numbers, text and tensors are",
         opcode);
  }

  // Bytes.
  std::string_view take(uint64_t length) {
    if (length > bytes_.size() - at_)
      fail(Kind::format, "cut short: {} bytes are wanted at byte {}, {} are left", length,
           at_ - begin_, bytes_.size() - at_);
    std::string_view taken = bytes_.substr(at_, length);
    at_ += length;
    return taken;
  }
  uint64_t number(int width) {
    std::string_view digits = take(static_cast<uint64_t>(width));
    uint64_t value = 0;
    for (size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(digits[i]);
    return value;
  }
  std::string_view line() {
    constexpr size_t kLongest = 256;
    size_t end = bytes_.substr(at_, kLongest).find('\n');
    if (end == std::string_view::npos)
      fail(Kind::format, "the name of a global has no end, or more than {} bytes", kLongest);
    std::string_view text = bytes_.substr(at_, end);
    at_ += end + 1;
    if (!is_utf8(text)) fail(Kind::format, "the name of a global is not UTF-8");
    return text;
  }

  // Values.
  uint32_t add(Type type, uint32_t a = 0, uint32_t b = 0) {
    pickle_.nodes_.push_back({type, static_cast<uint32_t>(opcode_at_ - begin_), a, b});
    return static_cast<uint32_t>(pickle_.nodes_.size() - 1);
  }
  Pickle::Node& node(uint32_t id) { return pickle_.nodes_[id]; }
  PickleValue value(uint32_t id) { return {&pickle_, id}; }
  const char* name(uint32_t id) { return value(id).type_name(); }
  std::vector<uint32_t> pop_last(size_t count) {
    if (stack_.size() - floor() < count) fail(Kind::format, "too few values for this opcode");
    std::vector<uint32_t> popped(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return popped;
  }
  uint32_t pop() { return pop_last(1)[0]; }
  uint32_t top() {
    if (stack_.size() == floor()) fail(Kind::format, "too few values for this opcode");
    return stack_.back();
  }
  std::vector<uint32_t> take_marked() {
    if (marks_.empty()) fail(Kind::format, "no mark before it");
    std::vector<uint32_t> taken(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()),
                                stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return taken;
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  bool push(uint32_t id) {
    stack_.push_back(id);
    return check_memory();
  }
  bool push_bits(Type type, uint64_t bits) {
    return push(add(type, static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)));
  }
  bool push_integer(int64_t integer) {
    if (integer >= 0 && integer < 256)
      return push(empty_tuple_ + 1 + static_cast<uint32_t>(integer));
    return push_bits(Type::integer, static_cast<uint64_t>(integer));
  }
  bool push_long(uint64_t length) {
    if (length > 8) {
      take(length);
      return push(add(Type::big_integer, place(length), static_cast<uint32_t>(length)));
    }
    uint64_t bits = number(static_cast<int>(length));
    int unused =
        static_cast<int>(64 - 8 * length);  // the sign stands in the highest bit that is there
    return push_integer(unused == 64 ? 0 : static_cast<int64_t>(bits << unused) >> unused);
  }
  bool push_real() {
    uint64_t bits = 0;
    for (char digit : take(8)) bits = bits << 8 | static_cast<uint8_t>(digit);
    return push_bits(Type::real, bits);
  }
  bool push_text(uint64_t length) {
    if (!is_utf8(take(length))) fail(Kind::format, "its text is not UTF-8");
    return push(add(Type::text, place(length), static_cast<uint32_t>(length)));
  }
  bool push_tuple(const std::vector<uint32_t>& items) {
    return push(add(Type::tuple, keep(items), static_cast<uint32_t>(items.size())));
  }
  bool push_global(const std::string& name) {
    if (!known_(name))
      fail(
          Kind::unsupported,
          "the global '{}' is not read: such a file can run code of its writer's choosing. Only "
          "tensors, dicts, "
          "lists, tuples, numbers and text are read; save with torch.save(model.state_dict(), ...)",
          name);
    auto& names = pickle_.globals_;
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      names.push_back(name);
      globals_.push_back(add(Type::global, static_cast<uint32_t>(names.size() - 1)));
      return push(globals_.back());
    }
    return push(globals_[static_cast<size_t>(found - names.begin())]);
  }
  bool call() {
    std::vector<uint32_t> parts = pop_last(2);
    if (node(parts[0]).type != Type::global)
      fail(Kind::format, "a call of a {}, which is no global", name(parts[0]));
    if (node(parts[1]).type != Type::tuple)
      fail(Kind::format, "a call with a {} for its arguments", name(parts[1]));
    return push(add(Type::call, keep(parts), Pickle::kNone));
  }

  void append(const std::vector<uint32_t>& items, Type wanted) {
    Pickle::Node& target = node(top());
    bool takes = target.type == wanted || (wanted == Type::dict && target.type == Type::call);
    if (!takes) fail(Kind::format, "items are added to a {}", name(top()));
    if (wanted == Type::dict && items.size() % 2 != 0) fail(Kind::format, "a key without a value");
    if (items.empty()) return;
    auto fresh = static_cast<uint32_t>(pickle_.segments_.size());
    Pickle::Segment segment{keep(items), static_cast<uint32_t>(items.size()), fresh};
    if (target.b != Pickle::kNone) std::swap(segment.next, pickle_.segments_[target.b].next);
    pickle_.segments_.push_back(segment);
    target.b = fresh;
    check_memory();
  }
  uint32_t keep(const std::vector<uint32_t>& items) {
    auto begin = static_cast<uint32_t>(pickle_.children_.size());
    pickle_.children_.insert(pickle_.children_.end(), items.begin(), items.end());
    return begin;
  }
  uint32_t place(uint64_t length) const { return static_cast<uint32_t>(at_ - length); }

  void memoise(uint64_t key) {
    if (key > at_ - begin_) fail(Kind::format, "memo number {} in {} bytes", key, at_ - begin_);
    uint32_t id = top();
    if (key >= memo_.size()) memo_.resize(key + 1, Pickle::kNone);
    memo_[key] = id;
    check_memory();
  }
  uint32_t recall(uint64_t key) {
    if (key >= memo_.size() || memo_[key] == Pickle::kNone)
      fail(Kind::format, "memo number {} was never set", key);
    return memo_[key];
  }

  // An honest pickle needs about as much as its own length; only one that was written to waste memory
  // comes near the limit.
  bool check_memory() const {
    size_t held = pickle_.nodes_.size() * sizeof(Pickle::Node) +
                  pickle_.segments_.size() * sizeof(Pickle::Segment) +
                  4 * (pickle_.children_.size() + memo_.size() + stack_.size()) + 8 * marks_.size();
    if (held > 4 * (at_ - begin_) + (size_t{1} << 20))
      fail(Kind::format, "its values need {} bytes, out of proportion to its own {}", held,
           at_ - begin_);
    return true;
  }

  Pickle& pickle_;
  std::string_view bytes_;
  size_t begin_, at_, opcode_at_ = 0;
  const std::function<bool(std::string_view)>& known_;
  std::deque<uint32_t> stack_, memo_;
  std::deque<size_t> marks_;
  std::vector<uint32_t> globals_;  // nodes of pickle_.globals_
  uint32_t none_, false_, true_, empty_tuple_;
};

Pickle Pickle::parse(std::string_view bytes,
                     size_t begin,
                     const std::function<bool(std::string_view)>& known) {
  if (bytes.size() >= kNone) fail(Kind::unsupported, "a pickle of 4 GiB and more is not read");
  Pickle pickle;
  pickle.bytes_ = bytes;
  PickleMachine(pickle, bytes, begin, known).run();
  return pickle;
}

void Pickle::for_each(Type type, const std::function<void(const PickleValue&)>& visit) const {
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].type == type) visit({this, static_cast<uint32_t>(i)});
}

Type PickleValue::type() const {
  return pickle_->nodes_[id_].type;
}

const char* PickleValue::type_name() const {
  switch (type()) {
    case Type::none:
      return "None";
    case Type::boolean:
      return "bool";
    case Type::integer:
      return "number";
    case Type::big_integer:
      return "number of more than 64 bits";
    case Type::real:
      return "real number";
    case Type::text:
      return "text";
    case Type::list:
      return "list";
    case Type::tuple:
      return "tuple";
    case Type::dict:
      return "dict";
    case Type::global:
      return "global";
    case Type::call:
      return "call";
    case Type::persistent:
      return "persistent object";
  }
  return "";
}

uint64_t PickleValue::offset() const {
  return pickle_->nodes_[id_].offset;
}

void PickleValue::expect(bool right, const char* what) const {
  if (!right)
    fail(Kind::format, "byte {} of the pickle: a {} in the place of {}", offset(), type_name(),
         what);
}

bool PickleValue::boolean(const char* what) const {
  expect(type() == Type::boolean, what);
  return pickle_->nodes_[id_].a != 0;
}

int64_t PickleValue::integer(const char* what) const {
  expect(type() == Type::integer, what);
  const Pickle::Node& node = pickle_->nodes_[id_];
  return static_cast<int64_t>(uint64_t{node.b} << 32 | node.a);
}

double PickleValue::real(const char* what) const {
  expect(type() == Type::real, what);
  const Pickle::Node& node = pickle_->nodes_[id_];
  uint64_t bits = uint64_t{node.b} << 32 | node.a;
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string PickleValue::text(const char* what) const {
  const Pickle::Node& node = pickle_->nodes_[id_];
  expect(type() == Type::text || type() == Type::big_integer, what);
  return std::string(pickle_->bytes_.substr(node.a, node.b));
}

std::string PickleValue::global(const char* what) const {
  expect(type() == Type::global, what);
  return pickle_->globals_[pickle_->nodes_[id_].a];
}

void PickleValue::each_appended(const std::function<void(uint32_t)>& visit) const {
  const uint32_t last = pickle_->nodes_[id_].b;
  if (last == Pickle::kNone) return;
  uint32_t at = last;
  do {
    at = pickle_->segments_[at].next;
    const Pickle::Segment& segment = pickle_->segments_[at];
    for (uint32_t i = 0; i < segment.length; ++i) visit(pickle_->children_[segment.begin + i]);
  } while (at != last);
}

void PickleValue::each(const char* what,
                       const std::function<void(const PickleValue&)>& visit) const {
  expect(type() == Type::list || type() == Type::tuple, what);
  if (type() == Type::list)
    return each_appended([&](uint32_t id) { visit(PickleValue(pickle_, id)); });
  const Pickle::Node& node = pickle_->nodes_[id_];
  for (uint32_t i = 0; i < node.b; ++i) visit(PickleValue(pickle_, pickle_->children_[node.a + i]));
}

std::vector<PickleValue> PickleValue::items(const char* what) const {
  constexpr size_t kMost = 4096;
  std::vector<PickleValue> values;
  each(what, [&](const PickleValue& value) {
    if (values.size() == kMost)
      fail(Kind::format, "byte {} of the pickle: {} of more than {} values", offset(), what, kMost);
    values.push_back(value);
  });
  return values;
}

void PickleValue::each_pair(
    const char* what,
    const std::function<void(const PickleValue&, const PickleValue&)>& visit) const {
  expect(type() == Type::dict || type() == Type::call, what);
  uint32_t key = Pickle::kNone;  // no value has this number
  each_appended([&](uint32_t id) {
    if (key == Pickle::kNone) {
      key = id;
    } else {
      visit(PickleValue(pickle_, key), PickleValue(pickle_, id));
      key = Pickle::kNone;
    }
  });
}

std::string PickleValue::callee() const {
  expect(type() == Type::call, "a call");
  return PickleValue(pickle_, pickle_->children_[pickle_->nodes_[id_].a]).global("a callee");
}

std::vector<PickleValue> PickleValue::arguments() const {
  const Pickle::Node& node = pickle_->nodes_[id_];
  expect(type() == Type::call || type() == Type::persistent, "a call");
  uint32_t tuple = type() == Type::call ? pickle_->children_[node.a + 1] : node.a;
  return PickleValue(pickle_, tuple).items("arguments");
}

}  // namespace espalier
