#include "sim/explore/core/timeline.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/explore/core/story.h"

namespace ledger::sim {
namespace {

constexpr std::string_view heading = "ledger.timeline/1";

struct NamedReduction {
    std::string_view name;
    bool Reductions::* flag;
};
constexpr std::array<NamedReduction, 5> reductions{
    {{"symmetry", &Reductions::symmetry}, {"dead-messages", &Reductions::dead_messages},
        {"prompt-restarts", &Reductions::prompt_restarts},
        {"request-numbers", &Reductions::request_numbers},
        {"idle-deliveries", &Reductions::idle_deliveries}}};

std::string print_step(const TimelineStep& step) {
    const CoreAction& action = step.action;
    std::string text = fmt::format("{} n{}", to_text(action.event.act), action.node);
    if (action.event.act == Act::deliver) {
        text += fmt::format(" {:016x}", step.packet);
    } else if (action.event.number != 0) {
        text += fmt::format(" {}", action.event.number);
    }
    text += action.event.late ? " late" : "";
    text += action.kept ? " kept" : "";
    text += action.lost ? " lost" : "";
    return text;
}

// The words of one line, with their columns from 1.
class Words {
  public:
    explicit Words(std::string_view line) : line_(line) { skip(); }
    bool empty() const { return at_ == line_.size(); }
    std::uint64_t column() const { return at_ + 1; }
    std::string_view peek() const {
        const std::size_t end = line_.find(' ', at_);
        return line_.substr(at_, end == std::string_view::npos ? end : end - at_);
    }
    std::string_view next() {
        const std::string_view word = peek();
        at_ += word.size();
        skip();
        return word;
    }
    std::string_view rest() const { return line_.substr(at_); }

  private:
    void skip() {
        while (at_ < line_.size() && line_[at_] == ' ') {
            ++at_;
        }
    }
    std::string_view line_;
    std::size_t at_ = 0;
};

template <typename Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc{} && at == end && !text.empty();
}

std::optional<Act> act_of(std::string_view name) {
    for (std::uint32_t act = 0; act <= static_cast<std::uint32_t>(Act::cut); ++act) {
        if (to_text(static_cast<Act>(act)) == name) {
            return static_cast<Act>(act);
        }
    }
    return std::nullopt;
}

// What is wrong with a line of an action, or empty.
std::string_view parse_step(Words& words, const CoreBounds& bounds, TimelineStep& step) {
    CoreAction& action = step.action;
    const std::optional<Act> act = act_of(words.peek());
    if (!act) {
        return "an action was expected";
    }
    words.next();
    action.event.act = *act;
    const std::string_view node = words.peek();
    if (!node.starts_with('n') || !parse_number(node.substr(1), action.node.value) ||
        action.node.value < 1 || action.node.value > bounds.nodes) {
        return "a node was expected";
    }
    words.next();
    if (*act == Act::deliver) {
        if (!parse_number(words.peek(), step.packet, 16)) {
            return "the identity of a message was expected";
        }
        words.next();
    } else if (!words.empty() && !words.peek().starts_with('#') && words.peek() != "late") {
        constexpr std::uint32_t number_max = 1u << 20;
        if (!parse_number(words.peek(), action.event.number) || action.event.number >= number_max) {
            return "a number was expected";
        }
        words.next();
    }
    for (const auto& [name, flag] : {std::pair("late", &action.event.late),
             std::pair("kept", &action.kept), std::pair("lost", &action.lost)}) {
        const bool possible =
            *act == Act::deliver || (*act == Act::store && flag == &action.event.late);
        if (possible && words.peek() == name) {
            *flag = true;
            words.next();
        }
    }
    return words.empty() || words.peek().starts_with('#') ? "" : "a story, after #, was expected";
}

class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    ParsedTimeline parse() {
        Words first(next_line());
        if (first.next() != heading || !first.empty()) {
            return fault(1, fmt::format("\"{}\" was expected", heading));
        }
        for (const auto& [name, read] : {std::pair("bounds", &Parser::bounds),
                 std::pair("reductions", &Parser::reductions_line),
                 std::pair("found", &Parser::found)}) {
            Words words(next_line());
            if (words.peek() != name) {
                return fault(words.column(), fmt::format("\"{}\" was expected", name));
            }
            words.next();
            if (const std::string wrong = (this->*read)(words); !wrong.empty()) {
                return fault(words.column(), wrong);
            }
        }
        while (!rest_.empty()) {
            Words words(next_line());
            if (words.empty()) {
                continue;
            }
            std::size_t number = 0;
            std::vector<TimelineStep>& steps = result_.timeline.steps;
            if (!parse_number(words.peek(), number) || number != steps.size() + 1 ||
                number > timeline_steps_max) {
                return fault(words.column(), fmt::format("step {} was expected", steps.size() + 1));
            }
            words.next();
            TimelineStep step;
            const std::string_view wrong = parse_step(words, result_.timeline.bounds, step);
            if (!wrong.empty()) {
                return fault(words.column(), std::string(wrong));
            }
            steps.push_back(step);
        }
        return std::move(result_);
    }

