#include "sim/program/campaign_totals.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/check/fingerprint.h"
#include "sim/program/output.h"
#include "sim/program/result_record.h"

namespace ledger::sim {
namespace {

// So many canaries where runs have a reason on average, and one of them should have had one.
constexpr std::uint64_t canaries_enough = 16;

// Both ascending.
void join(std::vector<std::uint64_t>& seeds, const std::vector<std::uint64_t>& more) {
    std::vector<std::uint64_t> all(seeds.size() + more.size());
    std::merge(seeds.begin(), seeds.end(), more.begin(), more.end(), all.begin());
    seeds = std::move(all);
}

void join(Discovery& discovery, const Discovery& more) {
    const RunResult& one = discovery.smallest;
    const RunResult& other = more.smallest;
    if (discovery.seeds.empty() ||
        std::pair(other.steps, other.seed) < std::pair(one.steps, one.seed)) {
        discovery.smallest = other;
    }
    discovery.fingerprint = more.fingerprint;
    join(discovery.seeds, more.seeds);
}

void join(std::map<std::string, check::CheckResult>& checks, const check::CheckResult& one) {
    using Verdict = check::CheckResult::Verdict;
    check::CheckResult& all = checks[one.name];
    all.name = one.name;
    all.examined += one.examined;
    const bool failed = all.verdict == Verdict::violated || one.verdict == Verdict::violated;
    all.verdict = failed ? Verdict::violated : all.examined > 0 ? Verdict::ok : Verdict::idle;
}

void join(RunResult& sum, const RunResult& result) {
    sum.steps += result.steps;
    sum.virtual_time = sum.virtual_time + result.virtual_time;
    sum.faults.add(result.faults);
    sum.operations.ok += result.operations.ok;
    sum.operations.failed += result.operations.failed;
    sum.operations.unknown += result.operations.unknown;
    sum.acknowledged_appends += result.acknowledged_appends;
    sum.events_in_ledger += result.events_in_ledger;
    sum.leader_changes += result.leader_changes;
    sum.leader_changes_with_uncommitted += result.leader_changes_with_uncommitted;
    sum.crash_recoveries += result.crash_recoveries;
    sum.crash_recoveries_with_loss += result.crash_recoveries_with_loss;
    sum.marathons += result.marathons;
}

void write(ByteWriter& writer, const RunResult& result) {
    ByteVector bytes;
    encode_result(result, bytes);
    writer.sized(bytes);
}

void write(ByteWriter& writer, const std::vector<std::uint64_t>& numbers) {
    writer.u64(numbers.size());
    for (const std::uint64_t number : numbers) {
        writer.u64(number);
    }
}

std::vector<std::uint64_t> read_numbers(ByteReader& reader) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t left = reader.u64(); reader.ok() && left > 0; --left) {
        numbers.push_back(reader.u64());
    }
    return numbers;
}

void write(ByteWriter& writer, const Discovery& discovery) {
    writer.sized(as_bytes(discovery.fingerprint));
    write(writer, discovery.smallest);
    write(writer, discovery.seeds);
}

// Not whole: the reader says so, or a result was not readable, or has nothing to be discovered.
bool read(ByteReader& reader, Discovery& discovery) {
    discovery.fingerprint = as_text(reader.sized());
    std::optional<RunResult> smallest = decode_result(reader.sized());
    discovery.seeds = read_numbers(reader);
    if (smallest) {
        discovery.smallest = std::move(*smallest);
    }
    return discovery.smallest.violation.has_value() && reader.ok();
}

void write_numbers(check::JsonWriter& writer, const std::vector<std::uint64_t>& numbers) {
    writer.begin_array();
    for (const std::uint64_t number : numbers) {
        writer.number(number);
    }
    writer.end_array();
}

std::string canary_text(const CampaignTotals& totals) {
    if (totals.canaries == 0) {
        return "no run had a canary";
    }
    return fmt::format("{} runs had a canary, {} heard it{}", totals.canaries,
        totals.canary ? totals.canary->seeds.size() : 0,
        totals.canaries_silent > 0
            ? fmt::format(", {} had a reason to hear it and did not", totals.canaries_silent)
            : "");
}

}  // namespace

bool has_canary(std::uint64_t seed) {
    constexpr std::uint64_t one_in = 100;
    return keyed_bits(seed, Site::nemesis_profile, 1001, 0) % one_in == 0;
}

void CampaignTotals::add(const RunResult& result, std::uint64_t microseconds) {
    ++seeds;
    // Where the scenario has one in every run, it is a finding like any other.
    const bool sang =
        has_canary(result.seed) && result.violation && result.violation->check == "canary";
    if (has_canary(result.seed)) {
        ++canaries;
        canaries_silent +=
            !result.violation && result.leader_changes_with_uncommitted > 0 ? 1u : 0u;
    }
    if (result.verdict == check::Verdict::violated) {
        const std::string print = check::fingerprint(*result.violation);
        Discovery& discovery = sang ? (canary ? *canary : canary.emplace()) : discoveries[print];
        join(discovery, {.fingerprint = print, .smallest = result, .seeds = {result.seed}});
    } else if (result.verdict == check::Verdict::inconclusive) {
        join(inconclusive, {result.seed});
    }
    if (microseconds > slowest_microseconds) {
        slowest_microseconds = microseconds;
        slowest_seed = result.seed;
    }
    join(sum, result);
    for (const check::CheckResult& one : result.checks) {
        join(checks, one);
    }
}

