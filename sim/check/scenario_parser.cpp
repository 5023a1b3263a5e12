#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/edit_distance.h"
#include "sim/check/scenario.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t scenario_bytes_max = 64u << 20;  // a whole run's tape
constexpr std::uint32_t voters_max = 7;
constexpr std::uint32_t hosts_max = 16;
constexpr std::int64_t every_min = 1'000'000;  // more often would be nothing but acts
constexpr std::int64_t duration_max = std::int64_t{3600} * 1'000'000'000;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// What a key, a name or a unit is made of.
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' ||
           c == '_' || c == '-';
}

std::string_view name_of(Section section) {
    return section == Section::swarm ? "swarm" : "workload";
}

// One line of the text, read from left to right.
class Line {
  public:
    Line(std::string_view text, std::uint64_t number)
        : text_(text.substr(0, text.find('#'))), number_(number) {}

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            ++at_;
        }
    }
    bool at_end() {
        skip_space();
        return at_ == text_.size();
    }
    bool take(std::string_view expected) {
        skip_space();
        if (text_.substr(at_, expected.size()) != expected) {
            return false;
        }
        at_ += expected.size();
        return true;
    }
    // The longest word here; empty if there is none.
    std::string_view word() {
        skip_space();
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_word(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }
    // Like word(), but ends before "..": a number of a range.
    std::string_view number_word() {
        const std::size_t rest = at_;
        std::string_view all = word();
        const std::size_t range = all.find("..");
        if (range != std::string_view::npos) {
            at_ -= all.size() - range;
            all = all.substr(0, range);
        }
        LEDGER_ASSERT(at_ >= rest);
        if (at_ < text_.size() && text_[at_] == '%') {
            ++at_;
        }
        return all;
    }
    // The rest of the line without spaces around it.
    std::string_view rest() {
        skip_space();
        std::string_view all = text_.substr(at_);
        while (!all.empty() && is_space(all.back())) {
            all.remove_suffix(1);
        }
        at_ = text_.size();
        return all;
    }

    std::size_t at() const { return at_; }
    char before() const { return at_ == 0 ? '\0' : text_[at_ - 1]; }
    Error wrong_at(std::size_t at, std::string_view what) const {
        return failure(
            Errc::malformed_scenario, fmt::format("line {}, column {}: {}", number_, at + 1, what));
    }
    Error wrong(std::string_view what) {
        skip_space();
        return wrong_at(at_, what);
    }

  private:
    std::string_view text_;
    std::uint64_t number_;
    std::size_t at_ = 0;
};

struct Scaled {
    std::uint64_t scale = 1;
    bool known = false;
};

