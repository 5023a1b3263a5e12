#include <catch2/catch.hpp>

#include "sim/check/recorded/import.h"
#include "sim/check/search/bank_model.h"
#include "sim/check/search/counter_model.h"
#include "sim/check/search/growing_set.h"
#include "sim/check/search/kv_model.h"
#include "sim/check/search/multi_register_model.h"
#include "sim/check/search/mutex_model.h"
#include "sim/check/search/queue_model.h"
#include "sim/check/search/queue_order.h"
#include "sim/check/search/register_model.h"
#include "sim/check/search/searched_history.h"
#include "sim/check/search/set_model.h"
#include "tests/sim/check/search/counting_budget.h"
#include "tests/sim/check/search/every_order.h"
#include "tests/sim/check/search/made_objects.h"

namespace ledger::check {
namespace {

struct Seen {
    std::uint64_t valid = 0;
    std::uint64_t invalid = 0;
    std::uint64_t idle = 0;
};

// One history: search and naive twin agree. A model of its own for each, so that neither can learn
// from the other.
template <typename Make>
void compare(const RecordedHistory& history, const Make& make, const std::string& level_name,
    bool by_key, Seen& tally) {
    SearchRequest request;
    request.model = "twin";
    request.level = level_name;
    request.order = *search_level_of(level_name);
    request.by_key = by_key;
    auto searched = make(history);
    CountingBudget budget;
    const auto judged = judge_by_search(searched, history, request, budget);
    REQUIRE(static_cast<bool>(judged));
    if (judged->verdict == Verdict::inconclusive) {
        ++tally.idle;
        return;
    }
    auto naive = make(history);
    const bool together = request.order.kind == SearchLevel::Kind::sequential || !by_key;
    const bool exists = EveryOrder(naive, history, request.order, !together).exists();
    if ((judged->verdict == Verdict::ok) != exists) {
        FAIL("level " << level_name << ": the search says " << to_text(judged->verdict)
                      << ", every order says " << (exists ? "ok" : "violated") << "\n"
                      << export_edn(history));
    }
    ++(exists ? tally.valid : tally.invalid);
}

// A third of the histories are true, a third lie a little, a third lie much.
template <typename Object, typename Make>
Seen compare_many(std::uint64_t count, std::uint64_t first_seed, const Object& object,
    const Make& make, const std::vector<std::string>& levels, bool by_key = true) {
    Seen tally;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t seed = first_seed + i;
        Dice dice(seed * 977 + 1);
        MakerOptions options;
        options.processes = 2 + dice.below(3);
        options.operations = 2 + dice.below(6);
        options.unknown_percent = dice.below(3) * 20;
        options.lie_percent = dice.below(3) * 15;
        const RecordedHistory history = make_history(object(dice), options, seed);
        compare(history, make, levels[i % levels.size()], by_key, tally);
    }
    // Both kinds, or the comparison says little.
    CHECK(tally.valid > count / 10);
    CHECK(tally.invalid > count / 30);
    return tally;
}

const std::vector<std::string> every_level = {"linearizable", "linearizable", "sequential",
    "bounded-staleness=25ns", "monotonic-reads", "read-your-writes", "session", "monotonic-writes",
    "consistent-prefix", "eventual"};
const std::vector<std::string> orders = {"linearizable", "linearizable", "sequential"};

}  // namespace

TEST_CASE(
    "search: registers are judged as by trying every order, in both conventions", "[search]") {
    const auto object = [](Dice&) { return made_register(); };
    compare_many(
        24'000, 1, object,
        [](const RecordedHistory&) { return RegisterModel({Value(), true, true, false}); },
        every_level);
    compare_many(
        12'000, 500'000, object,
        [](const RecordedHistory&) { return RegisterModel({whole(0), false, false, false}); },
        every_level);
}

