#pragma once
// Profile: what one seed's world is like: drawn once, from ranges that a scenario may narrow.

#include <cstdint>
#include <span>
#include <vector>

#include "log/base/choice.h"
#include "log/base/time.h"
#include "node/limits.h"
#include "sim/check/scenario.h"

namespace ledger::sim {

// Probabilities are parts per million, so that no decision depends on floating point.
using PartsPerMillion = std::uint32_t;

enum class LatencyFamily : std::uint8_t { constant, uniform, exponential, bimodal, heavy_tail };

struct NetworkProfile {
    LatencyFamily family = LatencyFamily::uniform;
    Duration latency_min = microseconds(100);
    Duration latency_mean = microseconds(500);  // above the minimum
    PartsPerMillion loss = 0;
    PartsPerMillion duplicate = 0;
    PartsPerMillion damage = 0;
    bool in_order = true;                       // a link delivers in the order of sending
    std::uint32_t spread = 0;                   // of links: each is up to this share of the mean slower
                                                // for ever, in percent
    std::uint64_t bytes_per_millisecond = 1'000'000;
    std::uint64_t buffer_bytes = UINT64_MAX;    // what a link holds that it has not sent; more is lost
    PartsPerMillion client_loss = 0;            // of requests and of replies
};

struct DiskProfile {
    Duration write_mean = microseconds(20);
    Duration sync_min = microseconds(80);
    Duration sync_mean = microseconds(100);
    Duration read_mean = microseconds(60);
    std::uint32_t slow_node = 0;     // 0 = none: this node's disk is `slow_factor` times slower
    std::uint32_t slow_factor = 1;
    bool limp = false;  // after the faults one disk stays almost too slow to lead, for a while
    PartsPerMillion keep = 500'000;  // at a crash: an un-synced sector survives
    PartsPerMillion tear = 300'000;  // at a crash: a lost sector becomes garbage
    PartsPerMillion together = 600'000;    // the sectors of one write share one fate
    PartsPerMillion split_size = 200'000;  // a file's length and its data part ways
    PartsPerMillion lose_entry = 500'000;  // a directory operation does not survive
    bool whole_pages = false;              // devices write pages of 4 KiB whole
};

// Of each node, beside virtual time.
struct ClockProfile {
    Duration skew;              // monotonic clocks begin anywhere up to here
    PartsPerMillion drift = 0;  // and run this much too fast or too slow, at most
};

struct NemesisProfile {
    Duration interval_mean = milliseconds(700);  // between actions
    Duration duration_mean = milliseconds(600);  // of a partition or an outage
    bool crashes = true;
    bool crash_storms = false;
    bool partitions = true;
    bool one_way = true;
    bool aim_at_leader = true;
    bool aim_at_roles = false;  // candidates, laggards, who makes a majority, newcomers, receivers
    bool bridges = false;       // one pair of nodes does not hear each other
    bool rings = false;         // each node hears its two neighbours only
    bool flapping = false;      // a link is cut and healed again and again
    bool clogs = false;         // links carry nothing for a while, then all of it, one after the other
    bool slow_links = false;    // everything takes longer on a link for a while
    bool half_open = false;     // one end of a connection does not know that it is gone
    bool pauses = false;        // a process stands still
    bool disk_stalls = false;   // a disk ends nothing for longer than an election takes
    bool disk_errors = false;   // an operation fails; the node halts and is started again
    bool clock_jumps = false;   // somebody sets a wall clock
    PartsPerMillion hunt = 0;  // a new leader is struck within moments of its election
};

// What devices do to bytes that they have taken.
struct MediaProfile {
    bool use = true;  // any of it
    // At each action of the nemesis.
    PartsPerMillion rot = 0;                // bits flip
    PartsPerMillion sector_error = 0;       // 512 bytes or 4 KiB cannot be read until written again
    PartsPerMillion phantom_write = 0;      // was acknowledged and never landed
    PartsPerMillion misdirected_write = 0;  // landed elsewhere
    PartsPerMillion misdirected_read = 0;   // once, of another place
    PartsPerMillion stale_read = 0;         // once, of what was there before
    PartsPerMillion crowd = 0;              // somebody else takes the space for a while
    // Where the harm goes, in shares of each other; all 0 = anywhere.
    std::uint32_t at_records = 1;
    std::uint32_t at_blocks = 1;
    std::uint32_t at_headers = 1;
    std::uint32_t at_footers = 1;
    std::uint32_t at_hard_state = 1;
    std::uint32_t at_cuts = 1;
    std::uint32_t at_anything = 1;
    bool unsealed = false;      // also what nothing vouches for yet, which may lose it
    bool unrestricted = false;  // no copy need be left in the cluster

