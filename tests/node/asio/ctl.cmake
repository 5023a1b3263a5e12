ledger_test(ctl
    SOURCES ctl_cluster_test.cpp ctl_input_test.cpp ctl_link_test.cpp launcher_test.cpp
    DEPENDS ledger::ctl)
set_tests_properties(ctl PROPERTIES LABELS integration TIMEOUT 120)
