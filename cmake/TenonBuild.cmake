# What every room of the house shares: compiler flags, ccache, LLVM/MLIR, and the two functions
# that declare a library and a test.

find_program(TENON_CCACHE ccache)
if(TENON_CCACHE)
  # Paths relative to the source folder, so that two clones share their objects.
  set(TENON_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${TENON_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${TENON_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TENON_LAUNCHER})
endif()

if(TENON_ASSERTIONS)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

find_program(TENON_LLD ld.lld-22)
if(TENON_LLD)
  add_link_options(-fuse-ld=${TENON_LLD})
endif()

# The cache of compiled code is keyed by the build id of the compiler.
add_link_options(-Wl,--build-id=sha1)

if(TENON_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TENON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
find_package(MLIR REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# Headers and shared libraries of LLVM and MLIR; the static ones would register everything twice.
add_library(tenon_mlir INTERFACE)
target_include_directories(tenon_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_compile_definitions(tenon_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_link_libraries(tenon_mlir INTERFACE MLIR LLVM)

set(TENON_WARNINGS -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wno-unused-parameter
                   -Wno-gnu-statement-expression -Werror)

# tenon_library(NAME sources... [MLIR] [LINK libraries...])
#   MLIR: uses LLVM and MLIR, and the precompiled headers of theirs.
function(tenon_library name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC tenon_mlir)
    tenon_use_mlir_pch(${name})
  endif()
endfunction()

# One precompiled header serves every target that uses MLIR.
function(tenon_use_mlir_pch target)
  if(NOT TARGET tenon_mlir_pch)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/cmake/tenon_mlir_pch.cpp CONTENT "")
    add_library(tenon_mlir_pch STATIC ${CMAKE_BINARY_DIR}/cmake/tenon_mlir_pch.cpp)
    target_link_libraries(tenon_mlir_pch PUBLIC tenon_mlir)
    target_include_directories(tenon_mlir_pch PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
    target_compile_options(tenon_mlir_pch PRIVATE ${TENON_WARNINGS} -Xclang -fno-pch-timestamp)
    target_precompile_headers(tenon_mlir_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/MlirPrecompiled.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM tenon_mlir_pch)
  # -fPIC: an executable's -fPIE wouldn't match the header compiled for libraries.
  target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp -fPIC)
endfunction()

# tenon_test(NAME sources... [MLIR] [SANITIZED] [LINK libraries...]): a GoogleTest program, one ctest
# entry. SANITIZED: ./check also runs it under the sanitizers (frontend, runtime, graph algorithms,
# interpreter); ctest label and build target `sanitized`.
add_custom_target(sanitized)
function(tenon_test name)
  cmake_parse_arguments(ARG "MLIR;SANITIZED" "" "LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_compile_options(${name} PRIVATE ${TENON_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main)
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE tenon_mlir)
    tenon_use_mlir_pch(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(ARG_SANITIZED)
    add_dependencies(sanitized ${name})
    set_tests_properties(${name} PROPERTIES LABELS sanitized)
  endif()
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "ASAN_OPTIONS=allow_user_poisoning=0:detect_leaks=1;TENON_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()
