#include "sim/check/search/stream_model.h"

#include <bit>
#include <charconv>

#include <fmt/format.h>

namespace ledger::check {
namespace {

// Hashes need all 64 bits: those that are no signed number were kept as texts.
std::optional<std::uint64_t> unsigned_number(const Value* value) {
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const auto integer = value->integer()) {
        return *integer < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*integer));
    }
    std::uint64_t number = 0;
    const ValueText* text = value->text();
    if (text == nullptr || text->sort != ValueText::Sort::number) {
        return std::nullopt;
    }
    const char* end = text->characters.data() + text->characters.size();
    const auto [stop, error] = std::from_chars(text->characters.data(), end, number);
    return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

const Value* given(const Value& map, std::string_view key) {
    const Value* value = map.find(key);
    return value == nullptr || value->is_nil() ? nullptr : value;
}

}  // namespace

std::uint64_t seeded_hash(std::uint64_t bytes, std::uint64_t seed) {
    constexpr std::uint64_t prime = 0x9fb21c651e98df25ULL;
    // Two words of the algorithm's secret.
    constexpr std::uint64_t secret = 0x1cad21f72c81017cULL ^ 0xdb979083e96dd4deULL;
    const auto low = static_cast<std::uint32_t>(seed);
    const std::uint32_t swapped =
        (low >> 24) | ((low >> 8) & 0xff00u) | ((low << 8) & 0xff0000u) | (low << 24);
    const std::uint64_t flip = secret - (seed ^ (std::uint64_t{swapped} << 32));
    std::uint64_t x = std::rotl(bytes, 32) ^ flip;
    x ^= std::rotl(x, 49) ^ std::rotl(x, 24);
    x *= prime;
    x ^= (x >> 35) + 8;
    x *= prime;
    return x ^ (x >> 28);
}

Reading<StreamModel::Operation> StreamModel::read(const RecordedOperation& recorded) {
    Reading<Operation> out;
    Operation operation;
    if (recorded.f == "read" || recorded.f == "tail") {
        out.observes = true;
        if (recorded.outcome != Outcome::ok) {
            return out;
        }
        operation.kind = recorded.f == "read" ? Operation::Kind::read : Operation::Kind::check_tail;
        operation.tail = unsigned_number(given(recorded.answered, "tail"));
        operation.hash = unsigned_number(given(recorded.answered, "stream_hash"));
        if (!operation.tail || (recorded.f == "read" && !operation.hash)) {
            out.wrong = fmt::format("expected a tail, and of a read a stream_hash, found {}",
                to_text(recorded.answered, 60));
            return out;
        }
        out.does.push_back(std::move(operation));
        return out;
    }
    const Value* hashes = given(recorded.asked, "record_hashes");
    bool right = recorded.f == "append" && hashes != nullptr && hashes->list() != nullptr;
    for (std::uint64_t i = 0; right && i < hashes->list()->size(); ++i) {
        const auto hash = unsigned_number(&(*hashes->list())[i]);
        right = hash.has_value();
        operation.records.push_back(hash ? *hash : 0);
    }
    if (!right) {
        out.wrong =
            fmt::format("expected an append with record_hashes, a read or a tail, found {} {}",
                recorded.f, to_text(recorded.asked, 60));
        return out;
    }
    if (recorded.outcome == Outcome::failed) {
        return out;
    }
    operation.demands_tail = unsigned_number(given(recorded.asked, "match_seq_num"));
    if (const Value* token = given(recorded.asked, "fencing_token")) {
        operation.demands_token = tokens_.number(*token);
    }
    if (const Value* token = given(recorded.asked, "set_fencing_token")) {
        operation.sets_token = tokens_.number(*token);
    }
    operation.tail = unsigned_number(given(recorded.answered, "tail"));
    out.does.push_back(std::move(operation));
    return out;
}

std::optional<StreamModel::State> StreamModel::step(
    const State& state, const Operation& operation) const {
    if (operation.kind != Operation::Kind::append) {
        const bool same = operation.tail.value_or(state.tail) == state.tail &&
                          operation.hash.value_or(state.hash) == state.hash;
        return same ? std::optional(state) : std::nullopt;
    }
    const bool allowed = operation.demands_tail.value_or(state.tail) == state.tail &&
                         operation.demands_token.value_or(state.token) == state.token;
    State after = state;
    after.tail += operation.records.size();
    if (!allowed || operation.tail.value_or(after.tail) != after.tail) {
        return std::nullopt;
    }
    for (const std::uint64_t record : operation.records) {
        after.hash = seeded_hash(record, after.hash);
    }
    after.token = operation.sets_token.value_or(state.token);
    return after;
}

std::uint64_t StreamModel::hash(const Operation& operation) const {
    std::uint64_t hash =
        mixed(operation.records.size(), static_cast<std::uint64_t>(operation.kind));
    for (const std::uint64_t record : operation.records) {
        hash = mixed(hash, record);
    }
    for (const std::uint64_t part : {operation.demands_tail.value_or(UINT64_MAX),
             operation.tail.value_or(UINT64_MAX), operation.hash.value_or(UINT64_MAX)}) {
        hash = mixed(hash, part);
    }
    return mixed(mixed(hash, operation.demands_token.value_or(UINT32_MAX)),
        operation.sets_token.value_or(UINT32_MAX));
}

std::string StreamModel::describe(const State& state) const {
    return fmt::format("{} records with hash {}{}", state.tail, state.hash,
        state.token == no_token_ ? "" : ", fenced by " + tokens_.text(state.token));
}

std::string StreamModel::refusal(const State& state, const Operation& operation) const {
    const std::string but = "but the stream held " + describe(state);
    if (operation.kind != Operation::Kind::append) {
        return fmt::format("an answer of tail {}{}, {}", operation.tail.value_or(0),
            operation.hash ? fmt::format(" and hash {}", *operation.hash) : "", but);
    }
    if (operation.demands_tail.value_or(state.tail) != state.tail) {
        return fmt::format("an append at tail {}, {}", *operation.demands_tail, but);
    }
    if (operation.demands_token.value_or(state.token) != state.token) {
        return fmt::format("an append under {}, {}", tokens_.text(*operation.demands_token), but);
    }
    return fmt::format("an append of {} records that ends at {}, {}", operation.records.size(),
        operation.tail.value_or(0), but);
}

}  // namespace ledger::check
