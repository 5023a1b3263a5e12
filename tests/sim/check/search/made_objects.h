#pragma once
// Made objects: objects of every model for the history maker.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "tests/sim/check/search/history_maker.h"

namespace ledger::check {

// Values 0 to 2, so that many are alike. `failing_cas`: one that does not match fails.
inline MadeObject made_register() {
    auto held = std::make_shared<Value>();
    MadeObject out;
    out.call = [](Dice& dice, std::int64_t) -> Wanted {
        switch (dice.below(4)) {
            case 0:
            case 1: return {"read", Value()};
            case 2: return {"write", whole(dice.number(0, 2))};
            default: return {"cas", list_of({whole(dice.number(0, 2)), whole(dice.number(0, 2))})};
        }
    };
    out.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        answer = wanted.asked;
        if (wanted.f == "read") {
            answer = *held;
        } else if (wanted.f == "write") {
            *held = wanted.asked;
        } else {
            const ValueList& both = *wanted.asked.list();
            if (!(*held == both[0])) {
                return false;
            }
            *held = both[1];
        }
        return true;
    };
    out.lie = [](const Wanted& wanted, const Value& right, Dice& dice) {
        return wanted.f == "read" ? (dice.chance(20) ? Value() : whole(dice.number(0, 2))) : right;
    };
    return out;
}

inline MadeObject made_map() {
    auto held = std::make_shared<std::map<std::int64_t, std::string>>();
    MadeObject out;
    out.call = [](Dice& dice, std::int64_t) -> Wanted {
        const Value key = whole(dice.number(0, 1));
        switch (dice.below(5)) {
            case 0:
            case 1: return {"get", list_of({key, Value()})};
            case 2: return {"put", list_of({key, word(dice.chance(50) ? "a" : "b")})};
            default: return {"append", list_of({key, word(dice.chance(50) ? "a" : "b")})};
        }
    };
    out.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        const ValueList& pair = *wanted.asked.list();
        std::string& value = (*held)[*pair[0].integer()];
        answer = wanted.asked;
        if (wanted.f == "get") {
            answer = list_of({pair[0], word(value)});
        } else if (wanted.f == "put") {
            value = pair[1].text()->characters;
        } else {
            value += pair[1].text()->characters;
        }
        return true;
    };
    out.lie = [](const Wanted& wanted, const Value& right, Dice& dice) {
        if (wanted.f != "get") {
            return right;
        }
        const ValueList& pair = *right.list();
        std::string text = pair[1].text()->characters;
        text = dice.chance(50) || text.empty() ? text + "a" : text.substr(1);
        return list_of({pair[0], word(text)});
    };
    return out;
}

// `order`: 0 any, 1 first in first out, 2 last in first out. An empty one answers nil or fails.
inline MadeObject made_queue(int order, bool tells_empty, bool distinct) {
    auto held = std::make_shared<std::deque<std::int64_t>>();
    auto next = std::make_shared<std::int64_t>(0);
    MadeObject out;
    out.call = [next, distinct](Dice& dice, std::int64_t) -> Wanted {
        if (dice.chance(50)) {
            return {"enqueue", whole(distinct ? (*next)++ : dice.number(0, 2))};
        }
        return {"dequeue", Value()};
    };
    out.apply = [held, order, tells_empty](const Wanted& wanted, std::int64_t, Value& answer) {
        if (wanted.f == "enqueue") {
            held->push_back(*wanted.asked.integer());
            answer = wanted.asked;
            return true;
        }
        if (held->empty()) {
            return tells_empty;
        }
        const auto at = order == 1 ? held->begin()
                        : order == 2
                            ? held->end() - 1
                            : held->begin() + static_cast<std::ptrdiff_t>(held->size() / 2);
        answer = whole(*at);
        held->erase(at);
        return true;
    };
    out.lie = [](const Wanted& wanted, const Value& right, Dice& dice) {
        return wanted.f == "dequeue" ? whole(dice.number(0, 3)) : right;
    };
    return out;
}

