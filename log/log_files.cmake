ledger_library(log
    SOURCES body_judge.cpp cut.cpp cut_store.cpp examination.cpp file_system.cpp finding.cpp footer.cpp
            hard_state_file.cpp log_map.cpp log_walk.cpp mending.cpp open_log.cpp reader.cpp record.cpp
            recovery.cpp repair.cpp reserve.cpp rewrite.cpp salvage.cpp scan.cpp
            sealed_places.cpp segment.cpp segment_examiner.cpp snapshot_file.cpp storage.cpp upkeep.cpp writer.cpp
    HEADERS body_judge.h boot_table.h cut.h cut_store.h examination.h file_system.h finding.h footer.h
            growing_array.h hard_state_file.h log_map.h log_walk.h mending.h open_log.h reader.h
            record.h recovery.h repair.h reserve.h rewrite.h salvage.h scan.h sealed_places.h segment.h
            segment_examiner.h snapshot_file.h storage.h upkeep.h writer.h
    DEPENDS ledger::base)

ledger_library(log_posix
    SOURCES posix_file_system.cpp
    HEADERS posix_file_system.h
    DEPENDS ledger::log)
