#include "sim/check/search/multi_register_model.h"

#include <algorithm>

#include <fmt/format.h>

namespace ledger::check {
namespace {

std::uint32_t value_of(
    const MultiRegisterModel::State& state, std::uint32_t key, std::uint32_t nil) {
    return key < state.size() ? state[key] : nil;
}

}  // namespace

// False if it is no micro-operation. A read that was not answered says nothing.
bool MultiRegisterModel::read_micro(const Value& micro, bool answered, Operation& out) {
    const ValueList* parts = micro.list();
    if (parts == nullptr || parts->size() != 3) {
        return false;
    }
    const bool writes = (*parts)[0].is("w") || (*parts)[0].is("write");
    if (!writes && !(*parts)[0].is("r") && !(*parts)[0].is("read")) {
        return false;
    }
    if (writes || answered) {
        out.push_back({writes, keys_.number((*parts)[1]), values_.number((*parts)[2])});
    }
    return true;
}

Reading<MultiRegisterModel::Operation> MultiRegisterModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    if (recorded.outcome == Outcome::failed) {
        return out;
    }
    const bool answered = recorded.outcome == Outcome::ok;
    const Value& value =
        answered && !recorded.answered.is_nil() ? recorded.answered : recorded.asked;
    Operation operation;
    bool known = value.list() != nullptr || value.map() != nullptr;
    if (const ValueMap* map = value.map()) {
        const bool writes = recorded.f == "write" || recorded.f == "w";
        known = writes || recorded.f == "read" || recorded.f == "r";
        for (const auto& [key, member] : *map) {
            if (writes || answered) {
                operation.push_back({writes, keys_.number(key), values_.number(member)});
            }
        }
    } else if (known) {
        for (const Value& micro : *value.list()) {
            known = known && read_micro(micro, answered, operation);
        }
    }
    if (!known) {
        out.wrong = fmt::format(
            "expected micro-operations [[w key value] [r key value]] or a map of keys and values, "
            "found {}",
            to_text(value, 60));
        return out;
    }
    const auto reads = [](const Micro& micro) { return !micro.writes; };
    out.can_be_refused = std::any_of(operation.begin(), operation.end(), reads);
    out.observes = std::all_of(operation.begin(), operation.end(), reads);
    if (!operation.empty()) {
        out.does.push_back(std::move(operation));
    }
    return out;
}

std::optional<MultiRegisterModel::State> MultiRegisterModel::step(
    const State& state, const Operation& operation) const {
    State after = state;
    for (const Micro& micro : operation) {
        if (!micro.writes) {
            if (value_of(after, micro.key, nil_) != micro.value) {
                return std::nullopt;
            }
            continue;
        }
        if (micro.key >= after.size()) {
            after.resize(micro.key + 1, nil_);
        }
        after[micro.key] = micro.value;
    }
    return after;
}

std::uint64_t MultiRegisterModel::hash(const State& state) const {
    std::uint64_t hash = state.size();
    for (const std::uint32_t value : state) {
        hash = mixed(hash, value);
    }
    return hash;
}

std::uint64_t MultiRegisterModel::hash(const Operation& operation) const {
    std::uint64_t hash = operation.size();
    for (const Micro& micro : operation) {
        hash = mixed(
            mixed(hash, micro.key), (std::uint64_t{micro.value} << 1) | (micro.writes ? 1 : 0));
    }
    return hash;
}

std::string MultiRegisterModel::describe(const State& state) const {
    constexpr std::uint64_t shown_max = 12;
    std::string out;
    std::uint64_t shown = 0;
    for (std::uint32_t key = 0; key < state.size() && shown < shown_max; ++key) {
        if (state[key] != nil_) {
            out += fmt::format(
                "{}{} {}", shown == 0 ? "" : ", ", keys_.text(key), values_.text(state[key]));
            ++shown;
        }
    }
    return "{" + out + (shown == shown_max ? " ...}" : "}");
}

std::string MultiRegisterModel::refusal(const State& state, const Operation& operation) const {
    State now = state;
    for (const Micro& micro : operation) {
        if (!micro.writes && value_of(now, micro.key, nil_) != micro.value) {
            return fmt::format("a read of {} in {}, but it held {}", values_.text(micro.value),
                keys_.text(micro.key), values_.text(value_of(now, micro.key, nil_)));
        }
        if (micro.writes) {
            now.resize(std::max<std::uint64_t>(now.size(), micro.key + 1), nil_);
            now[micro.key] = micro.value;
        }
    }
    return "an operation that is not refused";
}

}  // namespace ledger::check
