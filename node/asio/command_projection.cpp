#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>

#include "log/base/format.h"
#include "node/asio/ctl_asking.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_projection.h"

namespace ledger::node::asio {
namespace {

using projection::Projection;

volatile std::sig_atomic_t interrupted = 0;

void say_step(const CtlOptions& options, const std::string& name,
    const CtlProjectionRunner::Step& step, const Projection& state) {
    if (options.json) {
        say(fmt::format("{{\"schema\":\"ledger.projection_checkpoint/1\",\"name\":{},\"next\":{},"
                        "\"folded\":{},\"groups\":{}}}\n",
            projection::quoted(name), step.next, state.standing().folded, state.groups().size()));
    } else {
        say(fmt::format("{}: checkpoint before position {}, {} events, {} groups\n", name, step.next,
            state.standing().folded, state.groups().size()));
    }
}

int run_projection(
    const CtlOptions& options, const ProjectionOptions& what, CtlProjection& stored, Asking& asking) {
    CtlProjectionRunner runner(stored, asking.ask(), what.every);
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    Position seen;
    bool quiet = what.once;  // nothing came since the last look
    while (interrupted == 0) {
        const auto step = runner.step(quiet);
        if (!step) {
            return fail(options, step.error());
        }
        if (step->saved) {
            say_step(options, what.name, *step, *runner.projection());
        }
        if (step->at_end && what.once) {
            return exit_ok;
        }
        quiet = what.once || (step->at_end && step->next == seen);
        seen = step->next;
        if (step->at_end) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    }
    return exit_ok;
}

int list_projections(const CtlOptions& options, Asking& asking) {
    const auto names = projection_names(asking.history());
    if (!names) {
        return fail(options, names.error());
    }
    std::string rows;
    for (const std::string& name : *names) {
        CtlProjection stored(name, asking.ask());
        if (const auto loaded = stored.load(); !loaded) {
            return fail(options, loaded.error());
        }
        const auto last = stored.nearest(Position{UINT64_MAX});
        if (!last) {
            return fail(options, last.error());
        }
        const std::string definition = text_of(stored.definition());
        rows += options.json
                    ? fmt::format("{}{{\"name\":{},\"definition\":{},\"next\":{},\"groups\":{}}}",
                          rows.empty() ? "" : ",", projection::quoted(name),
                          projection::quoted(definition), last->standing().next,
                          last->groups().size())
                    : fmt::format("{:<20} {:>12} {:>9}  {}\n", name, last->standing().next,
                          last->groups().size(), definition);
    }
    if (options.json) {
        say("{\"schema\":\"ledger.projections/1\",\"projections\":[" + rows + "]}\n");
    } else {
        say(fmt::format("{:<20} {:>12} {:>9}  {}\n", "name", "up to", "groups", "definition") + rows);
    }
    return exit_ok;
}

int define_projection(
    const CtlOptions& options, const ProjectionOptions& what, CtlProjection& stored) {
    const auto definition = projection::parse_definition(what.definition);
    if (!definition) {
        return fail(options, exit_usage, definition.error().place);
    }
    if (const auto defined = stored.define(*definition); !defined) {
        return fail(options, defined.error());
    }
    say(options.json
            ? fmt::format("{{\"schema\":\"ledger.projection/1\",\"name\":{},\"definition\":{}}}\n",
                  projection::quoted(what.name), projection::quoted(text_of(*definition)))
            : fmt::format("{} is defined; ledgerctl projection run {} folds it\n", what.name, what.name));
    return exit_ok;
}

int forget_projection(
    const CtlOptions& options, const ProjectionOptions& what, CtlProjection& stored) {
    if (const auto loaded = stored.load(); !loaded) {
        return fail(options, loaded.error());
    }
    const auto forgotten = stored.forget();
    if (!forgotten) {
        return fail(options, forgotten.error());
    }
    say(options.json
            ? fmt::format("{{\"schema\":\"ledger.projection/1\",\"name\":{},\"redacted\":{}}}\n",
                  projection::quoted(what.name), *forgotten)
            : fmt::format("{}: {} checkpoint events redacted; the next run begins anew\n", what.name,
                  *forgotten));
    return exit_ok;
}

}  // namespace

int command_projection(const CtlOptions& options, const ProjectionOptions& what) {
    const bool named = what.action != ProjectionAction::list;
    if (named && !is_projection_name(what.name)) {
        return fail(options, exit_usage,
            fmt::format("'{}' is no name for a projection: lower-case letters, digits, - and _, from a "
                        "letter on, and no word that begins a definition", what.name));
    }
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    Asking asking(options, *loaded.cluster);
    CtlProjection stored(what.name, asking.ask());
    switch (what.action) {
        case ProjectionAction::list: return list_projections(options, asking);
        case ProjectionAction::define: return define_projection(options, what, stored);
        case ProjectionAction::run: return run_projection(options, what, stored, asking);
        case ProjectionAction::forget: return forget_projection(options, what, stored);
    }
    return exit_bug;
}

}  // namespace ledger::node::asio
