// The log kernel against a search that tries every order of the operations.

#include <algorithm>
#include <tuple>

#include <catch2/catch.hpp>

#include "sim/check/exactly_once.h"
#include "sim/check/linearizability.h"
#include "tests/sim/check/exhaustive_search.h"
#include "tests/sim/check/history_generator.h"

namespace ledger::check::test {
namespace {

struct Verdicts {
    bool ok = false;
    std::uint64_t examined = 0;
};

struct Moment {
    std::uint64_t step;
    int order;  // calls, then effects, then returns
    std::size_t number;
};

// `growing`: the order gains each batch at the moment at which it took effect.
Verdicts judge(const Recording& recording, bool growing) {
    Order order;
    const auto push_batch = [&](const Batch& batch) {
        std::vector<std::pair<std::uint64_t, std::string>> events;
        for (const Stored& stored : batch.events) {
            events.emplace_back(stored.id.low, stored.stream);
        }
        push(order, events, batch.session, batch.sequence);
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < recording.operations.size(); ++i) {
        moments.push_back({recording.operations[i].called.step, 0, i});
        moments.push_back({recording.operations[i].returned.step, 2, i});
    }
    for (std::size_t i = 0; i < recording.order.size(); ++i) {
        if (growing) {
            moments.push_back({recording.landed_at[i], 1, i});
        } else {
            push_batch(recording.order[i]);
        }
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return std::tie(a.step, a.order, a.number) < std::tie(b.step, b.order, b.number);
    });
    Linearizability kernel(order);
    ExactlyOnce content(order);
    bool ok = true;
    const auto note = [&ok](const Finding& finding) { ok = ok && !finding; };
    for (const Moment& moment : moments) {
        if (moment.order == 1) {
            push_batch(recording.order[moment.number]);
            note(content.advance());
            continue;
        }
        const Operation& op = recording.operations[moment.number];
        if (moment.order == 0) {
            kernel.called(op);
            content.called(op);
        } else {
            note(content.returned(op));
            note(kernel.returned(op));
        }
    }
    note(content.finish());
    note(kernel.finish());
    const bool tallied = kernel.result().verdict != CheckResult::Verdict::violated &&
                         content.result().verdict != CheckResult::Verdict::violated;
    CHECK(ok == tallied);
    return {ok, kernel.result().examined};
}

}  // namespace

TEST_CASE("kernel: agrees with an exhaustive search on random histories", "[check]") {
    std::uint64_t valid = 0;
    std::uint64_t illegal = 0;
    std::uint64_t examined = 0;
    for (std::uint64_t seed = 1; seed <= 40'000; ++seed) {
        Recording recording = Generator(seed).run();
        Dice dice(seed + 1'000'000);
        const std::uint64_t kind = seed % 4;
        if (kind == 1 || kind == 2) {
            damage(dice, recording);
        } else if (kind == 3) {
            make_stale(dice, recording);
        }
        const bool expected = Search(recording).linearizable();
        if (kind == 0 && !expected) {
            FAIL("the generator made a wrong history, seed " << seed);
        }
        const Verdicts whole = judge(recording, false);
        const Verdicts growing = judge(recording, true);
        // While the order grows the moment of each effect is known, so more can be refuted.
        const bool growing_agrees = kind == 0 ? growing.ok : expected || !growing.ok;
        if (whole.ok != expected || !growing_agrees) {
            std::string text;
            for (const Operation& op : recording.operations) {
                text += to_json(op) + "\n";
            }
            FAIL("seed " << seed << ": search " << expected << ", kernel " << whole.ok
                         << ", on-line " << growing.ok << "\n"
                         << text);
        }
        (expected ? valid : illegal) += 1;
        examined += whole.examined;
    }
    CHECK(valid > 15'000);
    CHECK(illegal > 8'000);
    CHECK(examined > 100'000);
}

}  // namespace ledger::check::test
