# Cap'n Proto is needed by this target alone. The generated code is compiled without our warnings.
set(CAPNPC_SRC_PREFIX ${PROJECT_SOURCE_DIR})
set(CAPNPC_OUTPUT_DIR ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${CAPNPC_OUTPUT_DIR})
capnp_generate_cpp(wire_sources wire_headers wire.capnp)

add_library(ledger_wire STATIC ${wire_sources} ${wire_headers})
target_include_directories(ledger_wire SYSTEM PUBLIC $<BUILD_INTERFACE:${CAPNPC_OUTPUT_DIR}>)
target_link_libraries(ledger_wire PUBLIC CapnProto::capnp)
target_compile_options(ledger_wire PUBLIC
    "$<BUILD_INTERFACE:$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-include ${CMAKE_CURRENT_SOURCE_DIR}/capnp_clang.h>>")
set_target_properties(ledger_wire PROPERTIES EXPORT_NAME wire)
install(TARGETS ledger_wire EXPORT EventLedgerTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)

ledger_library(codec EXCEPTIONS
    SOURCES codec.cpp
    HEADERS codec.h
    DEPENDS ledger::node)
target_link_libraries(ledger_codec PRIVATE ledger_wire)
