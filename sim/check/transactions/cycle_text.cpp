#include "sim/check/transactions/cycle_text.h"

#include <fmt/format.h>

#include "sim/check/transactions/transaction.h"

namespace ledger::check {
namespace {

std::string_view class_name(CycleClass kind) {
    switch (kind) {
        case CycleClass::g0: return "G0";
        case CycleClass::g1c: return "G1c";
        case CycleClass::g_single: return "G-single";
        case CycleClass::g_nonadjacent: return "G-nonadjacent";
        case CycleClass::g2_item: return "G2-item";
    }
    return "";
}

// What the class means, of transactions that are all ordered by the data.
std::string_view meaning(CycleClass kind) {
    switch (kind) {
        case CycleClass::g0: return "their writes are interleaved";
        case CycleClass::g1c:
            return "each has seen, or written over, what another one of them wrote";
        case CycleClass::g_single: return "one of them has missed what it must have come after";
        case CycleClass::g_nonadjacent:
            return "several of them have missed what they must have come after, and no two that "
                   "missed something are neighbours (G-nonadjacent), so that no snapshots explain "
                   "it "
                   "either";
        case CycleClass::g2_item: return "several of them have missed what others of them wrote";
    }
    return "";
}

bool same_key(const CycleStep& a, const CycleStep& b) {
    return a.label.key == b.label.key;
}

// The name that people have for a cycle of just this shape; empty if there is none.
std::string_view common_name(const Cycle& cycle) {
    const auto& steps = cycle.steps;
    const auto kind = [&steps](std::uint64_t i) { return steps[i % steps.size()].kind; };
    for (std::uint64_t i = 0; i < steps.size(); ++i) {
        if (steps.size() == 2 && kind(i) == EdgeKind::rw) {
            if (kind(i + 1) == EdgeKind::rw) {
                return same_key(steps[0], steps[1]) ? "lost update" : "write skew";
            }
            if (kind(i + 1) == EdgeKind::ww && same_key(steps[0], steps[1])) {
                return "lost update";
            }
            if (kind(i + 1) == EdgeKind::wr && !same_key(steps[0], steps[1])) {
                return "fractured read";
            }
        }
        if (steps.size() == 4 && cycle.kind == CycleClass::g_nonadjacent &&
            kind(i) == EdgeKind::wr && kind(i + 1) == EdgeKind::rw && kind(i + 2) == EdgeKind::wr &&
            kind(i + 3) == EdgeKind::rw) {
            return "long fork";
        }
    }
    switch (cycle.kind) {
        case CycleClass::g0: return "write cycle";
        case CycleClass::g1c: return "circular information flow";
        case CycleClass::g_single: return "read skew";
        case CycleClass::g_nonadjacent:
        case CycleClass::g2_item: return "cycle of missed writes";
    }
    return "";
}

BrokenLevels broken_by(CycleClass kind, Support support) {
    if (support != Support::data) {
        return {support == Support::session ? Level::strong_session_serializable
                                            : Level::strict_serializable};
    }
    switch (kind) {
        case CycleClass::g0: return {Level::read_uncommitted};
        case CycleClass::g1c: return {Level::read_committed};
        case CycleClass::g_single:
        case CycleClass::g_nonadjacent: return {Level::repeatable_read, Level::snapshot_isolation};
        case CycleClass::g2_item: return {Level::repeatable_read};
    }
    return {};
}

std::string order_reason(const RecordedOperation& from, const RecordedOperation& to,
    Support support, const std::string& name) {
    if (support == Support::session) {
        return fmt::format("it returned before the same client {} called {}", from.process, name);
    }
    if (from.returned_ns && to.called_ns) {
        return fmt::format("it returned at {} ns, before {} was called at {} ns", *from.returned_ns,
            name, *to.called_ns);
    }
    return fmt::format("it returned before {} was called", name);
}

}  // namespace

std::string cycle_suffix(Support support) {
    switch (support) {
        case Support::data: return "";
        case Support::session:
        case Support::session_shown: return "-process";
        case Support::realtime:
        case Support::realtime_shown: return "-realtime";
    }
    return "";
}

FoundAnomaly describe(const Cycle& cycle, const CycleSpeaker& speaker) {
    FoundAnomaly out;
    const BrokenLevels broken = broken_by(cycle.kind, cycle.support);
    if (cycle.kind == CycleClass::g_nonadjacent && cycle.support == Support::data) {
        out.names.push_back({std::string(class_name(CycleClass::g2_item)),
            broken_by(CycleClass::g2_item, cycle.support)});
    }
    out.names.push_back(
        {std::string(class_name(cycle.kind)) + cycle_suffix(cycle.support), broken});
    std::string names;
    for (std::uint64_t i = 0; i < cycle.steps.size(); ++i) {
        const CycleStep& step = cycle.steps[i];
        const RecordedOperation& from = speaker.operation(step.from);
        const RecordedOperation& to = speaker.operation(step.to);
        const std::string from_name = operation_name(speaker.noun, from);
        const std::string to_name = operation_name(speaker.noun, to);
        out.operations.push_back(from.id);
        if (i < 8) {
            names += i == 0 ? "" : i + 1 == cycle.steps.size() ? " and " : ", ";
            names += fmt::format("{}", from.id);
        }
        out.steps.push_back(fmt::format("{} must stand before {}: {}", from_name, to_name,
            step.kind == EdgeKind::order ? order_reason(from, to, step.support, to_name)
                                         : speaker.reason(step)));
    }
    if (cycle.steps.size() > 8) {
        names += fmt::format(" and {} others", cycle.steps.size() - 8);
    }
    const std::string_view order = cycle.support == Support::data ? ""
                                   : cycle.support == Support::session
                                       ? ", in the order of clients"
                                       : ", in the order of real time";
    out.sentence = fmt::format("{}: no order of the {}s {} is possible{}: {}", common_name(cycle),
        speaker.noun, names, order, meaning(cycle.kind));
    return out;
}

}  // namespace ledger::check
