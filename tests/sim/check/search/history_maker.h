#pragma once
// History maker: small random recorded histories of an object that works, or that almost does.

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "sim/check/recorded/recorded_history.h"

namespace ledger::check {

// Uniform numbers from a seed, the same everywhere.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    bool chance(std::uint64_t percent) { return below(100) < percent; }
    std::int64_t number(std::int64_t from, std::int64_t to) {
        return from + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(to - from + 1)));
    }

  private:
    std::mt19937_64 engine_;
};

inline Value whole(std::int64_t number) {
    return Value(number);
}
inline Value word(std::string characters) {
    return Value(ValueText{std::move(characters), ValueText::Sort::string});
}
inline Value list_of(ValueList elements) {
    return Value(std::move(elements));
}

struct Wanted {
    std::string f;
    Value asked;
};

struct MadeObject {
    // The next call of a process.
    std::function<Wanted(Dice& dice, std::int64_t process)> call;
    // Carries it out; false = it failed, without effect.
    std::function<bool(const Wanted& wanted, std::int64_t process, Value& answer)> apply;
    // An answer that may be wrong.
    std::function<Value(const Wanted& wanted, const Value& right, Dice& dice)> lie;
};

struct MakerOptions {
    std::uint64_t processes = 3;
    std::uint64_t operations = 6;
    std::uint64_t unknown_percent = 15;
    std::uint64_t lie_percent = 10;
    std::uint64_t tie_percent = 10;  // that an event has the place of the one before it
};

// Processes call, their operations take effect at some moment and return later; those whose
// outcome is unknown take effect or not, at any time.
inline RecordedHistory make_history(
    const MadeObject& object, const MakerOptions& options, std::uint64_t seed) {
    Dice dice(seed);
    RecordedHistory history;
    struct Running {
        bool busy = false;
        bool applied = false;
        bool worked = false;
        bool lost = false;  // nobody will hear of it
        std::uint64_t id = 0;
        Wanted wanted;
        Value answer;
    };
    std::vector<Running> running(options.processes);
    std::vector<std::int64_t> names(options.processes);
    for (std::uint64_t i = 0; i < options.processes; ++i) {
        names[i] = static_cast<std::int64_t>(i);
    }
    std::int64_t next_name = static_cast<std::int64_t>(options.processes);
    std::uint64_t place = 0;
    const auto event = [&](bool call) {
        // Of two events at one place the calls come first, as everywhere.
        place += place > 0 && !call && dice.chance(options.tie_percent) ? 0u : 1u;
        return place;
    };
    std::uint64_t idle_rounds = 0;
    while (idle_rounds < 64) {
        const std::uint64_t at = dice.below(options.processes);
        Running& one = running[at];
        if (!one.busy) {
            if (history.operations.size() == options.operations) {
                ++idle_rounds;
                continue;
            }
            one = Running();
            one.busy = true;
            one.wanted = object.call(dice, names[at]);
            one.id = history.operations.size();
            RecordedOperation operation;
            operation.id = one.id;
            operation.process = names[at];
            operation.f = one.wanted.f;
            operation.asked = one.wanted.asked;
            operation.called = event(true);
            operation.called_ns = static_cast<std::int64_t>(operation.called) * 10;
            history.operations.push_back(std::move(operation));
        } else if (!one.applied) {
            one.lost = dice.chance(options.unknown_percent);
            one.worked = one.lost && dice.chance(50)
                             ? false
                             : object.apply(one.wanted, names[at], one.answer);
            one.applied = true;
        } else {
            RecordedOperation& operation = history.operations[one.id];
            one.busy = false;
            if (one.lost) {
                names[at] = next_name++;  // trap 6: whoever lost an answer goes on as somebody else
                continue;
            }
            operation.outcome = one.worked ? Outcome::ok : Outcome::failed;
            operation.answered = one.answer;
            if (one.worked && dice.chance(options.lie_percent)) {
                operation.answered = object.lie(one.wanted, one.answer, dice);
            }
            operation.returned = event(false);
            operation.returned_ns = static_cast<std::int64_t>(operation.returned) * 10;
        }
    }
    return history;
}

}  // namespace ledger::check