Scaled scale_of(std::string_view unit_text, Unit unit, bool percent) {
    switch (unit) {
        case Unit::count: return {1, unit_text.empty() && !percent};
        case Unit::share: return {10'000, unit_text.empty() && percent};
        case Unit::duration: break;
    }
    if (unit_text == "ns") {
        return {1, !percent};
    }
    if (unit_text == "us") {
        return {1'000, !percent};
    }
    if (unit_text == "ms") {
        return {1'000'000, !percent};
    }
    return {1'000'000'000, unit_text == "s" && !percent};
}

std::string_view example_of(Unit unit) {
    switch (unit) {
        case Unit::count: return "a whole number like 12";
        case Unit::duration: return "a duration like 20us, 1.5ms or 2s";
        case Unit::share: return "a share like 3% or 0.05%";
    }
    return "a number";
}

// "1.5" times the scale, if that is a whole number that fits.
std::optional<std::int64_t> scaled_value(std::string_view digits, std::uint64_t scale) {
    const std::size_t point = digits.find('.');
    const std::string_view whole = digits.substr(0, point);
    std::string_view fraction;
    if (point != std::string_view::npos) {
        fraction = digits.substr(point + 1);
        if (fraction.empty()) {
            return std::nullopt;
        }
    }
    if (whole.empty() || fraction.size() > 9) {
        return std::nullopt;
    }
    constexpr std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX);
    std::uint64_t value = 0;
    for (char c : whole) {
        if (!is_digit(c) || value > (limit / scale - static_cast<std::uint64_t>(c - '0')) / 10) {
            return std::nullopt;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    value *= scale;
    for (char c : fraction) {
        if (!is_digit(c) || scale % 10 != 0) {
            return std::nullopt;
        }
        scale /= 10;
        const std::uint64_t part = scale * static_cast<std::uint64_t>(c - '0');
        if (value > limit - part) {
            return std::nullopt;
        }
        value += part;
    }
    return static_cast<std::int64_t>(value);
}

Result<std::int64_t> parse_value(Line& line, const KnownKey& known) {
    line.skip_space();
    const std::size_t at = line.at();
    const std::string_view word = line.number_word();
    const bool percent = line.before() == '%' && line.at() > at;
    const std::size_t unit_at = std::min(word.find_first_not_of("0123456789."), word.size());
    const Scaled scaled = scale_of(word.substr(unit_at), known.unit, percent);
    if (word.empty() || !scaled.known) {
        return line.wrong_at(at, fmt::format("expected {}", example_of(known.unit)));
    }
    const std::optional<std::int64_t> value = scaled_value(word.substr(0, unit_at), scaled.scale);
    if (!value) {
        return line.wrong_at(at, fmt::format("expected {}", example_of(known.unit)));
    }
    if (*value < known.min || *value > known.max) {
        return line.wrong_at(
            at, fmt::format("{} must lie between {} and {}", known.key,
                    print_value(known.min, known.unit), print_value(known.max, known.unit)));
    }
    return *value;
}

Result<Range> parse_range(Line& line, const KnownKey& known) {
    line.skip_space();
    const std::size_t off_at = line.at();
    if (line.take("off")) {
        // Off means 0, so it is within the bounds or it is not, like any number.
        return known.min == 0 ? Result<Range>{Range{}}
                              : Result<Range>{line.wrong_at(off_at,
                                    fmt::format("{} cannot be off, it is at least {}", known.key,
                                        print_value(known.min, known.unit)))};
    }
    if (line.take("{")) {
        std::vector<std::int64_t> values;
        do {
            LEDGER_TRY(const std::int64_t value, parse_value(line, known));
            values.push_back(value);
        } while (line.take(","));
        if (!line.take("}")) {
            return line.wrong("expected a comma or }");
        }
        return Range::among(std::move(values));
    }
    line.skip_space();
    const std::size_t at = line.at();
    LEDGER_TRY(const std::int64_t low, parse_value(line, known));
    if (!line.take("..")) {
        return Range::one(low);
    }
    LEDGER_TRY(const std::int64_t high, parse_value(line, known));
    if (high < low) {
        return line.wrong_at(at, "the range ends before it begins");
    }
    return Range::between(low, high);
}

class Parser {
  public:
    Parser(std::string_view text, std::span<const KnownKey> known) : rest_(text), known_(known) {}

    Result<Scenario> parse() {
        if (rest_.size() > scenario_bytes_max) {
            return failure(Errc::beyond_limit,
                fmt::format("a scenario has at most {} bytes", scenario_bytes_max));
        }
        while (!rest_.empty()) {
            const std::size_t end = rest_.find('\n');
            Line line(rest_.substr(0, end), ++number_);
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
            if (!line.at_end()) {
                LEDGER_CHECK(read(line));
            }
        }
        if (!version_seen_) {
            return failure(Errc::malformed_scenario,
                "line 1, column 1: a scenario begins with the line \"scenario 1\"");
        }
        return std::move(scenario_);
    }

  private:
    Result<void> read(Line& line) {
        if (!version_seen_) {
            return version(line);
        }
        if (line.take("[")) {
            return section(line);
        }
        LEDGER_CHECK(nemesis_  ? nemesis_line(line)
                     : tape_   ? decision(line)
                     : section_ ? setting(line)
                                : header(line));
        return line.at_end() ? Result<void>{} : Result<void>{line.wrong("expected nothing more")};
    }

    Result<void> version(Line& line) {
        const std::size_t at = line.at();
        if (line.word() != "scenario" || line.word() != "1" || !line.at_end()) {
            return line.wrong_at(at, "a scenario begins with the line \"scenario 1\"");
        }
        version_seen_ = true;
        return {};
    }

    Result<void> section(Line& line) {
        const std::size_t at = line.at();
        const std::string_view name = line.word();
        tape_ = name == "tape";
        nemesis_ = name == "nemesis";
        if (tape_ || nemesis_) {
            section_.reset();
        } else if (name == "swarm") {
            section_ = Section::swarm;
        } else if (name == "workload") {
            section_ = Section::workload;
        } else {
            return line.wrong_at(at, "expected [swarm], [workload], [nemesis] or [tape]");
        }
        return line.take("]") && line.at_end() ? Result<void>{}
                                               : Result<void>{line.wrong("expected ]")};
    }

    Result<void> header(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view word = line.word();
        if (word == "name") {
            const std::string_view name = line.rest();
            if (name.empty()) {
                return line.wrong("expected a name");
            }
            scenario_.name = name;
            return {};
        }
        if (word == "cluster") {
            return cluster(line);
        }
        if (word == "seeds") {
            return seeds(line);
        }
        if (word == "answers") {
            line.skip_space();
            const std::size_t whose_at = line.at();
            const std::string_view whose = line.word();
            if (whose != "seed" && whose != "kind-settings" && whose != "kind") {
                return line.wrong_at(whose_at, "expected seed, kind-settings or kind");
            }
            scenario_.answers = whose == "seed"   ? AnsweredBy::seed
                                : whose == "kind" ? AnsweredBy::kind
                                                  : AnsweredBy::kind_settings;
            return {};
        }
        return line.wrong_at(
            at, "expected name, cluster, seeds, answers, or a section like [swarm] or [workload]");
    }

    // A number of a decision; up to 2^64 - 1.
    Result<std::uint64_t> whole(Line& line, const char* what) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view word = line.word();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (word.empty() || error != std::errc{} || end != word.data() + word.size()) {
            return line.wrong_at(at, fmt::format("expected {}", what));
        }
        return value;
    }

    Result<Duration> duration(Line& line, std::string_view what, std::int64_t least = 1) {
        const KnownKey key{.key = what, .unit = Unit::duration, .min = least, .max = duration_max};
        LEDGER_TRY(const std::int64_t value, parse_value(line, key));
        return Duration{value};
    }

    Result<Who> who(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view word = line.word();
        for (const Who::Part part : {Who::Part::leader, Who::Part::follower, Who::Part::laggard,
                 Who::Part::candidate, Who::Part::boundary, Who::Part::newcomer,
                 Who::Part::receiver}) {
            if (word == to_text(part)) {
                return Who{part, 0};
            }
        }
        std::uint32_t number = 0;
        const char* const end = word.data() + word.size();
        if (word.size() > 1 && word.front() == 'n') {
            const auto [stop, error] = std::from_chars(word.data() + 1, end, number);
            if (error == std::errc{} && stop == end && number >= 1 && number <= hosts_max) {
                return Who{Who::Part::number, number};
            }
        }
        return line.wrong_at(at, 
            "expected n1, n2, ..., leader, follower, laggard, candidate, boundary, newcomer or receiver");
    }

    Result<Verb> verb(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view word = line.word();
        for (Verb verb = Verb::crash; verb <= Verb::slow;
             verb = static_cast<Verb>(static_cast<int>(verb) + 1)) {
            if (word == to_text(verb)) {
                return verb;
            }
        }
        return line.wrong_at(at, "expected crash, pause, stall, isolate, fail-sync, fail-write, "
                                 "fail-read, cut, part, clog or slow");
    }

    // at TIME | every TIME | when leader N, then a verb, whom, and for how long.
    Result<void> nemesis_line(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view when = line.word();
        NemesisLine parsed;
        if (when == "at" || when == "every") {
            parsed.when = when == "at" ? NemesisLine::When::at : NemesisLine::When::every;
            const std::int64_t least = when == "at" ? 1 : every_min;
            LEDGER_TRY(parsed.time, duration(line, "a time", least));
        } else if (when == "when" && line.word() == "leader") {
            parsed.when = NemesisLine::When::leader;
            const KnownKey key{.key = "the number of an election", .min = 1, .max = 1'000'000};
            LEDGER_TRY(const std::int64_t count, parse_value(line, key));
            parsed.count = static_cast<std::uint64_t>(count);
        } else {
            return line.wrong_at(at, "expected at TIME, every TIME or when leader N");
        }
        LEDGER_TRY(parsed.verb, verb(line));
        LEDGER_TRY(parsed.who, who(line));
        if (is_of_link(parsed.verb)) {
            LEDGER_TRY(parsed.other, who(line));
        }
        if (!line.take("for")) {
            return line.wrong("expected for and how long");
        }
        LEDGER_TRY(parsed.length, duration(line, "how long"));
        scenario_.nemesis.push_back(parsed);
        return {};
    }

    // site entity sequence/domain = answer
    Result<void> decision(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view name = line.word();
        const std::optional<Site> site = site_of(name);
        if (!site) {
            return line.wrong_at(at, fmt::format("expected the site of a decision, found {:.80}", name));
        }
        Decision decision{.site = *site};
        LEDGER_TRY(decision.entity, whole(line, "an entity, as 3 or 1:3"));
        if (line.take(":")) {
            constexpr std::uint64_t half_max = UINT32_MAX;
            LEDGER_TRY(const std::uint64_t low, whole(line, "the lower half of an entity"));
            if (decision.entity > half_max || low > half_max) {
                return line.wrong_at(at, "a half of an entity is below 2^32");
            }
            decision.entity = decision.entity << 32 | low;
        }
        LEDGER_TRY(decision.sequence, whole(line, "a sequence number"));
        if (!line.take("/")) {
            return line.wrong("expected / and the number of alternatives");
        }
        LEDGER_TRY(decision.domain, whole(line, "the number of alternatives"));
        if (!line.take("=")) {
            return line.wrong("expected =");
        }
        LEDGER_TRY(decision.answer, whole(line, "an answer"));
        if (decision.answer >= decision.domain) {
            return line.wrong_at(at, "the answer must be less than the number of alternatives");
        }
        if (!questions_.emplace(decision.site, decision.entity, decision.sequence).second) {
            return line.wrong_at(at, "this question is answered twice");
        }
        scenario_.tape.push_back(decision);
        return {};
    }

    Result<void> cluster(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        if (line.word() != "voters" || !line.take("=")) {
            return line.wrong_at(at, "expected voters=N");
        }
        const KnownKey key{.key = "voters", .min = 1, .max = voters_max};
        LEDGER_TRY(const std::int64_t voters, parse_value(line, key));
        scenario_.voters = static_cast<std::uint32_t>(voters);
        return {};
    }

    Result<void> seeds(Line& line) {
        const KnownKey key{.key = "seeds"};
        line.skip_space();
        const std::size_t at = line.at();
        LEDGER_TRY(const Range range, parse_range(line, key));
        if (range.form != Range::Form::one && range.form != Range::Form::between) {
            return line.wrong_at(at, "expected a seed or a range like 1 .. 200");
        }
        scenario_.seed_first = static_cast<std::uint64_t>(range.values.front());
        scenario_.seed_last = static_cast<std::uint64_t>(range.values.back());
        return {};
    }

    Result<void> setting(Line& line) {
        line.skip_space();
        const std::size_t at = line.at();
        const std::string_view key = line.word();
        if (key.empty()) {
            return line.wrong_at(at, "expected a key");
        }
        const KnownKey* known = find(key);
        if (known == nullptr) {
            return line.wrong_at(at, unknown(key));
        }
        if (scenario_.find(*section_, key) != nullptr) {
            return line.wrong_at(at, fmt::format("{} is there twice", key));
        }
        if (!line.take("=")) {
            return line.wrong("expected =");
        }
        LEDGER_TRY(Range range, parse_range(line, *known));
        scenario_.settings.push_back({*section_, std::string(key), known->unit, std::move(range)});
        return {};
    }

    const KnownKey* find(std::string_view key) const {
        const auto at = std::find_if(known_.begin(), known_.end(),
            [&](const KnownKey& known) { return known.section == *section_ && known.key == key; });
        return at == known_.end() ? nullptr : &*at;
    }

    // Names the nearest key of this section, or the section where the key belongs.
    std::string unknown(std::string_view key) const {
        std::string text = fmt::format("unknown key {:.80}", key);
        const KnownKey* nearest = nullptr;
        std::size_t distance = SIZE_MAX;
        for (const KnownKey& known : known_) {
            if (known.key == key) {
                return text + fmt::format(" in [{}], it belongs to [{}]", name_of(*section_),
                                  name_of(known.section));
            }
            const std::uint64_t here = edit_distance(key.substr(0, 80), known.key);
            if (known.section == *section_ && here < distance) {
                nearest = &known;
                distance = here;
            }
        }
        return nearest == nullptr ? text + fmt::format(" in [{}]", name_of(*section_))
                                  : text + fmt::format(", did you mean {}?", nearest->key);
    }

    std::string_view rest_;
    std::span<const KnownKey> known_;
    std::uint64_t number_ = 0;
    bool version_seen_ = false;
    std::optional<Section> section_;
    bool nemesis_ = false;  // in its section
    bool tape_ = false;     // in its section
    std::set<std::tuple<Site, std::uint64_t, std::uint64_t>> questions_;  // of the tape
    Scenario scenario_;
};

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, std::span<const KnownKey> known) {
    return Parser(text, known).parse();
}

}  // namespace ledger::check
