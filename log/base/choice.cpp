#include "log/base/choice.h"

namespace ledger {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that mixes all bits.
constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return x;
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

}  // namespace

std::uint64_t keyed_bits(
    std::uint64_t seed, Site site, std::uint64_t entity, std::uint64_t sequence) {
    std::uint64_t x = mix(seed + golden);
    x = mix(x ^ (static_cast<std::uint64_t>(site) + golden));
    x = mix(x ^ (entity * golden + 1));
    return mix(x ^ (sequence * golden + 2));
}

std::string_view site_name(Site site) {
    switch (site) {
        case Site::election_jitter: return "node.election.jitter";
        case Site::client_backoff: return "client.backoff";
        case Site::event_salt: return "client.salt";
        case Site::subscriber_backoff: return "subscriber.backoff";
        case Site::network_latency: return "net.latency";
        case Site::network_loss: return "net.loss";
        case Site::network_duplicate: return "net.duplicate";
        case Site::network_reorder: return "net.reorder";
        case Site::network_damage: return "net.damage";
        case Site::network_profile: return "net.profile";
        case Site::network_duplicate_delay: return "net.duplicate.delay";
        case Site::network_client_notice: return "net.client.notice";
        case Site::disk_write_latency: return "disk.write.latency";
        case Site::disk_sync_latency: return "disk.sync.latency";
        case Site::disk_crash_keep: return "disk.crash.keep";
        case Site::disk_crash_tear: return "disk.crash.tear";
        case Site::disk_crash_directory: return "disk.crash.directory";
        case Site::disk_garbage: return "disk.garbage";
        case Site::disk_read_latency: return "disk.read.latency";
        case Site::disk_profile: return "disk.profile";
        case Site::disk_crash_size: return "disk.crash.size";
        case Site::disk_error: return "disk.error";
        case Site::node_crash: return "node.crash";
        case Site::node_restart: return "node.restart";
        case Site::nemesis_interval: return "nemesis.interval";
        case Site::nemesis_action: return "nemesis.action";
        case Site::nemesis_target: return "nemesis.target";
        case Site::nemesis_duration: return "nemesis.duration";
        case Site::nemesis_profile: return "nemesis.profile";
        case Site::crash_cut: return "node.crash.cut";
        case Site::operator_action: return "operator.action";
        case Site::clock_begin: return "node.clock.begin";
        case Site::clock_rate: return "node.clock.rate";
        case Site::nemesis_media: return "nemesis.media";
        case Site::workload_profile: return "workload.profile";
        case Site::workload_operation: return "workload.operation";
        case Site::workload_stream: return "workload.stream";
        case Site::workload_expected: return "workload.expected";
        case Site::workload_batch: return "workload.batch";
        case Site::workload_size: return "workload.size";
        case Site::workload_think: return "workload.think";
        case Site::workload_target: return "workload.target";
        case Site::workload_read: return "workload.read";
        case Site::workload_retry: return "workload.retry";
        case Site::workload_redact: return "workload.redact";
        case Site::workload_guest: return "workload.guest";
        case Site::workload_subscriber: return "workload.subscriber";
        case Site::explore_profile: return "explore.profile";
        case Site::explore_step: return "explore.step";
        case Site::explore_entry: return "explore.entry";
        case Site::explore_crash: return "explore.crash";
        case Site::test_a: return "test.a";
        case Site::test_b: return "test.b";
    }
    return "unknown";
}

std::optional<Site> site_of(std::string_view name) {
    constexpr std::uint32_t sites_max = 1000;
    for (std::uint32_t number = 1; number < sites_max; ++number) {
        if (name == site_name(Site{number}) && name != site_name(Site{0})) {
            return Site{number};
        }
    }
    return std::nullopt;
}

}  // namespace ledger
