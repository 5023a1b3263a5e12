#include <catch2/catch.hpp>

#include "sim/check/recorded/import.h"
#include "sim/check/search/object_models.h"
#include "sim/check/search/register_model.h"
#include "sim/check/search/searched_history.h"
#include "sim/check/search/stream_model.h"
#include "tests/sim/check/search/counting_budget.h"
#include "tests/sim/check/search/made_objects.h"

namespace ledger::check {
namespace {

RecordedHistory history_of(const std::string& edn) {
    auto history = import_history(edn, HistoryFormat::edn);
    INFO((history ? std::string() : history.error().place));
    REQUIRE(static_cast<bool>(history));
    return std::move(*history);
}

Judgement judged(
    const RecordedHistory& history, const std::string& model, const std::string& level = "") {
    CountingBudget budget;
    auto out = judge_object(history, {model, level}, budget);
    INFO((out ? std::string() : out.error().place));
    REQUIRE(static_cast<bool>(out));
    return std::move(*out);
}

std::string call(int process, const std::string& f, const std::string& value) {
    return "{:process " + std::to_string(process) + " :type :invoke :f :" + f + " :value " + value +
           "}\n";
}
std::string ok(int process, const std::string& f, const std::string& value) {
    return "{:process " + std::to_string(process) + " :type :ok :f :" + f + " :value " + value +
           "}\n";
}
std::string done(int process, const std::string& f, const std::string& value) {
    return call(process, f, f == "read" || f == "dequeue" ? "nil" : value) + ok(process, f, value);
}

// A model of one's own, as short as the header says: a flag that is raised once.
struct FlagModel {
    using State = bool;
    struct Operation {
        bool raises = false;
        bool seen = false;
        friend bool operator==(const Operation&, const Operation&) = default;
    };
    Reading<Operation> read(const RecordedOperation& recorded) const {
        Reading<Operation> out;
        out.observes = recorded.f == "look";
        out.does.push_back({recorded.f == "raise", recorded.answered == Value(true)});
        return out;
    }
    State initial() const { return false; }
    std::optional<State> step(State state, const Operation& operation) const {
        return operation.raises          ? std::optional(true)
               : state == operation.seen ? std::optional(state)
                                         : std::nullopt;
    }
    std::uint64_t hash(State state) const { return state ? 1 : 0; }
    std::uint64_t hash(const Operation& operation) const {
        return (operation.raises ? 2u : 0u) + (operation.seen ? 1u : 0u);
    }
    std::uint64_t bytes(State) const { return 0; }
    std::string describe(State state) const { return state ? "up" : "down"; }
    std::string refusal(State state, const Operation&) const { return "it was " + describe(state); }
};

// Clients with one key each of ten, as many as wanted; one read of one key is stale.
RecordedHistory many_clients(std::uint64_t operations, bool stale) {
    auto held = std::make_shared<std::map<std::int64_t, std::string>>();
    auto tokens = std::make_shared<std::int64_t>(0);
    auto reads = std::make_shared<std::uint64_t>(0);
    MadeObject object;
    object.call = [tokens](Dice& dice, std::int64_t process) -> Wanted {
        const Value key = whole(dice.number(0, 9));
        if (dice.chance(50)) {
            return {"get", list_of({key, Value()})};
        }
        return {dice.chance(20) ? "put" : "append",
            list_of({key,
                word("x " + std::to_string(process) + " " + std::to_string((*tokens)++) + " y")})};
    };
    object.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        const ValueList& pair = *wanted.asked.list();
        std::string& value = (*held)[*pair[0].integer()];
        answer = wanted.asked;
        if (wanted.f == "get") {
            answer = list_of({pair[0], word(value)});
        } else if (wanted.f == "put") {
            value = pair[1].text()->characters;
        } else {
            value += pair[1].text()->characters;
        }
        return true;
    };
    object.lie = [reads, stale](const Wanted& wanted, const Value& right, Dice&) {
        const bool this_one = stale && wanted.f == "get" &&
                              *(*wanted.asked.list())[0].integer() == 7 && ++*reads == 60;
        return this_one ? list_of({(*wanted.asked.list())[0], word("")}) : right;
    };
    MakerOptions options;
    options.processes = 50;
    options.operations = operations;
    options.unknown_percent = 0;
    options.lie_percent = 100;
    return make_history(object, options, 11);
}

}  // namespace

