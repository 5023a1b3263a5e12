#include "node/recording.h"

#include <catch2/catch.hpp>

#include "tests/node/recorded_life.h"

namespace ledger::node {

namespace {

using test::header_of_one;
using test::RecordedLife;

}  // namespace

TEST_CASE("recording: a replay takes the same steps to the same hash", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    REQUIRE(life.machine().summary().length == Position{5});
    CHECK(is_recording(life.bytes));
    const Result<Replayed> replayed = replay_recording(life.bytes);
    REQUIRE(replayed.has_value());
    CHECK(replayed->steps == life.recorder().steps());
    CHECK(replayed->hash == life.recorder().hash());
    CHECK_FALSE(replayed->differs_at.has_value());
    CHECK(replayed->torn_bytes == 0);
}

TEST_CASE("recording: a replica that would decide otherwise is caught at its first step",
    "[node]") {
    RecordingHeader header = header_of_one();
    RecordedLife life(header);
    life.live();
    // The same steps under the header of a node with another election key and timeout.
    header.config.raft.election_timeout_min = milliseconds(150);
    ByteVector other;
    const Recorder only_header(header, other);
    ByteVector original_header;
    const Recorder ours(header_of_one(), original_header);
    REQUIRE(other.size() == original_header.size());
    ByteVector mixed = other;
    mixed.insert(mixed.end(),
        life.bytes.begin() + static_cast<std::ptrdiff_t>(original_header.size()),
        life.bytes.end());
    const Result<Replayed> replayed = replay_recording(mixed);
    REQUIRE(replayed.has_value());
    CHECK(replayed->differs_at == 1);
}

TEST_CASE("recording: cut anywhere it replays as far as it goes", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    const auto header_bytes = [] {
        ByteVector bytes;
        const Recorder recorder(header_of_one(), bytes);
        return bytes.size();
    }();
    for (std::size_t size = 0; size < life.bytes.size(); size += 7) {
        const Result<Replayed> replayed = replay_recording(ByteSpan(life.bytes).first(size));
        REQUIRE(replayed.has_value() == (size >= header_bytes));
        if (replayed) {
            CHECK(replayed->steps < life.recorder().steps());
            CHECK_FALSE(replayed->differs_at.has_value());
        }
    }
}

TEST_CASE("recording: a damaged byte is noticed, wherever it is", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    for (std::size_t at = 0; at < life.bytes.size(); at += 5) {
        ByteVector damaged = life.bytes;
        damaged[at] ^= std::byte{0x40};
        const Result<Replayed> replayed = replay_recording(damaged);
        // A length that lies can only look like a torn end.
        CHECK((!replayed.has_value() || replayed->torn_bytes > 0));
    }
}

// Found by fuzzing: the rest was handed to a replica that asserted.
TEST_CASE("recording: a step that is missing, twice there or elsewhere is noticed", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    ByteVector header;
    const Recorder only_header(header_of_one(), header);
    // Where the steps begin; the last one is the end.
    std::vector<std::ptrdiff_t> begins = {static_cast<std::ptrdiff_t>(header.size())};
    while (static_cast<std::size_t>(begins.back()) < life.bytes.size()) {
        const auto event_bytes =
            load_little_endian<std::uint32_t>(life.bytes.data() + begins.back());
        begins.push_back(begins.back() + 24 + static_cast<std::ptrdiff_t>(event_bytes));
    }
    REQUIRE(begins.size() == life.recorder().steps() + 1);
    const auto part = [&](std::size_t from, std::size_t to) {
        return std::pair(life.bytes.begin() + begins[from], life.bytes.begin() + begins[to]);
    };
    const std::size_t last = begins.size() - 1;
    for (std::size_t step = 0; step + 1 < last; ++step) {
        const std::vector<std::pair<std::size_t, std::size_t>> orders[] = {
            {{0, step}, {step + 1, last}},
            {{0, step + 1}, {step, last}},
            {{0, step}, {step + 1, step + 2}, {step, step + 1}, {step + 2, last}}};
        for (const auto& order : orders) {
            ByteVector mixed = header;
            for (const auto& [from, to] : order) {
                const auto [begin, end] = part(from, to);
                mixed.insert(mixed.end(), begin, end);
            }
            const Result<Replayed> replayed = replay_recording(mixed);
            REQUIRE_FALSE(replayed.has_value());
            CHECK(replayed.error().place.find("a step is damaged") != std::string::npos);
        }
    }
}

TEST_CASE("recording: other bytes are none", "[node]") {
    CHECK_FALSE(is_recording(as_bytes("LGR")));
    CHECK_FALSE(is_recording(as_bytes("a capsule")));
    CHECK_FALSE(replay_recording(as_bytes("a capsule")).has_value());
    CHECK_FALSE(replay_recording({}).has_value());
}

}  // namespace ledger::node
