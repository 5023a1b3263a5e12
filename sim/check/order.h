#pragma once
// Order: the one agreed sequence of events, and what every version of the ledger looked like.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "sim/check/verdict.h"

namespace ledger::check {

// The number of a stream in this Order, by first appearance.
using StreamNumber = Strong<struct StreamNumberTag, std::uint32_t>;

struct OrderedEvent {
    EventId id;
    StreamNumber stream;
    Revision revision;
    std::uint64_t append = 0;  // place in appends()
};

// One append that took effect, whole and in one piece: events [first, first + events).
struct OrderedAppend {
    Index index;  // the log entry that did it
    Position first;
    std::uint32_t events = 0;  // at least 1
    SessionId session;
    Sequence sequence;

    std::uint64_t end() const { return first.value + events; }
};

// A version of the ledger is a length at which an append ended (or 0): between the events of one
// append there is no version, because appends are atomic.
class Order {
  public:
    // `finds`: events are looked up by their ids; an order that never is spares the table.
    explicit Order(bool finds = true) : finds_(finds) {}

    struct NewEvent {
        EventId id;
        StreamNumber stream;
    };

    // So many events in so many appends will come: saves copying.
    void expect(std::uint64_t events, std::uint64_t appends);
    // Adds the next append, at position length(). Revisions follow from the streams.
    void push(Index index, SessionId session, Sequence sequence, std::span<const NewEvent> events);

    std::uint64_t length() const { return events_.size(); }
    const OrderedEvent& event(Position position) const;  // position < length()
    std::span<const OrderedAppend> appends() const { return appends_; }
    const OrderedAppend& append_of(Position position) const;
    // Where the event stands; the first place, should it have several. Only if it `finds`.
    std::optional<Position> find(const EventId& id) const;

    bool is_version(std::uint64_t length) const;
    // The least version >= `length`; nothing if the order is shorter.
    std::optional<std::uint64_t> version_from(std::uint64_t length) const;

    // The stream's number, given when it is first asked for. Names are remembered for ever.
    StreamNumber stream(std::string_view name);
    // The same without giving one; nothing for a name that never came up.
    std::optional<StreamNumber> find_stream(std::string_view name) const;
    std::string_view name(StreamNumber stream) const;
    std::uint64_t streams() const { return names_.size(); }
    std::uint64_t stream_length(StreamNumber stream) const;
    // The position of the stream's event `revision`, which must exist.
    Position position_of(StreamNumber stream, Revision revision) const;
    // How many events the stream had when the ledger had `length` events. O(log n).
    std::uint64_t stream_length_at(StreamNumber stream, std::uint64_t length) const;
    // G_s(k): the first version at which the stream had at least `count` events; nothing if it
    // never had so many.
    std::optional<std::uint64_t> version_with(StreamNumber stream, std::uint64_t count) const;

  private:
    bool finds_;
    std::vector<OrderedEvent> events_;  // by position
    std::vector<OrderedAppend> appends_;
    std::vector<std::vector<Position>> streams_;  // by stream number, then by revision
    std::vector<std::string> names_;              // by stream number
    LookupTable<std::string, StreamNumber> numbers_;
    LookupTable<EventId, Position> positions_;
};

}  // namespace ledger::check
