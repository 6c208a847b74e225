# `cmake --install` puts headers, both libraries, the binary and a package that find_package(espalier) reads.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/espalier)
install(TARGETS espalier_plain espalier EXPORT espalier)
if(TARGET espalier_cli)
  install(TARGETS espalier_cli)
endif()
install(DIRECTORY src/espalier DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(EXPORT espalier NAMESPACE espalier:: FILE espalier-targets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/espalier-config.cmake.in espalier-config.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(espalier-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/Libraries.cmake cmake/Torch.cmake cmake/OneDnn.cmake ${CMAKE_CURRENT_BINARY_DIR}/espalier-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/espalier-config-version.cmake DESTINATION ${package_folder})
install(FILES LICENSE THIRD_PARTY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