  private:
    std::string_view next_line() {
        ++line_;
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    }
    ParsedTimeline fault(std::uint64_t column, const std::string& what) {
        return {{}, fmt::format("line {}, column {}: {}", line_, column, what)};
    }
    std::string bounds(Words& words) {
        const std::optional<CoreBounds> parsed = parse_bounds(words.rest());
        if (!parsed) {
            return "bounds as \"nodes=3 timeouts=2\" were expected";
        }
        result_.timeline.bounds = *parsed;
        return fault_of(*parsed);
    }
    std::string reductions_line(Words& words) {
        result_.timeline.reductions = Reductions::none();
        while (!words.empty()) {
            const auto named = std::find_if(reductions.begin(), reductions.end(),
                [&](const NamedReduction& one) { return one.name == words.peek(); });
            if (named == reductions.end()) {
                return "the name of a reduction was expected";
            }
            result_.timeline.reductions.*named->flag = true;
            words.next();
        }
        return {};
    }
    std::string found(Words& words) {
        if (words.peek() == "target") {
            words.next();
            return words.empty() ? "" : "nothing more was expected";
        }
        if (words.peek() != "violation") {
            return "\"violation\" or \"target\" was expected";
        }
        words.next();
        result_.timeline.violation = std::string(words.rest());
        return words.empty() ? "a sentence was expected" : "";
    }

    std::string_view rest_;
    std::uint64_t line_ = 0;
    ParsedTimeline result_;
};

// The action in the numbers of this process, if it is possible.
std::optional<CoreAction> resolve(
    const CoreTables& tables, const CoreState& state, const TimelineStep& step) {
    CoreAction action = step.action;
    if (action.event.act != Act::deliver) {
        return action;
    }
    for (const PacketNumber packet : state.packets_in_flight()) {
        if (tables.identity(packet) == step.packet &&
            tables.packet_brief(packet).to == action.node) {
            action.event.number = packet;
            return action;
        }
    }
    return std::nullopt;
}

}  // namespace

namespace {

TimelineStep portable(const CoreTables& tables, const CoreAction& action) {
    TimelineStep step{.action = action, .packet = 0, .story = {}};
    if (action.event.act == Act::deliver) {
        step.packet = tables.identity(action.event.number);
        step.action.event.number = 0;
    }
    return step;
}

}  // namespace

Timeline tell(CoreSteps& steps, const std::vector<CoreAction>& actions, std::string_view violation,
    const std::optional<CoreAction>& fatal) {
    Timeline timeline{steps.bounds(), steps.reductions(), std::string(violation), {}};
    CoreState state = steps.first();
    for (const CoreAction& action : actions) {
        const Successor* const next = steps.successor(state, action);
        LEDGER_ASSERT(next != nullptr);
        TimelineStep step = portable(steps.tables(), action);
        step.story = story_of(steps.tables(), state, action, next->state);
        timeline.steps.push_back(std::move(step));
        state = next->state;
    }
    if (fatal) {
        TimelineStep step = portable(steps.tables(), *fatal);
        step.story =
            story_of(steps.tables(), state, *fatal, state) + "; an assertion of the core fails";
        timeline.steps.push_back(std::move(step));
    }
    return timeline;
}

std::string print_timeline(const Timeline& timeline) {
    std::string text = fmt::format("{}\nbounds {}\nreductions", heading, to_text(timeline.bounds));
    for (const NamedReduction& one : reductions) {
        if (timeline.reductions.*one.flag) {
            text += fmt::format(" {}", one.name);
        }
    }
    text += timeline.violation.empty() ? "\nfound target\n"
                                       : fmt::format("\nfound violation {}\n", timeline.violation);
    for (std::size_t i = 0; i < timeline.steps.size(); ++i) {
        const TimelineStep& step = timeline.steps[i];
        text += fmt::format("{} {}", i + 1, print_step(step));
        text += step.story.empty() ? "\n" : fmt::format("  # {}\n", step.story);
    }
    return text;
}

ParsedTimeline parse_timeline(std::string_view text) {
    return Parser(text).parse();
}

Followed follow(CoreSteps& steps, const Timeline& timeline, std::size_t count) {
    LEDGER_ASSERT(count <= timeline.steps.size());
    Followed result{.state = steps.first(), .actions = {}, .lost_at = 0, .violation = {}};
    for (std::size_t i = 0; i < count; ++i) {
        const std::optional<CoreAction> action =
            resolve(steps.tables(), result.state, timeline.steps[i]);
        const Successor* const next = action ? steps.successor(result.state, *action) : nullptr;
        if (next == nullptr) {
            result.lost_at = i + 1;
            break;
        }
        result.actions.push_back(*action);
        result.violation = std::string(next->violation);
        result.state = next->state;
    }
    return result;
}

bool compatible(const CoreBounds& a, const CoreBounds& b) {
    const bool reads = a.of(Spent::reads) > 0 && b.of(Spent::reads) > 0;
    return a.nodes == b.nodes && a.founders() == b.founders() && a.prompt_disks == b.prompt_disks &&
           (!reads || a.reads_anywhere == b.reads_anywhere);
}

Replayed replay(const Timeline& timeline) {
    CoreSteps steps(timeline.bounds, sound(timeline.bounds, timeline.reductions), {});
    const Followed way = follow(steps, timeline, timeline.steps.size());
    return {way.lost_at, way.violation, tell(steps, way.actions, way.violation)};
}

}  // namespace ledger::sim