TEST_CASE("search: equal places are concurrent", "[search]") {
    RecordedHistory history = history_of(done(0, "write", "1") + done(1, "read", "0"));
    CHECK(judged(history, "register").verdict == Verdict::violated);
    history.operations[1].called = history.operations[0].returned;
    CHECK(judged(history, "register").verdict == Verdict::ok);
    history.operations[1].called += 1;
    history.operations[1].returned += 1;
    CHECK(judged(history, "register").verdict == Verdict::violated);
}

TEST_CASE("search: an unknown operation may take effect late, once, or never", "[search]") {
    const std::string lost =
        call(0, "write", "1") + "{:process 0 :type :info :f :write :value 1}\n";
    CHECK(judged(history_of(lost + done(1, "read", "0")), "register").verdict == Verdict::ok);
    CHECK(judged(history_of(lost + done(1, "read", "0") + done(1, "read", "1")), "register")
              .verdict == Verdict::ok);
    // Once it has been overwritten it does not come again.
    CHECK(judged(history_of(
                     lost + done(1, "read", "1") + done(1, "write", "2") + done(1, "read", "1")),
              "register")
              .verdict == Verdict::violated);
    // Not before its call.
    CHECK(judged(history_of(done(1, "read", "1") + lost), "register").verdict == Verdict::violated);
    // A call without any return is the same.
    CHECK(judged(history_of(call(0, "write", "1") + done(1, "read", "0") + done(1, "read", "1")),
              "register")
              .verdict == Verdict::ok);
}

TEST_CASE(
    "search: keys do not touch each other, unless one order of all is asked for", "[search]") {
    const auto pair = [](const char* key, const std::string& value) {
        return "[" + std::string(key) + " " + value + "]";
    };
    // Each key is sequential by itself, both together are not.
    const RecordedHistory crossed =
        history_of(done(0, "write", pair("x", "1")) + done(0, "write", pair("y", "1")) +
                   call(1, "read", pair("y", "nil")) + ok(1, "read", pair("y", "1")) +
                   call(1, "read", pair("x", "nil")) + ok(1, "read", pair("x", "0")));
    CHECK(judged(crossed, "register", "sequential").verdict == Verdict::violated);
    CHECK(judged(crossed, "register", "eventual").verdict == Verdict::ok);
    const Judgement linear = judged(crossed, "register");
    CHECK(linear.verdict == Verdict::violated);
    CHECK(linear.anomalies[0].name == "stale-read");
    CHECK(linear.partial[0].part == "key x");
}

TEST_CASE("search: the first wrong answer is named with what the object held", "[search]") {
    const Judgement stale = judged(history_of(done(0, "write", "1") + done(1, "write", "2") +
                                              done(2, "read", "1") + done(2, "read", "2")),
        "cas-register(init=0)");
    REQUIRE(stale.verdict == Verdict::violated);
    const Anomaly& anomaly = stale.anomalies[0];
    CHECK(anomaly.name == "stale-read");
    CHECK(anomaly.sentence ==
          "client 2's read -> 1 (lines 5 and 6) saw 1, but client 1's write 2 -> ok "
          "(lines 3 and 4) had written over it and ended before the read was called");
    CHECK(anomaly.operations[0] == 2);
    CHECK(anomaly.operations[1] == 1);
    REQUIRE(stale.partial.size() == 1);
    CHECK(stale.partial[0].steps.size() == 2);
    CHECK(stale.partial[0].steps[1].state == "2");
    REQUIRE(stale.partial[0].refused.size() == 1);
    CHECK(stale.partial[0].refused[0].why == "a read of 1, but the register held 2");
    const Judgement garbage =
        judged(history_of(done(0, "write", "1") + done(2, "read", "9")), "register");
    CHECK(garbage.anomalies[0].name == "garbage-read");
    const Judgement future =
        judged(history_of(done(2, "read", "1") + done(0, "write", "1")), "register");
    CHECK(future.anomalies[0].name == "future-read");
}

