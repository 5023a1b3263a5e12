#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "log/base/format.h"
#include "log/projection/matcher.h"
#include "node/asio/ctl_asking.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_follower.h"
#include "node/asio/ctl_input.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr std::uint32_t page_events = 256;

std::string redact_json(const client::Done& done) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.redact/1");
    writer.key("ending").text(text_of(done.ending));
    writer.key("exit").number(static_cast<std::uint64_t>(exit_code_of(done)));
    const auto* redacted =
        done.outcome ? std::get_if<state::Redacted>(&*done.outcome) : nullptr;
    if (redacted != nullptr) {
        writer.key("redacted").number(redacted->events).key("index").number(done.index.value);
    } else {
        writer.key("error").text(sentence_of(done));
    }
    writer.key("node").number(done.node.value).key("attempts").number(done.attempts);
    writer.key("session").number(done.session.value);
    writer.key("sequence").number(done.sequence.value).end_object();
    return text + "\n";
}

void show_event(const CtlOptions& options, const state::RecordedEvent& event) {
    if (!options.json) {
        say(line_of(event));
        return;
    }
    std::string text;
    check::JsonWriter writer(text);
    write_event(writer, event);
    say(text + "\n");
}

// Not an error and not silence: where the events begin that are left.
void show_trimmed(const CtlOptions& options, bool all, std::uint64_t first) {
    std::fprintf(stderr, "ledgerctl: the %s begins at %s %llu: what came before has expired\n",
        all ? "ledger" : "stream", all ? "position" : "revision",
        static_cast<unsigned long long>(first));
    if (options.json) {
        say(fmt::format("{{\"schema\":\"ledger.trimmed/1\",\"first\":{}}}\n", first));
    }
}

struct Page {
    std::optional<state::Answer> answer;
    int code = exit_ok;
};

Page ask(const CtlOptions& options, CtlClient& client, state::Query&& question) {
    client::Done done = client.run(std::move(question), options.timeout);
    if (done.ending != client::Ending::done) {
        return {std::nullopt, fail(options, exit_code_of(done), sentence_of(done))};
    }
    return {std::move(done.answer), exit_ok};
}

int check_what(const CtlOptions& options, const ReadOptions& read) {
    if (read.all == !read.stream.empty()) {
        return fail(options, exit_usage, "name a stream, or give --all");
    }
    return exit_ok;
}

// Where a subscription begins.
struct Start {
    std::optional<Position> from;
    int code = exit_ok;
};

// The position of revision `from` of the stream; if there is none yet, the end of the ledger.
Start start_of(const CtlOptions& options, const ReadOptions& read, const CtlCluster& cluster) {
    if (read.all || read.from == 0) {
        return {Position{read.all ? read.from : 0}};
    }
    CtlClient client(cluster);
    const Page page = ask(options, client,
        state::ReadStream{read.stream, Revision{read.from}, state::Direction::forward, 1});
    if (!page.answer) {
        return {std::nullopt, page.code};
    }
    const auto& events = page.answer->events;
    return {events.empty() ? page.answer->length : events.front().position};
}

int exit_code_of(const subscriber::Finished& finished) {
    switch (finished.why) {
        case subscriber::Finished::Why::refused: return exit_conflict;
        case subscriber::Finished::Why::silent: return exit_unavailable;
        case subscriber::Finished::Why::broken: return exit_integrity;
    }
    return exit_bug;
}

std::string sentence_of(const subscriber::Finished& finished) {
    return finished.node == NodeId{} ? finished.reason
                                     : fmt::format("n{}: {}", finished.node, finished.reason);
}

Result<projection::Matcher> matcher_of(const ReadOptions& read) {
    if (read.where.empty()) {
        return projection::Matcher({});
    }
    LEDGER_TRY(std::vector<projection::Condition> conditions,
        projection::parse_conditions(read.where));
    return projection::Matcher(std::move(conditions));
}

// Where the read begins.
Outcome<std::uint64_t> begin_of(CtlHistory& history, const ReadOptions& read) {
    if (read.since.empty()) {
        return read.from;
    }
    const Result<Moment> moment = parse_moment(read.since);
    if (!moment) {
        return Failed{exit_usage, moment.error().place};
    }
    // From the events after all that lie before it.
    const auto* time = std::get_if<WallTime>(&*moment);
    if (time == nullptr) {
        return Failed{exit_usage, "--since takes a date; a position is for --from"};
    }
    const auto bound = history.bound_of(WallTime{time->nanoseconds - 1});
    if (!bound) {
        return bound.error();
    }
    return bound->value;
}

}  // namespace

