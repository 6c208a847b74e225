// A checked data set as one HTML page: what was found, leaks first, class balance, sizes, and a contact sheet. The file
// loads nothing from outside.
//
//   write_file_atomic("page.html", data_page(check_data("photos/", {}, {})));
#pragma once

#include <string>

#include "espalier/data/check.h"

namespace espalier {

// Reads the pictures that it shows again, some hundreds of them; one that cannot be read is left out.
std::string data_page(const DataCheck& check);

}  // namespace espalier
