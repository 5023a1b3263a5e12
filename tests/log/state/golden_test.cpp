#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "tests/log/state/examples.h"
#include "log/base/format.h"
#include "log/state/cut_records.h"
#include "log/state/erasable.h"
#include "tests/log/state/relay.h"
#include "tests/source_directory.h"

namespace ledger::state {
namespace {

// Compares with tests/golden/state/NAME.hex: 32 bytes per line. LEDGER_REWRITE_GOLDEN=1 writes
// the file instead; a change of a file is a change of the format and needs a new version.
void check_golden(const std::string& name, ByteSpan bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 32) {
        text += to_hex(bytes.subspan(at, std::min<std::size_t>(32, bytes.size() - at))) + "\n";
    }
    const std::string path =
        source_directory() + "/tests/golden/state/" + name + ".hex";
    if (std::getenv("LEDGER_REWRITE_GOLDEN") != nullptr) {
        std::ofstream(path) << text;
    }
    std::stringstream kept;
    kept << std::ifstream(path).rdbuf();
    INFO(path);
    CHECK(kept.str() == text);
}

Append append() {
    Append out;
    out.session = SessionId{0x11};
    out.sequence = Sequence{0x12};
    out.acknowledged_through = Sequence{0x10};
    out.streams = {{"any", {}}, {"none", {Expected::Kind::no_stream, {}}},
        {"some", {Expected::Kind::exists, {}}}, {"exact", {Expected::Kind::exact, Revision{0x42}}}};
    out.events = {{.stream = 3,
                      .id = {0x0102030405060708, 0x090a0b0c0d0e0f10},
                      .type = "placed",
                      .metadata = to_bytes("meta"),
                      .salt = {0x2122232425262728, 0x292a2b2c2d2e2f30},
                      .payload = to_bytes("a payload")},
        {.stream = 0}};
    return out;
}

TEST_CASE("golden: the bytes of every command", "[state]") {
    const EntryHandle body = encode_command(append());
    check_golden("command_append_envelope", body.envelope());
    check_golden("command_append_erasable", body.erasable());
    check_golden("command_register_session", encode_command(RegisterSession{})->bytes());
    const Redact redact{.session = SessionId{0x11},
        .sequence = Sequence{0x13},
        .acknowledged_through = Sequence{0x12},
        .positions = {Position{3}, Position{0x1122334455667788}}};
    check_golden("command_redact", encode_command(Command{redact})->bytes());
    const Slot first[] = {0};
    check_golden("command_append_partly_erased", erase_events(body, first).erasable());
}

TEST_CASE("golden: the bytes of every outcome", "[state]") {
    const Appended appended{.first = Position{0x21},
        .events = 3,
        .revisions = {Revision{4}, Revision{5}, Revision{0}},
        .cluster_time = {0x1122334455},
        .wall_time = {0x66778899aa}};
    const Conflict conflict{{{"a", {Expected::Kind::exact, Revision{4}}, true, Revision{6}},
                                {"b", {Expected::Kind::exists, {}}, false, {}}},
        Position{0x33}};
    check_golden("outcome_appended", encoded(appended));
    check_golden("outcome_conflict", encoded(conflict));
    check_golden("outcome_session_expired", encoded(SessionExpired{}));
    check_golden("outcome_sequence_too_old", encoded(SequenceTooOld{}));
    check_golden("outcome_mismatch", encoded(Mismatch{}));
    check_golden("outcome_session_registered", encoded(SessionRegistered{SessionId{0x55}}));
    check_golden("outcome_malformed", encoded(Malformed{}));
    check_golden("outcome_limit_reached", encoded(LimitReached{}));
    check_golden("outcome_limit_reached_redactions", encoded(LimitReached{Bound::redactions}));
    check_golden("outcome_redacted", encoded(Redacted{0x102}));
    check_golden("outcome_no_such_events",
        encoded(NoSuchEvents{{Position{2}, Position{9}}, Position{3}, Position{8}}));
}

TEST_CASE("golden: the bytes of queries and answers", "[state]") {
    check_golden(
        "query_stream", encoded(ReadStream{"orders", Revision{7}, Direction::backward, 0x100}));
    check_golden("query_all", encoded(ReadAll{Position{9}, Direction::forward, 0x200}));
    check_golden("query_follow", encoded(Follow{Position{9}, "orders", 0x200, 0x10000}));
    RecordedEvent whole{Position{4}, Revision{1}, "s", {1, 2}, "type", to_bytes("meta"),
        to_bytes("payload"), false};
    const RecordedEvent erased{Position{5}, Revision{0}, "t", {3, 4}, "", {}, {}, true};
    check_golden("answer", encoded(Answer{Position{6}, true, 2, true, {whole, erased}}));
    check_golden("query_all_detailed",
        encoded(ReadAll{Position{9}, Direction::forward, 0x200, Filter{{"placed"}, "orders-"}}));
    check_golden("query_stream_detailed",
        encoded(ReadStream{"orders", Revision{7}, Direction::backward, 0x100, Filter{}}));
    whole.cluster_time = ClusterTime{0x11};
    whole.wall_time = WallTime{0x22};
    check_golden("answer_detailed", encoded(Answer{Position{6}, true, 2, true, {whole, erased},
                                        Detail{.next = 0x33, .first = 0x44}}));
}

TEST_CASE("golden: the bytes of a cut", "[state]") {
    Feed feed;
    feed.time = 0x1122;
    const SessionId session = feed.open();
    const auto write = [&](std::uint64_t sequence, std::vector<std::uint32_t> streams) {
        Append append{.session = session, .sequence = Sequence{sequence}};
        append.streams = {{"orders", {}}, {"audit", {}}};
        for (const std::uint32_t stream : streams) {
            append.events.push_back(event_in(stream, "p"));
        }
        return feed(append);
    };
    write(1, {0, 1, 0});
    feed.open();
    write(2, {1, 0});
    write(3, {1});
    feed.ledger.retain(Index{2});
    std::uint64_t number = 0;
    for (const ByteVector& chunk : chunks_of(feed.ledger, 1000)) {
        check_golden("cut_chunk_" + std::to_string(++number), chunk);
    }
    CHECK(number == cut_tables - 1);  // there are no redactions yet
    feed.learn_redact();
    write(3, {1});  // once more
    feed(Redact{.session = session, .sequence = Sequence{4}, .acknowledged_through = {},
        .positions = {Position{3}, Position{5}}});
    number = 0;
    for (const ByteVector& chunk : chunks_of(feed.ledger, 1000)) {
        check_golden("cut_2_chunk_" + std::to_string(++number), chunk);
    }
    CHECK(number == cut_tables);
}

}  // namespace
}  // namespace ledger::state
