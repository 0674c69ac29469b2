# SPDX-License-Identifier: MIT
#
# package: what cpack makes: a Debian package (elsewhere an archive of what is installed), and an
# archive of the source.  The cell programs that need an MPI or LLVM's OpenMP runtime go into packages
# of their own, so that the first one asks for neither.
set(TEAMPOOL_CONTACT "the teampool authors <teampool@localhost>" CACHE STRING
  "Who answers for packages that others get")
set(CPACK_PACKAGE_NAME teampool)
set(CPACK_PACKAGE_CONTACT ${TEAMPOOL_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Threads or processes here: measures how many workers pay, and when")
set(CPACK_DEBIAN_MAIN_DESCRIPTION
"Runs the same tasks on an OpenMP team and on a pool of processes, on the same
CPUs, in fresh processes and random order, and answers for this machine: threads
or processes, how many workers, which chunk size, and from what task size
parallel pays; as one page with intervals.
.
With the pool as a C library: map, imap, time limits, retries, and every task
accounted for.")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
  GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 0)

find_program(DPKG dpkg)
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(DPKG AND DPKG_SHLIBDEPS)
  set(CPACK_GENERATOR DEB)
else()
  set(CPACK_GENERATOR TGZ)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_MAIN_PACKAGE_NAME teampool)
set(CPACK_DEBIAN_MAIN_PACKAGE_RECOMMENDS "gnuplot-nox | gnuplot")
set(CPACK_DEBIAN_MAIN_PACKAGE_SUGGESTS "python3, teampool-mpi, teampool-llvm")
set(CPACK_DEBIAN_MPI_DESCRIPTION "The cell program of teampool that measures MPI's processes.")
set(CPACK_DEBIAN_LLVM_DESCRIPTION "The cell program of teampool that measures on LLVM's OpenMP runtime.")
foreach(more mpi llvm)
  string(TOUPPER ${more} MORE)
  set(CPACK_DEBIAN_${MORE}_PACKAGE_NAME teampool-${more})
  set(CPACK_DEBIAN_${MORE}_PACKAGE_DEPENDS "teampool (= ${PROJECT_VERSION})")
endforeach()

set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME teampool-${PROJECT_VERSION})
string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" here ${CMAKE_SOURCE_DIR})
set(CPACK_SOURCE_IGNORE_FILES "^${here}/\\.git(/|$)" "^${here}/build[^/]*/" /__pycache__/ "\\.o$"
  "^${here}/results/([^Rs]|R[^E]|s[^a]|sa[^m])") # all but README.md and sample
include(CPack)
foreach(group main mpi llvm)
  cpack_add_component_group(${group})
endforeach()
cpack_add_component(Unspecified GROUP main)
cpack_add_component(pool GROUP main)
cpack_add_component(mpi GROUP mpi)
cpack_add_component(llvm GROUP llvm)
