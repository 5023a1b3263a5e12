#pragma once
// RapidCheck histories: what clients of a sequential object asked and were told, made up but true,
// for whoever tests a checker or a model of their own. Header-only over ledger::recorded.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "sim/check/recorded/import.h"
#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// How RapidCheck shows a history: as maps that `ledgersim check` reads.
inline void showValue(const RecordedHistory& history, std::ostream& out) {
    out << "\n" << export_edn(history);
}

}  // namespace ledger::check

namespace ledger::rapidcheck::gen {

// What a client asks of an object: a function and the value of its call.
struct Asked {
    std::string f;
    check::Value value;
};

struct HistoryShape {
    std::uint32_t processes = 4;         // at one time, at least 1
    std::uint32_t unknown_percent = 15;  // of the operations of which nobody hears how they ended
};

namespace detail {

// One operation, before it is known when it happens.
struct Plan {
    Asked asked;
    std::uint32_t process = 0;
    // In steps, and how many: idle, then until it takes effect, then until it returns.
    std::uint32_t idle = 1;
    std::uint32_t until_effect = 0;
    std::uint32_t until_return = 0;
    bool lost = false;    // nobody hears of it
    bool happens = true;  // else it has no effect, which only a lost one may do
};

inline void showValue(const Plan& plan, std::ostream& out) {
    out << plan.asked.f << " " << check::to_text(plan.asked.value);
}

inline rc::Gen<Plan> plan(rc::Gen<Asked> asked, HistoryShape shape) {
    return rc::gen::exec([asked = std::move(asked), shape] {
        Plan plan;
        plan.asked = *asked;
        plan.process = *rc::gen::inRange<std::uint32_t>(0, std::max(shape.processes, 1u));
        plan.idle = *rc::gen::inRange<std::uint32_t>(1, 6);
        plan.until_effect = *rc::gen::inRange<std::uint32_t>(0, 8);
        plan.until_return = *rc::gen::inRange<std::uint32_t>(0, 8);
        const std::size_t percent = std::min(shape.unknown_percent, 100u);
        plan.lost = *rc::gen::weightedElement<bool>({{100 - percent, false}, {percent, true}});
        plan.happens = !plan.lost || *rc::gen::arbitrary<bool>();
        return plan;
    });
}

// Each operation takes effect at one place between its call and its return, in the order of places.
template <typename State, typename Apply>
check::RecordedHistory carried_out(
    const std::vector<Plan>& plans, std::uint32_t processes, State state, const Apply& apply) {
    struct Effect {
        std::uint64_t place;
        std::uint64_t plan;
    };
    check::RecordedHistory history;
    std::vector<check::RecordedOperation> operations(plans.size());
    std::vector<Effect> effects;
    std::vector<std::uint64_t> idle_from(processes, 0);
    std::vector<std::int64_t> names;
    for (std::uint32_t i = 0; i < processes; ++i) {
        names.push_back(i);
    }
    std::int64_t next_name = processes;
    for (std::uint64_t i = 0; i < plans.size(); ++i) {
        const Plan& plan = plans[i];
        check::RecordedOperation& operation = operations[i];
        operation.process = names[plan.process];
        operation.f = plan.asked.f;
        operation.asked = plan.asked.value;
        operation.called = idle_from[plan.process] + plan.idle;
        operation.called_ns = static_cast<std::int64_t>(operation.called) * 1000;
        const std::uint64_t effect = operation.called + plan.until_effect;
        idle_from[plan.process] = effect + plan.until_return;
        if (plan.happens) {
            effects.push_back({effect, i});
        }
        if (plan.lost) {
            names[plan.process] = next_name++;  // who lost an answer goes on as somebody else
        } else {
            operation.returned = effect + plan.until_return;
            operation.returned_ns = static_cast<std::int64_t>(operation.returned) * 1000;
        }
    }
    std::sort(effects.begin(), effects.end(), [](const Effect& a, const Effect& b) {
        return a.place != b.place ? a.place < b.place : a.plan < b.plan;
    });
    for (const Effect& effect : effects) {
        check::RecordedOperation& operation = operations[effect.plan];
        const std::optional<check::Value> answer = apply(state, plans[effect.plan].asked);
        if (operation.returned != check::RecordedOperation::never) {
            operation.outcome = answer ? check::Outcome::ok : check::Outcome::failed;
            operation.answered = answer.value_or(check::Value());
        }
    }
    for (std::uint64_t i = 0; i < operations.size(); ++i) {
        operations[i].id = i;
    }
    std::sort(operations.begin(), operations.end(), [](const auto& a, const auto& b) {
        return a.called != b.called ? a.called < b.called : a.id < b.id;
    });
    for (std::uint64_t i = 0; i < operations.size(); ++i) {
        operations[i].id = i;
        operations[i].called_line = i + 1;
    }
    history.operations = std::move(operations);
    return history;
}

}  // namespace detail

// Histories that a correct object can have given, of up to as many operations as RapidCheck's size:
// clients call at the same time, what some of them asked may have happened or not, and nobody
// knows. `apply(state, asked)` carries a call out and gives the answer; nothing: it failed and
// changed nothing. Linearizable by the way they come about. Shrinks to fewer operations, with less
// between them, that all have answers.
//
//   gen::history(asked, std::int64_t{0}, [](std::int64_t& held, const gen::Asked& asked) {
//       if (asked.f == "write") { held = *asked.value.integer(); return std::optional(asked.value);
//       } return std::optional(check::Value(held));
//   })
//
// Made for check::judge_object, check::judge_by_search with a SequentialModel, and export_edn.
template <std::copyable State, typename Apply>
rc::Gen<check::RecordedHistory> history(
    rc::Gen<Asked> asked, State initial, Apply apply, HistoryShape shape = {}) {
    const std::uint32_t processes = std::max(shape.processes, 1u);
    return rc::gen::map(
        rc::gen::container<std::vector<detail::Plan>>(detail::plan(std::move(asked), shape)),
        [initial = std::move(initial), apply = std::move(apply), processes](
            const std::vector<detail::Plan>& plans) {
            return detail::carried_out(plans, processes, initial, apply);
        });
}

}  // namespace ledger::rapidcheck::gen
