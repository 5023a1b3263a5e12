#include "sim/check/search/register_model.h"

#include <fmt/format.h>

namespace ledger::check {
namespace {

bool is_read(std::string_view f) {
    return f == "read" || f == "r" || f == "get";
}

bool is_write(std::string_view f) {
    return f == "write" || f == "w" || f == "put" || f == "set";
}

bool is_cas(std::string_view f) {
    return f == "cas" || f == "compare-and-set" || f == "compare-and-swap";
}

// Both of [first second].
const ValueList* pair_of(const Value& value) {
    const ValueList* list = value.list();
    return list != nullptr && list->size() == 2 ? list : nullptr;
}

}  // namespace

bool has_keys(const RecordedHistory& history) {
    for (const RecordedOperation& operation : history.operations) {
        const ValueList* pair = pair_of(operation.asked);
        if (pair == nullptr || (is_cas(operation.f) && pair_of((*pair)[1]) == nullptr)) {
            return false;
        }
    }
    return true;
}

Reading<RegisterModel::Operation> RegisterModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    Value asked = recorded.asked;
    Value answered = recorded.answered;
    if (rules_.keyed) {
        out.key = (*pair_of(recorded.asked))[0];
        asked = (*pair_of(recorded.asked))[1];
        const ValueList* tuple = pair_of(recorded.answered);
        answered = tuple != nullptr && (*tuple)[0] == out.key ? (*tuple)[1] : recorded.answered;
    }
    if (is_read(recorded.f)) {
        out.observes = true;
        if (recorded.outcome == Outcome::ok && (rules_.nil_read_tells || !answered.is_nil())) {
            out.does.push_back({Operation::Kind::read, values_.number(answered), 0});
        }
        return out;
    }
    if (is_write(recorded.f)) {
        out.can_be_refused = false;
        if (recorded.outcome != Outcome::failed) {
            out.does.push_back({Operation::Kind::write, values_.number(asked), 0});
        }
        return out;
    }
    const ValueList* both = pair_of(asked);
    if (!is_cas(recorded.f) || both == nullptr) {
        out.wrong =
            fmt::format("expected a read, a write of a value or a cas of [from to], found {} {}",
                recorded.f.empty() ? "an operation without a function" : recorded.f,
                to_text(asked, 60));
        return out;
    }
    const std::uint32_t from = values_.number((*both)[0]);
    if (recorded.outcome != Outcome::failed) {
        out.does.push_back({Operation::Kind::cas, from, values_.number((*both)[1])});
    } else if (rules_.failed_cas_tells && pair_of(answered) != nullptr) {
        // With another value the answer is an error and not the cas that did not match.
        out.observes = true;
        out.does.push_back({Operation::Kind::no_cas, from, 0});
    }
    return out;
}

std::optional<RegisterModel::State> RegisterModel::step(
    State state, const Operation& operation) const {
    switch (operation.kind) {
        case Operation::Kind::read:
            return state == operation.value ? std::optional(state) : std::nullopt;
        case Operation::Kind::write: return operation.value;
        case Operation::Kind::cas:
            return state == operation.value ? std::optional(operation.next) : std::nullopt;
        case Operation::Kind::no_cas:
            return state != operation.value ? std::optional(state) : std::nullopt;
    }
    return std::nullopt;
}

std::string RegisterModel::refusal(State state, const Operation& operation) const {
    const std::string wanted = values_.text(operation.value);
    switch (operation.kind) {
        case Operation::Kind::read:
            return fmt::format("a read of {}, but the register held {}", wanted, describe(state));
        case Operation::Kind::cas:
            return fmt::format("a cas from {} that took effect, but the register held {}", wanted,
                describe(state));
        case Operation::Kind::no_cas:
            return fmt::format("a cas from {} that did not match, but the register held {}", wanted,
                describe(state));
        case Operation::Kind::write: break;
    }
    return "a write, which is never refused";
}

}  // namespace ledger::check
