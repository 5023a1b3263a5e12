#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "log/base/format.h"
#include "log/projection/predicate.h"
#include "node/asio/ctl_asking.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_history.h"
#include "node/asio/ctl_projection.h"
#include "node/asio/projection_text.h"

namespace ledger::node::asio {
namespace {

using projection::Definition;
using projection::Projection;

// What is projected: a definition as it was typed, or one that the cluster keeps under a name.
class Subject {
  public:
    static Outcome<Subject> of(const std::string& text, const Asking& asking) {
        Subject subject;
        if (is_projection_name(text)) {
            subject.stored_ = std::make_unique<CtlProjection>(text, asking.ask());
            if (const auto loaded = subject.stored_->load(); !loaded) {
                return loaded.error();
            }
            subject.definition_ = subject.stored_->definition();
            return subject;
        }
        auto definition = projection::parse_definition(text);
        if (!definition) {
            return Failed{exit_usage, definition.error().place};
        }
        subject.definition_ = std::move(*definition);
        return subject;
    }

    const Definition& definition() const { return definition_; }
    bool has_checkpoints() const { return stored_ != nullptr; }
    // A state to fold on from, of `bound` or before.
    Outcome<Projection> nearest(Position bound) {
        return stored_ ? stored_->nearest(bound) : Outcome<Projection>(Projection(definition_));
    }

  private:
    std::unique_ptr<CtlProjection> stored_;
    Definition definition_;
};

// Shows how far the fold has come, ten times a second at most.
class Progress {
  public:
    Progress(Position from, Position to)
        : from_(from), to_(to), show_(progress_on_terminal(1000, "thousand events")) {}

    void seen(Position position) {
        const auto now = std::chrono::steady_clock::now();
        if (show_ && ++events_ % 4096 == 0 && now - shown_ >= std::chrono::milliseconds(100)) {
            show_(position - from_, std::max<std::uint64_t>(to_ - from_, 1));
            shown_ = now;
            any_ = true;
        }
    }
    void end() {
        if (any_) {
            show_(to_ - from_, to_ - from_);
        }
    }

