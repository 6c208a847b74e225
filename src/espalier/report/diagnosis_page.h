// Why a model is not better, as one HTML page: the verdict on top, then the numbers it rests on. The file loads nothing
// from outside.
//
//   write_file_atomic(run / "diagnosis.html", diagnosis_page(diagnosis, "diamonds"));
#pragma once

#include <string>

#include "espalier/metrics/diagnosis.h"

namespace espalier {

std::string diagnosis_page(const Diagnosis& diagnosis, const std::string& run);

}  // namespace espalier
