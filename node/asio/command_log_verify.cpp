#include <fmt/format.h>

#include "log/base/format.h"
#include "log/examination.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_log_directory.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

// The words of every verdict (exit 0, 9, 3).
const char* word_of(log::Condition condition) {
    switch (condition) {
        case log::Condition::clean:
        case log::Condition::torn: return "ok";
        case log::Condition::faulty: return "violated";
        case log::Condition::unsealed: return "inconclusive";
    }
    return "";
}

std::uint64_t count_of(const log::Examination& seen, log::Condition condition) {
    std::uint64_t count = 0;
    for (const log::Finding& finding : seen.findings) {
        count += finding.condition == condition ? 1u : 0u;
    }
    return count;
}

std::uint64_t records_of(const log::Examination& seen) {
    std::uint64_t records = 0;
    for (const log::ExaminedSegment& segment : seen.segments) {
        records += segment.records;
    }
    return records;
}

}  // namespace

std::string text_of_examination(const log::Examination& seen) {
    std::string text;
    for (const log::Finding& finding : seen.findings) {
        text += to_text(finding) + "\n";
    }
    for (const std::string& name : seen.leftovers) {
        text += fmt::format("left over: {}\n", name);
    }
    if (seen.hard_state) {
        text += to_text(seen.hard_state->identity) + ": ";
    }
    text += fmt::format("{} bytes in {} segments, {} records, {} cuts; the log has {} to {}, chain "
                        "{}\n",
        seen.bytes, std::uint64_t{seen.segments.size()}, records_of(seen),
        std::uint64_t{seen.cuts.size()}, seen.first, seen.last,
        seen.last_hash ? to_hex(*seen.last_hash).substr(0, 16) : std::string("unknown"));
    text += fmt::format("{}: {} FAULTY, {} UNSEALED, {} TORN\n", word_of(seen.condition()),
        count_of(seen, log::Condition::faulty), count_of(seen, log::Condition::unsealed),
        count_of(seen, log::Condition::torn));
    return text;
}

void write_finding(check::JsonWriter& writer, const log::Finding& finding) {
    writer.begin_object().key("condition").text(to_text(finding.condition));
    writer.key("place").text(to_text(finding.place)).key("file").text(finding.file);
    writer.key("segment");
    if (finding.segment == SegmentId{}) {
        writer.null();
    } else {
        writer.number(finding.segment.value);
    }
    writer.key("offset").number(finding.offset).key("sector").number(finding.sector());
    writer.key("bytes").number(finding.bytes).key("index");
    if (finding.index) {
        writer.number(finding.index->value);
    } else {
        writer.null();
    }
    writer.key("covered").boolean(finding.covered);
    writer.key("why").text(finding.why).end_object();
}

void write_examination(
    check::JsonWriter& writer, const log::Examination& seen, const std::string& directory) {
    writer.key("verdict").text(word_of(seen.condition()));
    writer.key("condition").text(to_text(seen.condition()));
    writer.key("directory").text(directory).key("node");
    if (seen.hard_state) {
        writer.number(seen.hard_state->identity.node.value);
        writer.key("cluster").text(to_text(seen.hard_state->identity.cluster));
    } else {
        writer.null().key("cluster").null();
    }
    writer.key("bytes").number(seen.bytes);
    writer.key("segments").number(seen.segments.size());
    writer.key("records").number(records_of(seen)).key("cuts").number(seen.cuts.size());
    writer.key("first").number(seen.first.value).key("last").number(seen.last.value);
    writer.key("commit").number(seen.commit.value).key("chain");
    if (seen.last_hash) {
        writer.text(to_hex(*seen.last_hash));
    } else {
        writer.null();
    }
    for (const auto& [name, condition] : {std::pair{"faulty", log::Condition::faulty},
             std::pair{"unsealed", log::Condition::unsealed},
             std::pair{"torn", log::Condition::torn}}) {
        writer.key(name).number(count_of(seen, condition));
    }
    writer.key("findings").begin_array();
    for (const log::Finding& finding : seen.findings) {
        write_finding(writer, finding);
    }
    writer.end_array().key("leftovers").begin_array();
    for (const std::string& name : seen.leftovers) {
        writer.text(name);
    }
    writer.end_array();
    writer.key("exit").number(static_cast<std::uint64_t>(exit_code_of(seen)));
}

int exit_code_of(const log::Examination& seen) {
    switch (seen.condition()) {
        case log::Condition::clean:
        case log::Condition::torn: return exit_ok;
        case log::Condition::faulty: return exit_integrity;
        case log::Condition::unsealed: return exit_inconclusive;
    }
    return exit_bug;
}

int fail_to_look(const CtlOptions& options, const std::string& directory, const Error& error) {
    if (error.code == make_error_code(log::Errc::not_found)) {
        return fail(options, exit_not_found,
            directory + " holds no log of a node (wanted: the data directory of one)");
    }
    if (error.code == make_error_code(log::Errc::already_exists)) {
        return fail(options, exit_environment, error.place);
    }
    const bool unknown = error.code == make_error_code(log::Errc::unsupported);
    return fail(options, unknown ? exit_inconclusive : exit_environment, error);
}

int command_log_verify(const CtlOptions& options, const LogOptions& what) {
    Result<CtlLogDirectory> directory = CtlLogDirectory::take(what.directory);
    if (!directory) {
        return fail_to_look(options, what.directory, directory.error());
    }
    const log::Watch watch{.record = {}, .progress = progress_on_terminal(1u << 20, "MiB")};
    const Result<log::Examination> seen = log::examine(directory->files(), "", watch);
    if (!seen) {
        return fail_to_look(options, what.directory, seen.error());
    }
    if (options.json) {
        std::string text;
        check::JsonWriter writer(text);
        writer.begin_object().key("schema").text("ledger.log-verify/1");
        write_examination(writer, *seen, directory->path());
        writer.end_object();
        say(text + "\n");
    } else {
        say(text_of_examination(*seen));
    }
    return exit_code_of(*seen);
}

}  // namespace ledger::node::asio
