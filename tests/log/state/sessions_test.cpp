#include "log/state/sessions.h"

#include <catch2/catch.hpp>

#include "tests/log/state/examples.h"

namespace ledger::state {
namespace {

using Verdict = Sessions::Verdict;

constexpr SessionLimits small{
    .sessions_max = 2, .stored_replies_max = 3, .stored_reply_bytes_max = 100};
const Digest command = sha256(as_bytes("command"));
const Digest other_command = sha256(as_bytes("another"));

void store(Sessions& sessions, std::uint64_t session, std::uint64_t sequence,
    std::uint64_t acknowledged, std::string_view reply) {
    sessions.store(SessionId{session}, {.sequence = Sequence{sequence},
                                           .acknowledged_through = Sequence{acknowledged},
                                           .command = command,
                                           .bytes = as_bytes(reply)});
}

Verdict verdict(
    Sessions& sessions, std::uint64_t session, std::uint64_t sequence, std::int64_t time = 0) {
    return sessions.judge(SessionId{session}, Sequence{sequence}, command, {time}).verdict;
}

TEST_CASE("sessions: a stored reply is given again, byte by byte", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {});
    CHECK(verdict(sessions, 1, 1) == Verdict::fresh);
    store(sessions, 1, 1, 0, "one");
    const auto judged = sessions.judge(SessionId{1}, Sequence{1}, command, {});
    CHECK(judged.verdict == Verdict::answered);
    CHECK(as_text(judged.reply) == "one");
    CHECK(
        sessions.judge(SessionId{1}, Sequence{1}, other_command, {}).verdict == Verdict::mismatch);
    CHECK(verdict(sessions, 2, 1) == Verdict::expired);
}

TEST_CASE("sessions: sequences may be logged out of order", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {});
    store(sessions, 1, 7, 0, "seven");
    CHECK(verdict(sessions, 1, 5) == Verdict::fresh);
    store(sessions, 1, 5, 0, "five");
    store(sessions, 1, 6, 0, "six");
    for (const std::uint64_t sequence : {5u, 6u, 7u}) {
        CHECK(verdict(sessions, 1, sequence) == Verdict::answered);
    }
    // One more than the bound pushes out the lowest, and what lies below it.
    store(sessions, 1, 8, 0, "eight");
    CHECK(verdict(sessions, 1, 5) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 4) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 6) == Verdict::answered);
}

TEST_CASE(
    "sessions: a late low sequence is refused a second time when it is pushed out", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {});
    for (const std::uint64_t sequence : {10u, 11u, 12u}) {
        store(sessions, 1, sequence, 0, "reply");
    }
    CHECK(verdict(sessions, 1, 3) == Verdict::fresh);
    store(sessions, 1, 3, 0, "late");
    CHECK(verdict(sessions, 1, 3) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 4) == Verdict::fresh);
    CHECK(verdict(sessions, 1, 10) == Verdict::answered);
}

TEST_CASE("sessions: acknowledged replies are dropped and refused", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {});
    store(sessions, 1, 1, 0, "one");
    store(sessions, 1, 2, 0, "two");
    store(sessions, 1, 4, 2, "four");
    CHECK(verdict(sessions, 1, 1) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 2) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 3) == Verdict::fresh);
    CHECK(verdict(sessions, 1, 4) == Verdict::answered);
    // An older acknowledgement that arrives late takes nothing back.
    store(sessions, 1, 3, 0, "three");
    CHECK(verdict(sessions, 1, 2) == Verdict::too_old);
}

TEST_CASE("sessions: replies are bounded in bytes, the newest excepted", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {});
    store(sessions, 1, 1, 0, std::string(50, 'a'));
    store(sessions, 1, 2, 0, std::string(50, 'b'));
    CHECK(verdict(sessions, 1, 1) == Verdict::answered);
    store(sessions, 1, 3, 0, "c");
    CHECK(verdict(sessions, 1, 1) == Verdict::too_old);
    CHECK(verdict(sessions, 1, 2) == Verdict::answered);
    store(sessions, 1, 4, 0, std::string(5000, 'd'));
    CHECK(verdict(sessions, 1, 3) == Verdict::too_old);
    CHECK(sessions.judge(SessionId{1}, Sequence{4}, command, {}).reply.size() == 5000);
}

TEST_CASE("sessions: one too many expires the longest silent", "[state]") {
    Sessions sessions(small);
    CHECK_FALSE(sessions.open(SessionId{1}, {10}));
    CHECK_FALSE(sessions.open(SessionId{2}, {20}));
    CHECK(verdict(sessions, 1, 1, 30) == Verdict::fresh);
    CHECK(sessions.open(SessionId{3}, {40}));
    CHECK(sessions.count() == 2);
    CHECK(verdict(sessions, 2, 1, 50) == Verdict::expired);
    CHECK(verdict(sessions, 1, 1, 50) == Verdict::fresh);
}

TEST_CASE("sessions: equally silent, the lowest id expires", "[state]") {
    Sessions sessions(small);
    sessions.open(SessionId{1}, {10});
    sessions.open(SessionId{2}, {20});
    CHECK(verdict(sessions, 1, 1, 20) == Verdict::fresh);
    sessions.open(SessionId{3}, {20});
    CHECK(verdict(sessions, 1, 1, 20) == Verdict::expired);
    CHECK(verdict(sessions, 2, 1, 20) == Verdict::fresh);
}

}  // namespace
}  // namespace ledger::state
