#include "sim/check/names.h"

#include "log/base/assert.h"
#include "log/base/format.h"

namespace ledger::check {

std::string node_name(NodeId node) {
    return fmt::format("n{}", node.value);
}

std::string node_names(std::span<const NodeId> nodes) {
    std::string names;
    for (const NodeId node : nodes) {
        names += names.empty() ? "" : ", ";
        names += node_name(node);
    }
    return names.empty() ? "nobody" : names;
}

std::string event_name(const EventId& id) {
    return id.high == 0 ? fmt::format("{}", id.low)
                        : fmt::format("{:016x}{:016x}", id.high, id.low);
}

std::string client_name(ClientId client, SessionId session, Sequence sequence) {
    if (session.value == 0) {
        return fmt::format("client {}", client.value);
    }
    return fmt::format(
        "client {} (session {}, sequence {})", client.value, session.value, sequence.value);
}

std::string positions_name(std::uint64_t first, std::uint64_t count) {
    LEDGER_ASSERT(count >= 1);
    return count == 1 ? fmt::format("position {}", first)
                      : fmt::format("positions {}..{}", first, first + count - 1);
}

std::string plural(std::uint64_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string time_name(Instant time) {
    return to_text(Duration{time.nanoseconds});
}

std::string short_hash(const Digest& digest) {
    return to_hex(digest.span().first(6));
}

std::string short_hash(const Hash128& hash) {
    return fmt::format("{:012x}", hash.high() >> 16);
}

}  // namespace ledger::check
