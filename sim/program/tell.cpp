#include "sim/program/tell.h"

#include <csignal>
#include <functional>
#include <optional>
#include <utility>

#include "sim/program/output.h"
#include "sim/program/result_record.h"
#include "sim/program/runner.h"
#include "sim/program/supervise.h"

namespace ledger::sim {
namespace {

// What an aborting child does before it dies; it runs on the stack of what failed, in one thread.
std::function<void()>* last_will = nullptr;

extern "C" void carry_out_last_will(int) {
    if (std::function<void()>* will = std::exchange(last_will, nullptr)) {
        (*will)();
    }
}

std::string text_of(ByteSpan bytes) {
    return std::string(as_text(bytes));
}

// --- from child to parent

void write(ByteWriter& writer, const check::Mark& mark) {
    writer.sized(as_bytes(mark.lane));
    writer.u8(static_cast<std::uint8_t>(mark.kind));
    writer.i64(mark.from.nanoseconds);
    writer.i64(mark.to.nanoseconds);
    writer.sized(as_bytes(mark.text));
}

check::Mark read_mark(ByteReader& reader) {
    check::Mark mark;
    mark.lane = text_of(reader.sized());
    mark.kind = static_cast<check::Mark::Kind>(reader.u8());
    mark.from = {reader.i64()};
    mark.to = {reader.i64()};
    mark.text = text_of(reader.sized());
    return mark;
}

void write(ByteWriter& writer, const check::OperationBox& box) {
    writer.sized(as_bytes(box.lane));
    writer.u64(box.operation);
    writer.i64(box.from.nanoseconds);
    writer.i64(box.to.nanoseconds);
    writer.sized(as_bytes(box.text));
    writer.sized(as_bytes(box.outcome));
    writer.u8(box.witness ? 1 : 0);
}

check::OperationBox read_box(ByteReader& reader) {
    check::OperationBox box;
    box.lane = text_of(reader.sized());
    box.operation = reader.u64();
    box.from = {reader.i64()};
    box.to = {reader.i64()};
    box.text = text_of(reader.sized());
    box.outcome = text_of(reader.sized());
    box.witness = reader.u8() != 0;
    return box;
}

// `result` is what is known of the run so far.
ByteVector say(const RunResult& result, const World& world,
    const std::vector<std::pair<Instant, std::uint32_t>>& played) {
    const check::Report report = make_report(result, &world, 0, {}, {});
    ByteVector bytes;
    ByteWriter writer(bytes);
    ByteVector encoded;
    encode_result(result, encoded);
    writer.sized(encoded);
    writer.u32(static_cast<std::uint32_t>(report.lanes.size()));
    for (const std::string& lane : report.lanes) {
        writer.sized(as_bytes(lane));
    }
    writer.u32(static_cast<std::uint32_t>(report.marks.size()));
    for (const check::Mark& mark : report.marks) {
        write(writer, mark);
    }
    writer.u32(static_cast<std::uint32_t>(report.operations.size()));
    for (const check::OperationBox& box : report.operations) {
        write(writer, box);
    }
    writer.u32(static_cast<std::uint32_t>(played.size()));
    for (const auto& [at, place] : played) {
        writer.i64(at.nanoseconds);
        writer.u32(place);
    }
    return bytes;
}

void understand(ByteSpan bytes, const Candidate& candidate, Told& told) {
    ByteReader reader(bytes);
    if (std::optional<RunResult> result = decode_result(reader.sized())) {
        told.result = std::move(*result);
    }
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        told.report.lanes.push_back(text_of(reader.sized()));
    }
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        told.report.marks.push_back(read_mark(reader));
    }
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        told.report.operations.push_back(read_box(reader));
    }
    for (std::uint32_t left = reader.u32(); reader.ok() && left > 0; --left) {
        const Instant at{reader.i64()};
        const std::uint32_t place = reader.u32();
        if (place < candidate.scenario.tape.size()) {
            told.played.push_back({at, candidate.scenario.tape[place]});
        }
    }
}

}  // namespace

Told tell(const Candidate& candidate) {
    static auto* const progress = static_cast<Progress*>(share_memory(sizeof(Progress)));
    const std::uint64_t start = wall_clock_microseconds();
    const std::function<void(const Say&)> body = [&](const Say& out) {
        std::vector<std::pair<Instant, std::uint32_t>> played;
        const World* world = nullptr;
        std::function<void()> will = [&] {
            if (world != nullptr) {
                out(say(world->result(), *world, played));
            }
        };
        last_will = &will;
        std::signal(SIGABRT, carry_out_last_will);
        ProgressObserver observer(*progress, nullptr);
        const Finished finished = run_seed({.scenario = candidate.scenario,
            .seed = candidate.seed,
            .guest = candidate.guest,
            .kept_operations = report_operations_max,
            .observer = &observer,
            .begun = [&](const World& begun) { world = &begun; },
            .played =
                [&](std::uint32_t place) {
                    played.emplace_back(world == nullptr ? Instant{} : world->time(), place);
                }});
        out(say(finished.result, *finished.world, played));
    };
    const std::vector<ChildReport> reports = run_side_by_side({&body, 1}, UINT64_MAX / 2);
    const ChildReport& child = reports.front();
    Told told;
    understand(child.said, candidate, told);
    told.died = child.end.signal != 0;
    if (told.died) {
        told.result.seed = candidate.seed;
        told.result.verdict = check::Verdict::violated;
        told.result.violation = crash_violation(child.end, *progress);
        told.result.steps = progress->step;
        told.result.virtual_time = Duration{progress->time_nanoseconds};
    }
    check::Report report = make_report(told.result, nullptr, wall_clock_microseconds() - start, {},
        check::print_scenario(candidate.scenario));
    report.lanes = std::move(told.report.lanes);
    report.marks = std::move(told.report.marks);
    report.operations = std::move(told.report.operations);
    told.report = std::move(report);
    return told;
}

}  // namespace ledger::sim
