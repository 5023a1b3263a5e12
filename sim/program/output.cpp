#include "sim/program/output.h"

#include <fmt/format.h>

#include "log/base/format.h"

namespace ledger::sim {
namespace {

void add_operations(check::Report& report, const World& world) {
    const auto operations = world.judge().history().operations();
    const std::size_t first = operations.size() > report_operations_max
                                  ? operations.size() - report_operations_max
                                  : 0;
    const bool failed = !report.violations.empty();
    for (std::size_t i = first; i < operations.size(); ++i) {
        const check::Operation& operation = *operations[i];
        const bool pending = std::holds_alternative<check::Pending>(operation.answer);
        static constexpr const char* outcomes[] = {
            "pending", "ok", "conflict", "refused", "unknown", "ok"};
        check::OperationBox box{.lane = fmt::format("client {}", operation.client),
            .operation = operation.id.value,
            .from = operation.called.time,
            .to = pending ? Instant{} + Duration{report.virtual_milliseconds > 0
                                                     ? static_cast<std::int64_t>(
                                                           report.virtual_milliseconds) *
                                                           1'000'000
                                                     : 0}
                          : operation.returned.time,
            .text = check::describe(operation),
            .outcome = outcomes[operation.answer.index()],
            .witness = false};
        // The witness is the operation during which the violation was found.
        box.witness = failed && box.to == report.violations.front().time;
        report.operations.push_back(std::move(box));
    }
}

}  // namespace

std::string build_name() {
#if defined(__clang__)
    return fmt::format("{} clang {}", LEDGER_VERSION, __clang_major__);
#else
    return fmt::format("{} gcc {}", LEDGER_VERSION, __GNUC__);
#endif
}

std::string hash_text(const Hash128& hash) {
    return fmt::format("{:016x}{:016x}", hash.high(), hash.low());
}

std::vector<check::FaultCount> named(const FaultCounts& faults) {
    std::vector<check::FaultCount> all;
    for (std::size_t i = 0; i < fault_count; ++i) {
        const FaultCount& count = faults.counts[i];
        all.push_back({std::string(fault_name(static_cast<Fault>(i))), count.fired, count.consumed});
    }
    return all;
}

void write_faults(check::JsonWriter& writer, const FaultCounts& faults) {
    writer.begin_object();
    for (std::size_t i = 0; i < fault_count; ++i) {
        writer.key(fault_name(static_cast<Fault>(i))).begin_object();
        writer.key("fired").number(faults.counts[i].fired);
        writer.key("consumed").number(faults.counts[i].consumed);
        writer.end_object();
    }
    writer.end_object();
}

void write_checks(check::JsonWriter& writer, const std::vector<check::CheckResult>& checks) {
    writer.begin_object();
    for (const check::CheckResult& check : checks) {
        writer.key(check.name).begin_object();
        writer.key("verdict").text(check::to_text(check.verdict));
        writer.key("examined").number(check.examined);
        writer.end_object();
    }
    writer.end_object();
}

void write_violation(check::JsonWriter& writer, const check::Violation& violation) {
    writer.begin_object().key("check").text(violation.check);
    writer.key("kind").text(check::to_text(violation.kind));
    writer.key("step").number(violation.step);
    writer.key("time").fixed(violation.time.nanoseconds, 9);
    writer.key("sentence").text(violation.sentence).end_object();
}

std::string run_json(const RunResult& result, std::uint64_t wall_microseconds,
    const std::string& repro, const std::string& schema) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text(schema);
    writer.key("verdict").text(check::to_text(result.verdict));
    if (!result.reason.empty()) {
        writer.key("reason").text(result.reason);
    }
    writer.key("seed").number(result.seed);
    writer.key("trace_hash").text(hash_text(result.trace_hash));
    writer.key("virtual_seconds").fixed(result.virtual_time.nanoseconds, 9);
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(wall_microseconds), 6);
    writer.key("events").number(result.steps);
    writer.key("faults");
    write_faults(writer, result.faults);
    writer.key("operations").begin_object();
    writer.key("ok").number(result.operations.ok);
    writer.key("failed").number(result.operations.failed);
    writer.key("unknown").number(result.operations.unknown).end_object();
    writer.key("appends").number(result.acknowledged_appends);
    writer.key("ledger_events").number(result.events_in_ledger);
    writer.key("leader_changes").number(result.leader_changes);
    writer.key("leader_changes_with_uncommitted").number(result.leader_changes_with_uncommitted);
    writer.key("crash_recoveries").number(result.crash_recoveries);
    writer.key("crash_recoveries_with_loss").number(result.crash_recoveries_with_loss);
    writer.key("checks");
    write_checks(writer, result.checks);
    writer.key("violation");
    if (result.violation) {
        write_violation(writer, *result.violation);
    } else {
        writer.null();
    }
    writer.key("repro").text(repro).end_object();
    text.push_back('\n');
    return text;
}

check::Report make_report(const RunResult& result, const World* world,
    std::uint64_t wall_microseconds, const std::string& repro, const std::string& scenario) {
    check::Report report;
    report.title = "ledgersim run";
    report.verdict = result.verdict;
    report.verdict_reason = result.reason;
    if (result.violation) {
        report.violations.push_back(*result.violation);
    }
    report.seed = result.seed;
    report.trace_hash = hash_text(result.trace_hash);
    report.build = build_name();
    report.virtual_milliseconds =
        static_cast<std::uint64_t>(result.virtual_time.nanoseconds / 1'000'000);
    report.wall_milliseconds = wall_microseconds / 1000;
    report.events = result.steps;
    report.operations_ok = result.operations.ok;
    report.operations_failed = result.operations.failed;
    report.operations_unknown = result.operations.unknown;
    report.faults = named(result.faults);
    report.checks = result.checks;
    const auto fact = [&](const char* name, std::uint64_t value) {
        report.facts.emplace_back(name, std::to_string(value));
    };
    fact("events in the ledger", result.events_in_ledger);
    fact("acknowledged appends", result.acknowledged_appends);
    fact("leader changes", result.leader_changes);
    fact("... with uncommitted entries", result.leader_changes_with_uncommitted);
    fact("crash recoveries", result.crash_recoveries);
    fact("... that lost bytes", result.crash_recoveries_with_loss);
    report.repro = repro;
    report.scenario = scenario;
    if (world != nullptr) {
        report.lanes.push_back("network");
        for (const auto& host : world->hosts()) {
            report.lanes.push_back(fmt::format("n{}", host->node()));
        }
        report.marks = world->marks();
        add_operations(report, *world);
    }
    return report;
}

}  // namespace ledger::sim
