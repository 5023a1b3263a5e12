#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/profile.h"
#include "sim/program/campaign_report.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/output.h"
#include "sim/program/shard_file.h"

namespace ledger::sim {
namespace {

struct FoundShard {
    std::string path;
    ShardContents contents;
};

// All shards of one campaign that are there, by index.
using Shards = std::map<std::uint32_t, FoundShard>;

// The *.state files of directories, each once, in order.
Result<std::vector<std::string>> state_files(const std::vector<std::string>& directories) {
    std::vector<std::string> files;
    std::set<std::string> known;
    for (const std::string& directory : directories) {
        std::error_code failed;
        std::set<std::string> here;
        for (std::filesystem::directory_iterator entry(directory, failed), end;
            !failed && entry != end; entry.increment(failed)) {
            if (entry->path().extension() == ".state") {
                here.insert(entry->path().string());
            }
        }
        if (failed) {
            return failure(InputErrc::unreadable, directory + ": " + failed.message());
        }
        if (here.empty()) {
            return failure(
                ShardErrc::foreign, directory + ": no shard of a campaign in it (*.state)");
        }
        for (const std::string& file : here) {
            const std::string same = std::filesystem::canonical(file, failed).string();
            if (failed) {
                return failure(InputErrc::unreadable, file + ": " + failed.message());
            }
            if (known.insert(same).second) {
                files.push_back(file);
            }
        }
    }
    return files;
}

Result<FoundShard> load(const std::string& path) {
    LEDGER_TRY(const std::string text, read_file(path));
    Result<ShardContents> contents = read_shard(as_bytes(text));
    if (!contents) {
        Error error = contents.error();
        error.place = path + ": " + error.place;
        return error;
    }
    return FoundShard{path, std::move(*contents)};
}

// They are of one campaign, made by this very program, and none is there twice.
Result<Shards> load_all(const std::vector<std::string>& directories) {
    LEDGER_TRY(const std::vector<std::string> files, state_files(directories));
    LEDGER_TRY(const Digest build, own_build());
    std::optional<CampaignIdentity> expected;
    std::string first;
    Shards shards;
    for (const std::string& path : files) {
        LEDGER_TRY(FoundShard shard, load(path));
        const CampaignIdentity& identity = shard.contents.identity;
        if (!expected) {
            first = path;
            expected = identity;
            expected->build = build;
            expected->build_name = build_name();
        }
        if (const std::string other = difference(*expected, identity); !other.empty()) {
            return failure(ShardErrc::foreign,
                path + ": " + other + (path == first ? "" : fmt::format(" (as in {})", first)));
        }
        const std::uint32_t index = identity.shard.index;
        const std::uint32_t count = identity.shard.count;
        const auto [place, fresh] = shards.emplace(index, std::move(shard));
        if (!fresh) {
            return failure(ShardErrc::foreign,
                fmt::format("{}: shard {} of {} is there twice, also as {}; take one of them away",
                    path, index, count, place->second.path));
        }
    }
    return shards;
}

const CampaignIdentity& identity_of(const Shards& shards) {
    return shards.begin()->second.contents.identity;
}

// "3, 7..9"
std::string print_ranges(const SeedSet& numbers) {
    std::string text;
    for (const auto& [first, last] : numbers.ranges()) {
        text += text.empty() ? "" : ", ";
        text += first == last ? fmt::format("{}", first) : fmt::format("{}..{}", first, last);
    }
    return text;
}

struct Progress {
    SeedSet missing;  // shards of which nothing is there
    SeedSet unfinished;
    std::uint64_t seeds = 0;
};

Progress progress_of(const Shards& shards) {
    Progress progress;
    for (std::uint32_t index = 1; index <= identity_of(shards).shard.count; ++index) {
        const auto shard = shards.find(index);
        if (shard == shards.end()) {
            progress.missing.add(index);
        } else if (!shard->second.contents.finished) {
            progress.unfinished.add(index);
        }
    }
    for (const auto& [index, shard] : shards) {
        progress.seeds += shard.contents.totals.seeds;
    }
    return progress;
}

bool complete(const Progress& progress) {
    return progress.missing.size() == 0 && progress.unfinished.size() == 0;
}

// What has to be run yet, and how; a line for each shard that has begun.
void tell_incomplete(const Shards& shards, const Progress& progress) {
    const CampaignIdentity& identity = identity_of(shards);
    for (const auto& [index, shard] : shards) {
        const ShardContents& contents = shard.contents;
        if (contents.finished) {
            continue;
        }
        const std::string end =
            contents.cut ? fmt::format(", cut off at byte {}", contents.whole_bytes) : "";
        const std::string of =
            contents.totals.expected > 0 ? fmt::format(" of {}", contents.totals.expected) : "";
        std::fprintf(stderr, "ledgersim: %s: shard %u of %u is not finished: %llu%s seeds%s\n",
            shard.path.c_str(), index, identity.shard.count,
            static_cast<unsigned long long>(contents.totals.seeds), of.c_str(), end.c_str());
    }
    if (progress.missing.size() > 0) {
        std::fprintf(stderr, "ledgersim: missing of %u shards: %s\n", identity.shard.count,
            print_ranges(progress.missing).c_str());
    }
}

void write_set(check::JsonWriter& writer, const SeedSet& numbers) {
    writer.begin_array();
    for (const auto& [first, last] : numbers.ranges()) {
        for (std::uint64_t number = first; number <= last; ++number) {
            writer.number(number);
        }
    }
    writer.end_array();
}

std::string status_json(const Shards& shards, const Progress& progress) {
    CampaignTotals totals;
    for (const auto& [index, shard] : shards) {
        totals.add(shard.contents.totals);
    }
    const CampaignIdentity& identity = identity_of(shards);
    const Shard all{identity.shard.first, identity.shard.last, 1, 1};
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledgersim.shards/1");
    writer.key("shards").number(identity.shard.count);
    writer.key("missing");
    write_set(writer, progress.missing);
    writer.key("unfinished");
    write_set(writer, progress.unfinished);
    writer.key("seeds_run").number(totals.seeds);
    writer.key("seeds");
    identity.seconds > 0 ? writer.null() : writer.number(all.seeds());
    writer.key("events").number(totals.sum.steps);
    writer.key("findings").number(totals.discoveries.size());
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(totals.wall_microseconds), 6);
    writer.end_object();
    text.push_back('\n');
    return text;
}

// Both commands begin so: nothing is there, and `code` says why.
std::optional<Shards> load_or_complain(const MergeOptions& options, int& code) {
    Result<Shards> shards = load_all(options.from);
    if (!shards) {
        const bool ours = shards.error().code.category() == shard_category();
        code = complain(shards.error(), ours ? exit_usage : exit_environment);
        return std::nullopt;
    }
    return std::move(*shards);
}

int merge(const Shards& shards, const Progress& progress, const MergeOptions& options) {
    const CampaignIdentity& identity = identity_of(shards);
    const Result<check::Scenario> scenario =
        check::parse_scenario(identity.scenario, scenario_keys());
    if (!scenario) {
        return complain(scenario.error(), exit_bug);
    }
    CampaignTotals totals;
    std::vector<ShardTimes> times;
    for (const auto& [index, shard] : shards) {
        const ShardContents& contents = shard.contents;
        totals.add(contents.totals);
        times.push_back({.index = index,
            .seeds = contents.totals.seeds,
            .steps = contents.totals.sum.steps,
            .wall_microseconds = contents.totals.wall_microseconds,
            .pace = contents.pace});
    }
    totals.expected =
        identity.seconds > 0 ? 0 : Shard{identity.shard.first, identity.shard.last, 1, 1}.seeds();
    if (!complete(progress)) {
        totals.expected = std::max(totals.expected, totals.seeds + 1);  // there is more to do
    }
    return write_report(totals, {.out = options.out,
                                    .scenario = scenarios_of(*scenario, identity.choice),
                                    .jobs = options.jobs,
                                    .shrink_seconds = options.shrink_seconds,
                                    .json = options.json,
                                    .shards = std::move(times),
                                    .repro = campaign_line(identity)});
}

}  // namespace

int command_merge(const MergeOptions& options) {
    int code = exit_ok;
    const std::optional<Shards> shards = load_or_complain(options, code);
    if (!shards) {
        return code;
    }
    const Progress progress = progress_of(*shards);
    tell_incomplete(*shards, progress);
    if (!complete(progress) && !options.partial) {
        std::fprintf(
            stderr, "ledgersim: run these again, as before; or --partial for what is there\n");
        return exit_inconclusive;
    }
    return merge(*shards, progress, options);
}

int command_shard_status(const MergeOptions& options) {
    int code = exit_ok;
    const std::optional<Shards> shards = load_or_complain(options, code);
    if (!shards) {
        return code;
    }
    const Progress progress = progress_of(*shards);
    code = complete(progress) ? exit_ok : exit_inconclusive;
    if (options.json) {
        return answer(status_json(*shards, progress), code);
    }
    tell_incomplete(*shards, progress);
    const std::uint64_t count = identity_of(*shards).shard.count;
    return answer(
        fmt::format("{} of {} shards finished, {} seeds\n",
            count - progress.missing.size() - progress.unfinished.size(), count, progress.seeds),
        code);
}

}  // namespace ledger::sim
