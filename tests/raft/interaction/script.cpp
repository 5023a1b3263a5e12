#include "tests/raft/interaction/script.h"

#include <charconv>
#include <sstream>
#include <utility>

#include <fmt/format.h>

namespace ledger::raft::interaction {
namespace {

constexpr std::string_view indentation = "  ";

}  // namespace

Script parse_script(std::string name, const std::string& text) {
    Script script{.name = std::move(name)};
    std::vector<std::string> before;
    bool in_output = false;
    std::uint32_t number = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.starts_with(indentation)) {
            if (!in_output) {
                throw BadScript(
                    fmt::format("{}:{}: output stands below no command", script.name, number));
            }
            script.steps.back().output.push_back(line.substr(indentation.size()));
            continue;
        }
        in_output = !line.empty() && line[0] != '#';
        if (in_output) {
            script.steps.push_back({number, std::exchange(before, {}), line, {}});
        } else {
            before.push_back(line);
        }
    }
    script.after = std::move(before);
    return script;
}

std::string text_of(const Script& script) {
    std::string text;
    for (const Step& step : script.steps) {
        for (const std::string& line : step.before) {
            text += line + '\n';
        }
        text += step.command + '\n';
        for (const std::string& line : step.output) {
            text += fmt::format("{}{}\n", indentation, line);
        }
    }
    for (const std::string& line : script.after) {
        text += line + '\n';
    }
    return text;
}

std::string at_line(const Script& script, const Step& step) {
    return fmt::format("{}:{}: {}", script.name, step.line, step.command);
}

Words::Words(std::string_view command) {
    std::istringstream in{std::string(command)};
    for (std::string word; in >> word;) {
        words_.push_back(word);
    }
}

std::string_view Words::peek() const {
    return done() ? std::string_view{} : std::string_view(words_[next_]);
}

std::string_view Words::take(std::string_view what) {
    if (done()) {
        throw BadScript(fmt::format("expected {} at the end of the line", what));
    }
    return words_[next_++];
}

bool Words::take_if(std::string_view word) {
    const bool same = !done() && peek() == word;
    next_ += same ? 1 : 0;
    return same;
}

void Words::must_be_done() const {
    if (!done()) {
        throw BadScript(fmt::format("did not expect '{}'", peek()));
    }
}

std::uint64_t parse_number(std::string_view text, std::string_view what) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw BadScript(fmt::format("expected {}, a number, and not '{}'", what, text));
    }
    return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

}  // namespace ledger::raft::interaction
