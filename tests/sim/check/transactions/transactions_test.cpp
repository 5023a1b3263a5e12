// Transactions: models and levels by name, malformed histories, limits, and operations on pages.

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "sim/check/recorded/import.h"
#include "sim/check/transactions/level.h"
#include "tests/sim/check/transactions/transaction_sample.h"
#include "tests/sim/check/transactions/transaction_store.h"

namespace ledger::check::test {
namespace {

std::string error_of(
    const RecordedHistory& history, std::string_view model, std::string_view level = "") {
    Unlimited budget;
    const auto judged =
        judge_transactions(history, {std::string(model), std::string(level)}, budget);
    return judged ? "" : judged.error().place;
}

std::string error_of(std::string_view edn, std::string_view model) {
    const auto history = import_history(edn, HistoryFormat::edn);
    return history ? error_of(*history, model) : "not read: " + history.error().place;
}

// Spent after so many questions.
class Limited final : public Budget {
  public:
    explicit Limited(std::uint64_t questions) : left_(questions) {}
    bool spent(std::uint64_t) override { return left_ == 0 || --left_ == 0; }
    std::string why() const override { return "the time limit of 1s was reached"; }

  private:
    std::uint64_t left_;
};

}  // namespace

TEST_CASE("levels: what implies what", "[transactions]") {
    for (const Level level : levels) {
        CHECK(implies(level, level));
        CHECK(implies(Level::strict_serializable, level));
        CHECK(implies(level, Level::read_uncommitted));
        CHECK(level_named(to_text(level)) == level);
    }
    CHECK_FALSE(implies(Level::snapshot_isolation, Level::repeatable_read));
    CHECK_FALSE(implies(Level::repeatable_read, Level::snapshot_isolation));
    CHECK_FALSE(implies(Level::serializable, Level::strong_session_serializable));
    const BrokenLevels skew = {Level::repeatable_read};
    CHECK(skew.strongest_held() == Level::snapshot_isolation);
    CHECK(skew.weakest_broken() == Level::repeatable_read);
    CHECK_FALSE(BrokenLevels{}.weakest_broken());
}

TEST_CASE("transactions: unknown models and levels are errors that name the known ones",
    "[transactions]") {
    const auto history = concurrent({"ax1", "rx1"});
    CHECK(error_of(history, "list-prepend")
            .starts_with("unknown model list-prepend of transactions; known: list-append, "));
    CHECK(
        error_of(history, "list-append", "linearizable") ==
        "unknown level linearizable of model list-append; known: read-uncommitted, read-committed, "
        "repeatable-read, snapshot-isolation, serializable, strong-session-serializable, "
        "strict-serializable");
    CHECK(error_of(history, "list-append / serializable", "strict-serializable") ==
          "unknown level strict-serializable of model list-append / serializable; known: "
          "serializable");
    CHECK(error_of(history, "kafka-log", "serializable") ==
          "unknown level serializable of model kafka-log; known: read-uncommitted, read-committed");
    CHECK(judge(history, "list-append / serializable").level == "serializable");
    CHECK(judge(history, "list-append (JSON form)").level == "strict-serializable");
    CHECK(is_transaction_model("long-fork"));
    CHECK_FALSE(is_transaction_model("register"));
}

TEST_CASE("transactions: a malformed one is named with its line and what was expected",
    "[transactions]") {
    const auto call = [](std::string_view value) {
        return "{:type :invoke, :process 0, :f :txn, :value " + std::string(value) +
               "}\n{:type :ok, :process 0, :f :txn, :value " + std::string(value) + "}";
    };
    CHECK(
        error_of(call("7"), "list-append") ==
        "operation 0 (line 2): expected a list of micro-operations [:append key value] and [:r key "
        "list], found 7");
    CHECK(error_of(call("[[:append 1 2] [:cas 1 2]]"), "list-append") ==
          "operation 0 (line 2): expected micro-operations [:append key value] and [:r key list], "
          "found "
          "[cas 1 2]");
    CHECK(error_of(call("[[:r 1 2]]"), "list-append") ==
          "operation 0 (line 2): expected a list or nil as the answer of a read, found [r 1 2]");
    CHECK(error_of(call("[[:w 1]]"), "rw-register") ==
          "operation 0 (line 2): expected micro-operations [:w key value] and [:r key value], "
          "found [w "
          "1]");
    CHECK(error_of(call("[[:append 1 2]]"), "long-fork").ends_with("found [append 1 2]"));
    CHECK(error_of(call("[[:poll {1 [[:a 2]]}]]"), "kafka-log")
            .ends_with("found [poll {1 [[a 2]]}]"));
    CHECK(error_of(call("[[:poll [1]]]"), "kafka-log").ends_with("found [poll [1]]"));
    CHECK(error_of(call("[]"), "list-append").empty());
}

TEST_CASE(
    "transactions: a spent budget is inconclusive unless something was found", "[transactions]") {
    StoreSettings settings;
    settings.transactions = 5000;
    settings.clients = 5;
    settings.keys = 50;
    const RecordedHistory sound = Store(1, settings).run();
    for (std::uint64_t questions = 1; questions < 12; ++questions) {
        Limited budget(questions);
        const auto judged = judge_transactions(sound, {"list-append", ""}, budget);
        REQUIRE(judged.has_value());
        INFO(questions);
        CHECK(judged->verdict == Verdict::inconclusive);
        CHECK(judged->reason == "the time limit of 1s was reached");
        CHECK(judged->strongest_held.empty());
    }
    CHECK(judge(sound, "list-append").verdict == Verdict::ok);
}

TEST_CASE("transactions: values changed at random are judged or refused, never a crash",
    "[transactions]") {
    const auto pick = [](std::uint64_t seed, std::uint64_t what, std::uint64_t below) {
        return keyed_bits(seed, Site{905}, 0, what) % below;
    };
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 0; seed < 4'000; ++seed) {
        StoreSettings settings;
        settings.sample = seed % 2 == 0 ? Sample::lists : Sample::registers;
        settings.kind = StoreSettings::Kind::sloppy;
        settings.transactions = 6;
        settings.unknown_percent = 20;
        RecordedHistory history = Store(seed, settings).run();
        for (std::uint64_t i = 0; i < 1 + seed % 3; ++i) {
            RecordedOperation& operation =
                history.operations[pick(seed, 4 * i, history.operations.size())];
            Value& target = pick(seed, 4 * i + 1, 3) == 0 ? operation.asked : operation.answered;
            ValueList micros = target.list() == nullptr ? ValueList{} : *target.list();
            const Value odd[] = {Value(), Value(true), Value(std::int64_t{1}), text_value("r"),
                Value(ValueList{}), Value(ValueMap{{Value(), Value()}}), Value(ValueSet{}),
                Value(ValueList{text_value("r"), Value(), Value(ValueList{Value(), Value()})}),
                Value(ValueList{
                    text_value("poll"), Value(ValueMap{{Value(), Value(ValueList{Value()})}})}),
                Value(
                    ValueList{text_value("send"), Value(true), Value(ValueList{Value(), Value()})}),
                Value(ValueList{text_value("append"), Value(std::int64_t{0}), Value()})};
            const Value& changed = odd[pick(seed, 4 * i + 2, std::size(odd))];
            const ValueList* first = micros.empty() ? nullptr : micros[0].list();
            if (first == nullptr || first->empty() || pick(seed, 4 * i + 3, 4) == 0) {
                target = changed;
            } else if (pick(seed, 4 * i + 3, 4) == 1) {
                micros.push_back(changed);
                target = Value(std::move(micros));
            } else {
                ValueList parts = *first;
                parts[pick(seed, 4 * i + 3, parts.size())] = changed;
                micros[0] = Value(std::move(parts));
                target = Value(std::move(micros));
            }
        }
        for (const char* model : {"list-append", "rw-register", "long-fork", "kafka-log",
                 "rw-register (default anomalies)"}) {
            const std::string error = error_of(history, model);
            refused += error.empty() ? 0u : 1u;
            if (!error.empty()) {
                REQUIRE(error.starts_with("operation "));
                REQUIRE(error.find("expected ") != std::string::npos);
            }
        }
        for (const RecordedOperation& operation : history.operations) {
            REQUIRE_FALSE(transaction_page_operation(history, operation.id).lane.empty());
        }
    }
    CHECK(refused > 1000);
}

TEST_CASE("transactions: a page shows the micro-operations in one line", "[transactions]") {
    const auto history = concurrent({"ax1 rx1", "?ry"});
    const PageOperation answered = transaction_page_operation(history, 0);
    CHECK(answered.text == "append x 1, r x -> [1]");
    CHECK(answered.lane == "client 0");
    CHECK(answered.key == "x");
    CHECK(answered.kind == "txn");
    CHECK(transaction_page_operation(history, 1).outcome == Outcome::unknown);
}

}  // namespace ledger::check::test
