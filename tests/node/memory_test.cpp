#include <catch2/catch.hpp>

#include "log/log_map.h"
#include "log/state/ledger.h"
#include "node/limits.h"
#include "tests/log/state/allocations.h"
#include "tests/log/state/examples.h"

namespace ledger::node {
namespace {

using state::bytes_held;

// What one replica keeps for as long as it keeps the events: the state, and the map of its log.
struct Kept {
    state::Ledger ledger;
    log::LogMap map;
    ByteVector outcome;
    std::uint64_t index = 0;
    SegmentId segment{1};
    std::uint64_t offset = 0;

    void append(const std::string& stream, std::uint32_t events) {
        constexpr std::uint64_t record_bytes = 512;
        constexpr std::uint64_t segment_bytes = 4u << 20;
        state::Append append;
        append.streams = {{stream, {}}};
        append.events.assign(events, state::event_in(0, "payload"));
        ++index;
        outcome.clear();
        ledger.apply(state::entry_with(index, state::encode_command(append)), {}, outcome);
        map.append(Term{1}, {segment, offset, offset + record_bytes}, Digest{});
        map.committed(Index{index});
        offset += record_bytes;
        if (offset >= segment_bytes) {
            map.seal(segment);
            ++segment;
            offset = 0;
        }
    }
};

std::string stream_name(std::uint64_t number) {
    return "customer-" + std::to_string(1'000'000 + number);
}

TEST_CASE("memory: of events, entries and streams it is what limits.h says", "[node]") {
    constexpr std::uint64_t streams = 40'000;
    constexpr std::uint64_t batch = 8;
    const std::uint64_t empty = bytes_held();
    Kept kept;
    kept.outcome.reserve(4096);
    const auto held = [&] { return bytes_held() - empty; };

    for (std::uint64_t i = 0; i < streams; ++i) {
        kept.append(stream_name(i), 1);
    }
    const std::uint64_t with_streams = held();
    // Single events: each has an entry of its own.
    for (std::uint64_t i = 0; i < 4 * streams; ++i) {
        kept.append(stream_name(i % streams), 1);
    }
    const std::uint64_t with_entries = held();
    for (std::uint64_t i = 0; i < streams; ++i) {
        kept.append(stream_name(i), batch);
    }
    const std::uint64_t with_events = held();

    // A single takes an entry and an event, a batch an entry and eight.
    const double of_single = static_cast<double>(with_entries - with_streams) / (4 * streams);
    const double of_batch = static_cast<double>(with_events - with_entries) / streams;
    const double event = (of_batch - of_single) / (batch - 1);
    const double entry = of_single - event;
    const double stream = static_cast<double>(with_streams) / streams - of_single -
                          static_cast<double>(stream_name(0).size());
    CAPTURE(event, entry, stream);
    CHECK(event <= memory_per_event);
    CHECK(event > memory_per_event * 0.75);
    CHECK(entry <= memory_per_entry);
    CHECK(entry > memory_per_entry * 0.75);
    CHECK(stream <= memory_per_stream);
    CHECK(stream > memory_per_stream * 0.75);
}

}  // namespace
}  // namespace ledger::node
