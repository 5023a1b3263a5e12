#pragma once
// RapidCheck: properties of replicated state machines, searched for under faults, and generators for
// whoever tests beside a ledger. Header-only over ledger::runs and rapidcheck.
//
//   ledger::rapidcheck::Property<Bank>("no transfer makes or loses money")
//       .commands(transfers(), encode)
//       .always([](const Bank& bank) { RC_ASSERT(bank.total() == 300); })
//       .check();
//
// The machine is a node::StateMachine, the class that a node would run. Every seed is a cluster of
// its own: elections, crashes, partitions, bad disks, cuts, repair. What fails is made small and
// written as a capsule; LEDGER_CAPSULE=FILE replays it with its story.

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "log/base/assert.h"
#include "log/base/bytes.h"
#include "log/base/time.h"
#include "log/state/command.h"
#include "node/state_machine.h"
#include "sim/check/scenario.h"
#include "sim/guest.h"
#include "sim/program/machine_check.h"
#include "sim/rapidcheck_history.h"

namespace ledger::rapidcheck {

// What has happened to a replica: the entry, its command and outcome, or a cut that was taken up.
using Moment = sim::GuestMoment;

namespace gen {

// The number of a simulated cluster with all that befalls it. RapidCheck does not make it smaller:
// the simulator's own shrinker knows what to take away.
inline rc::Gen<std::uint64_t> seed() {
    return rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 48));
}

namespace detail {

inline rc::Gen<check::Who> who(std::uint32_t nodes) {
    return rc::gen::map(rc::gen::inRange<std::uint32_t>(0, nodes + 3), [nodes](std::uint32_t place) {
        using Part = check::Who::Part;
        if (place < nodes) {
            return check::Who{Part::number, place + 1};
        }
        return check::Who{place == nodes       ? Part::leader
                          : place == nodes + 1 ? Part::follower
                                               : Part::laggard,
            0};
    });
}

inline rc::Gen<check::NemesisLine> line(std::uint32_t nodes, Duration within) {
    return rc::gen::exec([nodes, within] {
        using check::Verb;
        const std::int64_t moments = within.nanoseconds / milliseconds(1).nanoseconds;
        check::NemesisLine line;
        line.time = milliseconds(*rc::gen::inRange<std::int64_t>(1, std::max<std::int64_t>(2, moments)));
        line.verb = *rc::gen::element(Verb::crash, Verb::pause, Verb::stall, Verb::isolate, Verb::cut,
            Verb::part, Verb::clog, Verb::slow);
        line.who = *who(nodes);
        if (check::is_of_link(line.verb)) {
            // A link has two ends, and a node none to itself.
            line.who = {check::Who::Part::number, *rc::gen::inRange<std::uint32_t>(1, nodes + 1)};
            const auto step = *rc::gen::inRange<std::uint32_t>(0, std::max(nodes, 2u) - 1);
            line.other = {check::Who::Part::number, (line.who.number + step) % nodes + 1};
        }
        line.length = milliseconds(*rc::gen::inRange<std::int64_t>(1, 1500));
        return line;
    });
}

}  // namespace detail

// What is done to a cluster of `nodes` (at least 2) and when: lines for Scenario::nemesis, within
// this time, in order. Shrinks to fewer, earlier and shorter ones.
inline rc::Gen<std::vector<check::NemesisLine>> schedule(
    std::uint32_t nodes = 3, Duration within = seconds(5)) {
    return rc::gen::map(rc::gen::container<std::vector<check::NemesisLine>>(detail::line(nodes, within)),
        [](std::vector<check::NemesisLine> lines) {
            std::sort(lines.begin(), lines.end(),
                [](const auto& a, const auto& b) { return a.time < b.time; });
            return lines;
        });
}

