// Numbers of things, for people.
#pragma once

#include <cstdint>
#include <string>

namespace espalier {

std::string with_commas(int64_t number);  // "1,234"

// "1 picture", "1,200 pictures"; `plural` where it is not the noun with an s.
std::string counted(int64_t count, const std::string& noun, const std::string& plural = "");

}  // namespace espalier
