#pragma once
// Faults: what the world did to the cluster, counted when it fires and when it is felt.

#include <array>
#include <cstdint>
#include <string_view>

namespace ledger::sim {

enum class Fault : std::uint8_t {
    message_lost,
    message_duplicated,
    message_reordered,
    message_damaged,
    message_cut,           // in flight or sent while its link was cut
    partition_symmetric,
    partition_one_way,
    isolate_leader,
    crash,
    crash_leader,
    leader_hunted,         // struck within moments of its election
    crash_storm,           // a majority or more at once
    crash_mid_step,        // after only some effects of a step were carried out
    crash_mid_write,       // after only some file operations of a group were issued
    crash_before_sync,     // a group was written and its sync had not returned
    crash_in_recovery,     // the power failed while a node was formatted or recovered
    restart,
    slow_disk,
    membership_changed,    // as somebody asked for
    leadership_transferred,
    disk_wiped,            // replaced by an empty one
    request_lost,          // between client and node
    reply_lost,
    disk_lost_write,
    disk_reordered_write,
    disk_torn_write,
    disk_size_before_data,
    disk_data_before_size,
    disk_lost_directory_entry,
    disk_rename_undone,
    disk_garbage_sector,   // bytes that nobody wrote, where an un-synced write or growth was
    partition_bridge,      // one pair that does not hear each other, while others hear both
    pause,                 // a process stands still, then finds everything at once
    disk_stall,            // nothing that a disk has begun ends for a while
    disk_write_failed,
    disk_sync_failed,
    disk_full,
    disk_read_failed,
    clock_skew,            // at a boot: the monotonic clock begins somewhere
    clock_drift,           // at a boot: it runs at a rate of its own
    clock_jump,            // the wall clock was set
    disk_torn_page,        // a write torn between pages of 4 KiB
    disk_short_write,      // took a part, and said so
    disk_crowded,          // somebody else took the free space
    disk_bit_rot,
    disk_sector_error,     // latent: reads fail until it is written again
    disk_phantom_write,    // was acknowledged and never landed
    disk_misdirected_write,
    disk_misdirected_read,
    disk_stale_read,
    disk_unsealed_harm,    // any of these to what nothing vouches for yet
    partition_ring,        // each node hears its two neighbours only
    link_flapping,         // cut and healed again and again
    link_clogged,          // carries nothing for a while, then all of it
    link_slow,             // everything takes longer for a while
    half_open,             // one end of a connection knows that it is gone, the other does not
    message_overflow,      // more was under way than the link's buffer holds
    aimed_at_candidate,    // a strike was aimed at who plays this part
    aimed_at_laggard,
    aimed_at_boundary,     // the voter that makes a majority
    aimed_at_newcomer,     // a learner, or one in half of a joint configuration
    aimed_at_receiver,     // of a cut
    count_,
};

inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::count_);

// Stable names, as in JSON.
constexpr std::string_view fault_name(Fault fault) {
    constexpr std::array<std::string_view, fault_count> names = {"message_lost",
        "message_duplicated", "message_reordered", "message_damaged", "message_cut",
        "partition_symmetric", "partition_one_way", "isolate_leader", "crash", "crash_leader",
        "leader_hunted",
        "crash_storm", "crash_mid_step", "crash_mid_write", "crash_before_sync",
        "crash_in_recovery", "restart", "slow_disk",
        "membership_changed", "leadership_transferred", "disk_wiped",
        "request_lost", "reply_lost", "disk_lost_write", "disk_reordered_write",
        "disk_torn_write", "disk_size_before_data", "disk_data_before_size",
        "disk_lost_directory_entry", "disk_rename_undone", "disk_garbage_sector",
        "partition_bridge", "pause", "disk_stall", "disk_write_failed", "disk_sync_failed",
        "disk_full", "disk_read_failed", "clock_skew", "clock_drift", "clock_jump",
        "disk_torn_page", "disk_short_write", "disk_crowded", "disk_bit_rot",
        "disk_sector_error", "disk_phantom_write", "disk_misdirected_write",
        "disk_misdirected_read", "disk_stale_read", "disk_unsealed_harm", "partition_ring",
        "link_flapping", "link_clogged", "link_slow", "half_open", "message_overflow",
        "aimed_at_candidate", "aimed_at_laggard", "aimed_at_boundary", "aimed_at_newcomer",
        "aimed_at_receiver"};
    return names[static_cast<std::size_t>(fault)];
}

struct FaultCount {
    std::uint64_t fired = 0;     // injected
    std::uint64_t consumed = 0;  // seen by the code under test
};

struct FaultCounts {
    std::array<FaultCount, fault_count> counts{};

    void fire(Fault fault, std::uint64_t times = 1) { of(fault).fired += times; }
    void consume(Fault fault, std::uint64_t times = 1) { of(fault).consumed += times; }
    FaultCount& of(Fault fault) { return counts[static_cast<std::size_t>(fault)]; }
    const FaultCount& of(Fault fault) const { return counts[static_cast<std::size_t>(fault)]; }
    void add(const FaultCounts& other) {
        for (std::size_t i = 0; i < fault_count; ++i) {
            counts[i].fired += other.counts[i].fired;
            counts[i].consumed += other.counts[i].consumed;
        }
    }
};

}  // namespace ledger::sim
