#pragma once
// Definition: which events a projection folds, by what, into what: one line of text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "log/projection/value.h"

namespace ledger::projection {

inline constexpr std::uint32_t definition_bytes_max = 16u << 10;
inline constexpr std::uint32_t folds_max = 16;
inline constexpr std::uint32_t keys_max = 8;
inline constexpr std::uint32_t conditions_max = 32;
inline constexpr std::uint32_t path_parts_max = 16;

// Of an event: what the ledger knows of it, or a place in its payload or its metadata.
struct Field {
    // The category is the stream's name up to the first '-', all of it if there is none.
    enum class Kind : std::uint8_t { stream = 1, category, type, id, metadata, payload };
    Kind kind = Kind::payload;
    std::vector<std::string> path;  // payload, metadata: the members on the way, at least one
    friend bool operator==(const Field&, const Field&) = default;
};

struct Fold {
    enum class Kind : std::uint8_t { count = 1, sum, min, max, first, last, set };
    Kind kind = Kind::count;
    Field field;  // of what; count: of nothing
    friend bool operator==(const Fold&, const Fold&) = default;
};

enum class Comparison : std::uint8_t {
    equal = 1, different, less, at_most, more, at_least, begins_with
};
// A value of another type than the one compared with is different, and neither less nor more.
bool holds(const Value& value, Comparison comparison, const Value& with);
std::string_view text_of(Comparison comparison);

struct Condition {
    Field field;
    Comparison comparison = Comparison::equal;
    Value value;
    friend bool operator==(const Condition&, const Condition&) = default;
};

//   FOLD {, FOLD} [by FIELD {, FIELD}] [where CONDITION {and CONDITION}] [top N]
//
//   FOLD       count | sum FIELD | min FIELD | max FIELD | first FIELD | last FIELD | set FIELD
//   FIELD      stream | category | type | id | .member{.member} | @member{.member}
//              . of the payload, @ of the metadata; odd names in quotes: ."odd name"
//   CONDITION  FIELD (= | != | < | <= | > | >= | ~) VALUE          (~ begins with)
//   VALUE      number | true | false | null | word | "text"
//
// top N shows the N groups whose first fold is greatest; the state holds them all.
struct Definition {
    std::vector<Fold> folds;            // at least one
    std::vector<Field> keys;            // none: one group
    std::vector<Condition> conditions;  // all of them must hold
    std::uint32_t top = 0;              // 0 = all groups
    friend bool operator==(const Definition&, const Definition&) = default;
};

// Errors name the column, from 1, and what was expected there.
Result<Definition> parse_definition(std::string_view text);
// CONDITION {and CONDITION} alone.
Result<std::vector<Condition>> parse_conditions(std::string_view text);
// One spelling of each: parse_definition gives an equal one, however it was written.
std::string text_of(const Definition& definition);
std::string text_of(const Field& field);
std::string text_of(const Fold& fold);

// If only events of one stream can count: its name.
std::optional<std::string> only_stream(const Definition& definition);

}  // namespace ledger::projection
