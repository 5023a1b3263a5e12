#include "sim/check/transactions/level.h"

namespace ledger::check {

std::string_view to_text(Level level) {
    switch (level) {
        case Level::read_uncommitted: return "read-uncommitted";
        case Level::read_committed: return "read-committed";
        case Level::repeatable_read: return "repeatable-read";
        case Level::snapshot_isolation: return "snapshot-isolation";
        case Level::serializable: return "serializable";
        case Level::strong_session_serializable: return "strong-session-serializable";
        case Level::strict_serializable: return "strict-serializable";
    }
    return "";
}

std::optional<Level> level_named(std::string_view name) {
    for (const Level level : levels) {
        if (to_text(level) == name) {
            return level;
        }
    }
    return std::nullopt;
}

std::string level_names() {
    std::string out;
    for (const Level level : levels) {
        out += out.empty() ? "" : ", ";
        out += to_text(level);
    }
    return out;
}

bool implies(Level stronger, Level weaker) {
    if (stronger == Level::snapshot_isolation && weaker == Level::repeatable_read) {
        return false;
    }
    return stronger >= weaker;
}

BrokenLevels::BrokenLevels(std::initializer_list<Level> weakest) {
    for (const Level broken : weakest) {
        for (const Level level : levels) {
            bits_ |= implies(level, broken) ? 1u << static_cast<unsigned>(level) : 0u;
        }
    }
}

std::optional<Level> BrokenLevels::weakest_broken() const {
    for (const Level level : levels) {
        if (contains(level)) {
            return level;
        }
    }
    return std::nullopt;
}

std::optional<Level> BrokenLevels::strongest_held() const {
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        if (!contains(*level)) {
            return *level;
        }
    }
    return std::nullopt;
}

}  // namespace ledger::check
