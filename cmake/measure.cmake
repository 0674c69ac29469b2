# SPDX-License-Identifier: MIT
#
# measure: the programs that measure: cell programs from workloads and backends, and those of the labs.

# workloads and backends: one file each, found by name ------------------------------------------
# NAME.c in workloads/ defines `workload_NAME`; backend_NAME.c anywhere defines `backend_NAME`.
# The two tables are written here; a file that defines another name fails to link and says which.
file(GLOB workload_files CONFIGURE_DEPENDS workloads/*.c)
list(FILTER workload_files EXCLUDE REGEX "/python\\.c$") # what the two python_... share
file(GLOB backend_files CONFIGURE_DEPENDS bench/backend_*.c pool/backend_*.c threads/backend_*.c)
file(GLOB thread_files CONFIGURE_DEPENDS threads/*.c)
list(FILTER thread_files EXCLUDE REGEX "/backend_[^/]*$")

function(write_table kind out)
  set(names "")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "^backend_" "" name ${name})
    list(APPEND names ${name})
  endforeach()
  list(SORT names)
  set(text "/* Written by the build from the files' names. */\n#include \"${CMAKE_SOURCE_DIR}/core/${kind}.h\"\n\n")
  foreach(name ${names})
    string(APPEND text "extern const struct ${kind} ${kind}_${name};\n")
  endforeach()
  string(APPEND text "\nconst struct ${kind} *const ${kind}s[] = {\n")
  foreach(name ${names})
    string(APPEND text "    &${kind}_${name},\n")
  endforeach()
  string(APPEND text "    0,\n};\n")
  file(GENERATE OUTPUT ${out} CONTENT "${text}")
endfunction()
write_table(workload ${CMAKE_BINARY_DIR}/workload_table.c ${workload_files})
write_table(backend ${CMAKE_BINARY_DIR}/backend_table.c ${backend_files})

add_library(floors OBJECT ${workload_files} ${backend_files} ${thread_files} pool/adapter.c
  workloads/python.c
  ${CMAKE_BINARY_DIR}/workload_table.c ${CMAKE_BINARY_DIR}/backend_table.c)
target_link_libraries(floors PRIVATE OpenMP::OpenMP_C)

# Python inside the workloads python_...: its headers, and its library by name, which is opened when
# one of them is asked for.  Another Python than the first in PATH: -DPython3_EXECUTABLE=...
option(TEAMPOOL_PYTHON "Build the workloads that run Python, where it is found" ON)
set(embedded_python "")
if(TEAMPOOL_PYTHON)
  find_package(Python3 3.9 QUIET COMPONENTS Interpreter Development.Embed)
endif()
if(TEAMPOOL_PYTHON AND Python3_Development.Embed_FOUND AND "${Python3_LIBRARIES}" MATCHES "^[^;]*\\.so$")
  get_filename_component(library ${Python3_LIBRARIES} REALPATH)
  execute_process(COMMAND ${Python3_EXECUTABLE} -c "import sys; print(sys.executable)"
    OUTPUT_VARIABLE python_program OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(embedded_python ${Python3_VERSION})
  set_source_files_properties(workloads/python.c PROPERTIES
    INCLUDE_DIRECTORIES "${Python3_INCLUDE_DIRS}"
    COMPILE_OPTIONS "-Wno-shadow;-Wno-strict-prototypes") # its headers are others' business
  target_compile_definitions(floors PRIVATE TEAMPOOL_PYTHON_LIBRARY="${library}"
    TEAMPOOL_PYTHON_PROGRAM="${python_program}")
endif()

# The backends mpi...: in a cell program of their own, for the other one is not to wait for libmpi.
# Another MPI than the first in PATH: -DMPI_C_COMPILER=... -DMPIEXEC_EXECUTABLE=...
option(TEAMPOOL_MPI "Build teampool-cell-mpi, where an MPI is found" ON)
if(CMAKE_C_FLAGS MATCHES "fsanitize") # whatever an MPI keeps until its end would be found
  set(TEAMPOOL_MPI OFF)
endif()
if(TEAMPOOL_MPI)
  set(MPI_DETERMINE_LIBRARY_VERSION ON)
  find_package(MPI QUIET COMPONENTS C)
endif()
if(TEAMPOOL_MPI AND MPI_C_FOUND AND MPIEXEC_EXECUTABLE)
  string(REGEX MATCH "^[^,\n]*" mpi_version "${MPI_C_LIBRARY_VERSION_STRING}")
  string(REGEX REPLACE "[ \t:]+" " " mpi_version "${mpi_version}")
  set(mpiexec ${MPIEXEC_EXECUTABLE})
  target_compile_definitions(floors PRIVATE TEAMPOOL_MPIEXEC="${mpiexec}")
  set(cell_programs teampool-cell-mpi)
endif()

list(APPEND cell_programs teampool-cell)
foreach(program ${cell_programs})
  add_executable(${program} bench/cell.c)
  target_compile_definitions(${program} PRIVATE TEAMPOOL_PYTHON_VERSION="${embedded_python}"
    TEAMPOOL_MPI_VERSION="${mpi_version}" TEAMPOOL_MPIEXEC="${mpiexec}")
  target_link_libraries(${program} PRIVATE floors pool roof OpenMP::OpenMP_C ${CMAKE_DL_LIBS})
  target_link_options(${program} PRIVATE -Wl,--as-needed) # not hwloc: loading it costs milliseconds
endforeach()
install(TARGETS teampool-cell RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET teampool-cell-mpi)
  install(TARGETS teampool-cell-mpi RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT mpi)
  target_sources(teampool-cell-mpi PRIVATE pool/ranks.c)
  target_link_libraries(teampool-cell-mpi PRIVATE MPI::MPI_C)
endif()

# The cell program once more, on LLVM's OpenMP runtime: a build of its own, by clang.
option(TEAMPOOL_LLVM "Build teampool-cell-llvm, where clang has OpenMP" ON)
if(TEAMPOOL_LLVM AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND
   NOT CMAKE_C_FLAGS MATCHES "fsanitize|coverage")
  find_program(TEAMPOOL_CLANG clang)
  set(probe ${CMAKE_BINARY_DIR}/openmp.c)
  file(WRITE ${probe} "#include <omp.h>\nint main(void) { return omp_get_num_threads() - 1; }\n")
  if(TEAMPOOL_CLANG)
    execute_process(COMMAND ${TEAMPOOL_CLANG} -fopenmp=libomp ${probe} -o ${probe}.out
      RESULT_VARIABLE no_libomp OUTPUT_QUIET ERROR_QUIET)
  endif()
endif()
if(TEAMPOOL_CLANG AND "${no_libomp}" EQUAL 0)
  set(python -DTEAMPOOL_PYTHON=OFF) # the same one, or none
  if(embedded_python)
    set(python -DTEAMPOOL_PYTHON=ON -DPython3_EXECUTABLE=${Python3_EXECUTABLE})
  endif()
  include(ExternalProject)
  set(cell_llvm ${CMAKE_BINARY_DIR}/teampool-cell-llvm)
  ExternalProject_Add(cell_llvm
    SOURCE_DIR ${CMAKE_SOURCE_DIR}
    BINARY_DIR llvm
    CMAKE_ARGS -DCMAKE_C_COMPILER=${TEAMPOOL_CLANG} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
      "-DCMAKE_C_FLAGS=${CMAKE_C_FLAGS}" "-DCMAKE_C_FLAGS_${build_type}=${CMAKE_C_FLAGS_${build_type}}"
      -DTEAMPOOL_MPI=OFF -DTEAMPOOL_EXAMPLES=OFF ${python}
    BUILD_COMMAND ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS ${CMAKE_COMMAND} --build . -j 2 --target
      teampool-cell
    INSTALL_COMMAND ${CMAKE_COMMAND} -E copy_if_different teampool-cell ${cell_llvm}
    BUILD_ALWAYS ON
    BUILD_BYPRODUCTS ${cell_llvm})
  list(APPEND also_programs cell_llvm)
  install(PROGRAMS ${cell_llvm} DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL COMPONENT llvm)
endif()

# The programs of the labs: runners, found as the cell program is.
foreach(name fork cross)
  add_executable(lab_${name} labs/${name}.c)
  target_link_libraries(lab_${name} PRIVATE core pool)
  target_link_options(lab_${name} PRIVATE -Wl,--as-needed)
  set_target_properties(lab_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY labs OUTPUT_NAME ${name})
  install(TARGETS lab_${name} RUNTIME DESTINATION ${libexec}/labs)
endforeach()
target_link_libraries(lab_fork PRIVATE OpenMP::OpenMP_C)
target_link_options(lab_cross PRIVATE ${nested_functions})
add_library(lab_plugin MODULE labs/plugin.c)
target_include_directories(lab_plugin PRIVATE ${CMAKE_BINARY_DIR}/include)
target_link_options(lab_plugin PRIVATE -Wl,--build-id)
set_target_properties(lab_plugin PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY labs OUTPUT_NAME plugin PREFIX "")
add_dependencies(lab_cross lab_plugin)
add_custom_target(labs DEPENDS lab_fork lab_cross)
list(APPEND also_programs labs)
install(TARGETS lab_plugin LIBRARY DESTINATION ${libexec}/labs)
install(PROGRAMS labs/cross.py labs/count.py DESTINATION ${libexec}/labs)

install(FILES docs/gil-plan.txt DESTINATION ${share}/docs)
install(DIRECTORY scripts/peers DESTINATION ${share}/scripts USE_SOURCE_PERMISSIONS
  PATTERN __pycache__ EXCLUDE)
