# SPDX-License-Identifier: MIT
#
# pool_tests: of the library alone.

# The pool with places where it can be made to die.
pool_library(pool_faults STATIC POOL_FAULTS)
set_target_properties(pool_faults PROPERTIES OUTPUT_NAME pool-faults)
set_target_properties(pool_faults pool_faults_parts PROPERTIES EXCLUDE_FROM_ALL ON)

file(GLOB pool_tests CONFIGURE_DEPENDS tests/test_pool_*.c)
foreach(file ${pool_tests})
  get_filename_component(name ${file} NAME_WE)
  string(REPLACE test_ "" name ${name})
  if(name MATCHES "fault")
    unit_test(${name} "pool" 240 pool_faults rt)
  elseif(name STREQUAL "pool_fn" AND CMOCKA)
    unit_test(${name} "pool" 240 pool_parts rt) # it looks inside
    target_link_options(test_${name} PRIVATE ${nested_functions} -Wl,--build-id)
    foreach(plugin one:1:sha1 two:2:sha1 no_id:1:none)
      string(REPLACE ":" ";" part ${plugin})
      list(GET part 0 which)
      list(GET part 1 answer)
      list(GET part 2 id)
      add_library(plugin_${which} MODULE tests/plugins/fn.c)
      target_compile_definitions(plugin_${which} PRIVATE ANSWER=${answer})
      target_link_options(plugin_${which} PRIVATE -Wl,--build-id=${id})
      string(TOUPPER FN_PLUGIN_${which} macro)
      target_compile_definitions(test_${name} PRIVATE ${macro}="$<TARGET_FILE:plugin_${which}>")
      add_dependencies(test_${name} plugin_${which})
    endforeach()
  elseif(name STREQUAL "pool_env" AND NOT thread_sanitizer)
    unit_test(${name} "pool" 240 pool rt $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_C>)
  elseif(name STREQUAL "pool_calls_fail" AND CMOCKA)
    check_function_exists(__libc_calloc has_libc_calloc) # what stands in for calloc calls it
    if(sanitizer OR NOT has_libc_calloc)
      continue() # a sanitizer's runtime stands before the same calls
    endif()
    unit_test(${name} "pool" 240 pool rt)
    add_library(fail_call MODULE tests/shim/fail_call.c)
    target_compile_definitions(fail_call PRIVATE _GNU_SOURCE)
    target_link_libraries(fail_call PRIVATE ${CMAKE_DL_LIBS})
    set_target_properties(fail_call PROPERTIES PREFIX "")
    target_compile_definitions(test_${name} PRIVATE FAIL_CALL_LIBRARY="$<TARGET_FILE:fail_call>")
    add_dependencies(test_${name} fail_call)
    add_test(NAME pool_life_without_pidfd COMMAND test_pool_life)
    set_tests_properties(pool_life_without_pidfd PROPERTIES LABELS pool TIMEOUT 240 ${built} ENVIRONMENT
      "LD_PRELOAD=$<TARGET_FILE:fail_call>;FAIL_CALL=pidfd_open:1+:38") # ENOSYS
  else()
    unit_test(${name} "pool" 240 pool rt)
  endif()
endforeach()
if(CMOCKA AND NOT sanitizer) # a minute; with a sanitizer the test's own 16 s
  set_tests_properties(pool_chaos PROPERTIES ENVIRONMENT POOL_CHAOS_SECONDS=60)
endif()
if(CMOCKA) # only when asked for: ctest -C soak -L soak
  add_test(NAME pool_soak COMMAND test_pool_chaos CONFIGURATIONS soak)
  set_tests_properties(pool_soak PROPERTIES LABELS soak TIMEOUT 240 ${built} ENVIRONMENT
    POOL_CHAOS_SECONDS=120)
endif()
set(outside CC=${CMAKE_C_COMPILER} "POOL_FLAGS=${CMAKE_C_FLAGS} ${pool_without}")
if(CMAKE_TOOLCHAIN_FILE)
  list(APPEND outside CXX=none) # that of the system is for another C library
endif()
script_test(outside "pool" 240 env ${outside} ${tests}/outside.sh ${CMAKE_BINARY_DIR})
if(TEAMPOOL_EXAMPLES)
  script_test(examples "pool" 120 ${tests}/examples.sh ${CMAKE_BINARY_DIR})
endif()
