#pragma once
// ProjectionText: a projection's state as a table for people and as JSON for programs.

#include <string>
#include <vector>

#include "log/projection/projection.h"
#include "sim/check/json.h"

namespace ledger::node::asio {

// Some groups of a state, as Projection::shown() gives them.
using Shown = std::vector<const projection::Groups::value_type*>;
// A column per key and per fold, a row per group.
std::string table_of(const projection::Definition& definition, const Shown& groups);
// [{"key": [...], "values": [...]}, ...].
std::string json_of(const projection::Definition& definition, const Shown& groups);
// "as of position 41 (2026-11-30T10:00:00.000Z): 17 events, 2 redacted".
std::string standing_text(const projection::Projection& projection);
// Members of the object in hand: definition, position, wall_time, folded, redacted.
void write_standing(std::string& text, const projection::Projection& projection);

// What became of the groups between two states of one definition: a row per group that is new, gone or
// different, in the order of their keys.
struct Change {
    const projection::Key* key = nullptr;
    const projection::Group* before = nullptr;  // null: it was not there
    const projection::Group* after = nullptr;   // null: it is no more
};
std::vector<Change> changes_between(
    const projection::Projection& before, const projection::Projection& after);
std::string table_of(const projection::Definition& definition, const std::vector<Change>& changes);
std::string json_of(const projection::Definition& definition, const std::vector<Change>& changes);

}  // namespace ledger::node::asio