// Appends as clients make them, each valid by itself: to one or several of `streams` streams, with
// right and wrong expectations, of up to five events. Shrinks to fewer and smaller ones.
inline rc::Gen<std::vector<state::Append>> workload(std::uint32_t streams = 4) {
    const auto one_append = rc::gen::exec([streams] {
        state::Append append;
        const auto names = *rc::gen::inRange<std::uint32_t>(1, std::min(streams, 3u) + 1);
        const auto first = *rc::gen::inRange<std::uint32_t>(0, streams);
        for (std::uint32_t i = 0; i < names; ++i) {
            using Kind = state::Expected::Kind;
            state::Expected expected{*rc::gen::element(Kind::any, Kind::no_stream, Kind::exists, Kind::exact), {}};
            if (expected.kind == Kind::exact) {
                expected.revision = Revision{*rc::gen::inRange<std::uint64_t>(0, 20)};
            }
            append.streams.push_back({"stream-" + std::to_string((first + i) % streams), expected});
        }
        const auto events = *rc::gen::inRange<std::uint32_t>(0, 6);
        for (std::uint32_t i = 0; i < events; ++i) {
            state::NewEvent event;
            event.stream = i % names;
            event.type = "generated";
            const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
            event.payload.reserve(bytes.size());
            for (const std::uint8_t byte : bytes) {
                event.payload.push_back(static_cast<std::byte>(byte));
            }
            append.events.push_back(std::move(event));
        }
        return append;
    });
    return rc::gen::map(rc::gen::container<std::vector<state::Append>>(one_append),
        [](std::vector<state::Append> appends) {
            std::uint64_t ids = 0;
            for (state::Append& one : appends) {
                for (state::NewEvent& event : one.events) {
                    event.id = {1, ++ids};
                }
            }
            return appends;
        });
}

}  // namespace gen

namespace detail {

// The words of a failed assertion without the place in front of them.
inline std::string words(const rc::detail::CaseResult& result) {
    const std::string& all = result.description;
    const std::size_t line = all.find(":\n");
    std::string words = line == std::string::npos ? all : all.substr(line + 2);
    // Line ends, and the spaces around them, become one space.
    std::string text;
    for (const char c : words) {
        const bool space = c == '\n' || c == ' ';
        if (!space || (!text.empty() && text.back() != ' ')) {
            text.push_back(space ? ' ' : c);
        }
    }
    return text.empty() ? "the property does not hold" : text;
}

// Asks `ask`, which fails as properties of RapidCheck do. Nothing may be thrown through the core.
template <typename Ask>
check::Finding answer_of(Ask&& ask) {
    try {
        using Answer = std::invoke_result_t<Ask>;
        if constexpr (std::is_void_v<Answer>) {
            ask();
            return std::nullopt;
        } else if constexpr (std::is_same_v<Answer, bool>) {
            return ask() ? check::Finding() : check::Finding("the property does not hold");
        } else {
            return ask();
        }
    } catch (const rc::detail::CaseResult& result) {
        using Type = rc::detail::CaseResult::Type;
        return result.type == Type::Failure ? check::Finding(words(result)) : std::nullopt;
    } catch (const std::exception& error) {
        return std::string("the property threw: ") + error.what();
    }
}

// A value for an answer of the tape: 0 is the generator's plainest, others are of sizes up to 100.
template <typename Value>
Value value_for(const rc::Gen<Value>& gen, std::uint64_t answer) {
    constexpr std::uint64_t sizes = rc::kNominalSize + 1;
    std::optional<Value> value;
    try {
        value = gen(rc::Random(answer), static_cast<int>(answer % sizes)).value();
    } catch (const rc::GenerationFailure& failure) {
        std::fprintf(stderr, "the generator of commands fails: %s\n", failure.what());
    }
    LEDGER_ASSERT(value);
    return std::move(*value);
}

}  // namespace detail

// A property of a machine: what holds of every replica, in every life, at every moment.
template <std::derived_from<node::StateMachine> Machine>
class Property {
  public:
    // `name` is the machine's in capsules and the property's in what is printed.
    explicit Property(std::string name) {
        guest_.name = std::move(name);
        guest_.make = [] { return std::make_unique<Machine>(); };
        guest_.command = [](std::uint64_t) { return ByteVector(); };
    }

    // What clients ask for: a value of `gen`, as the bytes that the machine's apply() finds in the
    // envelope of a command.
    template <typename Value, std::invocable<const Value&> Encode>
    Property& commands(rc::Gen<Value> gen, Encode encode) {
        guest_.command = [gen = std::move(gen), encode = std::move(encode)](std::uint64_t answer) {
            return encode(detail::value_for(gen, answer));
        };
        return *this;
    }
    Property& commands(rc::Gen<ByteVector> gen) {
        return commands(std::move(gen), [](const ByteVector& bytes) { return bytes; });
    }

