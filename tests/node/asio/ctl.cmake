ledger_test(ctl
    SOURCES ctl_cluster_test.cpp ctl_follower_test.cpp ctl_history_test.cpp ctl_moment_test.cpp ctl_projection_test.cpp projection_text_test.cpp ctl_input_test.cpp ctl_leftovers_test.cpp ctl_link_test.cpp
            ctl_log_directory_test.cpp ctl_replica_copy_test.cpp
            import_batch_test.cpp import_progress_test.cpp launcher_test.cpp line_reader_test.cpp
            paced_file_system_test.cpp quorum_recovery_test.cpp snapshot_restore_test.cpp snapshot_verification_test.cpp
    DEPENDS ledger::ctl)
target_compile_options(ctl_tests PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
target_compile_definitions(ctl_tests PRIVATE LEDGERD="$<TARGET_FILE:ledgerd>")
set_tests_properties(ctl PROPERTIES LABELS integration TIMEOUT 120)
