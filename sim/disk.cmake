ledger_library(sim_disk
    SOURCES cut_audit.cpp disk.cpp disk_audit.cpp disk_choices.cpp disk_crash.cpp disk_file.cpp disk_harm.cpp disk_media.cpp disk_power.cpp
    HEADERS cut_audit.h disk.h disk_audit.h disk_choices.h disk_crash.h disk_file.h disk_media.h faults.h
    DEPENDS ledger::log)
