# SPDX-License-Identifier: MIT
#
# pool: the library of its own, and what is installed of it.

# The pool is a library of its own: static for the programs here, both for others.  What either shows
# stands in pool.map: the static one is linked into one object, whose other names become its own.
file(GLOB pool_files CONFIGURE_DEPENDS pool/*.c)
list(FILTER pool_files EXCLUDE REGEX "/(backend_[^/]*|adapter\\.c|ranks\\.c)$")
include(CMakePackageConfigHelpers)
set(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)
check_symbol_exists(on_exit stdlib.h has_on_exit)
if(NOT has_on_exit)
  set(pool_without -DPOOL_WITHOUT_ON_EXIT)
endif()
set(pool_map ${CMAKE_SOURCE_DIR}/pool/pool.map)
file(READ ${pool_map} shown)
string(REGEX MATCHALL "pool_[a-z_]+" shown "${shown}")
string(REPLACE ";" "\n" shown "${shown}")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pool_shown.txt CONTENT "${shown}\n")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pool_map})
configure_file(pool/pool.h include/teampool/pool.h COPYONLY) # where its users include it from

function(pool_library name kind) # NAME KIND definitions ...
  set(parts $<TARGET_OBJECTS:${name}_parts>)
  add_library(${name}_parts OBJECT ${pool_files})
  set_target_properties(${name}_parts PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${name}_parts PRIVATE _GNU_SOURCE ${pool_without} ${ARGN})
  target_link_libraries(${name}_parts PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
  if(kind STREQUAL "STATIC" AND CMAKE_OBJCOPY AND NOT "${CMAKE_C_FLAGS}" MATCHES "-flto")
    set(one ${CMAKE_BINARY_DIR}/${name}.o)
    add_custom_command(OUTPUT ${one}
      COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${one} ${parts}
      COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${CMAKE_BINARY_DIR}/pool_shown.txt ${one}
      DEPENDS ${name}_parts ${parts} ${CMAKE_BINARY_DIR}/pool_shown.txt
      COMMAND_EXPAND_LISTS VERBATIM)
    set(parts ${one})
  endif()
  add_library(${name} ${kind} ${parts})
  target_link_libraries(${name} PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
  target_include_directories(${name} INTERFACE $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_options(${name} PUBLIC -Wl,--build-id) # workers are told of functions by it
  set_target_properties(${name} PROPERTIES OUTPUT_NAME teampool-pool LINKER_LANGUAGE C)
endfunction()
pool_library(pool STATIC)
pool_library(pool_shared SHARED POOL_SHARED_LIBRARY=1)
target_link_options(pool_shared PRIVATE -Wl,--version-script=${pool_map})
set_target_properties(pool_shared PROPERTIES SOVERSION 0 VERSION ${PROJECT_VERSION}
  LINK_DEPENDS ${pool_map})

# cmake --install FOLDER --component pool: the library and nothing else
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/teampool-pool)
set(to_pool COMPONENT pool)
install(TARGETS pool pool_shared EXPORT teampool-pool
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} ${to_pool}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${to_pool} NAMELINK_COMPONENT pool)
install(EXPORT teampool-pool NAMESPACE teampool:: FILE teampool-pool-targets.cmake
  DESTINATION ${package} ${to_pool})
file(RELATIVE_PATH pool_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(folder LIBDIR INCLUDEDIR) # below the prefix it moves with it
  set(pool_${folder} ${CMAKE_INSTALL_${folder}})
  if(NOT IS_ABSOLUTE "${pool_${folder}}")
    set(pool_${folder} "\${prefix}/${pool_${folder}}")
  endif()
endforeach()
configure_file(pool/teampool-pool.pc.in teampool-pool.pc @ONLY)
configure_file(pool/teampool-poolConfig.cmake.in teampool-poolConfig.cmake @ONLY)
write_basic_package_version_file(teampool-poolConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/teampool-pool.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  ${to_pool})
install(FILES ${CMAKE_BINARY_DIR}/teampool-poolConfig.cmake
  ${CMAKE_BINARY_DIR}/teampool-poolConfigVersion.cmake DESTINATION ${package} ${to_pool})
install(FILES pool/pool.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/teampool ${to_pool})
install(FILES docs/man/teampool-pool.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 ${to_pool})
# ... and opens by the name of each call that it has.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS docs/man/teampool-pool.3)
file(STRINGS docs/man/teampool-pool.3 calls REGEX "^\\.Fn pool_")
list(TRANSFORM calls REPLACE "^\\.Fn (pool_[a-z_]+).*" "\\1")
list(REMOVE_DUPLICATES calls)
foreach(call ${calls})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/written/${call}.3 CONTENT ".so man3/teampool-pool.3\n")
  install(FILES ${CMAKE_BINARY_DIR}/written/${call}.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3
    ${to_pool})
endforeach()
# What it points to beside the pool lies elsewhere once it is installed.
file(RELATIVE_PATH pages ${CMAKE_INSTALL_FULL_DOCDIR} ${CMAKE_INSTALL_FULL_DATADIR}/teampool/docs)
file(READ pool/README.md page)
string(REPLACE "](../docs/" "](${pages}/" page "${page}")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/written/pool.md CONTENT "${page}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS pool/README.md)
install(FILES ${CMAKE_BINARY_DIR}/written/pool.md DESTINATION ${CMAKE_INSTALL_DOCDIR} ${to_pool})
install(DIRECTORY pool/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} ${to_pool})

# The pool's examples are programs: built, tried, installed as text.
option(TEAMPOOL_EXAMPLES "Build the pool's example programs" ON)
if(TEAMPOOL_EXAMPLES)
  file(GLOB examples CONFIGURE_DEPENDS pool/examples/*.c)
  foreach(file ${examples})
    get_filename_component(name ${file} NAME_WE)
    add_executable(example_${name} ${file})
    target_compile_definitions(example_${name} PRIVATE _GNU_SOURCE)
    target_link_libraries(example_${name} PRIVATE pool)
    set_target_properties(example_${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY examples OUTPUT_NAME ${name})
  endforeach()
  target_link_options(example_capture PRIVATE ${nested_functions})
endif()
