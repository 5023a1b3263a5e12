#include "sim/check/search/queue_drain.h"

#include <catch2/catch.hpp>

#include "sim/check/recorded/import.h"
#include "sim/check/search/object_models.h"
#include "tests/sim/check/search/counting_budget.h"

namespace ledger::check {
namespace {

std::string event(
    int process, const std::string& type, const std::string& f, const std::string& value) {
    return "{:process " + std::to_string(process) + " :type :" + type + " :f :" + f + " :value " +
           value + "}\n";
}

std::string done(int process, const std::string& f, const std::string& value) {
    return event(process, "invoke", f, f == "enqueue" ? value : "nil") +
           event(process, "ok", f, value);
}

RecordedHistory history_of(const std::string& text) {
    auto history = import_history(text);
    INFO(text << ": " << (history ? std::string() : history.error().place));
    REQUIRE(static_cast<bool>(history));
    return std::move(*history);
}

// The verdict, or the first anomaly with the operations that it names: "lost-value 0 2".
std::string judged(const std::string& text, const std::string& model) {
    CountingBudget budget;
    const auto judgement = judge_object(history_of(text), {model, ""}, budget);
    if (!judgement) {
        return judgement.error().place;
    }
    std::string out(to_text(judgement->verdict));
    if (!judgement->anomalies.empty()) {
        for (const std::uint64_t id : judgement->anomalies[0].operations) {
            CHECK(id < history_of(text).operations.size());
        }
    }
    return out;
}

}  // namespace

TEST_CASE("queue: a drain takes all that is there", "[search]") {
    const std::string two = done(0, "enqueue", "1") + done(0, "enqueue", "2");
    for (const std::string model : {"queue", "fifo-queue"}) {
        CHECK(judged(two + done(1, "drain", "[1 2]"), model) == "ok");
        CHECK(judged(two + done(1, "dequeue", "1") + done(1, "drain", "[2]"), model) == "ok");
        // It is not empty afterwards.
        CHECK(judged(two + done(1, "drain", "[1]"), model) == "violated");
        CHECK(judged(two + done(1, "drain", "nil"), model) == "violated");
        CHECK(judged(two + done(1, "drain", "[1 2 3]"), model) == "violated");
        CHECK(judged(two + done(1, "drain", "[1 1 2]"), model) == "violated");
        CHECK(
            judged(two + done(1, "dequeue", "1") + done(1, "drain", "[1 2]"), model) == "violated");
        // What is put in meanwhile may be taken or not.
        const std::string meanwhile = event(2, "invoke", "enqueue", "3");
        CHECK(judged(two + meanwhile + done(1, "drain", "[1 2 3]"), model) == "ok");
        CHECK(judged(two + meanwhile + done(1, "drain", "[1 2]"), model) == "ok");
        CHECK(judged(two + event(1, "invoke", "drain", "nil") + event(1, "fail", "drain", "nil") +
                         done(1, "dequeue", "1"),
                  model) == "ok");
    }
    CHECK(
        judged(two + event(1, "invoke", "drain", "nil") + event(1, "info", "drain", "nil"), "queue")
            .starts_with("line 5: expected a drain that says what it took"));
}

TEST_CASE("queue: a drain is judged as the takes that it is, and named as itself", "[search]") {
    const RecordedHistory history =
        history_of(done(0, "enqueue", "1") + done(0, "drain", "[1]") + done(1, "dequeue", "7"));
    REQUIRE(has_drains(history));
    const auto drained = without_drains(history);
    REQUIRE(static_cast<bool>(drained));
    CHECK_FALSE(has_drains(drained->history));
    CHECK(drained->originals == std::vector<std::uint64_t>{0, 1, 1, 2});
    Judgement judgement;
    judgement.anomalies.push_back({"garbage-value", "", {}, {3, 1, 2}});
    judgement.partial.push_back({"", "", {{2, ""}}, {{3, ""}}});
    drained->name_originals(judgement);
    CHECK(judgement.anomalies[0].operations == std::vector<std::uint64_t>{2, 1});
    CHECK(judgement.partial[0].steps[0].operation == 1);
    CHECK(judgement.partial[0].refused[0].operation == 2);
}

}  // namespace ledger::check
