# ledgerctl: what people call to run and ask a local cluster.
ledger_library(ctl EXCEPTIONS OF_A_PROGRAM
    SOURCES ctl_client.cpp ctl_cluster.cpp ctl_ending.cpp ctl_follower.cpp ctl_history.cpp ctl_input.cpp ctl_leftovers.cpp ctl_link.cpp
            ctl_log_directory.cpp ctl_loop.cpp ctl_moment.cpp ctl_projection.cpp ctl_replica_copy.cpp import_batch.cpp import_progress.cpp launcher.cpp line_reader.cpp
            paced_file_system.cpp projection_text.cpp quorum_recovery.cpp snapshot_restore.cpp snapshot_verification.cpp
    HEADERS ctl_asking.h ctl_client.h ctl_cluster.h ctl_ending.h ctl_follower.h ctl_history.h ctl_input.h ctl_leftovers.h ctl_link.h
            ctl_log_directory.h
            ctl_loop.h ctl_moment.h ctl_projection.h ctl_replica_copy.h import_batch.h import_progress.h launcher.h line_reader.h
            paced_file_system.h projection_text.h quorum_recovery.h snapshot_restore.h snapshot_verification.h
    DEPENDS ledger::node_asio ledger::node ledger::projection ledger::codec ledger::check ledger::log ledger::log_posix)

add_executable(ledgerctl
    command_append.cpp command_data.cpp command_export.cpp command_import.cpp command_log_inspect.cpp
    command_log_scrub.cpp command_log_verify.cpp command_member.cpp command_node.cpp command_projection.cpp
    command_recover_quorum.cpp command_snapshot.cpp command_state.cpp command_status.cpp command_up.cpp command_upgrade.cpp
    command_verify.cpp ctl_commands.cpp main_ledgerctl.cpp)
target_compile_definitions(ledgerctl PRIVATE LEDGER_VERSION="${PROJECT_VERSION}")
target_link_libraries(ledgerctl PRIVATE ledger_ctl ledger_warnings CLI11::CLI11)
# It starts the ledgerd beside it.
add_dependencies(ledgerctl ledgerd)