    bool any() const {
        return use && (rot > 0 || sector_error > 0 || phantom_write > 0 || misdirected_write > 0 ||
               misdirected_read > 0 || stale_read > 0 || crowd > 0);
    }
};

// What the operator does, in the seeds that have one.
struct MembershipProfile {
    bool changes = false;      // members come, go and change their parts
    bool transfers = false;    // leadership is handed over
    // Where members change: disks are lost, and there are nodes beyond the first voters.
    bool wipes = false;
    std::uint32_t spares = 0;
    Duration interval = milliseconds(300);  // mean, between the end of one thing and the next
};

struct WorkloadProfile {
    std::uint32_t clients = 4;
    std::uint32_t streams = 8;
    std::uint32_t operations_max = 300;          // in the whole run
    Duration think_mean = milliseconds(4);
    PartsPerMillion reads = 250'000;
    PartsPerMillion redactions = 0;  // of what does not read
    PartsPerMillion multi_stream = 200'000;
    PartsPerMillion conditional = 500'000;       // appends with an expectation
    PartsPerMillion stale = 150'000;             // ... that is likely wrong
    std::uint32_t batch_max = 4;
    std::uint32_t payload_max = 256;
    // The client's own, as node::client::Options has them.
    Duration operation_timeout = seconds(2);
    Duration attempt_timeout = milliseconds(400);
    Duration slow_back_off = milliseconds(40);
    std::uint32_t subscribers = 1;
    std::uint64_t subscriber_window = 1u << 20;
    PartsPerMillion pinned = 0;         // clients that know one node only
    PartsPerMillion read_anywhere = 0;  // clients that read from a node of their own choice
};

struct Profile {
    std::uint32_t nodes = 3;  // the voters that the cluster is made of
    Duration election_timeout = milliseconds(150);
    std::uint32_t append_entries_max = 64;
    std::uint32_t catch_up_entries_max = 4096;
    std::uint64_t catch_up_bytes_per_second = 64u << 20;
    std::uint32_t inflight_messages_max = 16;
    std::uint64_t uncommitted_bytes_max = 1u << 20;
    std::uint64_t segment_bytes = 64u << 10;
    std::uint64_t allocate_bytes = 0;   // as log::Options
    std::uint32_t spare_segments = 0;
    std::uint64_t reserve_bytes = 64u << 10;
    std::uint64_t soft_limit_bytes = 128u << 10;
    std::uint32_t sessions_max = 1024;
    std::uint32_t stored_replies_max = 8;
    node::Limits limits;
    node::EdgeLimits edge;
    // Leaders answer reads from leases; the bound on drift that is stated is what clocks keep.
    bool leases = false;
    // The first so many nodes begin with an older build: they know feature version 1 only. Each is
    // upgraded when it starts again after a crash; so crashes make a rolling upgrade.
    std::uint32_t old_nodes = 0;
    Duration apply_time;  // that a node takes to apply one entry
    NetworkProfile network;
    DiskProfile disk;
    ClockProfile clock;
    NemesisProfile nemesis;
    MediaProfile media;
    MembershipProfile membership;
    WorkloadProfile workload;
    Duration faults_for = seconds(8);  // then everything heals and the run must finish
    // A check that calls something a violation that is none: whoever runs it must hear of it.
    bool canary = false;
    // Some answers depend on the process: two runs of a seed differ, and doublecheck must hear of it.
    bool unsteady = false;
    // Much longer than others, with cuts and retention.
    bool marathon = false;

    // All nodes there are, members or not: 1 to this.
    std::uint32_t hosts() const { return nodes + (membership.changes ? membership.spares : 0); }
};

// The keys that a scenario's [swarm] and [workload] sections may set.
std::span<const check::KnownKey> scenario_keys();

// Draws the world of `choices`' seed: every key inside the scenario's range, or inside its own. The
// first value of a range is the kind one.
Profile draw_profile(ChoiceSource& choices, const check::Scenario& scenario);
// The keys that are drawn so with a value that is not the first of their own range: with these
// settings and kind answers the same world is drawn.
std::vector<check::Setting> unkind_settings(ChoiceSource& choices, const check::Scenario& scenario);

}  // namespace ledger::sim
