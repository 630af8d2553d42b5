# kgw_pytest(FOLDER): the pytest suite of that folder as one ctest entry, against the package in the build tree.
set(KGW_TEST_PYTHON /usr/bin/python3) # the interpreter that Debian's pytest and pybind11 belong to

# The extension is instrumented and the interpreter is not, so the sanitizer's run-time library has to be loaded first,
# and the C++ library with it, or exceptions are not seen. The interpreter keeps objects until it exits, which a leak
# check would report: off. Some tests fork, which the thread sanitizer does not let go on without being told;
# nor does it see how libraries that are not instrumented, gRPC's for one, hand memory from thread to thread: what is ours is.
set(preload "")
if(KGW_SANITIZE MATCHES "address")
  set(runtime asan)
elseif(KGW_SANITIZE MATCHES "thread")
  set(runtime tsan)
endif()
if(runtime)
  foreach(library lib${runtime}.so libstdc++.so)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${library}
      OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
    file(REAL_PATH ${path} path)
    list(APPEND preload ${path})
  endforeach()
  list(JOIN preload ":" preload)
endif()

function(kgw_pytest folder)
  add_test(NAME ${folder}
    COMMAND ${KGW_TEST_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
  set(environment
    "PYTHONPATH=${PROJECT_BINARY_DIR}/python:${CMAKE_CURRENT_SOURCE_DIR}/scenario"
    "PYTHONDONTWRITEBYTECODE=1"
    "KGW_BENCH_PROGRAMS=${CMAKE_CURRENT_BINARY_DIR}/bench")
  if(preload)
    list(APPEND environment "LD_PRELOAD=${preload}" "ASAN_OPTIONS=detect_leaks=0" "KGW_SANITIZED=${runtime}"
      "TSAN_OPTIONS=die_after_fork=0:ignore_noninstrumented_modules=1")
    set(timeout 2400)
  else()
    set(timeout 900)
  endif()
  # Alone on the machine: these suites look at the clock.
  set_tests_properties(${folder} PROPERTIES ENVIRONMENT "${environment}" TIMEOUT ${timeout} RUN_SERIAL ON)
endfunction()

if(KGW_PYTHON)
  foreach(folder python scenario interop)
    kgw_pytest(${folder})
  endforeach()
endif()
