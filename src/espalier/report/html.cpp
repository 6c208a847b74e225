#include "espalier/report/html.h"

#include <cmath>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/utf8.h"

namespace espalier {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string escape_html(std::string_view plain) {
  std::string out;
  out.reserve(plain.size() + plain.size() / 8);
  for (size_t i = 0; i < plain.size();) {
    const char c = plain[i];
    const size_t length = utf8_length(plain, i);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (length == 0 || c == 0x7F || (c >= 0 && c < 0x20 && c != '\n' && c != '\t')) {
      out += kReplacement;
    } else {
      out += plain.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string shortened(std::string_view plain, size_t length) {
  size_t at = 0, characters = 0, cut = 0;
  while (at < plain.size()) {
    if (characters + 1 == length) cut = at;  // room for the ellipsis
    if (characters == length) return std::string(plain.substr(0, cut)) + "…";
    const size_t bytes = utf8_length(plain, at);
    at += bytes == 0 ? 1 : bytes;
    ++characters;
  }
  return std::string(plain);
}

std::string px(double value) {
  if (!std::isfinite(value)) fail(Kind::internal, "a coordinate is not finite");
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

void Html::start(std::string_view tag, const Attributes& attributes) {
  out_ += '<';
  out_ += tag;
  for (const auto& [name, value] : attributes)
    out_ += fmt::format(" {}=\"{}\"", name, escape_html(value));
}

Html& Html::open(std::string_view tag, const Attributes& attributes) {
  start(tag, attributes);
  out_ += '>';
  open_.emplace_back(tag);
  return *this;
}

Html& Html::close() {
  if (open_.empty()) fail(Kind::internal, "no HTML element is open");
  out_ += fmt::format("</{}>", open_.back());
  open_.pop_back();
  if (open_.size() < 4) out_ += '\n';
  return *this;
}

Html& Html::text(std::string_view plain) {
  out_ += escape_html(plain);
  return *this;
}

Html& Html::raw(std::string_view markup) {
  out_ += markup;
  return *this;
}

Html& Html::leaf(std::string_view tag, std::string_view plain, const Attributes& attributes) {
  return open(tag, attributes).text(plain).close();
}

Html& Html::empty(std::string_view tag, const Attributes& attributes) {
  start(tag, attributes);
  out_ += "/>";
  return *this;
}

std::string Html::take() {
  if (!open_.empty()) fail(Kind::internal, "the HTML element <{}> is still open", open_.back());
  return std::move(out_);
}

}  // namespace espalier
