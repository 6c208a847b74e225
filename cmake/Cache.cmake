# Compilations go through ccache where it is installed. The sloppiness is what makes a precompiled header
# cacheable at all; the base folder lets clones and build folders share their entries.
find_program(ESPALIER_CCACHE ccache)
if(ESPALIER_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ESPALIER_CCACHE})
endif()
