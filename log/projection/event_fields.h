#pragma once
// EventFields: the values that one event has in the fields that a projection asks for.

#include <cstdint>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "log/projection/definition.h"
#include "log/projection/json_scan.h"
#include "log/state/query.h"

namespace ledger::projection {

class EventFields {
  public:
    // The place of a field among those asked for; equal fields have one.
    std::uint32_t ask(const Field& field);
    bool asks_payload() const { return !payload_.paths.empty(); }

    // What the ledger knows of the event, and its metadata: none of them has members if it is no JSON.
    // Its payload fields become nothing. Errors as scan_json's.
    Result<void> read_envelope(const state::RecordedEvent& event);
    // Its payload fields; those that are absent are nothing. Errors as scan_json's.
    Result<void> read_payload(const state::RecordedEvent& event);

    const Value& operator[](std::uint32_t place) const { return values_[place]; }

  private:
    // The members asked of one text, and the places of their fields.
    struct Members {
        std::vector<MemberPath> paths;
        std::vector<std::uint32_t> places;
    };
    Result<void> read(ByteSpan text, const Members& members, Field::Kind kind);

    std::vector<Field> fields_;
    std::vector<Value> values_;  // per field
    Members metadata_;
    Members payload_;
    std::vector<Value> found_;  // memory of one scan
};

// The part of a stream's name up to the first '-'; all of it if there is none.
std::string_view category_of(std::string_view stream);

}  // namespace ledger::projection
