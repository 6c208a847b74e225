// Building HTML and SVG text. Everything that comes from outside goes through text() or an
// attribute and is escaped; only raw() takes markup, and only our own.
//
//   Html page;
//   page.open("p", {{"class", "note"}}).text(class_name).close();
//   page.leaf("td", "0.93");
//   std::string markup = page.take();
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier {

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

class Html {
 public:
  Html& open(std::string_view tag, const Attributes& attributes = {});
  Html& close();  // the innermost open element
  Html& text(std::string_view plain);
  Html& raw(std::string_view markup);
  // An element that holds only text.
  Html& leaf(std::string_view tag, std::string_view plain, const Attributes& attributes = {});
  // An element that holds nothing: <img ...>, <circle .../>.
  Html& empty(std::string_view tag, const Attributes& attributes);

  // The markup so far; Error(internal) when an element is still open.
  std::string take();

 private:
  void start(std::string_view tag, const Attributes& attributes);

  std::string out_;
  std::vector<std::string> open_;
};

// & < > " ' as entities; bytes that are no UTF-8 and control characters become U+FFFD.
std::string escape_html(std::string_view plain);

// At most `length` characters (code points), the last one an ellipsis when something was cut.
std::string shortened(std::string_view plain, size_t length);

// A coordinate: at most two decimals, no trailing zeros, never an exponent.
std::string px(double value);

}  // namespace espalier
