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

int check_what(const CtlOptions& options, const ReadOptions& read) {
    if (read.all == !read.stream.empty()) {
        return fail(options, exit_usage, "name a stream, or give --all");
    }
    if (!read.all && !read.prefix.empty()) {
        return fail(options, exit_usage, "--prefix goes with --all");
    }
    if (!read.since.empty() && read.backward) {
        return fail(options, exit_usage, "--since goes forward");
    }
    return exit_ok;
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

// The first position that is not before the moment of --since.
Outcome<Position> since_of(CtlHistory& history, const ReadOptions& read) {
    const Result<Moment> moment = parse_moment(read.since);
    if (!moment) {
        return Failed{exit_usage, moment.error().place};
    }
    const auto* time = std::get_if<WallTime>(&*moment);
    if (time == nullptr) {
        return Failed{exit_usage, "--since takes a date; a position is for --from"};
    }
    return history.bound_of(WallTime{time->nanoseconds - 1});
}

// Where a subscription begins; nothing: now.
Outcome<std::optional<Position>> begin_of(CtlHistory& history, const ReadOptions& read) {
    if (read.now) {
        return std::optional<Position>();
    }
    if (!read.since.empty()) {
        const auto since = since_of(history, read);
        return since ? Outcome<std::optional<Position>>(*since) : since.error();
    }
    if (read.all || read.from == 0) {
        return std::optional(Position{read.all ? read.from : 0});
    }
    // The position of that revision; if there is none yet, the end of the ledger.
    std::optional<Position> begin;
    const auto found = history.read({.stream = read.stream, .from = read.from, .looked_at_max = 1},
        [&begin](const state::Answer& page) {
            begin = page.events.empty() ? page.length : page.events.front().position;
            return false;
        });
    return found ? Outcome<std::optional<Position>>(begin) : found.error();
}

// Tells when a subscription has caught up, and when it falls behind again.
class Pace {
  public:
    Pace(const CtlOptions& options, bool told) : json_(options.json), told_(told) {}

    void page(bool caught_up, Position next) {
        if (told_ && caught_up != caught_up_) {
            const char* what = caught_up ? "caught_up" : "fell_behind";
            say(json_ ? fmt::format("{{\"schema\":\"ledger.{}/1\",\"next\":{}}}\n", what, next)
                      : fmt::format("-- {} before position {}\n",
                            caught_up ? "caught up" : "fell behind", next));
        }
        caught_up_ = caught_up;
    }

  private:
    const bool json_;
    const bool told_;
    bool caught_up_ = false;
};

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
    Result<projection::Matcher> where = matcher_of(read);
    if (!where) {
        return fail(options, exit_usage, "--where: " + where.error().place);
    }
    state::Filter filter = filter_for(where->conditions());
    filter.types = read.types.empty() ? std::move(filter.types) : read.types;
    filter.stream_prefix = read.prefix.empty() ? std::move(filter.stream_prefix) : read.prefix;
    Position earliest;
    Asking asking(options, *loaded.cluster);
    std::uint64_t from = read.from;
    if (!read.since.empty()) {
        const auto since = since_of(asking.history(), read);
        if (!since) {
            return fail(options, since.error());
        }
        from = read.all ? since->value : 0;
        earliest = *since;
    }
    const std::uint64_t most = read.count.value_or(UINT64_MAX);
    std::uint64_t shown = 0;
    bool exists = true;
    const bool filtered = !read.types.empty() || !read.prefix.empty() ||
                          !read.where.empty() || earliest > Position{};
    std::optional<Error> wrong;
    const auto ended = asking.history().read(
        {.stream = read.stream,
            .from = from,
            .direction = read.backward ? state::Direction::backward : state::Direction::forward,
            .filter = std::move(filter),
            .looked_at_max = filtered ? UINT64_MAX : most,
            .page_events = page_events},
        [&](const state::Answer& page) {
            exists = read.all || page.stream_exists;
            const bool below = read.backward ? page.events.empty() && !page.end
                                             : page.detail->first > from && shown == 0;
            if (below && page.detail->first > 0) {
                show_trimmed(options, read.all, page.detail->first);
            }
            for (const state::RecordedEvent& event : page.events) {
                const Result<bool> matches = where->matches(event);
                if (!matches) {
                    wrong = matches.error();
                    return false;
                }
                if (*matches && shown < most && event.position >= earliest) {
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
    Asking asking(options, *loaded.cluster);
    const auto from = begin_of(asking.history(), read);
    if (!from) {
        return fail(options, from.error());
    }
    const state::Filter filter{.types = read.types, .stream_prefix = read.prefix};
    Pace pace(options, read.marks);
    CtlFollower follower(*loaded.cluster, {.nodes = {}, .from = *from, .stream = read.stream,
                                              .give_up_after = options.timeout});
    std::uint64_t left = read.count.value_or(UINT64_MAX);
    const auto finished = follower.run([&](const subscriber::Events& events) {
        for (const state::RecordedEvent& event : events.events) {
            const Result<bool> matches = where->matches(event);
            if (!matches) {
                wrong = matches.error();
                return false;
            }
            // A revision that is yet to come has no position; its stream is followed from the end on.
            const bool reached = read.all || event.revision >= Revision{read.from};
            if (*matches && left > 0 && reached && passes(filter, event.stream, event.type)) {
                show_event(options, event);
                --left;
            }
        }
        if (left > 0) {
            pace.page(events.caught_up, events.next);
        }
        return left > 0;
    });
    if (wrong) {
        return fail(options, exit_check_failed, *wrong);
    }
    return finished ? fail(options, exit_code_of(*finished), sentence_of(*finished)) : exit_ok;
}

}  // namespace ledger::node::asio
