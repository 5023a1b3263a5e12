#pragma once
// Ids: the numbers of the domain as types of their own, so that no two of them can be mixed up.

#include <compare>
#include <cstdint>

namespace ledger {

// A number with a meaning. Explicit both ways; ordered; no arithmetic of its own.
template <typename Tag, typename Rep = std::uint64_t>
struct Strong {
    using Representation = Rep;

    Rep value{};

    constexpr Strong() = default;
    constexpr explicit Strong(Rep v) : value(v) {}
    friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
};

// A strong number that counts places in a sequence: it has neighbours and distances.
template <typename Tag>
struct Ordinal : Strong<Tag> {
    using Strong<Tag>::Strong;

    constexpr Ordinal next() const { return Ordinal{this->value + 1}; }
    constexpr Ordinal previous() const { return Ordinal{this->value - 1}; }
    constexpr Ordinal& operator++() {
        ++this->value;
        return *this;
    }
    friend constexpr auto operator<=>(const Ordinal&, const Ordinal&) = default;
    friend constexpr std::uint64_t operator-(Ordinal a, Ordinal b) { return a.value - b.value; }
    friend constexpr Ordinal operator+(Ordinal a, std::uint64_t n) { return Ordinal{a.value + n}; }
    friend constexpr Ordinal operator-(Ordinal a, std::uint64_t n) { return Ordinal{a.value - n}; }
};

// A Raft term. 0 = before the first election.
using Term = Ordinal<struct TermTag>;
// A place in the Raft log. The first entry has index 1; 0 = before the log.
using Index = Ordinal<struct IndexTag>;
// The dense global number of an event, from 0.
using Position = Ordinal<struct PositionTag>;
// The dense number of an event inside its stream, from 0.
using Revision = Ordinal<struct RevisionTag>;
// The order of a node's stores: log and hard state share one FIFO. 0 = nothing to wait for.
using Ticket = Ordinal<struct TicketTag>;
// A client's own numbering of its requests inside a session, from 1.
using Sequence = Ordinal<struct SequenceTag>;
// The number of a segment file, from 1, never reused on one disk.
using SegmentId = Ordinal<struct SegmentIdTag>;

// A member of the cluster. 0 = nobody.
using NodeId = Strong<struct NodeIdTag, std::uint32_t>;
// One life of a member's disk: drawn when the disk is formatted, so that an emptied disk is not
// taken for what it was. 0 = unknown.
using Incarnation = Strong<struct IncarnationTag>;
// A Raft group. One group per cluster for now; ids carry it so that sharding stays possible.
using GroupId = Strong<struct GroupIdTag, std::uint32_t>;
// A client connection or simulated client, local to one host.
using ClientId = Strong<struct ClientIdTag>;
// A replicated client session; 0 = none. Its value is the index of the entry that opened it.
using SessionId = Strong<struct SessionIdTag>;
// One request of one client, chosen by the client's host; echoed in the reply.
using RequestId = Strong<struct RequestIdTag>;

// The random identity of a cluster, given when it is formatted. {0, 0} = not formatted.
struct ClusterId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const ClusterId&, const ClusterId&) = default;
};

// An event's 128-bit id, chosen by its writer.
struct EventId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const EventId&, const EventId&) = default;
};

}  // namespace ledger
