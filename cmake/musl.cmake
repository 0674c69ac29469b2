# SPDX-License-Identifier: MIT
#
# musl: a toolchain of musl-gcc on a system whose own C library is another (Debian's musl-tools).  It
# brings musl's headers and no others: the kernel's are linked to from a folder of their own, since
# beside them lie those of the system's C library.  On a musl system this file is of no use.
# Libraries built for musl, as cmocka for the tests, are looked for in MUSL_PREFIX only.
set(CMAKE_C_COMPILER musl-gcc)
set(MUSL_PREFIX /usr/local/musl CACHE PATH "where libraries for musl are installed")
set(CMAKE_FIND_ROOT_PATH ${MUSL_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MUSL_PREFIX)

execute_process(COMMAND gcc -print-multiarch OUTPUT_VARIABLE multiarch OUTPUT_STRIP_TRAILING_WHITESPACE)
set(uapi ${CMAKE_BINARY_DIR}/uapi)
file(MAKE_DIRECTORY ${uapi})
foreach(folder linux asm-generic ${multiarch}/asm)
  get_filename_component(name ${folder} NAME)
  file(CREATE_LINK /usr/include/${folder} ${uapi}/${name} SYMBOLIC)
endforeach()
set(CMAKE_C_FLAGS_INIT "-idirafter ${uapi}")
