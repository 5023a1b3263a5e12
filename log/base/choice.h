#pragma once
// Choice: every random decision is a named question, answered by an engine behind one interface.

#include <cstdint>
#include <optional>
#include <string_view>

namespace ledger {

// Where a decision is made. Numbers and names are part of the tape format: they are never reused
// and never renamed. Ranges: 1-99 production core, 100-199 network, 200-299 disk, 300-399 nodes
// and nemesis, 400-499 workload, 900-999 tests.
enum class Site : std::uint32_t {
    election_jitter = 1,
    client_backoff = 2,
    event_salt = 3,
    subscriber_backoff = 4,

    network_latency = 100,
    network_loss = 101,
    network_duplicate = 102,
    network_reorder = 103,
    network_damage = 104,
    network_profile = 105,
    network_duplicate_delay = 106,
    network_client_notice = 107,

    disk_write_latency = 200,
    disk_sync_latency = 201,
    disk_crash_keep = 202,
    disk_crash_tear = 203,
    disk_crash_directory = 204,
    disk_garbage = 205,
    disk_read_latency = 206,
    disk_profile = 207,
    disk_crash_size = 208,
    disk_error = 209,

    node_crash = 300,
    node_restart = 301,
    nemesis_interval = 302,
    nemesis_action = 303,
    nemesis_target = 304,
    nemesis_duration = 305,
    nemesis_profile = 306,
    crash_cut = 307,
    operator_action = 320,
    clock_begin = 308,
    clock_rate = 309,
    nemesis_media = 310,

    workload_profile = 400,
    workload_operation = 401,
    workload_stream = 402,
    workload_expected = 403,
    workload_batch = 404,
    workload_size = 405,
    workload_think = 406,
    workload_target = 407,
    workload_read = 408,
    workload_retry = 409,
    workload_subscriber = 410,
    workload_redact = 411,
    workload_guest = 412,

    explore_profile = 420,
    explore_step = 421,
    explore_entry = 422,
    explore_crash = 423,

    test_a = 900,
    test_b = 901,
};

// The stable name of a site, for tapes and traces; "unknown" for a number that is none.
std::string_view site_name(Site site);
std::optional<Site> site_of(std::string_view name);

// Answers decisions. One question has one identity: (site, entity, sequence). `entity` is a node,
// link, client or file; `sequence` a semantic number where one exists (request, entry, attempt),
// else a counter per (site, entity).
class ChoiceSource {
  public:
    virtual ~ChoiceSource() = default;

    // A number in [0, domain); 0 is the kind default (no fault, first in order). domain >= 1.
    virtual std::uint64_t choose(
        Site site, std::uint64_t entity, std::uint64_t sequence, std::uint64_t domain) = 0;

    // Whether something happens that has this chance, in parts per million; the kind answer is no. One
    // engine may say yes whatever the chance.
    virtual bool strikes(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint32_t parts_per_million) {
        constexpr std::uint32_t certain = 1'000'000;
        return parts_per_million > 0 &&
               choose(site, entity, sequence, certain) >= certain - parts_per_million;
    }
};

// The pure function behind every seeded answer: 64 well-mixed bits of (seed, question). No shared
// stream: a question added, removed or repeated moves no other answer.
std::uint64_t keyed_bits(
    std::uint64_t seed, Site site, std::uint64_t entity, std::uint64_t sequence);

// Maps 64 bits to [0, domain) by multiplication and shift.
constexpr std::uint64_t bounded(std::uint64_t bits, std::uint64_t domain) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits) * domain) >> 64);
}

// Answers by keyed_bits. Production gives each node a key of its own; the swarm gives the seed.
class SeededChoices final : public ChoiceSource {
  public:
    explicit SeededChoices(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t choose(Site site, std::uint64_t entity, std::uint64_t sequence,
        std::uint64_t domain) override {
        return bounded(keyed_bits(seed_, site, entity, sequence), domain);
    }

  private:
    const std::uint64_t seed_;
};

}  // namespace ledger
