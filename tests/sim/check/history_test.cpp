#include "sim/check/history.h"

#include <catch2/catch.hpp>

#include "sim/check/json.h"
#include "tests/sim/check/ledger_builder.h"

namespace ledger::check::test {
namespace {

When at(std::uint64_t step) {
    return {step, Instant{static_cast<std::int64_t>(step) * 10}};
}

Operation called(Operation op, std::uint64_t step) {
    op.called = at(step);
    return op;
}

}  // namespace

TEST_CASE("history: operations are pending until they end, and are counted by outcome", "[check]") {
    History history(10);
    for (std::uint64_t id = 1; id <= 5; ++id) {
        history.called(called(operation(id, 1, TailCall{}), id));
    }
    REQUIRE(history.pending(OperationId{4}) != nullptr);
    history.ended(OperationId{4}, at(6), tail(1));
    CHECK(history.pending(OperationId{4}) == nullptr);
    history.ended(OperationId{2}, at(7), Refused{"busy"});
    history.ended(OperationId{1}, at(8), Unknown{});
    CHECK(history.counts().ok == 1);
    CHECK(history.counts().failed == 1);
    CHECK(history.counts().unknown == 3);
    std::vector<std::uint64_t> ids;
    for (const Operation* op : history.operations()) {
        ids.push_back(op->id.value);
    }
    CHECK(ids == std::vector<std::uint64_t>{4, 2, 1, 3, 5});
}

TEST_CASE("history: only as many ended operations are kept as wanted", "[check]") {
    History none;
    History two(2);
    for (std::uint64_t id = 1; id <= 5; ++id) {
        for (History* history : {&none, &two}) {
            history->called(called(operation(id, 1, TailCall{}), id));
            CHECK(history->ended(OperationId{id}, at(id + 1), tail(id)).id == OperationId{id});
        }
    }
    CHECK(none.operations().empty());
    REQUIRE(two.operations().size() == 2);
    CHECK(two.operations()[0]->id == OperationId{4});
    CHECK(none.counts().ok == 5);
}

TEST_CASE("history: every line of the export is one JSON object of the native schema", "[check]") {
    History history(10);
    AppendCall call = append_call({7, 8}, {exact("or\"ders", 4), none("b")});
    Operation append = called(operation(1, 3, call), 1);
    append.session = SessionId{12};
    append.sequence = Sequence{5};
    append.attempt = 2;
    append.node = NodeId{2};
    history.called(append);
    history.ended(OperationId{1}, at(2), Acknowledged{Position{40}, {Revision{5}, Revision{6}}});
    history.called(called(operation(2, 3, append_call({9}, {exact("b", 0)})), 3));
    history.ended(OperationId{2}, at(4),
        Conflicted{{{"b", {state::Expected::Kind::exact, Revision{0}}, true, Revision{3}}}, 42});
    history.called(called(operation(3, 4, read_stream("b", 1)), 5));
    history.ended(OperationId{3}, at(6), page_at(42, {1, 2}, true));
    history.called(called(operation(4, 4, read_all(0)), 7));

    const std::string text = history.export_jsonl();
    JsonLines lines(text);
    std::vector<JsonValue> values;
    while (!lines.at_end()) {
        Result<JsonValue> value = lines.next();
        REQUIRE(value.has_value());
        values.push_back(*value);
    }
    REQUIRE(values.size() == 4);
    CHECK(values[0].find("position")->number() == 40u);
    CHECK(*values[0].find("status")->text() == "ok");
    CHECK(*values[0].find("key")->text() == "12-5");
    CHECK(values[0].find("attempt")->number() == 2u);
    CHECK(*values[0].find("node")->text() == "n2");
    CHECK(values[0].find("records")->array()->size() == 2);
    CHECK(*(*values[0].find("streams")->array())[0].find("stream")->text() == "or\"ders");
    CHECK(values[1].find("at")->number() == 42u);
    CHECK(*values[1].find("status")->text() == "fail");
    CHECK((*values[1].find("conflicts")->array())[0].find("actual")->number() == 3u);
    CHECK(*values[2].find("f")->text() == "read-stream");
    CHECK(*values[2].find("end_of_log")->boolean());
    CHECK(values[2].find("tail")->number() == 42u);
    CHECK(values[3].find("ret_ns")->is_null());
    CHECK(*values[3].find("status")->text() == "unknown");
}

TEST_CASE("history: a large slice is written as its length and hash", "[check]") {
    ReadAnswer answer;
    for (std::uint64_t i = 1; i <= 17; ++i) {
        answer.events.push_back({Position{i}, Revision{i}, event(i)});
    }
    Operation op = operation(1, 1, read_all(0));
    op.answer = answer;
    const Result<JsonValue> value = parse_json(to_json(op));
    REQUIRE(value.has_value());
    CHECK(value->find("records")->find("n")->number() == 17u);
    CHECK(value->find("records")->find("hash")->text()->size() == 16);
    std::vector<SeenEvent> swapped = answer.events;
    std::swap(swapped[3], swapped[4]);
    CHECK(slice_hash(swapped) != slice_hash(answer.events));
}

TEST_CASE("history: descriptions name the client and what it did", "[check]") {
    Operation op = operation(1, 3, append_call({1, 2}, {any("a")}));
    CHECK(describe(op) == "client 3 appended 2 events");
    op.session = SessionId{12};
    op.sequence = Sequence{5};
    CHECK(describe(op) == "client 3 (session 12, sequence 5) appended 2 events");
    CHECK(
        describe(operation(2, 1, read_stream("a", 4))) == "client 1 read stream a forward from 4");
}

}  // namespace ledger::check::test
