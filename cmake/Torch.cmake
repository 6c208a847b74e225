# espalier::torch: LibTorch as an imported target made here from a folder with include/ and lib/.
# The wheel's own TorchConfig.cmake is not used: it looks for a CUDA toolkit when the wheel was built with one.
# Where the folder is: ESPALIER_TORCH as a cache variable, then in the environment, then espalier_default_torch.
set(ESPALIER_TORCH "" CACHE PATH "an existing LibTorch (a folder with include/ and lib/)")
set(espalier_torch "${ESPALIER_TORCH}")
if(NOT espalier_torch)
  set(espalier_torch "$ENV{ESPALIER_TORCH}")
endif()
if(NOT espalier_torch)
  set(espalier_torch "${espalier_default_torch}")
endif()
if(NOT EXISTS "${espalier_torch}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch in '${espalier_torch}': run ./espalier once, which fetches it, "
    "or set ESPALIER_TORCH to a folder that holds its include/ and lib/")
endif()
get_filename_component(espalier_torch "${espalier_torch}" ABSOLUTE)

# A CUDA build's libtorch_cpu needs two small libraries of the toolkit, which stand beside it.
file(GLOB espalier_torch_beside ${espalier_torch}/lib/libcudart.so.* ${espalier_torch}/lib/libcupti.so.*)

add_library(espalier::c10 SHARED IMPORTED GLOBAL)
set_target_properties(espalier::c10 PROPERTIES IMPORTED_LOCATION ${espalier_torch}/lib/libc10.so)
add_library(espalier::torch SHARED IMPORTED GLOBAL)
set_target_properties(espalier::torch PROPERTIES
  IMPORTED_LOCATION ${espalier_torch}/lib/libtorch_cpu.so
  IMPORTED_LINK_DEPENDENT_LIBRARIES "${espalier_torch_beside}")
target_link_libraries(espalier::torch INTERFACE espalier::c10)
# The wheel's include/ carries a fmt of its own, for which it brings no library: the fmt that we link comes first.
get_target_property(espalier_fmt fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
find_path(ESPALIER_FMT fmt/format.h HINTS ${espalier_fmt} NO_CACHE REQUIRED)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/espalier-first)
file(CREATE_LINK ${ESPALIER_FMT}/fmt ${CMAKE_BINARY_DIR}/espalier-first/fmt SYMBOLIC)
target_include_directories(espalier::torch SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/espalier-first
  ${espalier_torch}/include ${espalier_torch}/include/torch/csrc/api/include)
# at::parallel_for is a template: whoever uses it must be compiled with OpenMP, and must load the one
# libgomp that stands beside LibTorch (the run path puts it first). clang would bring a second runtime.
target_compile_options(espalier::torch INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fopenmp>)
target_link_options(espalier::torch INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fopenmp>)
