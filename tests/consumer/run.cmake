# cmake -D build=<build folder> -D work=<scratch folder> -D compiler=... -D flags=... -P run.cmake
# Installs Espalier, configures and builds the project beside this file against it, and runs its programs.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
file(REMOVE_RECURSE ${work})
run(${CMAKE_COMMAND} --install ${build} --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/build -G Ninja
  -D CMAKE_PREFIX_PATH=${work}/prefix -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/plain)
run(${work}/build/tensors)
if(EXISTS ${work}/prefix/bin/espalier)
  run(${work}/prefix/bin/espalier --help)
endif()
