#include "sim/explore/core/bounds.h"

#include <charconv>

#include "log/base/format.h"

namespace ledger::sim {
namespace {

constexpr std::array<std::string_view, spent_count> names{"timeouts", "heartbeats", "requests",
    "reads", "crashes", "drops", "duplicates", "transfers", "changes", "cuts", "stalls"};
constexpr std::uint32_t spent_max = 15;  // of one kind

// The place of what a word names, if it is one.
std::uint32_t* place_of(CoreBounds& bounds, std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return &bounds.most[i];
        }
    }
    return name == "nodes"      ? &bounds.nodes
           : name == "voters"   ? &bounds.voters
           : name == "messages" ? &bounds.messages
           : name == "depth"    ? &bounds.depth
                                : nullptr;
}

bool* flag_of(CoreBounds& bounds, std::string_view name) {
    return name == "prompt-disks"      ? &bounds.prompt_disks
           : name == "late-everywhere" ? &bounds.late_everywhere
           : name == "reads-anywhere"  ? &bounds.reads_anywhere
                                       : nullptr;
}

bool take_word(CoreBounds& bounds, std::string_view word) {
    const std::size_t middle = word.find('=');
    if (middle == std::string_view::npos) {
        bool* const flag = flag_of(bounds, word);
        return flag != nullptr && !std::exchange(*flag, true);
    }
    std::uint32_t* const place = place_of(bounds, word.substr(0, middle));
    const char* const end = word.data() + word.size();
    std::uint32_t number = 0;
    const auto [at, error] = std::from_chars(word.data() + middle + 1, end, number);
    if (place == nullptr || error != std::errc{} || at != end) {
        return false;
    }
    *place = number;
    return true;
}

}  // namespace

std::string_view to_text(Spent what) {
    return names[static_cast<std::size_t>(what)];
}

std::string_view help_of(Spent what) {
    switch (what) {
        case Spent::timeouts: return "elections begun by silence, leaders that give up";
        case Spent::heartbeats: return "periodic rounds of leaders, repetitions included";
        case Spent::requests: return "commands proposed";
        case Spent::reads: return "linearizable reads";
        case Spent::crashes: return "crashes, each with every loss of what was not synced";
        case Spent::drops: return "messages lost on purpose, to make room for others";
        case Spent::duplicates: return "messages that arrive and stay on their way";
        case Spent::transfers: return "wishes that somebody else lead";
        case Spent::changes: return "changes of the membership";
        case Spent::cuts: return "cuts: the log before them goes";
        case Spent::stalls: return "disks of leaders that stall for one timeout";
    }
    return {};
}

std::string fault_of(const CoreBounds& bounds) {
    if (bounds.nodes < 1 || bounds.nodes > core_nodes_max) {
        return fmt::format("nodes: 1 to {}", core_nodes_max);
    }
    if (bounds.voters > bounds.nodes) {
        return "voters: at most as many as nodes";
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (bounds.most[i] > spent_max) {
            return fmt::format("{}: at most {}", names[i], spent_max);
        }
    }
    if (bounds.messages < 1 || bounds.messages > core_packets_max) {
        return fmt::format("messages: 1 to {}", core_packets_max);
    }
    const std::uint32_t campaigns = bounds.of(Spent::timeouts) + bounds.of(Spent::transfers) +
                                    bounds.of(Spent::changes) + bounds.of(Spent::stalls);
    if (campaigns + 1 > core_terms_max) {
        return fmt::format(
            "timeouts, transfers, changes and stalls together: at most {}", core_terms_max - 1);
    }
    if (campaigns + bounds.of(Spent::requests) + 2 * bounds.of(Spent::changes) > core_entries_max) {
        return fmt::format("a log could have more than {} entries", core_entries_max);
    }
    return {};
}

std::optional<CoreBounds> parse_bounds(std::string_view text) {
    CoreBounds bounds;
    std::array<std::string_view, spent_count + 8> seen{};
    std::size_t count = 0;
    while (!text.empty()) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) {
            break;
        }
        text.remove_prefix(begin);
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size());
        const std::string_view name = word.substr(0, word.find('='));
        for (std::size_t i = 0; i < count; ++i) {
            if (seen[i] == name) {
                return std::nullopt;
            }
        }
        if (count == seen.size() || !take_word(bounds, word)) {
            return std::nullopt;
        }
        seen[count] = name;
        ++count;
    }
    return bounds;
}

std::string to_text(const CoreBounds& bounds) {
    std::string text = fmt::format("nodes={}", bounds.nodes);
    if (bounds.voters != 0) {
        text += fmt::format(" voters={}", bounds.voters);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (bounds.most[i] != 0) {
            text += fmt::format(" {}={}", names[i], bounds.most[i]);
        }
    }
    text += fmt::format(" messages={} depth={}", bounds.messages, bounds.depth);
    text += bounds.prompt_disks ? " prompt-disks" : "";
    text += bounds.late_everywhere ? " late-everywhere" : "";
    text += bounds.reads_anywhere ? " reads-anywhere" : "";
    return text;
}

Reductions sound(const CoreBounds& bounds, Reductions wanted) {
    // Successors are chosen by the order of the nodes' numbers when they are equally good; and who
    // is no founder is not like the others.
    const bool alike = bounds.of(Spent::changes) == 0 && bounds.of(Spent::stalls) == 0 &&
                       bounds.founders() == bounds.nodes;
    wanted.symmetry = wanted.symmetry && alike;
    // A delivery without effect makes room for another message.
    const bool room = bounds.messages == core_packets_max;
    wanted.idle_deliveries = wanted.idle_deliveries && room;
    return wanted;
}

}  // namespace ledger::sim
