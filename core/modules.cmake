# How a folder becomes a library. One static library per folder, linked only to the folders its row in layers.txt allows,
# so that a forbidden dependency does not link and tests/unit/layers_test does not pass.

add_library(kgw_flags INTERFACE)
target_compile_options(kgw_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Wshadow -Wno-sign-conversion>
  $<$<BOOL:${KGW_DEVELOPER_MODE}>:-Werror>
  -fstack-protector-strong -ffp-contract=off -fno-plt
  $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers -Wno-interference-size
    -Wno-restrict>  # g++ 12 sees an overlap in std::string operator+ that is none
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers -Wno-missing-designated-field-initializers
    -Wno-deprecated-declarations>)  # std::stable_sort of libstdc++ 12 uses what C++17 deprecated
if(KGW_SANITIZE)
  target_compile_options(kgw_flags INTERFACE -fsanitize=${KGW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(kgw_flags INTERFACE -fsanitize=${KGW_SANITIZE})
endif()
if(KGW_COVERAGE)
  target_compile_options(kgw_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(kgw_flags INTERFACE -fprofile-instr-generate)
endif()
if(KGW_FUZZ)
  target_compile_options(kgw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# kgw_module(NAME USES a b LIBS x y): all .cc files of this folder (and folders below it) as libkgw_NAME.a
function(kgw_module name)
  cmake_parse_arguments(ARG "" "ROOT" "USES;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(sources)
    add_library(kgw_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(kgw_${name} PRIVATE kgw_flags)
  else()
    add_library(kgw_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(kgw_${name} ${scope} ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR})
  foreach(use IN LISTS ARG_USES)
    target_link_libraries(kgw_${name} ${scope} kgw_${use})
  endforeach()
  target_link_libraries(kgw_${name} ${scope} ${ARG_LIBS})
endfunction()

macro(kgw_dependencies)
  find_package(PkgConfig REQUIRED)
  find_package(Threads REQUIRED)
  find_package(OpenSSL REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(fmt REQUIRED)
  find_package(yaml-cpp REQUIRED)
  find_package(nlohmann_json REQUIRED)
  pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent_core)
  pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
  pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
  pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
endmacro()