int command_redact(const CtlOptions& options, const RedactOptions& redact) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    state::Redact command;
    for (const std::uint64_t position : redact.positions) {
        command.positions.push_back(Position{position});
    }
    std::sort(command.positions.begin(), command.positions.end());
    command.positions.erase(std::unique(command.positions.begin(), command.positions.end()),
        command.positions.end());
    const std::size_t named = command.positions.size();
    const client::Done done = CtlClient(*loaded.cluster).run(std::move(command), options.timeout);
    const int code = exit_code_of(done);
    if (options.json) {
        say(redact_json(done));
        return code;
    }
    if (code != exit_ok) {
        return fail(options, code, sentence_of(done));
    }
    const auto* redacted = std::get_if<state::Redacted>(&*done.outcome);
    say(fmt::format("{} of {} events redacted{}\n", redacted->events, named,
        redacted->events < named ? ", the others were before" : ""));
    return exit_ok;
}

int command_read(const CtlOptions& options, const ReadOptions& read) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    if (const int code = check_what(options, read); code != exit_ok) {
        return code;
    }
    if (!read.all && (!read.prefix.empty() || !read.since.empty())) {
        return fail(options, exit_usage, "--prefix and --since go with --all");
    }
    Result<projection::Matcher> where = matcher_of(read);
    if (!where) {
        return fail(options, exit_usage, "--where: " + where.error().place);
    }
    state::Filter filter = filter_for(where->conditions());
    filter.types = read.types.empty() ? std::move(filter.types) : read.types;
    filter.stream_prefix = read.prefix.empty() ? std::move(filter.stream_prefix) : read.prefix;
    Asking asking(options, *loaded.cluster);
    const auto from = begin_of(asking.history(), read);
    if (!from) {
        return fail(options, from.error());
    }
    const std::uint64_t most = read.count.value_or(UINT64_MAX);
    std::uint64_t shown = 0;
    bool exists = true;
    const bool filtered = !read.types.empty() || !read.prefix.empty() || !read.where.empty();
    std::optional<Error> wrong;
    const auto ended = asking.history().read(
        {.stream = read.stream,
            .from = *from,
            .direction = read.backward ? state::Direction::backward : state::Direction::forward,
            .filter = std::move(filter),
            .looked_at_max = filtered ? UINT64_MAX : most,
            .page_events = page_events},
        [&](const state::Answer& page) {
            exists = read.all || page.stream_exists;
            const bool below = read.backward ? page.events.empty() && !page.end
                                             : page.detail->first > read.from && shown == 0;
            if (below && page.detail->first > 0) {
                show_trimmed(options, read.all, page.detail->first);
            }
            for (const state::RecordedEvent& event : page.events) {
                const Result<bool> matches = where->matches(event);
                if (!matches) {
                    wrong = matches.error();
                    return false;
                }
                if (*matches && shown < most) {
                    show_event(options, event);
                    ++shown;
                }
            }
            return shown < most;
        });
    if (wrong) {
        return fail(options, exit_check_failed, *wrong);
    }
    if (!ended) {
        return fail(options, ended.error());
    }
    if (!exists) {
        return fail(options, exit_not_found, fmt::format("there is no stream '{}'", read.stream));
    }
    return exit_ok;
}

int command_follow(const CtlOptions& options, const ReadOptions& read) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    if (const int code = check_what(options, read); code != exit_ok) {
        return code;
    }
    Result<projection::Matcher> where = matcher_of(read);
    if (!where) {
        return fail(options, exit_usage, "--where: " + where.error().place);
    }
    std::optional<Error> wrong;
    const Start start = start_of(options, read, *loaded.cluster);
    if (!start.from) {
        return start.code;
    }
    CtlFollower follower(*loaded.cluster, {.nodes = {}, .from = start.from, .stream = read.stream,
                                              .give_up_after = options.timeout});
    std::uint64_t left = read.count.value_or(UINT64_MAX);
    const auto finished = follower.run([&](const subscriber::Events& events) {
        for (const state::RecordedEvent& event : events.events) {
            const Result<bool> matches = where->matches(event);
            if (!matches) {
                wrong = matches.error();
                return false;
            }
            if (*matches && left > 0 && (read.all || event.revision >= Revision{read.from})) {
                show_event(options, event);
                --left;
            }
        }
        return left > 0;
    });
    if (wrong) {
        return fail(options, exit_check_failed, *wrong);
    }
    return finished ? fail(options, exit_code_of(*finished), sentence_of(*finished)) : exit_ok;
}

}  // namespace ledger::node::asio