    // `holds(machine)` or `holds(machine, moment)`: fails by RC_ASSERT, by false, or by a sentence
    // (check::Finding). Without it replicas are only compared with each other.
    template <typename Holds>
    Property& always(Holds holds) {
        guest_.property = [holds = std::move(holds)]() -> sim::Guest::Property {
            return [holds](const Moment& moment) {
                const auto& machine = dynamic_cast<const Machine&>(moment.machine);
                return detail::answer_of([&] {
                    if constexpr (std::is_invocable_v<Holds, const Machine&, const Moment&>) {
                        return holds(machine, moment);
                    } else {
                        return holds(machine);
                    }
                });
            };
        };
        return *this;
    }
    // The same beside a dumb twin, one for each run: `holds(model, machine, moment)` is asked when an
    // entry is applied for the first time, in the order of the log.
    template <std::default_initializable Model, typename Holds>
    Property& as(Holds holds) {
        guest_.property = [holds = std::move(holds)]() -> sim::Guest::Property {
            return [holds, model = Model()](const Moment& moment) mutable -> check::Finding {
                if (!moment.first || moment.what != Moment::What::applied) {
                    return std::nullopt;
                }
                const auto& machine = dynamic_cast<const Machine&>(moment.machine);
                return detail::answer_of([&] { return holds(model, machine, moment); });
            };
        };
        return *this;
    }

    // What clusters may be like, in the scenario language; the default is all of the swarm.
    Property& scenario(std::string text) {
        scenario_ = std::move(text);
        return *this;
    }
    // How long what fails is made smaller, and where its capsule goes.
    Property& shrink_for(std::uint64_t seconds) {
        check_.shrink_seconds = seconds;
        return *this;
    }
    // The same in simulated steps: as far on every machine.
    Property& shrink_within(std::uint64_t steps) {
        check_.shrink_seconds = 3600;
        check_.shrink_steps = steps;
        return *this;
    }
    Property& capsules_in(std::string directory) {
        check_.directory = std::move(directory);
        return *this;
    }

    // One run, with these acts of a nemesis beside what the seed brings. The error is that of the
    // scenario's text, or of writing the capsule.
    Result<sim::MachineRun> run(std::uint64_t seed, const std::vector<check::NemesisLine>& acts = {}) {
        LEDGER_TRY(check::Scenario scenario, sim::machine_scenario(scenario_));
        scenario.nemesis.insert(scenario.nemesis.end(), acts.begin(), acts.end());
        check_.guest = &guest_;
        return sim::run_machine(check_, scenario, seed);
    }

    // As many runs as RC_PARAMS says (max_success), or the one of LEDGER_CAPSULE. Prints what is found.
    // False if something was found, if the property was asked about nothing, or on bad input.
    bool check() {
        if (const std::string capsule = sim::wanted_capsule(); !capsule.empty()) {
            return replay(capsule);
        }
        std::uint64_t moments = 0;
        const bool holds = rc::check(guest_.name, [&] {
            const Result<sim::MachineRun> run = this->run(*gen::seed());
            if (!run) {
                RC_FAIL(run.error().code.message() + ": " + run.error().place);
            }
            moments += run->moments;
            if (run->finding) {
                RC_FAIL(sim::describe(*run->finding));
            }
        });
        if (holds && moments == 0) {
            std::fprintf(stderr, "%s: no run did anything that the property speaks of\n",
                guest_.name.c_str());
        }
        return holds && moments > 0;
    }

    // The run of a capsule once more, with its story on standard output.
    bool replay(const std::string& capsule) {
        check_.guest = &guest_;
        const Result<sim::MachineRun> run = sim::replay_machine(check_, capsule);
        if (!run) {
            std::fprintf(stderr, "%s: %s\n", run.error().code.message().c_str(),
                run.error().place.c_str());
            return false;
        }
        std::printf("%s\n", run->finding ? sim::describe(*run->finding).c_str()
                                         : "the run of this capsule does not fail any more");
        return !run->finding;
    }

  private:
    sim::Guest guest_;
    sim::MachineCheck check_;
    std::string scenario_;
};

}  // namespace ledger::rapidcheck
