// Protocol buffer wire format, as far as ONNX files need it
// (https://protobuf.dev/programming-guides/encoding): fields of number, type and value. By hand,
// because the one packaged library clashes with the copy inside LibTorch.
//
//   WireWriter name;  name.add_text(1, "N");
//   WireReader reader(bytes, "model.onnx");
//   while (std::optional<WireField> field = reader.next())
//     if (field->number == 1) use(field->text());
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

enum class WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// Each accessor throws Error(format) naming the place when the field has another type.
struct WireField {
  uint32_t number;
  WireType type;
  uint64_t value;          // varint, fixed32, fixed64
  std::string_view bytes;  // of a bytes field: text, a message, packed numbers
  std::string_view place;  // the reader's, which must outlive the field
  size_t offset;           // of the field within what the reader reads

  std::string where() const;  // "model.onnx, byte 120"

  int64_t integer() const;
  float number32() const;
  std::string text() const;
  std::string_view message() const;

  // Appends: a repeated number stands alone or packed, a writer may choose.
  void append_integers(std::vector<int64_t>& values) const;
  void append_floats(std::vector<float>& values) const;
};

// Looks into `bytes`, which must outlive it. Nothing is copied or allocated by what the bytes
// claim.
class WireReader {
 public:
  WireReader(std::string_view bytes, std::string place) : bytes_(bytes), place_(std::move(place)) {}

  // The next field, nothing at the end. Throws Error(format) for what is cut off or not a field.
  std::optional<WireField> next();

 private:
  uint64_t read_varint();
  uint64_t read_fixed(size_t width);

  std::string_view bytes_;
  std::string place_;
  size_t at_ = 0;
};

class WireWriter {
 public:
  void add_integer(uint32_t number, int64_t value);
  void add_float(uint32_t number, float value);
  void add_text(uint32_t number, std::string_view text);  // also raw bytes
  void add_message(uint32_t number, const WireWriter& message) {
    add_text(number, message.bytes());
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void add_varint(uint64_t value);

  std::string bytes_;
};

}  // namespace espalier