  private:
    const Position from_;
    const Position to_;
    std::function<void(std::uint64_t, std::uint64_t)> show_;
    std::chrono::steady_clock::time_point shown_;
    std::uint64_t events_ = 0;
    bool any_ = false;
};

Outcome<void> fold_to(CtlHistory& history, Projection& state, Position bound) {
    Progress progress(state.standing().next, bound);
    const auto folded = history.fold(state, bound,
        [&progress](const state::RecordedEvent& event, const projection::Groups::value_type*) {
            progress.seen(event.position);
            return true;
        });
    progress.end();
    return folded;
}

Outcome<Position> bound_of(CtlHistory& history, const std::string& text) {
    if (text.empty()) {
        return history.length();
    }
    const Result<Moment> moment = parse_moment(text);
    if (!moment) {
        return Failed{exit_usage, moment.error().place};
    }
    return history.bound_of(*moment);
}

struct Computed {
    Projection state;
    std::string trimmed;
};

Outcome<Computed> state_at(Asking& asking, Subject& subject, Position bound) {
    auto state = subject.nearest(bound);
    if (!state) {
        return state.error();
    }
    if (const auto folded = fold_to(asking.history(), *state, bound); !folded) {
        return folded.error();
    }
    return Computed{std::move(*state), asking.history().trimmed()};
}

void warn(const std::string& sentence) {
    std::fprintf(stderr, "ledgerctl: %s\n", sentence.c_str());
}

void warn_if_trimmed(const std::string& trimmed) {
    if (!trimmed.empty()) {
        warn(trimmed + ": what came before has expired and is not in this state");
    }
}

std::string json_of_state(const Computed& computed) {
    std::string text = "{\"schema\":\"ledger.state/1\",";
    write_standing(text, computed.state);
    if (!computed.trimmed.empty()) {
        text += ",\"trimmed\":" + projection::quoted(computed.trimmed);
    }
    return text + ",\"groups\":" + json_of(computed.state.definition(), computed.state.shown()) + "}\n";
}

int show_state(const CtlOptions& options, const Computed& computed) {
    warn_if_trimmed(computed.trimmed);
    if (options.json) {
        say(json_of_state(computed));
    } else {
        say(table_of(computed.state.definition(), computed.state.shown()));
        std::fprintf(stderr, "%s\n", standing_text(computed.state).c_str());
    }
    return exit_ok;
}

int show_changes(const CtlOptions& options, const Computed& before, const Computed& after) {
    warn_if_trimmed(before.trimmed.empty() ? after.trimmed : before.trimmed);
    const std::vector<Change> changes = changes_between(before.state, after.state);
    const Definition& definition = after.state.definition();
    if (options.json) {
        std::string text = "{\"schema\":\"ledger.state_changes/1\",\"before\":{";
        write_standing(text, before.state);
        text += "},\"after\":{";
        write_standing(text, after.state);
        say(text + "},\"changes\":" + json_of(definition, changes) + "}\n");
        return exit_ok;
    }
    say(table_of(definition, changes));
    std::fprintf(stderr, "%zu groups changed\n  before: %s\n  after:  %s\n", changes.size(),
        standing_text(before.state).c_str(), standing_text(after.state).c_str());
    return exit_ok;
}

// --- bisect ---------------------------------------------------------------------------------------

struct FirstEvent {
    bool from_the_start = false;  // it held before any event
    std::optional<state::RecordedEvent> event;
    std::string table;  // of the group that the event went into, for people
    std::string group;  // and as JSON
    Projection state;
};

// The first event of the fold from `state` on after which the predicate holds.
Outcome<FirstEvent> first_event(CtlHistory& history, Projection state,
    const projection::Predicate& predicate, Position bound) {
    FirstEvent first{.from_the_start = holds(predicate, state), .state = state};
    if (first.from_the_start) {
        return first;
    }
    Progress progress(state.standing().next, bound);
    const auto folded = history.fold(state, bound,
        [&](const state::RecordedEvent& event, const projection::Groups::value_type* touched) {
            progress.seen(event.position);
            if (!holds_now(predicate, state, touched)) {
                return true;
            }
            first.event = event;
            first.table = table_of(state.definition(), {touched});
            first.group = json_of(state.definition(), {touched});
            return false;
        });
    progress.end();
    if (!folded) {
        return folded.error();
    }
    first.state = std::move(state);
    return first;
}

// The last checkpoint at which the predicate does not hold, by halves; only if what holds once holds on.
Outcome<Projection> last_without(
    Subject& subject, const projection::Predicate& predicate, Position bound) {
    Projection best(subject.definition());
    Position low;
    Position high = bound;
    while (low < high) {
        const Position middle{low.value + (high - low) / 2 + 1};
        auto state = subject.nearest(middle);
        if (!state) {
            return state.error();
        }
        if (holds(predicate, *state)) {
            high = std::min(state->standing().next.value > 0 ? state->standing().next.previous()
                                                              : Position{},
                high);
        } else {
            low = middle;
            if (state->standing().next > best.standing().next) {
                best = std::move(*state);
            }
        }
    }
    return best;
}

int show_first(const CtlOptions& options, const FirstEvent& first, const std::string& trimmed) {
    warn_if_trimmed(trimmed);
    if (options.json) {
        std::string text = "{\"schema\":\"ledger.bisect/1\",\"holds\":";
        text += first.from_the_start || first.event ? "true" : "false";
        text += ",\"event\":";
        text += first.event
                    ? fmt::format("{{\"position\":{},\"stream\":{},\"revision\":{},\"type\":{},"
                                  "\"time\":{}}}",
                          first.event->position, projection::quoted(first.event->stream),
                          first.event->revision, projection::quoted(first.event->type),
                          projection::quoted(text_of(first.event->wall_time)))
                    : "null";
        text += ",\"groups\":" + (first.event ? first.group : std::string("[]")) + ",";
        write_standing(text, first.state);
        say(text + "}\n");
    } else if (first.event) {
        say(fmt::format("position {}  {}  {} revision {}  {}\n", first.event->position,
            text_of(first.event->wall_time), first.event->stream, first.event->revision,
            first.event->type));
        std::fprintf(stderr, "%s", first.table.c_str());
    } else if (first.from_the_start) {
        say("it holds before the first event\n");
    }
    if (!first.from_the_start && !first.event) {
        return options.json ? exit_not_found
                            : fail(options, exit_not_found,
                                  "it holds nowhere, " + standing_text(first.state));
    }
    return exit_ok;
}

}  // namespace

int command_state(const CtlOptions& options, const StateOptions& what) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    Asking asking(options, *loaded.cluster);
    auto subject = Subject::of(what.subject, asking);
    if (!subject) {
        return fail(options, subject.error());
    }
    const auto bound = bound_of(asking.history(), what.at);
    if (!bound) {
        return fail(options, bound.error());
    }
    auto after = state_at(asking, *subject, *bound);
    if (!after) {
        return fail(options, after.error());
    }
    if (what.since.empty()) {
        return show_state(options, *after);
    }
    const auto earlier = bound_of(asking.history(), what.since);
    if (!earlier) {
        return fail(options, earlier.error());
    }
    if (*earlier > *bound) {
        return fail(options, exit_usage, "--since is later than --at");
    }
    auto before = state_at(asking, *subject, *earlier);
    return before ? show_changes(options, *before, *after) : fail(options, before.error());
}

int command_bisect(const CtlOptions& options, const BisectOptions& what) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    Asking asking(options, *loaded.cluster);
    auto subject = Subject::of(what.subject, asking);
    if (!subject) {
        return fail(options, subject.error());
    }
    const auto predicate = projection::parse_predicate(what.predicate, subject->definition());
    if (!predicate) {
        return fail(options, exit_usage, "the predicate: " + predicate.error().place);
    }
    const auto bound = bound_of(asking.history(), what.until);
    if (!bound) {
        return fail(options, bound.error());
    }
    auto begin = subject->has_checkpoints() && !what.every
                     ? last_without(*subject, *predicate, *bound)
                     : Outcome<Projection>(Projection(subject->definition()));
    if (!begin) {
        return fail(options, begin.error());
    }
    const auto first = first_event(asking.history(), std::move(*begin), *predicate, *bound);
    return first ? show_first(options, *first, asking.history().trimmed())
                 : fail(options, first.error());
}

}  // namespace ledger::node::asio
