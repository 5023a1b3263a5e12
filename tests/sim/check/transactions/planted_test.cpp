// Each anomaly of the catalogue planted into histories of sound stores, and found under its name.

#include <catch2/catch.hpp>

#include "sim/check/transactions/level.h"
#include "tests/sim/check/transactions/transaction_store.h"

namespace ledger::check::test {
namespace {

struct Planted {
    std::string name;
    Level level;  // at which it goes by this name
    Sample sample;
    std::vector<SampleTransaction> transactions;
};

constexpr Outcome ok = Outcome::ok;

// Those that overlap have no order in time; clients 0, 1, ... unless it is about sessions.
std::vector<SampleTransaction> overlapping(std::initializer_list<std::string> texts) {
    std::vector<SampleTransaction> out;
    for (const std::string& text : texts) {
        const bool fails = text[0] == '!';
        out.push_back({static_cast<std::int64_t>(out.size()), fails ? Outcome::failed : ok,
            fails ? text.substr(1) : text, out.size(), 100 + out.size()});
    }
    return out;
}

const std::vector<Planted> catalogue = {
    {"G0", Level::read_uncommitted, Sample::lists,
        overlapping({"ax1 ay1", "ax2 ay2", "rx12 ry21"})},
    {"G1a", Level::read_committed, Sample::lists, overlapping({"!ax1", "rx1"})},
    {"G1b", Level::read_committed, Sample::lists, overlapping({"ax1 ax2", "rx1"})},
    {"G1c", Level::read_committed, Sample::lists, overlapping({"ax1 ry1", "ay1 rx1"})},
    {"G-single", Level::snapshot_isolation, Sample::lists, overlapping({"ax1 ay1", "rx1 ry"})},
    {"G-nonadjacent", Level::snapshot_isolation, Sample::lists,
        overlapping({"ax1", "ay1", "rx1 ry", "ry1 rx"})},
    {"G2-item", Level::serializable, Sample::lists, overlapping({"rx ay1", "ry ax1"})},
    {"lost-update", Level::snapshot_isolation, Sample::lists, overlapping({"rx ax1", "rx ax2"})},
    {"dirty-update", Level::read_uncommitted, Sample::lists, overlapping({"!ax1", "ax2", "rx12"})},
    {"internal", Level::read_uncommitted, Sample::lists, overlapping({"ax1 rx"})},
    {"future-read", Level::read_uncommitted, Sample::lists, overlapping({"rx1 ax1"})},
    {"duplicate-elements", Level::read_uncommitted, Sample::lists, overlapping({"ax1", "rx11"})},
    {"incompatible-orders", Level::read_committed, Sample::lists,
        overlapping({"ax1", "ax2", "rx12", "rx21"})},
    {"garbage-read", Level::read_uncommitted, Sample::lists, overlapping({"rx7"})},
    {"G1a", Level::read_committed, Sample::registers, overlapping({"!wx1", "rx1"})},
    {"G1b", Level::read_committed, Sample::registers, overlapping({"wx1 wx2", "rx1"})},
    {"G1c", Level::read_committed, Sample::registers, overlapping({"wx1 ry1", "wy1 rx1"})},
    {"G-single", Level::snapshot_isolation, Sample::registers, overlapping({"wx1 wy1", "rx1 ry"})},
    {"G2-item", Level::serializable, Sample::registers, overlapping({"rx wy1", "ry wx1"})},
    {"lost-update", Level::snapshot_isolation, Sample::registers,
        overlapping({"rx wx1", "rx wx2"})},
    {"dirty-update", Level::read_uncommitted, Sample::registers, overlapping({"!wx1", "rx1 wx2"})},
    {"internal", Level::read_uncommitted, Sample::registers, overlapping({"wx1 rx"})},
    {"future-read", Level::read_uncommitted, Sample::registers, overlapping({"rx1 wx1"})},
    {"garbage-read", Level::read_uncommitted, Sample::registers, overlapping({"rx7"})},
    {"cyclic-versions", Level::read_committed, Sample::registers,
        overlapping({"rx2 wx1", "rx1 wx2"})},
    {"G0-realtime", Level::strict_serializable, Sample::lists,
        {{0, ok, "ax2", 0, 1}, {1, ok, "ax1", 2, 3}, {2, ok, "rx12", 4, 5}}},
    {"G1c-realtime", Level::strict_serializable, Sample::lists,
        {{0, ok, "rx1", 0, 1}, {1, ok, "ax1", 2, 3}}},
    {"G-single-realtime", Level::strict_serializable, Sample::lists,
        {{0, ok, "ax1", 0, 1}, {1, ok, "rx", 2, 3}}},
    {"G-nonadjacent-realtime", Level::strict_serializable, Sample::lists,
        {{0, ok, "rx rz1", 0, 10}, {3, ok, "az1", 1, 11}, {1, ok, "ax1", 2, 3},
            {2, ok, "rz", 4, 5}}},
    {"G2-item-realtime", Level::strict_serializable, Sample::lists,
        {{1, ok, "ax1 ry", 0, 10}, {2, ok, "ay1", 1, 2}, {0, ok, "rx", 3, 4}}},
    {"G0-process", Level::strong_session_serializable, Sample::lists,
        {{0, ok, "ax2", 0, 1}, {0, ok, "ax1", 2, 3}, {2, ok, "rx12", 4, 5}}},
    {"G1c-process", Level::strong_session_serializable, Sample::lists,
        {{0, ok, "rx1", 0, 1}, {0, ok, "ax1", 2, 3}}},
    {"G-single-process", Level::strong_session_serializable, Sample::lists,
        {{0, ok, "ax1", 0, 1}, {0, ok, "rx", 2, 3}}},
    {"G-nonadjacent-process", Level::strong_session_serializable, Sample::lists,
        {{0, ok, "rx rz1", 0, 1}, {1, ok, "ax1", 2, 3}, {1, ok, "rz", 4, 5}, {2, ok, "az1", 6, 7}}},
    {"G2-item-process", Level::strong_session_serializable, Sample::lists,
        {{1, ok, "ax1 ry", 0, 10}, {0, ok, "ay1", 1, 2}, {0, ok, "rx", 3, 4}}},
    {"G-single-realtime", Level::strict_serializable, Sample::registers,
        {{0, ok, "wx1", 0, 1}, {1, ok, "wx2", 2, 3}, {2, ok, "rx1", 4, 5}}},
    {"cyclic-versions-realtime", Level::strict_serializable, Sample::registers,
        {{0, ok, "wx1", 0, 10}, {1, ok, "wx2", 1, 11}, {2, ok, "rx1", 20, 21},
            {2, ok, "rx2", 22, 23}, {3, ok, "rx1", 24, 25}}},
    {"cyclic-versions-process", Level::strong_session_serializable, Sample::registers,
        {{0, ok, "wx1", 0, 10}, {1, ok, "wx2", 1, 11}, {2, ok, "rx1", 20, 21},
            {2, ok, "rx2", 22, 23}, {2, ok, "rx1", 24, 25}}},
};

// The planted ones behind all of a sound store: other keys, other clients.
RecordedHistory with(std::uint64_t seed, const Planted& planted) {
    StoreSettings settings;
    settings.sample = planted.sample;
    settings.clients = 5;
    settings.keys = 5;
    settings.transactions = 60;
    settings.failed_percent = 5;
    settings.unknown_percent = 5;
    RecordedHistory history = Store(seed, settings).run();
    std::uint64_t begin = 0;
    for (const RecordedOperation& operation : history.operations) {
        begin = std::max(begin, operation.called + 1000);
    }
    RecordedHistory more = history_of(planted.transactions, planted.sample);
    for (RecordedOperation& operation : more.operations) {
        operation.id = history.operations.size();
        operation.process += 10'000;
        operation.called += begin;
        operation.returned += operation.outcome == Outcome::unknown ? 0 : begin;
        history.operations.push_back(std::move(operation));
    }
    return history;
}

}  // namespace

TEST_CASE("transactions: each anomaly planted into a sound history is found under its name",
    "[transactions]") {
    for (const Planted& planted : catalogue) {
        const std::string model = planted.sample == Sample::lists ? "list-append" : "rw-register";
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const RecordedHistory history = with(seed, planted);
            const Judgement judgement = judge(history, model, to_text(planted.level));
            INFO(planted.name << " in " << model << ", seed " << seed);
            REQUIRE(has(judgement, planted.name));
            // The witness is of the planted ones alone.
            for (const Anomaly& anomaly : judgement.anomalies) {
                for (const std::uint64_t id : anomaly.operations) {
                    REQUIRE(history.operations[id].process >= 10'000);
                }
            }
            // And nothing is said of a level that it does not break.
            const auto held = level_named(judgement.strongest_held);
            REQUIRE((!held || !implies(*held, planted.level)));
            if (held) {
                REQUIRE(judge(history, model, judgement.strongest_held).verdict == Verdict::ok);
            }
        }
    }
}

}  // namespace ledger::check::test
