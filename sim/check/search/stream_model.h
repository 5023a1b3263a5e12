#pragma once
// Stream model: one stream of records as clients of S2 see it, judged by hashes of its beginning.

#include <string>

#include "sim/check/search/model.h"
#include "sim/check/search/value_table.h"

namespace ledger::check {

// What s2-streamstore/s2-verification records (import: start_finish). Appends of so many records,
// each with its hash, may demand a tail (match_seq_num) and a fencing token, and may set the token;
// a read tells the tail and the hash of all records, a check of the tail the tail alone. A definite
// failure says nothing; an indefinite one may take effect where what it demands holds.
//
// The hash of a stream is that of the record's hash, as eight bytes with the lowest first, seeded
// by the hash of what stands in front of it; that of an empty stream is 0. It is XXH3 of 64 bits.
class StreamModel {
  public:
    struct State {
        std::uint64_t tail = 0;
        std::uint64_t hash = 0;
        std::uint32_t token = 0;  // number of the text; that of nil = none was set
        friend bool operator==(const State&, const State&) = default;
    };
    struct Operation {
        enum class Kind : std::uint8_t { append = 1, read, check_tail };
        Kind kind = Kind::append;
        std::vector<std::uint64_t> records;  // hashes
        std::optional<std::uint64_t> demands_tail;
        std::optional<std::uint32_t> demands_token;
        std::optional<std::uint32_t> sets_token;
        std::optional<std::uint64_t> tail;  // told; after it, of an append
        std::optional<std::uint64_t> hash;  // told
        friend bool operator==(const Operation&, const Operation&) = default;
    };

    StreamModel() : no_token_(tokens_.number(Value())) {}

    Reading<Operation> read(const RecordedOperation& recorded);
    State initial() const { return {0, 0, no_token_}; }
    std::optional<State> step(const State& state, const Operation& operation) const;
    std::uint64_t hash(const State& state) const {
        return mixed(mixed(state.tail, state.hash), state.token);
    }
    std::uint64_t hash(const Operation& operation) const;
    std::uint64_t bytes(const State&) const { return 0; }
    std::string describe(const State& state) const;
    std::string refusal(const State& state, const Operation& operation) const;

  private:
    ValueTable tokens_;
    const std::uint32_t no_token_;
};

// XXH3 of eight bytes (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), the lowest first.
std::uint64_t seeded_hash(std::uint64_t bytes, std::uint64_t seed);

}  // namespace ledger::check
