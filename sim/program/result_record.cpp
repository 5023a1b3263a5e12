#include "sim/program/result_record.h"

namespace ledger::sim {
namespace {

std::string text_of(ByteSpan bytes) {
    return std::string(as_text(bytes));
}

}  // namespace

void encode_result(const RunResult& result, ByteVector& out) {
    ByteWriter writer(out);
    writer.u8(static_cast<std::uint8_t>(result.verdict));
    writer.u64(result.seed);
    writer.u64(result.trace_hash.high());
    writer.u64(result.trace_hash.low());
    writer.i64(result.virtual_time.nanoseconds);
    for (const std::uint64_t number : {result.steps, result.operations.ok,
             result.operations.failed, result.operations.unknown, result.acknowledged_appends,
             result.events_in_ledger, result.leader_changes,
             result.leader_changes_with_uncommitted, result.crash_recoveries,
             result.crash_recoveries_with_loss, result.marathons}) {
        writer.u64(number);
    }
    for (const FaultCount& count : result.faults.counts) {
        writer.u64(count.fired);
        writer.u64(count.consumed);
    }
    writer.u32(static_cast<std::uint32_t>(result.checks.size()));
    for (const check::CheckResult& check : result.checks) {
        writer.sized(as_bytes(check.name));
        writer.u8(static_cast<std::uint8_t>(check.verdict));
        writer.u64(check.examined);
    }
    writer.sized(as_bytes(result.reason));
    writer.u8(result.violation ? 1 : 0);
    if (result.violation) {
        writer.sized(as_bytes(result.violation->check));
        writer.u8(static_cast<std::uint8_t>(result.violation->kind));
        writer.u64(result.violation->step);
        writer.i64(result.violation->time.nanoseconds);
        writer.sized(as_bytes(result.violation->sentence));
    }
}

std::optional<RunResult> decode_result(ByteSpan bytes) {
    ByteReader reader(bytes);
    RunResult result;
    result.verdict = static_cast<check::Verdict>(reader.u8());
    result.seed = reader.u64();
    const std::uint64_t high = reader.u64();
    result.trace_hash = Hash128(high, reader.u64());
    result.virtual_time = {reader.i64()};
    for (std::uint64_t* number : {&result.steps, &result.operations.ok, &result.operations.failed,
             &result.operations.unknown, &result.acknowledged_appends, &result.events_in_ledger,
             &result.leader_changes, &result.leader_changes_with_uncommitted,
             &result.crash_recoveries, &result.crash_recoveries_with_loss, &result.marathons}) {
        *number = reader.u64();
    }
    for (FaultCount& count : result.faults.counts) {
        count.fired = reader.u64();
        count.consumed = reader.u64();
    }
    const std::uint32_t checks = reader.u32();
    for (std::uint32_t i = 0; i < checks && reader.ok(); ++i) {
        check::CheckResult check;
        check.name = text_of(reader.sized());
        check.verdict = static_cast<check::CheckResult::Verdict>(reader.u8());
        check.examined = reader.u64();
        result.checks.push_back(std::move(check));
    }
    result.reason = text_of(reader.sized());
    if (reader.u8() != 0) {
        check::Violation violation;
        violation.check = text_of(reader.sized());
        violation.kind = static_cast<check::Kind>(reader.u8());
        violation.step = reader.u64();
        violation.time = Instant{reader.i64()};
        violation.sentence = text_of(reader.sized());
        result.violation = std::move(violation);
    }
    if (!reader.ok() || !reader.at_end()) {
        return std::nullopt;
    }
    return result;
}

}  // namespace ledger::sim
