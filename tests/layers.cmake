# unit/layers_test.cc reads the source tree, not a library.
add_executable(test_layers unit/layers_test.cc)
target_link_libraries(test_layers PRIVATE kgw_flags GTest::gtest_main)
target_compile_definitions(test_layers PRIVATE KGW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
add_test(NAME layers COMMAND test_layers)
