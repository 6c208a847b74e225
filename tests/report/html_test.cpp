#include "espalier/report/html.h"

#include <limits>

#include <gtest/gtest.h>

#include "espalier/core/error.h"

namespace espalier {
namespace {

TEST(Html, EscapesTextAndAttributes) {
  Html html;
  html.open("p", {{"title", "\"><script>"}}).text("a < b & 'c'").close();
  EXPECT_EQ(html.take(), "<p title=\"&quot;&gt;&lt;script&gt;\">a &lt; b &amp; &#39;c&#39;</p>\n");
}

TEST(Html, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(escape_html("Bl\xC3\xA4tter \xE2\x82\xAC \xF0\x9F\x8C\xB3"),
            "Bl\xC3\xA4tter \xE2\x82\xAC \xF0\x9F\x8C\xB3");
  EXPECT_EQ(escape_html("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(escape_html("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong slash
  EXPECT_EQ(escape_html("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
  EXPECT_EQ(escape_html("cut \xE2\x82"), "cut \uFFFD\uFFFD");
  EXPECT_EQ(escape_html(std::string_view("\0\x1b\x7f", 3)), "\uFFFD\uFFFD\uFFFD");
}

TEST(Html, RefusesAnUnfinishedPage) {
  Html html;
  html.open("p");
  EXPECT_THROW(html.take(), Error);
  EXPECT_THROW(Html().close(), Error);
}

TEST(Html, ShortensByCharacters) {
  EXPECT_EQ(shortened("birch", 5), "birch");
  EXPECT_EQ(shortened("birches", 5), "birc…");
  EXPECT_EQ(shortened("äöüß", 3), "äö…");
  EXPECT_EQ(shortened("", 3), "");
}

TEST(Html, CoordinatesAreShortAndPlain) {
  EXPECT_EQ(px(12), "12");
  EXPECT_EQ(px(0.5), "0.5");
  EXPECT_EQ(px(-0.0001), "0");
  EXPECT_EQ(px(1e6), "1000000");
  EXPECT_THROW(px(std::numeric_limits<double>::quiet_NaN()), Error);
}

}  // namespace
}  // namespace espalier
