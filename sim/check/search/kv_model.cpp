#include "sim/check/search/kv_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/bytes.h"
#include "log/base/hash128.h"
#include "sim/check/recorded/value_text.h"

namespace ledger::check {
namespace {

std::uint64_t hash_of(std::string_view text) {
    Hash128 hash;
    hash.add_bytes(std::as_bytes(std::span(text)));
    return hash.high() ^ hash.low();
}

// The end of a long text is where the difference is.
std::string shortened(std::string_view text) {
    constexpr std::uint64_t bytes_max = 160;
    return text.size() <= bytes_max ? std::string(text)
                                    : fmt::format("... ({} bytes) {}", text.size(),
                                          text.substr(text.size() - bytes_max));
}

}  // namespace

KvModel::State KvModel::state_of(const Value& value) const {
    if (value.is_nil()) {
        return initial();
    }
    return value.text() != nullptr ? "t" + value.text()->characters : "v" + to_edn(value);
}

Reading<KvModel::Operation> KvModel::read(const RecordedOperation& recorded) const {
    Reading<Operation> out;
    const std::string& f = recorded.f;
    const ValueList* asked = recorded.asked.list();
    if (asked == nullptr || asked->empty() || asked->size() > 2) {
        out.wrong =
            fmt::format("expected a key and a value, found {}", to_text(recorded.asked, 60));
        return out;
    }
    out.key = (*asked)[0];
    const Value given = asked->size() == 2 ? (*asked)[1] : Value();
    const bool failed = recorded.outcome == Outcome::failed;
    if (f == "get" || f == "read" || f == "r") {
        out.observes = true;
        const ValueList* answered = recorded.answered.list();
        const bool tuple =
            answered != nullptr && answered->size() == 2 && (*answered)[0] == out.key;
        if (recorded.outcome == Outcome::ok) {
            out.does.push_back(
                {Operation::Kind::get, state_of(tuple ? (*answered)[1] : recorded.answered), {}});
        }
    } else if (f == "put" || f == "write" || f == "w" || f == "set" || f == "delete" ||
               f == "del") {
        out.can_be_refused = false;
        if (!failed) {
            out.does.push_back(
                {Operation::Kind::put, f.starts_with("del") ? initial() : state_of(given), {}});
        }
    } else if (f == "append" && given.text() != nullptr) {
        out.can_be_refused = false;
        if (!failed) {
            out.does.push_back({Operation::Kind::append, given.text()->characters, {}});
        }
    } else if (f == "cas" && given.list() != nullptr && given.list()->size() == 2) {
        const State from = state_of((*given.list())[0]);
        if (!failed) {
            out.does.push_back({Operation::Kind::cas, from, state_of((*given.list())[1])});
        } else if (failed_cas_tells_) {
            out.observes = true;
            out.does.push_back({Operation::Kind::no_cas, from, {}});
        }
    } else {
        out.wrong = fmt::format(
            "expected get, put, append of a text, delete or cas of [from to], found {} {}",
            f.empty() ? "an operation without a function" : f, to_text(given, 60));
    }
    return out;
}

std::optional<KvModel::State> KvModel::step(const State& state, const Operation& operation) const {
    switch (operation.kind) {
        case Operation::Kind::get:
            return state == operation.value ? std::optional(state) : std::nullopt;
        case Operation::Kind::put: return operation.value;
        case Operation::Kind::append:
            if (state[0] == 'v') {
                return std::nullopt;
            }
            return (state[0] == 'n' ? "t" : state) + operation.value;
        case Operation::Kind::cas:
            return state == operation.value ? std::optional(operation.next) : std::nullopt;
        case Operation::Kind::no_cas:
            return state != operation.value ? std::optional(state) : std::nullopt;
    }
    return std::nullopt;
}

std::uint64_t KvModel::hash(const State& state) const {
    return hash_of(state);
}

std::uint64_t KvModel::hash(const Operation& operation) const {
    return mixed(mixed(hash_of(operation.value), hash_of(operation.next)),
        static_cast<std::uint64_t>(operation.kind));
}

std::string KvModel::describe(const State& state) const {
    if (state[0] == 'n') {
        return "nothing";
    }
    return state.size() == 1 ? "\"\"" : shortened(std::string_view(state).substr(1));
}

std::string KvModel::refusal(const State& state, const Operation& operation) const {
    switch (operation.kind) {
        case Operation::Kind::get:
            return fmt::format(
                "a get of {}, but the key held {}", describe(operation.value), describe(state));
        case Operation::Kind::append:
            return fmt::format("an append, but the key held {}, which is no text", describe(state));
        case Operation::Kind::cas:
            return fmt::format("a cas from {} that took effect, but the key held {}",
                describe(operation.value), describe(state));
        case Operation::Kind::no_cas:
            return fmt::format("a cas from {} that did not match, but the key held {}",
                describe(operation.value), describe(state));
        case Operation::Kind::put: break;
    }
    return "a put, which is never refused";
}

}  // namespace ledger::check
