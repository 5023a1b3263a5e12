#include "sim/check/scenario.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"

namespace ledger::check {
namespace {

std::string print_share(std::int64_t millionths) {
    // 1 % = 10 000 millionths.
    std::string text = fmt::format("{}.{:04}", millionths / 10'000, millionths % 10'000);
    while (text.back() == '0') {
        text.pop_back();
    }
    if (text.back() == '.') {
        text.pop_back();
    }
    return text + "%";
}

std::string print_duration(std::int64_t nanoseconds) {
    struct Scale {
        std::int64_t nanoseconds;
        std::string_view name;
    };
    constexpr Scale scales[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
    for (const Scale& scale : scales) {
        // At most three decimals: what does not fit is written in the next smaller unit.
        const std::int64_t thousandth = scale.nanoseconds / 1'000;
        if (nanoseconds < scale.nanoseconds || nanoseconds % thousandth != 0) {
            continue;
        }
        std::string text = fmt::format("{}.{:03}", nanoseconds / scale.nanoseconds,
            nanoseconds % scale.nanoseconds / thousandth);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') {
            text.pop_back();
        }
        return text + std::string(scale.name);
    }
    return fmt::format("{}ns", nanoseconds);
}

std::string print_range(const Range& range, Unit unit) {
    switch (range.form) {
        case Range::Form::off: return "off";
        case Range::Form::one: return print_value(range.values.front(), unit);
        case Range::Form::between:
            return fmt::format("{} .. {}", print_value(range.values.front(), unit),
                print_value(range.values.back(), unit));
        case Range::Form::among: break;
    }
    std::string text;
    for (std::int64_t value : range.values) {
        text += text.empty() ? "{" : ", ";
        text += print_value(value, unit);
    }
    return text + "}";
}

void print_section(
    const Scenario& scenario, Section section, std::string_view title, std::string& text) {
    std::size_t width = 0;
    for (const Setting& setting : scenario.settings) {
        width = setting.section == section ? std::max(width, setting.key.size()) : width;
    }
    if (width == 0) {
        return;
    }
    text += fmt::format("\n[{}]\n", title);
    for (const Setting& setting : scenario.settings) {
        if (setting.section == section) {
            text += fmt::format(
                "{:{}} = {}\n", setting.key, width, print_range(setting.range, setting.unit));
        }
    }
}

std::string print_who(const Who& who) {
    return who.part == Who::Part::number ? fmt::format("n{}", who.number)
                                         : std::string(to_text(who.part));
}

std::string print_line(const NemesisLine& line) {
    std::string text;
    switch (line.when) {
        case NemesisLine::When::at:
            text = "at " + print_value(line.time.nanoseconds, Unit::duration);
            break;
        case NemesisLine::When::every:
            text = "every " + print_value(line.time.nanoseconds, Unit::duration);
            break;
        case NemesisLine::When::leader: text = fmt::format("when leader {}", line.count); break;
    }
    text += fmt::format(" {} {}", to_text(line.verb), print_who(line.who));
    text += is_of_link(line.verb) ? " " + print_who(line.other) : "";
    return text + " for " + print_value(line.length.nanoseconds, Unit::duration) + '\n';
}

}  // namespace

std::string_view to_text(Who::Part part) {
    switch (part) {
        case Who::Part::number: return "";
        case Who::Part::leader: return "leader";
        case Who::Part::follower: return "follower";
        case Who::Part::laggard: return "laggard";
        case Who::Part::candidate: return "candidate";
        case Who::Part::boundary: return "boundary";
        case Who::Part::newcomer: return "newcomer";
        case Who::Part::receiver: return "receiver";
    }
    return "";
}

std::string_view to_text(Verb verb) {
    switch (verb) {
        case Verb::crash: return "crash";
        case Verb::pause: return "pause";
        case Verb::stall: return "stall";
        case Verb::isolate: return "isolate";
        case Verb::fail_sync: return "fail-sync";
        case Verb::fail_write: return "fail-write";
        case Verb::fail_read: return "fail-read";
        case Verb::cut: return "cut";
        case Verb::part: return "part";
        case Verb::clog: return "clog";
        case Verb::slow: return "slow";
    }
    return {};
}

bool is_of_link(Verb verb) {
    return verb >= Verb::cut;
}

std::uint64_t Range::domain() const {
    switch (form) {
        case Form::off:
        case Form::one: return 1;
        case Form::between: {
            LEDGER_ASSERT(values.size() == 2);
            LEDGER_ASSERT(values[0] <= values[1]);
            return static_cast<std::uint64_t>(values[1] - values[0]) + 1;
        }
        case Form::among: return values.size();
    }
    LEDGER_ASSERT(false);
    return 1;
}

std::int64_t Range::value(std::uint64_t answer) const {
    LEDGER_ASSERT(answer < domain());
    switch (form) {
        case Form::off: return 0;
        case Form::one: return values.front();
        case Form::between: return values.front() + static_cast<std::int64_t>(answer);
        case Form::among: return values[answer];
    }
    LEDGER_ASSERT(false);
    return 0;
}

const Range* Scenario::find(Section section, std::string_view key) const {
    const auto at = std::find_if(settings.begin(), settings.end(),
        [&](const Setting& setting) { return setting.section == section && setting.key == key; });
    return at == settings.end() ? nullptr : &at->range;
}

Range Scenario::get(Section section, std::string_view key, Range otherwise) const {
    const Range* range = find(section, key);
    return range == nullptr ? std::move(otherwise) : *range;
}

void Scenario::set(Section section, std::string_view key, Unit unit, Range range) {
    const auto at = std::find_if(settings.begin(), settings.end(),
        [&](const Setting& setting) { return setting.section == section && setting.key == key; });
    if (at == settings.end()) {
        settings.push_back({section, std::string(key), unit, std::move(range)});
    } else {
        at->unit = unit;
        at->range = std::move(range);
    }
}

std::string print_value(std::int64_t value, Unit unit) {
    LEDGER_ASSERT(value >= 0);
    switch (unit) {
        case Unit::count: return fmt::format("{}", value);
        case Unit::duration: return print_duration(value);
        case Unit::share: return print_share(value);
    }
    LEDGER_ASSERT(false);
    return {};
}

std::string print_scenario(const Scenario& scenario) {
    std::string text = fmt::format("scenario 1\nname     {}\ncluster  voters={}\nseeds    {}",
        scenario.name, scenario.voters, scenario.seed_first);
    text += scenario.seed_first == scenario.seed_last ? "\n"
                                                      : fmt::format(" .. {}\n", scenario.seed_last);
    text += scenario.answers == AnsweredBy::seed ? ""
            : scenario.answers == AnsweredBy::kind ? "answers  kind\n"
                                                : "answers  kind-settings\n";
    print_section(scenario, Section::swarm, "swarm", text);
    print_section(scenario, Section::workload, "workload", text);
    text += scenario.nemesis.empty() ? "" : "\n[nemesis]\n";
    for (const NemesisLine& line : scenario.nemesis) {
        text += print_line(line);
    }
    text += scenario.tape.empty() ? "" : "\n[tape]\n";
    for (const Decision& decision : scenario.tape) {
        text += print_decision(decision) + '\n';
    }
    return text;
}

}  // namespace ledger::check
