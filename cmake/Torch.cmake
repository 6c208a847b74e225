# espalier::torch: LibTorch as an imported target made here from a folder with include/ and lib/.
# The wheel's own TorchConfig.cmake is not used: it looks for a CUDA toolkit when the wheel was built with one.
set(ESPALIER_TORCH "" CACHE PATH "an existing LibTorch (a folder with include/ and lib/)")
if(NOT ESPALIER_TORCH AND DEFINED ENV{ESPALIER_TORCH})
  set(ESPALIER_TORCH $ENV{ESPALIER_TORCH})
endif()
if(NOT ESPALIER_TORCH)
  set(ESPALIER_TORCH ${CMAKE_SOURCE_DIR}/.deps/libtorch-2.13.0)
endif()
if(NOT EXISTS ${ESPALIER_TORCH}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "no LibTorch in ${ESPALIER_TORCH}: run ./espalier once, or set ESPALIER_TORCH to a LibTorch folder")
endif()
find_package(OpenMP REQUIRED COMPONENTS CXX)
add_library(espalier_torch INTERFACE)
add_library(espalier::torch ALIAS espalier_torch)
target_include_directories(espalier_torch SYSTEM INTERFACE
  ${ESPALIER_TORCH}/include ${ESPALIER_TORCH}/include/torch/csrc/api/include)
target_compile_options(espalier_torch INTERFACE -fopenmp)
target_link_libraries(espalier_torch INTERFACE
  -Wl,--no-as-needed ${ESPALIER_TORCH}/lib/libtorch_cpu.so ${ESPALIER_TORCH}/lib/libc10.so
  ${ESPALIER_TORCH}/lib/libgomp.so.1 -Wl,--as-needed -Wl,-rpath,${ESPALIER_TORCH}/lib)