TEST_CASE("search: maps of texts are judged as by trying every order, parted or not", "[search]") {
    const auto object = [](Dice&) { return made_map(); };
    const auto make = [](const RecordedHistory&) { return KvModel(true, false); };
    compare_many(14'000, 1, object, make, every_level);
    compare_many(8'000, 500'000, object, make, orders, false);
}

TEST_CASE("search: queues and stacks are judged as by trying every order", "[search]") {
    for (const int order : {0, 1, 2}) {
        const auto object = [order](Dice& dice) {
            return made_queue(order, dice.chance(50), dice.chance(50));
        };
        const auto make = [order](const RecordedHistory& history) {
            return QueueModel(order == 0   ? QueueModel::Order::any
                              : order == 1 ? QueueModel::Order::first_in
                                           : QueueModel::Order::last_in,
                history);
        };
        compare_many(8'000, 1, object, make, orders);
    }
}

TEST_CASE("search: sets, counters and locks are judged as by trying every order", "[search]") {
    compare_many(
        9'000, 1, [](Dice& dice) { return made_set(dice.chance(60), dice.chance(50)); },
        [](const RecordedHistory&) { return SetModel(); }, every_level);
    compare_many(
        9'000, 1, [](Dice& dice) { return made_counter(dice.chance(50)); },
        [](const RecordedHistory&) { return CounterModel(0); }, every_level);
    for (const auto rule :
        {MutexModel::Rule::any, MutexModel::Rule::owner, MutexModel::Rule::fenced}) {
        compare_many(
            4'000, 1, [](Dice& dice) { return made_mutex(dice.below(3) * 15); },
            [rule](const RecordedHistory&) { return MutexModel(rule); }, orders);
    }
}

TEST_CASE(
    "search: several registers in one operation are judged as by trying every order", "[search]") {
    compare_many(
        10'000, 1, [](Dice&) { return made_registers(); },
        [](const RecordedHistory&) { return MultiRegisterModel(); }, orders);
}

TEST_CASE("search: many unknown operations of a kind do not hide an order", "[search]") {
    Seen tally;
    for (std::uint64_t seed = 1; seed <= 6'000; ++seed) {
        MakerOptions options;
        options.processes = 3;
        options.operations = 8;
        options.unknown_percent = 55;
        options.lie_percent = seed % 3 == 0 ? 0 : 25;
        const RecordedHistory history = make_history(made_register(), options, seed);
        compare(
            history,
            [](const RecordedHistory&) { return RegisterModel({Value(), true, true, false}); },
            seed % 4 == 0 ? "sequential" : "linearizable", true, tally);
    }
    CHECK(tally.valid > 1'000);
    CHECK(tally.invalid > 300);
}

TEST_CASE("growing set: the sweep says the same as every order", "[search]") {
    Seen tally;
    std::uint64_t left_to_search = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        Dice dice(seed);
        MakerOptions options;
        options.processes = 2 + dice.below(3);
        options.operations = 2 + dice.below(6);
        options.unknown_percent = dice.below(3) * 20;
        options.lie_percent = dice.below(3) * 20;
        const RecordedHistory history =
            make_history(made_set(false, dice.chance(90)), options, seed);
        const auto anomalies = growing_set_anomalies(history);
        if (!anomalies) {
            ++left_to_search;
            continue;
        }
        SetModel model;
        const bool exists = EveryOrder(model, history, {}, true).exists();
        if (anomalies->empty() != exists) {
            FAIL("the sweep says " << (anomalies->empty() ? "ok" : anomalies->front().sentence)
                                   << ", every order says " << (exists ? "ok" : "violated") << "\n"
                                   << export_edn(history));
        }
        ++(exists ? tally.valid : tally.invalid);
    }
    CHECK(tally.valid > 5'000);
    CHECK(tally.invalid > 1'000);
    CHECK(left_to_search > 0);
}

TEST_CASE("queue order and counter bounds: what they find rules out every order", "[search]") {
    std::uint64_t found = 0;
    for (std::uint64_t seed = 1; seed <= 12'000; ++seed) {
        Dice dice(seed);
        MakerOptions options;
        options.processes = 2 + dice.below(3);
        options.operations = 2 + dice.below(6);
        options.unknown_percent = dice.below(3) * 20;
        options.lie_percent = dice.below(3) * 20;
        const bool first_in = dice.chance(50);
        const RecordedHistory queue = make_history(
            made_queue(first_in ? 1 : 0, dice.chance(50), dice.chance(70)), options, seed);
        if (!queue_anomalies(queue, first_in).empty()) {
            QueueModel model(
                first_in ? QueueModel::Order::first_in : QueueModel::Order::any, queue);
            const bool exists = EveryOrder(model, queue, {}, false).exists();
            INFO(queue_anomalies(queue, first_in).front().sentence << "\n" << export_edn(queue));
            REQUIRE(!exists);
            ++found;
        }
        const RecordedHistory counter = make_history(made_counter(dice.chance(50)), options, seed);
        CounterModel model(0);
        if (const auto outside = model.outside_bounds(counter); !outside.empty()) {
            const bool exists = EveryOrder(model, counter, {}, true).exists();
            INFO(outside.front().sentence << "\n" << export_edn(counter));
            REQUIRE(!exists);
            ++found;
        }
    }
    CHECK(found > 2'000);
}

}  // namespace ledger::check
