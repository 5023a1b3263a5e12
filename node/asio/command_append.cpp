#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_asking.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_input.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

// A check that failed, and the first events that stand against it.
struct Conflicting {
    const state::FailedCheck* check = nullptr;
    std::vector<state::RecordedEvent> events;
    bool truncated = false;  // there are more
};

// So many of each stream are shown.
constexpr std::uint32_t conflicting_max = 16;

// Best effort: a cluster that cannot be read any more leaves the events out.
std::vector<Conflicting> conflicting_of(const client::Done& done, CtlHistory& history) {
    std::vector<Conflicting> all;
    const auto* conflict = done.outcome ? std::get_if<state::Conflict>(&*done.outcome) : nullptr;
    if (conflict == nullptr) {
        return all;
    }
    for (const state::FailedCheck& check : conflict->checks) {
        Conflicting& one = all.emplace_back();
        one.check = &check;
        const bool exact = check.expected.kind == state::Expected::Kind::exact;
        if (!check.exists || (exact && check.actual < check.expected.revision)) {
            continue;  // something is missing there, nothing is in the way
        }
        const auto read = history.read({.stream = check.stream,
                                           .from = exact ? check.expected.revision.value + 1 : 0,
                                           .looked_at_max = conflicting_max + 1,
                                           .page_events = conflicting_max + 1},
            [&one](const state::Answer& page) {
                one.events.insert(one.events.end(), page.events.begin(), page.events.end());
                return true;
            });
        one.truncated = read && one.events.size() > conflicting_max;
        one.events.resize(std::min<std::size_t>(one.events.size(), conflicting_max));
    }
    return all;
}

std::string written(const state::Expected& expected) {
    switch (expected.kind) {
        case state::Expected::Kind::any: return "any";
        case state::Expected::Kind::no_stream: return "none";
        case state::Expected::Kind::exists: return "exists";
        case state::Expected::Kind::exact: break;
    }
    return std::to_string(expected.revision.value);
}

void write_conflicts(check::JsonWriter& writer, const std::vector<Conflicting>& conflicts) {
    writer.key("conflicts").begin_array();
    for (const Conflicting& one : conflicts) {
        writer.begin_object().key("stream").text(one.check->stream);
        writer.key("expected").text(written(one.check->expected)).key("actual");
        one.check->exists ? writer.number(one.check->actual.value) : writer.null();
        writer.key("events").begin_array();
        for (const state::RecordedEvent& event : one.events) {
            write_event(writer, event);
        }
        writer.end_array().key("truncated").boolean(one.truncated).end_object();
    }
    writer.end_array();
}

std::string append_json(const client::Done& done, const std::vector<Conflicting>& conflicts) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.append/1");
    writer.key("ending").text(text_of(done.ending));
    writer.key("exit").number(static_cast<std::uint64_t>(exit_code_of(done)));
    const auto* appended =
        done.outcome ? std::get_if<state::Appended>(&*done.outcome) : nullptr;
    if (appended != nullptr) {
        writer.key("position").number(appended->first.value);
        writer.key("revisions").begin_array();
        for (const Revision revision : appended->revisions) {
            writer.number(revision.value);
        }
        writer.end_array().key("index").number(done.index.value);
    } else {
        writer.key("error").text(sentence_of(done));
        if (!conflicts.empty()) {
            write_conflicts(writer, conflicts);
        }
    }
    writer.key("node").number(done.node.value).key("attempts").number(done.attempts);
    writer.key("session").number(done.session.value);
    writer.key("sequence").number(done.sequence.value).end_object();
    return text + "\n";
}

// "STREAM=EXPECTED", as --expected; the stream's name may hold a =.
Result<state::StreamCheck> parse_check(const std::string& text) {
    const std::size_t sign = text.rfind('=');
    if (sign == std::string::npos || sign == 0) {
        return failure(CtlErrc::bad_input,
            fmt::format("expected STREAM=any, none, exists or a revision, found '{}'", text));
    }
    LEDGER_TRY(const state::Expected expected, parse_expected(text.substr(sign + 1)));
    return state::StreamCheck{text.substr(0, sign), expected};
}

}  // namespace

int command_append(const CtlOptions& options, const AppendOptions& append) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    const Result<state::Expected> expected = parse_expected(append.expected);
    if (!expected) {
        return fail(options, exit_usage, "--expected: " + expected.error().place);
    }
    std::string data = append.data;
    if (data == "-") {
        data.assign(std::istreambuf_iterator<char>(std::cin), {});
    }
    state::NewEvent event{.stream = 0, .id = {random_bits(), random_bits()},
        .type = append.type, .metadata = {}, .salt = {random_bits(), random_bits()},
        .payload = {}};
    const ByteSpan bytes = as_bytes(data);
    event.payload.assign(bytes.begin(), bytes.end());
    Result<ByteVector> metadata = metadata_of(append.metadata,
        {{"correlation", append.correlation}, {"causation", append.causation}});
    if (!metadata) {
        return fail(options, exit_usage, "--metadata: " + metadata.error().place);
    }
    event.metadata = std::move(*metadata);
    state::Append command;
    command.streams.push_back({append.stream, *expected});
    for (const std::string& text : append.checks) {
        Result<state::StreamCheck> check = parse_check(text);
        if (!check) {
            return fail(options, exit_usage, "--check: " + check.error().place);
        }
        command.streams.push_back(std::move(*check));
    }
    command.events.push_back(std::move(event));
    if (const Result<void> checked = state::check_command(command); !checked) {
        return fail(options, exit_usage, checked.error().place);
    }
    Asking asking(options, *loaded.cluster);
    const client::Done done = asking.ask()(std::move(command));
    const std::vector<Conflicting> conflicts = conflicting_of(done, asking.history());
    const int code = exit_code_of(done);
    if (options.json) {
        say(append_json(done, conflicts));
        return code;
    }
    if (code != exit_ok) {
        fail(options, code, sentence_of(done));
        for (const Conflicting& one : conflicts) {
            for (const state::RecordedEvent& against : one.events) {
                std::fputs(line_of(against).c_str(), stderr);
            }
        }
        return code;
    }
    const auto* appended = std::get_if<state::Appended>(&*done.outcome);
    say(fmt::format("{} revision {}, position {}\n", append.stream,
        appended->revisions.front(), appended->first));
    return exit_ok;
}

}  // namespace ledger::node::asio
