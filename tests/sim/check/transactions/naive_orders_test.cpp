// The checkers of transactions against a search that tries every order, and against sound stores.

#include "tests/sim/check/transactions/naive_orders.h"

#include <cstdio>

#include <catch2/catch.hpp>

#include "tests/sim/check/transactions/transaction_store.h"

namespace ledger::check::test {
namespace {

constexpr std::array<Level, 4> searched = {Level::snapshot_isolation, Level::serializable,
    Level::strong_session_serializable, Level::strict_serializable};

StoreSettings small(std::uint64_t seed, Sample sample) {
    StoreSettings settings;
    settings.sample = sample;
    settings.clients = 2 + seed % 2;
    settings.keys = 1 + seed % 3;
    settings.transactions = 3 + seed % 2;
    settings.kind = seed % 8 == 0   ? StoreSettings::Kind::serial
                    : seed % 8 == 1 ? StoreSettings::Kind::snapshot
                                    : StoreSettings::Kind::sloppy;
    settings.failed_percent = seed % 5 == 0 ? 20 : 0;
    settings.unknown_percent = seed % 4 == 0 ? 25 : 0;
    return settings;
}

std::string told(const RecordedHistory& history, const Judgement& judgement) {
    std::string out;
    for (const RecordedOperation& operation : history.operations) {
        out += "client " + std::to_string(operation.process) + " " +
               std::to_string(operation.called) + ".." + std::to_string(operation.returned) + " " +
               std::string(to_text(operation.outcome)) + " " +
               to_text(operation.outcome == Outcome::ok ? operation.answered : operation.asked) +
               "\n";
    }
    for (const Anomaly& anomaly : judgement.anomalies) {
        out += anomaly.name + ": " + anomaly.sentence + "\n";
        for (const std::string& step : anomaly.steps) {
            out += "    " + step + "\n";
        }
    }
    return out;
}

}  // namespace

TEST_CASE("list-append: an anomaly is found exactly if no order exists", "[transactions]") {
    std::uint64_t ok = 0;
    std::uint64_t violated = 0;
    std::uint64_t only_snapshots = 0;
    for (std::uint64_t seed = 0; seed < 24'000; ++seed) {
        const RecordedHistory history = Store(seed, small(seed, Sample::lists)).run();
        NaiveOrders naive(history, Sample::lists);
        bool snapshots = false;
        for (const Level level : searched) {
            const bool exists = naive.exists(level);
            const Judgement judgement = judge(history, "list-append", to_text(level));
            if ((judgement.verdict == Verdict::ok) != exists ||
                judgement.verdict == Verdict::inconclusive) {
                INFO("seed " << seed << ", " << to_text(level) << ", an order exists: " << exists);
                INFO(told(history, judgement));
                FAIL();
            }
            ++(exists ? ok : violated);
            snapshots = snapshots || (level == Level::snapshot_isolation && exists);
            only_snapshots += level == Level::serializable && !exists && snapshots ? 1 : 0;
        }
    }
    std::printf("orders exist %llu times, none %llu times, snapshots alone %llu times\n",
        static_cast<unsigned long long>(ok), static_cast<unsigned long long>(violated),
        static_cast<unsigned long long>(only_snapshots));
    CHECK(ok > 20'000);
    CHECK(violated > 20'000);
    CHECK(only_snapshots > 50);
}

TEST_CASE(
    "list-append: without a last read nothing is found that an order explains", "[transactions]") {
    std::uint64_t missed = 0;
    for (std::uint64_t seed = 0; seed < 8'000; ++seed) {
        StoreSettings settings = small(seed, Sample::lists);
        settings.reads_all_at_end = false;
        const RecordedHistory history = Store(seed, settings).run();
        NaiveOrders naive(history, Sample::lists);
        for (const Level level : searched) {
            const bool exists = naive.exists(level);
            const Judgement judgement = judge(history, "list-append", to_text(level));
            if (judgement.verdict == Verdict::violated && exists) {
                INFO("seed " << seed << ", " << to_text(level));
                INFO(told(history, judgement));
                FAIL();
            }
            missed += judgement.verdict == Verdict::ok && !exists ? 1 : 0;
        }
    }
    std::printf("lists without a last read: %llu of 32000 not found\n",
        static_cast<unsigned long long>(missed));
}

TEST_CASE("rw-register: nothing is found that an order explains", "[transactions]") {
    std::uint64_t found = 0;
    std::uint64_t missed = 0;
    for (std::uint64_t seed = 0; seed < 24'000; ++seed) {
        const RecordedHistory history = Store(seed, small(seed, Sample::registers)).run();
        NaiveOrders naive(history, Sample::registers);
        for (const Level level : searched) {
            const bool exists = naive.exists(level);
            const Judgement judgement = judge(history, "rw-register", to_text(level));
            if (judgement.verdict == Verdict::violated && exists) {
                INFO("seed " << seed << ", " << to_text(level));
                INFO(told(history, judgement));
                FAIL();
            }
            found += judgement.verdict == Verdict::violated ? 1 : 0;
            missed += judgement.verdict == Verdict::ok && !exists ? 1 : 0;
        }
    }
    std::printf("registers: %llu found, %llu not found\n", static_cast<unsigned long long>(found),
        static_cast<unsigned long long>(missed));
    // Not all can be found, but few are missed.
    CHECK(found > 5 * missed);
}

TEST_CASE("transactions: a serial store is ok at every level", "[transactions]") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        for (const Sample sample : {Sample::lists, Sample::registers}) {
            StoreSettings settings;
            settings.sample = sample;
            settings.clients = 1 + seed % 20;
            settings.keys = 1 + seed % 7;
            settings.transactions = 300;
            settings.micros_max = 5;
            settings.failed_percent = 10;
            settings.unknown_percent = 10;
            settings.reads_all_at_end = seed % 2 == 0;
            const RecordedHistory history = Store(seed, settings).run();
            const Judgement judgement =
                judge(history, sample == Sample::lists ? "list-append" : "rw-register");
            INFO(seed);
            INFO(told(history, judgement));
            REQUIRE(judgement.verdict == Verdict::ok);
            REQUIRE(judgement.strongest_held == "strict-serializable");
        }
    }
}

TEST_CASE(
    "transactions: a store with snapshots shows write skew and nothing else", "[transactions]") {
    std::uint64_t skews = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        for (const Sample sample : {Sample::lists, Sample::registers}) {
            StoreSettings settings;
            settings.sample = sample;
            settings.kind = StoreSettings::Kind::snapshot;
            settings.clients = 4;
            settings.keys = 10;
            settings.transactions = 100;
            settings.unknown_percent = 5;
            const RecordedHistory history = Store(seed, settings).run();
            const std::string model = sample == Sample::lists ? "list-append" : "rw-register";
            const Judgement judgement = judge(history, model, "snapshot-isolation");
            INFO(told(history, judgement));
            REQUIRE(judgement.verdict == Verdict::ok);
            // By the data alone; and as the store takes snapshots at the call, by the clock as
            // well.
            for (const std::string& name : names_of(judge(history, model))) {
                REQUIRE(name.starts_with("G2-item"));
                ++skews;
            }
        }
    }
    CHECK(skews > 20);
}

}  // namespace ledger::check::test
