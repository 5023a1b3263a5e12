#pragma once
// Bounds: how much the environment may do in one timeline of the exhaustive search of the core.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledger::sim {

// What the environment does a bounded number of times. The order is part of the format of saved
// timelines only by name.
enum class Spent : std::uint8_t {
    timeouts,    // elections begun by silence, leaders that give up for silence
    heartbeats,  // periodic rounds of a leader, repetitions included
    requests,    // proposed commands
    reads,       // linearizable reads
    crashes,     // each with every loss of un-synced writes; a failed write is one of them
    drops,       // messages lost; one that is never delivered is lost without this
    duplicates,  // messages delivered and kept on their way
    transfers,   // of leadership, by wish
    changes,     // of the membership: a voter added, removed or replaced
    cuts,        // of a log, down to what is committed
    stalls,      // of a leader's disk, for one timeout
};
inline constexpr std::uint32_t spent_count = 11;
std::string_view to_text(Spent what);
// A few words on what that is.
std::string_view help_of(Spent what);

inline constexpr std::uint32_t core_nodes_max = 5;
// On their way at the same time; a state has room for no more.
inline constexpr std::uint32_t core_packets_max = 40;
// Entries of one log. Every election, request and change may append some.
inline constexpr std::uint32_t core_entries_max = 16;
inline constexpr std::uint32_t core_terms_max = 16;

struct CoreBounds {
    std::uint32_t nodes = 3;
    std::uint32_t voters = 0;  // at first: the nodes 1 .. voters; 0 = all
    std::array<std::uint32_t, spent_count> most{};
    std::uint32_t messages = core_packets_max;  // on their way at the same time, at most
    std::uint32_t depth = 1'000;                // actions of a timeline
    // Nothing is ever un-synced: every write is on the disk when it is asked for. Fewer states.
    bool prompt_disks = false;
    // A node that is called late may repeat itself (nudges, repeated questions); without this,
    // lateness is tried only where it decides about a vote.
    bool late_everywhere = false;
    // Reads are asked of followers, too.
    bool reads_anywhere = false;

    std::uint32_t of(Spent what) const { return most[static_cast<std::size_t>(what)]; }
    std::uint32_t& of(Spent what) { return most[static_cast<std::size_t>(what)]; }
    std::uint32_t founders() const { return voters == 0 ? nodes : voters; }
    friend bool operator==(const CoreBounds&, const CoreBounds&) = default;
};

// Why these bounds cannot be searched; empty if they can.
std::string fault_of(const CoreBounds& bounds);

// "nodes=3 timeouts=2 requests=1 messages=8": what is not named is as by default. Nothing if a word
// is unknown, twice there or no number; `fault_of` judges the rest.
std::optional<CoreBounds> parse_bounds(std::string_view text);
std::string to_text(const CoreBounds& bounds);

// What is left out of the search because it could show nothing new. Each is proven in the README
// and compared with the search without it in the tests.
struct Reductions {
    // States that differ by the names of the nodes only are one.
    bool symmetry = true;
    // A message that its receiver will never again take notice of is not on its way any more.
    bool dead_messages = true;
    // Who crashes is up again at once: while it was down it would have done nothing either.
    bool prompt_restarts = true;
    // Numbers of requests count by what they are compared with (StateWords::Naming).
    bool request_numbers = true;
    // A delivery that changes nothing is not taken: it is the same as never.
    bool idle_deliveries = true;

    static Reductions none() { return {false, false, false, false, false}; }
    friend bool operator==(const Reductions&, const Reductions&) = default;
};

// Those that are sound under these bounds.
Reductions sound(const CoreBounds& bounds, Reductions wanted);

}  // namespace ledger::sim
