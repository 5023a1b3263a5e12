#include "sim/check/search/searched_history.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/recorded/operation_text.h"
#include "sim/check/recorded/value_text.h"

namespace ledger::check {
namespace {

constexpr std::uint32_t none = SearchOperation::none;

// A part that needs more than this at first is put back until the others are done.
constexpr std::uint64_t first_work_max = 1u << 16;
constexpr std::uint64_t work_growth = 16;

// What a person can look through; the middle of longer orders is left out.
constexpr std::uint64_t order_shown_max = 400;
constexpr std::uint64_t refused_shown_max = 40;
constexpr std::uint64_t witness_max = 6;

// The highest number of operations that were in flight at one time.
std::uint64_t overlap(const RecordedHistory& history) {
    std::vector<std::pair<std::uint64_t, int>> moments;
    for (const RecordedOperation& operation : history.operations) {
        moments.emplace_back(operation.called, 0);
        if (operation.returned != RecordedOperation::never) {
            moments.emplace_back(operation.returned, 1);
        }
    }
    std::sort(moments.begin(), moments.end());
    std::uint64_t now = 0;
    std::uint64_t most = 0;
    for (const auto& [place, ends] : moments) {
        now += ends == 0 ? 1 : static_cast<std::uint64_t>(-1);
        most = std::max(most, now);
    }
    return most;
}

std::string list_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::uint64_t i = 0; i < words.size(); ++i) {
        out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

}  // namespace

void SearchedHistory::add(const RecordedOperation& operation, Read read) {
    if (read.does.empty()) {
        return;
    }
    refusable_ = refusable_ || (read.can_be_refused && operation.outcome != Outcome::unknown);
    std::uint32_t& part = part_of_[read.key.is_nil() ? std::string() : to_edn(read.key)];
    if (part == 0) {
        parts_.push_back({read.key, {}});
        part = static_cast<std::uint32_t>(parts_.size());
    }
    parts_[part - 1].entries.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back({&operation, std::move(read), part - 1});
}

std::string SearchedHistory::objection() const {
    if (request_.order.kind != SearchLevel::Kind::bounded_staleness) {
        return {};
    }
    for (const Entry& entry : entries_) {
        const bool timed =
            entry.operation->called_ns &&
            (entry.operation->returned_ns || entry.operation->outcome == Outcome::unknown);
        if (!timed) {
            return fmt::format("line {}: bounded staleness needs the times of calls and returns",
                entry.operation->called_line);
        }
    }
    return {};
}

// "key 7"; empty where there are no keys.
std::string SearchedHistory::part_name(const Part& part) {
    return part.key.is_nil() ? std::string() : "key " + to_text(part.key);
}

SearchProblem SearchedHistory::problem(
    const std::vector<std::uint32_t>& entries, StateId initial) const {
    SearchProblem problem;
    const bool one_part = request_.by_key && request_.order.kind != SearchLevel::Kind::sequential;
    problem.initial.assign(one_part ? 1 : parts_.size(), initial);
    problem.operations.reserve(entries.size());
    for (const std::uint32_t at : entries) {
        const Entry& entry = entries_[at];
        SearchOperation operation;
        operation.id = entry.operation->id;
        operation.part = one_part ? 0 : entry.part;
        operation.does = entry.read.does;
        operation.observes = entry.read.observes;
        operation.called = entry.operation->called;
        operation.unknown = entry.operation->outcome == Outcome::unknown;
        operation.returned = operation.unknown ? SearchOperation::never : entry.operation->returned;
        problem.operations.push_back(std::move(operation));
    }
    place(problem, entries);
    return problem;
}

// Events by time, each with the place of the first one that is not earlier.
std::vector<std::pair<std::int64_t, std::uint64_t>> SearchedHistory::places_by_time() const {
    std::vector<std::pair<std::int64_t, std::uint64_t>> out;
    for (const Entry& entry : entries_) {
        const RecordedOperation& operation = *entry.operation;
        out.emplace_back(operation.called_ns.value_or(0), operation.called);
        if (operation.returned != RecordedOperation::never) {
            out.emplace_back(operation.returned_ns.value_or(0), operation.returned);
        }
    }
    std::sort(out.begin(), out.end());
    for (std::uint64_t i = out.size(); i > 1; --i) {
        out[i - 2].second = std::min(out[i - 2].second, out[i - 1].second);
    }
    return out;
}

// Levels weaker than linearizable as lanes and places; see SearchLevel and SearchOperation.
void SearchedHistory::place(
    SearchProblem& problem, const std::vector<std::uint32_t>& entries) const {
    using enum SearchLevel::Kind;
    const SearchLevel::Kind kind = request_.order.kind;
    if (kind == linearizable) {
        return;
    }
    const auto by_time = kind == bounded_staleness
                             ? places_by_time()
                             : std::vector<std::pair<std::int64_t, std::uint64_t>>();
    // Everything that returned in front of this place must have been seen.
    const auto stale_call = [&](const RecordedOperation& read) {
        const std::int64_t oldest = read.called_ns.value_or(0) - request_.order.staleness_ns;
        const auto at =
            std::lower_bound(by_time.begin(), by_time.end(), std::pair(oldest, std::uint64_t{0}));
        return at == by_time.end() ? read.called : std::min(read.called, at->second);
    };
    LookupTable<std::uint64_t, std::uint32_t> lane_of;
    LookupTable<std::uint64_t, std::uint32_t> last;  // of a process, that others come after; + 1
    // Of sessions: reads of a process in its lane, behind its last write.
    const auto in_lane = [](SearchLevel::Kind of, bool observes) {
        return of == sequential || (of == monotonic_writes && !observes) ||
               ((of == monotonic_reads || of == session) && observes);
    };
    for (std::uint32_t i = 0; i < problem.operations.size(); ++i) {
        SearchOperation& operation = problem.operations[i];
        const auto process = static_cast<std::uint64_t>(entries_[entries[i]].operation->process);
        std::uint32_t& before = last[process];
        const auto own_lane = [&] {
            std::uint32_t& lane = lane_of[process];
            lane = lane == 0 ? problem.lanes++ : lane;
            operation.lane = lane;
        };
        if (in_lane(kind, operation.observes)) {
            if (kind == session) {
                own_lane();
                operation.after = before == 0 ? none : before - 1;
            } else if (operation.unknown) {
                operation.after = before == 0 ? none : before - 1;
            } else {
                own_lane();
                before = i + 1;
            }
            operation.called = operation.observes || kind == sequential ? 0 : operation.called;
            operation.returned = operation.observes && kind != sequential ? operation.returned
                                                                          : SearchOperation::never;
        } else if (operation.observes) {
            operation.lane = problem.lanes++;
            operation.called =
                kind == bounded_staleness ? stale_call(*entries_[entries[i]].operation) : 0;
            operation.after = kind == read_your_writes && before != 0 ? before - 1 : none;
        } else if ((kind == read_your_writes || kind == session) && !operation.unknown) {
            before = i + 1;
        }
    }
}

void SearchedHistory::cover(Judgement& judgement) const {
    std::uint64_t by_outcome[4] = {};
    std::uint64_t observations = 0;
    for (const RecordedOperation& operation : history_.operations) {
        ++by_outcome[static_cast<std::uint64_t>(operation.outcome)];
    }
    for (const Entry& entry : entries_) {
        observations += entry.read.observes ? 1 : 0;
    }
    judgement.coverage = {{"operations", history_.operations.size()},
        {"ok", by_outcome[static_cast<std::uint64_t>(Outcome::ok)]},
        {"failed", by_outcome[static_cast<std::uint64_t>(Outcome::failed)]},
        {"unknown", by_outcome[static_cast<std::uint64_t>(Outcome::unknown)]},
        {"left out, as they say nothing", history_.operations.size() - entries_.size()},
        {"observations", observations}, {"keys", parts_.size()},
        {"most at one time", overlap(history_)}};
}

Judgement SearchedHistory::judge(StepTable& steps, StateId initial, Budget& budget) const {
    Judgement judgement;
    judgement.model = request_.model;
    judgement.level = request_.level;
    cover(judgement);
    if (!refusable_) {
        judgement.reason =
            "no operation tells anything of the state, so there is nothing to examine";
        return judgement;
    }
    std::vector<Part> whole;
    const bool together = !request_.by_key || request_.order.kind == SearchLevel::Kind::sequential;
    if (together) {
        whole.emplace_back();
        for (std::uint32_t i = 0; i < entries_.size(); ++i) {
            whole[0].entries.push_back(i);
        }
    }
    std::vector<const Part*> open;
    for (const Part& part : together ? whole : parts_) {
        open.push_back(&part);
    }
    SearchLimits limits{open.size() == 1 ? UINT64_MAX : first_work_max};
    std::uint64_t tried = 0;
    while (!open.empty()) {
        std::vector<const Part*> later;
        for (const Part* part : open) {
            const SearchProblem asked = problem(part->entries, initial);
            const SearchResult result = search(asked, steps, limits, budget);
            tried += result.steps;
            if (result.end == SearchEnd::none) {
                judgement.verdict = Verdict::violated;
                explain(
                    asked, result, together ? std::string() : part_name(*part), steps, judgement);
                judgement.coverage.emplace_back("steps tried", tried);
                return judgement;
            }
            if (result.end == SearchEnd::spent) {
                judgement.reason = budget.why();
                judgement.coverage.emplace_back("steps tried", tried);
                return judgement;
            }
            if (result.end == SearchEnd::work_max) {
                later.push_back(part);
            }
        }
        open = std::move(later);
        limits.work_max =
            limits.work_max > UINT64_MAX / work_growth ? UINT64_MAX : limits.work_max * work_growth;
    }
    judgement.verdict = Verdict::ok;
    judgement.coverage.emplace_back("steps tried", tried);
    return judgement;
}

void SearchedHistory::explain(const SearchProblem& problem, const SearchResult& result,
    const std::string& part, const StepTable& steps, Judgement& judgement) const {
    PartialOrder partial;
    partial.part = part;
    const auto operation_of = [&](std::uint32_t at) -> const RecordedOperation& {
        return history_.operations[problem.operations[at].id];
    };
    const bool in_parts = problem.initial.size() > 1;
    partial.before = in_parts ? std::string("nothing is done") : steps.describe(problem.initial[0]);
    const std::uint64_t skipped =
        result.order.size() > order_shown_max ? result.order.size() - order_shown_max : 0;
    std::vector<StateId> states = problem.initial;
    for (std::uint64_t i = 0; i < result.order.size(); ++i) {
        const FoundStep& step = result.order[i];
        states[problem.operations[step.operation].part] = step.state;
        if (i + 1 == skipped) {
            partial.before =
                fmt::format("{} after {} operations", steps.describe(step.state), skipped);
        }
        if (i >= skipped) {
            partial.steps.push_back(
                {problem.operations[step.operation].id, steps.describe(step.state)});
        }
    }
    for (const std::uint32_t at : result.refused) {
        if (partial.refused.size() < refused_shown_max) {
            const SearchOperation& refused = problem.operations[at];
            partial.refused.push_back(
                {refused.id, steps.refusal(states[refused.part], refused.does[0])});
        }
    }
    Anomaly anomaly;
    anomaly.name = fmt::format("not {}", request_.order.kind == SearchLevel::Kind::sequential
                                             ? "sequentially consistent"
                                             : request_.level);
    // In real time the first return that no order gets past is the one that is wrong; with other
    // levels it is one of those that the longest order leaves out.
    std::uint32_t stuck = result.stuck;
    std::vector<StateId> stuck_states = result.stuck_states;
    if (stuck == none && !result.refused.empty()) {
        stuck = result.refused.front();
        stuck_states = {states[problem.operations[stuck].part]};
    }
    if (stuck != none) {
        const SearchOperation& one = problem.operations[stuck];
        std::vector<std::string> held;
        for (const StateId state : stuck_states) {
            held.push_back(steps.describe(state));
            anomaly.steps.push_back(steps.refusal(state, one.does[0]));
        }
        const std::string of = in_parts ? part_name(parts_[one.part]) : part;
        const std::string where =
            of.empty() ? request_.object : fmt::format("{} of {}", request_.object, of);
        anomaly.sentence = fmt::format(
            "{} fits no order: in every order that explains what ended before it, the {} holds {} "
            "then",
            operation_with_place(operation_of(stuck)), where, list_of(held));
        anomaly.operations.push_back(one.id);
        for (auto step = result.order.rbegin();
            step != result.order.rend() && anomaly.operations.size() < witness_max; ++step) {
            const SearchOperation& earlier = problem.operations[step->operation];
            if (earlier.part == one.part && !earlier.observes) {
                anomaly.operations.push_back(earlier.id);
            }
        }
    } else {
        anomaly.sentence = fmt::format(
            "no order of the operations on the {} explains all answers", request_.object);
    }
    judgement.anomalies.push_back(std::move(anomaly));
    judgement.anomalies_total = 1;
    judgement.partial.push_back(std::move(partial));
}

}  // namespace ledger::check
