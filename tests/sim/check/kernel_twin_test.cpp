// The log kernel against a search that tries every order of the operations.

#include <algorithm>
#include <set>
#include <tuple>

#include <catch2/catch.hpp>

#include "sim/check/exactly_once.h"
#include "sim/check/linearizability.h"
#include "tests/sim/check/history_generator.h"

namespace ledger::check::test {
namespace {

class Search {
  public:
    explicit Search(const Recording& recording)
        : operations_(recording.operations), final_(recording.events()) {}

    bool linearizable() { return from(0, {}, {}); }

  private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    // What was decided for a session's sequence: the position, or the length at a conflict.
    struct Decision {
        Key key;
        bool taken = false;
        std::uint64_t at = 0;
        auto operator<=>(const Decision&) const = default;
    };
    using Decisions = std::vector<Decision>;

    bool ready(std::size_t i, std::uint32_t done) const {
        for (std::size_t j = 0; j < operations_.size(); ++j) {
            const bool before =
                answered(j) && operations_[j].returned.step < operations_[i].called.step;
            if (before && (done >> j & 1) == 0) {
                return false;
            }
        }
        return true;
    }
    bool answered(std::size_t i) const {
        return !std::holds_alternative<Unknown>(operations_[i].answer) &&
               !std::holds_alternative<Refused>(operations_[i].answer);
    }

    bool from(std::uint32_t done, const NaiveLedger& ledger, const Decisions& decisions) {
        if (ledger.events.size() > final_.size() ||
            !std::equal(ledger.events.begin(), ledger.events.end(), final_.begin(),
                [](const Stored& a, const Stored& b) {
                    return a.id == b.id && a.stream == b.stream;
                })) {
            return false;
        }
        bool all_done = ledger.events.size() == final_.size();
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            all_done = all_done && ((done >> i & 1) != 0 || !answered(i));
        }
        if (all_done) {
            return true;
        }
        if (!tried_.insert({done, ledger.events.size(), decisions}).second) {
            return false;
        }
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const bool refused = std::holds_alternative<Refused>(operations_[i].answer);
            if ((done >> i & 1) == 0 && !refused && ready(i, done) &&
                next(i, done | 1u << i, ledger, decisions)) {
                return true;
            }
        }
        return false;
    }

    bool next(
        std::size_t i, std::uint32_t done, const NaiveLedger& ledger, const Decisions& decisions) {
        const Operation& op = operations_[i];
        if (const auto* read = std::get_if<ReadAnswer>(&op.answer)) {
            return ledger.could_answer(op.call, *read) && from(done, ledger, decisions);
        }
        const auto* call = std::get_if<AppendCall>(&op.call);
        if (call == nullptr) {
            return from(done, ledger, decisions);
        }
        const Key key{op.session.value, op.sequence.value};
        for (const Decision& decision : decisions) {
            if (op.session.value != 0 && decision.key == key) {
                return same_answer(op, *call, decision) && from(done, ledger, decisions);
            }
        }
        const bool taken = ledger.accepts(*call);
        const Decision decision{key, taken, ledger.events.size()};
        if (!same_answer(op, *call, decision)) {
            return false;
        }
        NaiveLedger after = ledger;
        for (const WrittenEvent& written : taken ? call->events : std::vector<WrittenEvent>{}) {
            after.events.push_back({written.id, call->streams[written.stream].stream});
        }
        Decisions now = decisions;
        if (op.session.value != 0) {
            now.push_back(decision);
            std::sort(now.begin(), now.end());
        }
        return from(done, after, now);
    }

    bool same_answer(const Operation& op, const AppendCall& call, const Decision& decision) const {
        if (const auto* ok = std::get_if<Acknowledged>(&op.answer)) {
            return decision.taken && ok->first.value == decision.at;
        }
        if (const auto* no = std::get_if<Conflicted>(&op.answer)) {
            const NaiveLedger then{
                {final_.begin(), final_.begin() + static_cast<long>(decision.at)}};
            return !decision.taken && (!no->at || *no->at == decision.at) && same(*no, then, call);
        }
        return true;
    }
    static bool same(const Conflicted& told, const NaiveLedger& ledger, const AppendCall& call) {
        const Conflicted truth = conflict(ledger, call);
        if (told.at) {
            return told.checks == truth.checks;
        }
        return std::all_of(told.checks.begin(), told.checks.end(), [&](const auto& check) {
            return check == failed(ledger, {check.stream, check.expected});
        });
    }

    const std::vector<Operation>& operations_;
    const std::vector<Stored> final_;
    std::set<std::tuple<std::uint32_t, std::size_t, Decisions>> tried_;
};

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
