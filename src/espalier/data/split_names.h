// The words that name a part of a data set, in folders and tables.
#pragma once

#include <string>
#include <string_view>

namespace espalier {

// "train", "val" (also for valid, validation, dev) or "test", in any case of letters; "" for other words.
std::string split_name(std::string_view word);

}  // namespace espalier
