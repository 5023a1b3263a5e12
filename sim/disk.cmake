ledger_library(sim_disk
    SOURCES cut_audit.cpp disk.cpp disk_audit.cpp disk_choices.cpp disk_crash.cpp disk_file.cpp disk_harm.cpp disk_media.cpp disk_power.cpp
            media_atlas.cpp media_disk.cpp media_map.cpp
    HEADERS cut_audit.h disk.h disk_audit.h disk_choices.h disk_crash.h disk_file.h disk_media.h faults.h
            media_atlas.h media_disk.h media_map.h
    DEPENDS ledger::log)