TEST_CASE("search: the two conventions of registers", "[search]") {
    const std::string failed = "{:process 1 :type :fail :f :cas :value [0 1]}\n";
    const RecordedHistory cas = history_of(call(1, "cas", "[0 1]") + failed + done(2, "read", "0"));
    CHECK(judged(cas, "cas-register(init=0)").verdict == Verdict::ok);
    CHECK(judged(cas, "cas-register").verdict == Verdict::ok);
    // nil at first, so it did not match; but 0 was never written.
    CHECK(judged(cas, "cas-register(init=nil)").verdict == Verdict::violated);
    const RecordedHistory nil = history_of(done(1, "write", "3") + call(2, "read", "nil") +
                                           ok(2, "read", "nil") + done(2, "read", "3"));
    CHECK(judged(nil, "cas-register(init=0)").verdict == Verdict::ok);
    CHECK(judged(nil, "cas-register(init=nil)").verdict == Verdict::violated);
    CHECK(judged(history_of(done(1, "read", "5")), "register(init=5)").verdict == Verdict::ok);
    CHECK(judged(history_of(done(1, "read", "5")), "register").verdict == Verdict::violated);
}

TEST_CASE("search: weaker levels allow what their names say", "[search]") {
    const std::string writes = done(0, "write", "1") + done(0, "write", "2");
    const auto verdict = [&](const std::string& reads, const std::string& level) {
        return judged(history_of(writes + reads), "register", level).verdict;
    };
    const std::string stale = done(1, "read", "1");
    CHECK(verdict(stale, "linearizable") == Verdict::violated);
    CHECK(verdict(stale, "sequential") == Verdict::ok);
    CHECK(verdict(stale, "eventual") == Verdict::ok);
    const std::string backwards = done(1, "read", "2") + done(1, "read", "1");
    CHECK(verdict(backwards, "monotonic-reads") == Verdict::violated);
    CHECK(verdict(backwards, "sequential") == Verdict::violated);
    CHECK(verdict(backwards, "read-your-writes") == Verdict::ok);
    const std::string own = done(0, "read", "1");
    CHECK(verdict(own, "read-your-writes") == Verdict::violated);
    CHECK(verdict(own, "monotonic-reads") == Verdict::ok);
    // A read never sees what was called after it returned.
    CHECK(judged(history_of(done(1, "read", "1") + writes), "register", "eventual").verdict ==
          Verdict::violated);
    CHECK(verdict(done(1, "read", "9"), "consistent-prefix") == Verdict::violated);
}

TEST_CASE("search: bounded staleness counts from what ended that long before", "[search]") {
    RecordedHistory history =
        history_of(done(0, "write", "1") + done(0, "write", "2") + done(1, "read", "1"));
    std::int64_t time = 0;
    for (RecordedOperation& operation : history.operations) {
        operation.called_ns = time += 10;
        operation.returned_ns = time += 10;
    }
    // The write of 2 ended at 40, the read began at 50.
    CHECK(judged(history, "register", "bounded-staleness=10ns").verdict == Verdict::ok);
    CHECK(judged(history, "register", "bounded-staleness=9ns").verdict == Verdict::violated);
    history.operations[0].returned_ns.reset();
    CountingBudget budget;
    CHECK(!judge_object(history, {"register", "bounded-staleness=10ns"}, budget));
}

TEST_CASE("search: a limit makes it inconclusive and is asked for often", "[search]") {
    // Writes that nobody reads in the end: every order of them has to be tried.
    std::string text;
    for (int i = 0; i < 22; ++i) {
        text += call(i, "write", std::to_string(i + 1));
    }
    for (int i = 0; i < 22; ++i) {
        text += ok(i, "write", std::to_string(i + 1));
    }
    const RecordedHistory hard = history_of(text + done(30, "read", "99"));
    for (const std::uint64_t questions : {0u, 1u, 7u}) {
        CountingBudget budget(questions);
        const auto out = judge_object(hard, {"register", ""}, budget);
        REQUIRE(static_cast<bool>(out));
        CHECK(out->verdict == Verdict::inconclusive);
        CHECK(out->reason == "the time limit was reached");
        CHECK(budget.questions() == questions + 1);
        if (questions == 7) {  // not more than so many steps between two questions
            CHECK(out->coverage.back().first == "steps tried");
            CHECK(out->coverage.back().second < 8 * 4200);
        }
    }
    CountingBudget little(UINT64_MAX, 8u << 20);
    const auto out = judge_object(hard, {"register", ""}, little);
    REQUIRE(static_cast<bool>(out));
    CHECK(out->verdict == Verdict::inconclusive);
    CHECK(out->reason == "the memory limit was reached");
    CHECK(little.most_bytes() < 64u << 20);
}

