# SPDX-License-Identifier: MIT
#
# aarch64: the whole tree for 64-bit Arm, compiled on another machine: `cmake --preset aarch64`.  The
# libraries are the system's own for that architecture (Debian's multiarch), as on a real one.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -R 0x100000000)