void CampaignTotals::add(const CampaignTotals& other) {
    seeds += other.seeds;
    join(inconclusive, other.inconclusive);
    for (const auto& [print, discovery] : other.discoveries) {
        join(discoveries[print], discovery);
    }
    join(sum, other.sum);
    for (const auto& [name, one] : other.checks) {
        join(checks, one);
    }
    for (const auto& [name, hits] : other.marks) {
        marks[name] += hits;
    }
    canaries += other.canaries;
    canaries_silent += other.canaries_silent;
    if (other.canary) {
        join(canary ? *canary : canary.emplace(), *other.canary);
    }
    if (other.slowest_microseconds > slowest_microseconds) {
        slowest_microseconds = other.slowest_microseconds;
        slowest_seed = other.slowest_seed;
    }
    wall_microseconds += other.wall_microseconds;
}

std::vector<std::uint64_t> CampaignTotals::violated() const {
    std::vector<std::uint64_t> all;
    for (const auto& [print, discovery] : discoveries) {
        all.insert(all.end(), discovery.seeds.begin(), discovery.seeds.end());
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> CampaignTotals::idle() const {
    std::vector<std::string> names;
    for (const auto& [name, result] : checks) {
        if (result.verdict == check::CheckResult::Verdict::idle) {
            names.push_back(name);
        }
    }
    return names;
}

bool CampaignTotals::canary_failed() const {
    const bool reasons = sum.leader_changes_with_uncommitted > seeds;
    return canaries_silent > 0 || (canaries >= canaries_enough && reasons && !canary);
}

check::Verdict CampaignTotals::verdict() const {
    if (!discoveries.empty() || canary_failed() || (seeds > 0 && !idle().empty())) {
        return check::Verdict::violated;
    }
    const bool incomplete = seeds == 0 || seeds < expected;
    return incomplete || !inconclusive.empty() ? check::Verdict::inconclusive : check::Verdict::ok;
}

void encode_totals(const CampaignTotals& totals, ByteVector& out) {
    ByteWriter writer(out);
    writer.u64(totals.seeds);
    write(writer, totals.inconclusive);
    writer.u64(totals.discoveries.size());
    for (const auto& [print, discovery] : totals.discoveries) {
        write(writer, discovery);
    }
    RunResult sum = totals.sum;
    sum.checks.clear();
    for (const auto& [name, result] : totals.checks) {
        sum.checks.push_back(result);
    }
    write(writer, sum);
    writer.u64(totals.marks.size());
    for (const auto& [name, hits] : totals.marks) {
        writer.sized(as_bytes(name));
        writer.u64(hits);
    }
    writer.u64(totals.canaries);
    writer.u64(totals.canaries_silent);
    writer.u8(totals.canary ? 1 : 0);
    if (totals.canary) {
        write(writer, *totals.canary);
    }
    writer.u64(totals.slowest_seed);
    writer.u64(totals.slowest_microseconds);
    writer.u64(totals.wall_microseconds);
}

std::optional<CampaignTotals> decode_totals(ByteSpan bytes) {
    ByteReader reader(bytes);
    CampaignTotals totals;
    totals.seeds = reader.u64();
    totals.inconclusive = read_numbers(reader);
    bool whole = true;
    for (std::uint64_t left = reader.u64(); whole && reader.ok() && left > 0; --left) {
        Discovery discovery;
        whole = read(reader, discovery);
        totals.discoveries[discovery.fingerprint] = discovery;
    }
    std::optional<RunResult> sum = decode_result(reader.sized());
    whole = whole && sum.has_value();
    if (sum) {
        for (const check::CheckResult& result : sum->checks) {
            totals.checks[result.name] = result;
        }
        sum->checks.clear();
        totals.sum = std::move(*sum);
    }
    for (std::uint64_t left = reader.u64(); reader.ok() && left > 0; --left) {
        const std::string name(as_text(reader.sized()));
        totals.marks[name] = reader.u64();
    }
    totals.canaries = reader.u64();
    totals.canaries_silent = reader.u64();
    if (reader.u8() != 0) {
        whole = whole && read(reader, totals.canary.emplace());
    }
    totals.slowest_seed = reader.u64();
    totals.slowest_microseconds = reader.u64();
    totals.wall_microseconds = reader.u64();
    whole = whole && reader.ok() && reader.at_end();
    return whole ? std::optional(std::move(totals)) : std::nullopt;
}

std::string totals_json(const CampaignTotals& totals, Timings timings) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.campaign/1");
    writer.key("verdict").text(check::to_text(totals.verdict()));
    writer.key("seeds_run").number(totals.seeds);
    writer.key("marathons").number(totals.sum.marathons);
    writer.key("violated");
    write_numbers(writer, totals.violated());
    writer.key("inconclusive");
    write_numbers(writer, totals.inconclusive);
    writer.key("findings").begin_array();
    for (const auto& [print, discovery] : totals.discoveries) {
        writer.begin_object().key("fingerprint").text(print);
        writer.key("smallest").number(discovery.smallest.seed);
        writer.key("seeds");
        write_numbers(writer, discovery.seeds);
        writer.end_object();
    }
    writer.end_array();
    writer.key("canary").begin_object().key("runs").number(totals.canaries);
    writer.key("heard").number(totals.canary ? totals.canary->seeds.size() : 0);
    writer.key("silent").number(totals.canaries_silent).end_object();
    writer.key("faults");
    write_faults(writer, totals.sum.faults);
    writer.key("checks");
    std::vector<check::CheckResult> checks;
    for (const auto& [name, result] : totals.checks) {
        checks.push_back(result);
    }
    write_checks(writer, checks);
    writer.key("sometimes_unhit").begin_array();
    for (const auto& [name, hits] : totals.marks) {
        if (hits == 0) {
            writer.text(name);
        }
    }
    writer.end_array();
    writer.key("events").number(totals.sum.steps);
    writer.key("appends").number(totals.sum.acknowledged_appends);
    writer.key("operations").begin_object();
    writer.key("ok").number(totals.sum.operations.ok);
    writer.key("failed").number(totals.sum.operations.failed);
    writer.key("unknown").number(totals.sum.operations.unknown).end_object();
    writer.key("leader_changes").number(totals.sum.leader_changes);
    writer.key("leader_changes_with_uncommitted");
    writer.number(totals.sum.leader_changes_with_uncommitted);
    writer.key("crash_recoveries").number(totals.sum.crash_recoveries);
    writer.key("crash_recoveries_with_loss").number(totals.sum.crash_recoveries_with_loss);
    writer.key("virtual_seconds").fixed(totals.sum.virtual_time.nanoseconds / 1000, 6);
    if (timings == Timings::yes) {
        writer.key("slowest_seed").number(totals.slowest_seed);
        writer.key("wall_seconds").fixed(static_cast<std::int64_t>(totals.wall_microseconds), 6);
    }
    writer.end_object();
    text.push_back('\n');
    return text;
}

std::string totals_text(const CampaignTotals& totals) {
    const RunResult& sum = totals.sum;
    std::string text;
    const auto row = [&](const char* name, std::uint64_t value) {
        text += fmt::format("{:<36}{:>14}\n", name, value);
    };
    const auto time = [&](const char* name, double seconds) {
        text += fmt::format("{:<36}{:>13.1f}s\n", name, seconds);
    };
    row("seeds", totals.seeds);
    row("... marathons among them", sum.marathons);
    row("steps", sum.steps);
    row("acknowledged appends", sum.acknowledged_appends);
    row("operations ok", sum.operations.ok);
    row("operations failed definitely", sum.operations.failed);
    row("operations of unknown outcome", sum.operations.unknown);
    row("leader changes", sum.leader_changes);
    row("... with uncommitted entries", sum.leader_changes_with_uncommitted);
    row("crash recoveries", sum.crash_recoveries);
    row("... that lost bytes", sum.crash_recoveries_with_loss);
    time("virtual time", static_cast<double>(sum.virtual_time.nanoseconds) * 1e-9);
    time("wall time", static_cast<double>(totals.wall_microseconds) * 1e-6);
    time(fmt::format("slowest seed, {}", totals.slowest_seed).c_str(),
        static_cast<double>(totals.slowest_microseconds) * 1e-6);
    text += fmt::format("\n{:<36}{:>14}{:>14}\n", "fault", "fired", "consumed");
    for (std::size_t i = 0; i < fault_count; ++i) {
        text += fmt::format("{:<36}{:>14}{:>14}\n", fault_name(static_cast<Fault>(i)),
            sum.faults.counts[i].fired, sum.faults.counts[i].consumed);
    }
    text += fmt::format("\n{:<36}{:>14}{:>14}\n", "check", "verdict", "examined");
    for (const auto& [name, result] : totals.checks) {
        text += fmt::format(
            "{:<36}{:>14}{:>14}\n", name, check::to_text(result.verdict), result.examined);
    }
    std::string unhit;
    for (const auto& [name, hits] : totals.marks) {
        if (hits == 0) {
            unhit += "\n  " + name;
        }
    }
    text += unhit.empty() ? "\nevery mark was hit\n" : "\nmarks never hit:" + unhit + "\n";
    text += "\n" + canary_text(totals) + "\n";
    text += fmt::format("verdict: {}", check::to_text(totals.verdict()));
    for (const std::string& name : totals.idle()) {
        text += fmt::format("\n  the check {} examined nothing", name);
    }
    text += totals.canary_failed() ? "\n  violations are not reported as they should be" : "";
    return text + "\n";
}

}  // namespace ledger::sim