TEST_CASE("search: large states are work too", "[search]") {
    // Sixty texts of 100 KB each: few steps, much to copy.
    std::string text;
    for (int i = 0; i < 60; ++i) {
        text += done(0, "append", "[1 \"" + std::string(100'000, 'x') + "\"]");
    }
    const RecordedHistory history = history_of(text + done(0, "get", "[1 \"x\"]"));
    CountingBudget budget;
    const auto out = judge_object(history, {"kv-append", ""}, budget);
    REQUIRE(static_cast<bool>(out));
    CHECK(out->verdict == Verdict::violated);
    CHECK(budget.questions() >= 2);  // of 61 steps alone there would be one
    CHECK(budget.most_bytes() > 100'000'000);
}

TEST_CASE("search: fifty clients, ten keys, one of them wrong", "[search]") {
    CountingBudget budget;
    const auto wrong =
        judge_object(many_clients(2'000, true), {"kv-append(partition-by-key)", ""}, budget);
    REQUIRE(static_cast<bool>(wrong));
    CHECK(wrong->verdict == Verdict::violated);
    CHECK(wrong->partial.size() == 1);
    CHECK(wrong->partial[0].part == "key 7");
    CHECK(judged(many_clients(2'000, false), "kv-append").verdict == Verdict::ok);
    CHECK(budget.most_bytes() < 512u << 20);
}

TEST_CASE("search: a model of one's own needs no more than its state and its steps", "[search]") {
    static_assert(SequentialModel<FlagModel>);
    FlagModel flag;
    CountingBudget budget;
    SearchRequest request{"flag", "linearizable", {}, true, "flag"};
    const auto up = judge_by_search(flag,
        history_of(done(0, "look", "false") + done(1, "raise", "nil") + done(0, "look", "true")),
        request, budget);
    REQUIRE(static_cast<bool>(up));
    CHECK(up->verdict == Verdict::ok);
    const auto down = judge_by_search(
        flag, history_of(done(1, "raise", "nil") + done(0, "look", "false")), request, budget);
    REQUIRE(static_cast<bool>(down));
    CHECK(down->verdict == Verdict::violated);
}

TEST_CASE("object models: what nothing can be said of is inconclusive", "[search]") {
    CHECK(judged(history_of(done(0, "write", "1")), "register").verdict == Verdict::inconclusive);
    CHECK(judged(history_of(done(0, "add", "1")), "counter").verdict == Verdict::inconclusive);
    CHECK(judged(history_of(done(0, "add", "1")), "set").verdict == Verdict::inconclusive);
    CHECK(judged(history_of(done(0, "enqueue", "1")), "queue").verdict == Verdict::inconclusive);
    CHECK(judged(history_of(call(0, "read", "nil")), "register").verdict == Verdict::inconclusive);
    CHECK(
        judged(history_of(call(0, "read", "nil") + "{:process 0 :type :fail :f :read :value nil}"),
            "bank")
            .verdict == Verdict::inconclusive);
}

TEST_CASE("object models: banks, sets, queues, counters and locks name what is wrong", "[search]") {
    const auto name = [&](const std::string& text, const std::string& model) {
        const Judgement out = judged(history_of(text), model);
        return out.anomalies.empty() ? std::string(to_text(out.verdict)) : out.anomalies[0].name;
    };
    CHECK(
        name(done(0, "read", "{0 5 1 5}") + done(0, "read", "{1 6 0 5}"), "bank") == "wrong-total");
    CHECK(name(done(0, "read", "{0 5 1 5}") + done(0, "read", "{0 11 1 -1}"), "bank") ==
          "negative-balance");
    CHECK(name(done(0, "read", "{0 5 1 5}"), "bank(total=11)") == "wrong-total");
    CHECK(name(done(0, "read", "{0 5 1 5}") + done(0, "read", "{1 6, 0 4}"), "bank") == "ok");
    CHECK(name(done(0, "add", "1") + done(0, "read", "[]"), "set") == "lost-element");
    CHECK(name(done(0, "read", "#{1}"), "set") == "garbage-element");
    CHECK(name(done(0, "add", "1") + done(0, "read", "[1 1]"), "set") == "duplicate-element");
    CHECK(name(call(0, "add", "1") + "{:process 0 :type :fail :f :add :value 1}" +
                   done(1, "read", "[1]"),
              "set") == "aborted-add-visible");
    CHECK(name(call(0, "add", "1") + call(1, "add", "2") + done(2, "read", "[1]") +
                   done(2, "read", "[2]"),
              "set") == "incompatible-reads");
    CHECK(name(call(0, "add", "1") + done(2, "read", "[1]") + done(2, "read", "[]"), "set") ==
          "nonmonotonic-read");
    CHECK(name(call(0, "add", "1") + done(2, "read", "[]"), "set") == "ok");
    CHECK(name(done(0, "add", "2") + done(0, "read", "3"), "counter") == "read-out-of-bounds");
    CHECK(name(call(0, "add", "2") + done(1, "read", "2") + done(1, "read", "0"), "counter") ==
          "not linearizable");
    CHECK(name(done(0, "dequeue", "3"), "queue") == "garbage-value");
    CHECK(name(done(0, "enqueue", "3") + done(0, "dequeue", "3") + done(1, "dequeue", "3"),
              "queue") == "duplicate-value");
    const std::string two = done(0, "enqueue", "1") + done(0, "enqueue", "2");
    CHECK(name(two + done(1, "dequeue", "2"), "queue") == "ok");
    CHECK(name(two + done(1, "dequeue", "2"), "fifo-queue") == "lost-value");
    CHECK(name(two + done(1, "dequeue", "2") + done(1, "dequeue", "1"), "fifo-queue") ==
          "reordered-values");
    CHECK(name(two + done(1, "dequeue", "2") + done(1, "dequeue", "1"), "stack") == "ok");
    CHECK(name(two + done(1, "dequeue", "1"), "stack") == "not linearizable");
    const std::string twice = call(0, "acquire", "nil") + ok(0, "acquire", "nil") +
                              call(1, "acquire", "nil") + ok(1, "acquire", "nil");
    CHECK(name(twice, "mutex") == "not linearizable");
    const std::string stolen = call(0, "acquire", "nil") + ok(0, "acquire", "nil") +
                               call(1, "release", "nil") + ok(1, "release", "nil");
    CHECK(name(stolen, "mutex") == "ok");
    CHECK(name(stolen, "owner-mutex") == "not linearizable");
}

TEST_CASE("stream model: hashes are those of the published algorithm", "[search]") {
    // Eight bytes 0 to 7, with the seeds 0 and 31.
    CHECK(seeded_hash(0x0706050403020100ULL, 0) == 4187271766389786872ULL);
    CHECK(seeded_hash(0x0706050403020100ULL, 31) ==
          static_cast<std::uint64_t>(std::int64_t{-5301042565225696800}));
}

TEST_CASE("stream model: appends, demands and reads of start and finish lines", "[search]") {
    const auto line = [](const std::string& event, int client, int id) {
        return "{\"event\":{" + event + "},\"client_id\":" + std::to_string(client) +
               ",\"op_id\":" + std::to_string(id) + "}\n";
    };
    const auto append = [&](int client, int id, const std::string& record,
                            const std::string& more) {
        return line("\"Start\":{\"Append\":{\"num_records\":1,\"record_hashes\":[" + record + "]" +
                        more + "}}",
            client, id);
    };
    const auto appended = [&](int client, int id, int tail) {
        return line(
            "\"Finish\":{\"AppendSuccess\":{\"tail\":" + std::to_string(tail) + "}}", client, id);
    };
    const auto read = [&](int client, int id, int tail, std::uint64_t hash) {
        return line("\"Start\":\"Read\"", client, id) +
               line("\"Finish\":{\"ReadSuccess\":{\"tail\":" + std::to_string(tail) +
                        ",\"stream_hash\":" + std::to_string(hash) + "}}",
                   client, id);
    };
    const auto verdict = [](const std::string& text) {
        const auto history = import_history(text);
        REQUIRE(static_cast<bool>(history));
        return judged(*history, "s2-stream").verdict;
    };
    const std::uint64_t one = seeded_hash(5, 0);
    const std::uint64_t two = seeded_hash(18446744073709551615ULL, one);
    const std::string lost = line("\"Finish\":\"AppendIndefiniteFailure\"", 2, 2);
    const std::string both = append(1, 1, "5", "") + appended(1, 1, 1) +
                             append(2, 2, "18446744073709551615", ",\"match_seq_num\":1") + lost;
    CHECK(verdict(both + read(1, 3, 1, one)) == Verdict::ok);
    CHECK(verdict(both + read(1, 3, 2, two)) == Verdict::ok);
    CHECK(verdict(both + read(1, 3, 2, one)) == Verdict::violated);
    CHECK(verdict(both + read(1, 3, 2, two) + read(1, 4, 1, one)) == Verdict::violated);
    const std::string fenced =
        append(1, 1, "5", ",\"set_fencing_token\":\"a\"") + appended(1, 1, 1);
    CHECK(verdict(fenced + append(2, 2, "6", ",\"fencing_token\":\"a\"") + appended(2, 2, 2)) ==
          Verdict::ok);
    CHECK(verdict(fenced + append(2, 2, "6", ",\"fencing_token\":\"b\"") + appended(2, 2, 2)) ==
          Verdict::violated);
}

TEST_CASE("object models: what is unknown is said with what there is", "[search]") {
    const RecordedHistory history = history_of(done(0, "write", "1") + done(0, "read", "1"));
    CountingBudget budget;
    const auto error = [&](const std::string& model, const std::string& level) {
        const auto out = judge_object(history, {model, level}, budget);
        REQUIRE(!out);
        return out.error().place;
    };
    CHECK(error("regster", "").find("cas-register") != std::string::npos);
    CHECK(error("register", "serializable").find("monotonic-reads") != std::string::npos);
    CHECK(error("register(foo=1)", "").find("init") != std::string::npos);
    CHECK(error("register(init=)", "").find("init=VALUE") != std::string::npos);
    CHECK(error("mutex", "").find("line 1: expected acquire or release, found write") !=
          std::string::npos);
    CHECK(
        error("register", "bounded-staleness=soon").find("bounded-staleness") != std::string::npos);
    for (const std::string_view name : object_model_names()) {
        CHECK(is_object_model(name));
        CHECK(!object_model_levels(name).empty());
    }
}

TEST_CASE("search: a session sees its own writes and never goes back", "[search]") {
    const auto verdict = [](const std::string& text, const std::string& level) {
        CountingBudget budget;
        const auto out = judge_object(history_of(text), {"register", level}, budget);
        REQUIRE(static_cast<bool>(out));
        return std::string(to_text(out->verdict));
    };
    const std::string two = done(0, "write", "1") + done(0, "write", "2");
    for (const std::string level :
        {"session", "monotonic-reads+read-your-writes", "read-your-writes+monotonic-reads"}) {
        CHECK(verdict(two + done(1, "read", "1"), level) == "ok");
        CHECK(verdict(two + done(0, "read", "1"), level) == "violated");
        CHECK(verdict(two + done(1, "read", "2") + done(1, "read", "1"), level) == "violated");
        CHECK(verdict(two + done(1, "read", "2") + done(2, "read", "1"), level) == "ok");
    }
    CHECK(verdict(two + done(0, "read", "1"), "monotonic-reads") == "ok");
    CHECK(verdict(two + done(1, "read", "2") + done(1, "read", "1"), "read-your-writes") == "ok");
    CountingBudget budget;
    CHECK_FALSE(static_cast<bool>(judge_object(history_of(two + done(1, "read", "1")),
        {"register", "monotonic-reads+linearizable"}, budget)));
}

TEST_CASE("search: keys that begin alike are different keys", "[search]") {
    for (const auto& [a, b] : {std::pair("10", "11"), std::pair("\"x\"", "\"xy\""),
             std::pair(":k", ":key"), std::pair("[1 2]", "[1 3]"), std::pair("1", "\"1\"")}) {
        const auto with = [](const char* key, const char* value) {
            return std::string("[") + key + " " + value + "]";
        };
        const auto read = [&](const char* key, const char* value) {
            return call(2, "read", with(key, "nil")) + ok(2, "read", with(key, value));
        };
        const std::string writes = done(0, "write", with(a, "1")) + done(1, "write", with(b, "2"));
        for (const std::string model : {"register", "kv", "kv(no-partition)"}) {
            CHECK(judged(history_of(writes + read(a, "1") + read(b, "2")), model).verdict ==
                  Verdict::ok);
            CHECK(judged(history_of(writes + read(a, "2") + read(b, "2")), model).verdict ==
                  Verdict::violated);
        }
    }
}

}  // namespace ledger::check
