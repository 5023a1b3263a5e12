#pragma once
// Pairing: makes operations out of calls and returns in the order of a recording.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/lookup_table.h"
#include "log/base/result.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

enum class EventType : std::uint8_t { invoke = 1, ok, fail, info };
// "invoke", "ok", "fail", "info"
std::optional<EventType> event_type(std::string_view name);

struct RecordedEvent {
    std::optional<std::int64_t> process;  // nothing: the recording names none
    EventType type = EventType::invoke;
    std::string f;  // empty on a return: that of its call
    Value value;
    std::optional<std::int64_t> time_ns;
    std::string error;
    std::uint64_t line = 0;
};

// Hand it every event in the order of the recording.
// - A process has one operation at a time. Events without process belong to one that calls and
//   returns by turns; its operations come out as of one process each, since nothing says that one
//   client made them.
// - A recording that begins with a return knows no calls: each of its operations was called at some
//   time after its process had returned from the one before.
// - A fail is a definite failure. After an info, and at the end of the recording, the operation is
//   unknown; the process may call again.
class Pairing {
  public:
    // Errors say what is wrong but not where: the caller knows the place.
    Result<void> add(RecordedEvent event);
    // Of something that is no client, as the nemesis. Two events of a lane with the same name in a
    // row are the call and the end of one thing; what is named "start..." lasts until "stop...".
    void annotate(std::string_view lane, std::string_view name, const Value& value);
    // The operations so far, in the order of their calls; annotations that are open end here.
    RecordedHistory history(HistoryFormat format) &&;

  private:
    Result<void> call(RecordedEvent& event);
    Result<void> answer(RecordedEvent& event);
    void returned_only(RecordedEvent& event);

    RecordedHistory history_;
    LookupTable<std::uint64_t, std::uint64_t> open_;  // process -> operation + 1
    std::optional<std::uint64_t> open_nameless_;
    struct OpenBand {
        std::uint64_t annotation = 0;
        std::string ends;  // with the event of this name
    };
    std::vector<OpenBand> bands_;
    // The last event of each lane.
    struct Lane {
        std::string lane;
        std::string name;
        std::uint64_t annotation = 0;
        bool ended = true;
    };
    std::vector<Lane> lanes_;
    std::uint64_t place_ = 0;
    std::optional<bool> has_calls_;                       // the first event of a client tells
    LookupTable<std::uint64_t, std::uint64_t> returned_;  // without calls: process -> last return
};

}  // namespace ledger::check
