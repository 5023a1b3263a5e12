#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/check/search/object_models.h"
#include "sim/rapidcheck_history.h"
#include "tests/sim/check/search/counting_budget.h"

namespace ledger::check {
namespace {

namespace gen = rapidcheck::gen;

Value whole_number(std::int64_t number) {
    return Value(number);
}

rc::Gen<gen::Asked> register_calls() {
    return rc::gen::exec([] {
        const int what = *rc::gen::inRange(0, 5);
        const auto a = *rc::gen::inRange<std::int64_t>(0, 5);
        const auto b = *rc::gen::inRange<std::int64_t>(0, 5);
        if (what < 2) {
            return gen::Asked{"read", Value()};
        }
        return what < 4 ? gen::Asked{"write", whole_number(a)}
                        : gen::Asked{"cas", Value(ValueList{whole_number(a), whole_number(b)})};
    });
}

std::optional<Value> apply_to_register(std::int64_t& held, const gen::Asked& asked) {
    if (asked.f == "read") {
        return whole_number(held);
    }
    if (asked.f == "write") {
        held = *asked.value.integer();
        return asked.value;
    }
    const ValueList& pair = *asked.value.list();
    if (pair[0].integer() != held) {
        return std::nullopt;
    }
    held = *pair[1].integer();
    return asked.value;
}

rc::Gen<RecordedHistory> register_histories() {
    return gen::history(register_calls(), std::int64_t{0}, apply_to_register);
}

Judgement judged(const RecordedHistory& history, const std::string& model) {
    CountingBudget budget;
    const auto judgement = judge_object(history, {model, ""}, budget);
    RC_ASSERT(static_cast<bool>(judgement));
    return *judgement;
}

}  // namespace

TEST_CASE("gen::history: what a register could have answered is never called wrong", "[search]") {
    std::uint64_t operations = 0;
    std::uint64_t unknown = 0;
    std::uint64_t failed = 0;
    std::uint64_t overlapping = 0;
    rc::prop("register", [&] {
        const RecordedHistory history = *register_histories();
        // A failed cas is an observation with init=nil, and here it is a true one.
        for (const char* model : {"cas-register(init=0)", "register"}) {
            RC_ASSERT(judged(history, model).verdict != Verdict::violated);
        }
        for (std::uint64_t i = 0; i < history.operations.size(); ++i) {
            const RecordedOperation& one = history.operations[i];
            ++operations;
            unknown += one.outcome == Outcome::unknown ? 1u : 0u;
            failed += one.outcome == Outcome::failed ? 1u : 0u;
            overlapping += i > 0 && history.operations[i - 1].returned >= one.called ? 1u : 0u;
        }
    });
    // Else the property says little.
    CHECK(operations > 1000);
    CHECK(unknown > operations / 20);
    CHECK(failed > operations / 100);
    CHECK(overlapping > operations / 4);
}

TEST_CASE("gen::history: an answer that nobody can have given is found in each", "[search]") {
    std::uint64_t changed = 0;
    rc::prop("register with one lie", [&] {
        RecordedHistory history = *register_histories();
        const auto read = std::find_if(
            history.operations.begin(), history.operations.end(), [](const RecordedOperation& one) {
                return one.f == "read" && one.outcome == Outcome::ok;
            });
        RC_PRE(read != history.operations.end());
        read->answered = whole_number(99);
        ++changed;
        RC_ASSERT(judged(history, "register").verdict == Verdict::violated);
    });
    CHECK(changed >= 50);
}

TEST_CASE(
    "gen::history: a queue's values come out in order, and it reads what it exports", "[search]") {
    const auto calls = rc::gen::exec([] {
        const auto value = *rc::gen::inRange<std::int64_t>(0, 1000);
        return *rc::gen::arbitrary<bool>() ? gen::Asked{"enqueue", whole_number(value)}
                                           : gen::Asked{"dequeue", Value()};
    });
    const auto apply = [](std::vector<Value>& held,
                           const gen::Asked& asked) -> std::optional<Value> {
        if (asked.f == "enqueue") {
            held.push_back(asked.value);
            return asked.value;
        }
        if (held.empty()) {
            return std::nullopt;
        }
        Value first = held.front();
        held.erase(held.begin());
        return first;
    };
    rc::prop("fifo-queue", [&] {
        const auto history = *rc::gen::resize(30, gen::history(calls, std::vector<Value>(), apply,
                                                      {.processes = 3, .unknown_percent = 5}));
        RC_ASSERT(judged(history, "fifo-queue").verdict != Verdict::violated);
        RC_PRE(!history.operations.empty());
        const auto again = import_history(export_edn(history));
        RC_ASSERT(static_cast<bool>(again));
        RC_ASSERT(again->operations.size() == history.operations.size());
        RC_ASSERT(judged(*again, "fifo-queue").verdict != Verdict::violated);
    });
}

}  // namespace ledger::check