inline MadeObject made_set(bool removes, bool distinct) {
    auto held = std::make_shared<std::set<std::int64_t>>();
    auto next = std::make_shared<std::int64_t>(0);
    MadeObject out;
    out.call = [removes, distinct, next](Dice& dice, std::int64_t) -> Wanted {
        const std::uint64_t roll = dice.below(10);
        if (roll < 5) {
            return {"add", whole(distinct ? (*next)++ : dice.number(0, 3))};
        }
        if (removes && roll < 7) {
            return {dice.chance(50) ? "remove" : "contains", whole(dice.number(0, 3))};
        }
        return {"read", Value()};
    };
    out.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        answer = wanted.asked;
        if (wanted.f == "add") {
            held->insert(*wanted.asked.integer());
        } else if (wanted.f == "remove") {
            held->erase(*wanted.asked.integer());
        } else if (wanted.f == "contains") {
            answer = Value(held->contains(*wanted.asked.integer()));
        } else {
            ValueList all;
            for (const std::int64_t one : *held) {
                all.push_back(whole(one));
            }
            answer = list_of(std::move(all));
        }
        return true;
    };
    out.lie = [](const Wanted& wanted, const Value& right, Dice& dice) {
        if (wanted.f != "read") {
            return right;
        }
        ValueList all = *right.list();
        const Value other = whole(dice.number(0, 4));
        const auto at = std::find(all.begin(), all.end(), other);
        if (at == all.end()) {
            all.push_back(other);
        } else {
            all.erase(at);
        }
        return list_of(std::move(all));
    };
    return out;
}

inline MadeObject made_counter(bool lowers) {
    auto held = std::make_shared<std::int64_t>(0);
    MadeObject out;
    out.call = [lowers](Dice& dice, std::int64_t) -> Wanted {
        if (dice.chance(50)) {
            return {"read", Value()};
        }
        return {"add", whole(dice.number(lowers ? -2 : 1, 2))};
    };
    out.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        answer = wanted.asked;
        if (wanted.f == "read") {
            answer = whole(*held);
        } else {
            *held += *wanted.asked.integer();
        }
        return true;
    };
    out.lie = [](const Wanted& wanted, const Value& right, Dice& dice) {
        return wanted.f == "read" ? whole(*right.integer() + dice.number(-2, 2)) : right;
    };
    return out;
}

// A lock that now and then is given to a second one.
inline MadeObject made_mutex(std::uint64_t broken_percent) {
    auto held = std::make_shared<std::optional<std::int64_t>>();
    auto dice = std::make_shared<Dice>(17);
    auto fence = std::make_shared<std::int64_t>(0);
    MadeObject out;
    out.call = [](Dice& roll, std::int64_t) -> Wanted {
        return {roll.chance(50) ? "acquire" : "release", Value()};
    };
    out.apply = [=](const Wanted& wanted, std::int64_t process, Value& answer) {
        const bool broken = dice->chance(broken_percent);
        if (wanted.f == "acquire") {
            if (held->has_value() && !broken) {
                return false;
            }
            *held = process;
            answer = whole(broken ? *fence : ++*fence);
            return true;
        }
        if (*held != std::optional(process) && !broken) {
            return false;
        }
        held->reset();
        return true;
    };
    out.lie = [](const Wanted&, const Value& right, Dice&) { return right; };
    return out;
}

inline MadeObject made_registers() {
    auto held = std::make_shared<std::map<std::int64_t, Value>>();
    MadeObject out;
    out.call = [](Dice& dice, std::int64_t) -> Wanted {
        ValueList micros;
        const std::uint64_t count = 1 + dice.below(2);
        for (std::uint64_t i = 0; i < count; ++i) {
            const bool reads = dice.chance(50);
            micros.push_back(list_of({word(reads ? "r" : "w"), whole(dice.number(0, 1)),
                reads ? Value() : whole(dice.number(0, 2))}));
        }
        return {"txn", list_of(std::move(micros))};
    };
    out.apply = [held](const Wanted& wanted, std::int64_t, Value& answer) {
        ValueList micros;
        for (const Value& micro : *wanted.asked.list()) {
            const ValueList& parts = *micro.list();
            Value& value = (*held)[*parts[1].integer()];
            if (parts[0].is("w")) {
                value = parts[2];
            }
            micros.push_back(list_of({parts[0], parts[1], value}));
        }
        answer = list_of(std::move(micros));
        return true;
    };
    out.lie = [](const Wanted&, const Value& right, Dice& dice) {
        ValueList micros = *right.list();
        ValueList parts = *micros[0].list();
        if (parts[0].is("r")) {
            parts[2] = whole(dice.number(0, 2));
            micros[0] = list_of(std::move(parts));
        }
        return list_of(std::move(micros));
    };
    return out;
}

}  // namespace ledger::check
