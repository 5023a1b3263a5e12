#pragma once
// Scenario: what a simulated run may draw from, as a text that people write and programs print.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/result.h"
#include "log/base/time.h"
#include "sim/check/decision.h"
#include "sim/check/errc.h"

namespace ledger::check {

// How the numbers of a key are written and kept.
enum class Unit : std::uint8_t {
    count = 1,  // 12
    duration,   // 20us, 1.5ms, 2s; kept in nanoseconds
    share,      // 3%, 0.05%; kept in millionths
};

enum class Section : std::uint8_t { swarm = 1, workload };

// One key that the simulator understands. Bounds are in kept numbers, both included.
struct KnownKey {
    Section section = Section::swarm;
    std::string_view key;
    Unit unit = Unit::count;
    std::int64_t min = 0;
    std::int64_t max = INT64_MAX;
};

// What a key may be drawn from: `off`, `x`, `lo .. hi` or `{a, b, c}`.
struct Range {
    enum class Form : std::uint8_t { off = 1, one, between, among };
    Form form = Form::off;
    std::vector<std::int64_t> values;  // off: none; one: 1; between: 2, ascending; among: >= 1

    static Range off_() { return {}; }
    static Range one(std::int64_t value) { return {Form::one, {value}}; }
    static Range between(std::int64_t low, std::int64_t high) {
        return {Form::between, {low, high}};
    }
    static Range among(std::vector<std::int64_t> values) {
        return {Form::among, std::move(values)};
    }

    bool off() const { return form == Form::off; }
    // How many values there are; 1 for off. The domain of a choice.
    std::uint64_t domain() const;
    // The value that the choice `answer` < domain() stands for; 0 for off.
    std::int64_t value(std::uint64_t answer) const;
    friend bool operator==(const Range&, const Range&) = default;
};

// What is done to a node or to the link from one node to another.
enum class Verb : std::uint8_t {
    crash = 1,   // a power failure; it comes back
    pause,       // its process stands still
    stall,       // its disk ends nothing
    isolate,     // it hears nobody, and nobody hears it
    fail_sync,   // its next fsync fails, and so on; it halts of that and comes back
    fail_write,
    fail_read,
    cut,         // from -> to: nothing arrives
    part,        // the same in both directions
    clog,        // from -> to: nothing arrives until it ends, then all of it
    slow,        // from -> to: everything takes an election timeout longer
};
// The names in scenario files: "fail-sync".
std::string_view to_text(Verb verb);
bool is_of_link(Verb verb);

// A node, by its number or by the part that it plays when the line is carried out.
struct Who {
    enum class Part : std::uint8_t {
        number = 1,
        leader,     // of the highest term
        follower,   // the first node that is up and does not lead
        laggard,    // who has least
        candidate,  // who wants to lead, or would be the next to win
        boundary,   // the voter without which what is committed would have no majority
        newcomer,   // whose place in the configuration is changing
        receiver,   // whom only a cut can help
    };
    Part part = Part::number;
    std::uint32_t number = 0;  // of a node, from 1; of another part 0
    friend bool operator==(const Who&, const Who&) = default;
};

// The names in scenario files; empty for `number`.
std::string_view to_text(Who::Part part);

// "at 2s crash leader for 500ms": one line of the section [nemesis].
struct NemesisLine {
    enum class When : std::uint8_t { at = 1, every, leader };
    When when = When::at;
    Duration time;             // at, every
    std::uint64_t count = 0;   // leader: at the so-manieth election, from 1
    Verb verb = Verb::crash;
    Who who;
    Who other;                 // of a link: its other end
    Duration length;
    friend bool operator==(const NemesisLine&, const NemesisLine&) = default;
};

struct Setting {
    Section section = Section::swarm;
    std::string key;
    Unit unit = Unit::count;
    Range range;
    friend bool operator==(const Setting&, const Setting&) = default;
};

// Who answers what the tape does not.
enum class AnsweredBy : std::uint8_t {
    seed = 1,
    kind_settings,  // settings that the scenario does not name are kind; all else the seed answers
    kind,
};

struct Scenario {
    std::string name = "unnamed";
    std::uint32_t voters = 3;
    std::uint64_t seed_first = 1;
    std::uint64_t seed_last = 1;
    AnsweredBy answers = AnsweredBy::seed;
    std::vector<Setting> settings;  // in the order of the text; a key at most once per section
    std::vector<NemesisLine> nemesis;  // in the order of the text
    std::vector<Decision> tape;     // in the order of the text; a question at most once
    friend bool operator==(const Scenario&, const Scenario&) = default;

    const Range* find(Section section, std::string_view key) const;
    // The range under the key, or this one.
    Range get(Section section, std::string_view key, Range otherwise) const;
    // Replaces or adds.
    void set(Section section, std::string_view key, Unit unit, Range range);
};

// The errors say "line 7, column 1: unknown key net.los, did you mean net.loss?".
Result<Scenario> parse_scenario(std::string_view text, std::span<const KnownKey> known);
// parse_scenario(print_scenario(s)) == s.
std::string print_scenario(const Scenario& scenario);

// "20us", "1.5ms": the shortest exact form that parse_scenario reads back.
std::string print_value(std::int64_t value, Unit unit);

}  // namespace ledger::check
