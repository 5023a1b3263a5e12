#include "sim/check/decision.h"

#include <fmt/format.h>

namespace ledger::check {
namespace {

constexpr std::uint64_t client_bit = std::uint64_t{1} << 63;

std::uint64_t upper(std::uint64_t entity) {
    return entity >> 32;
}
std::uint64_t lower(std::uint64_t entity) {
    return entity & 0xffffffff;
}

// Who sends what on a link, as the network names them.
std::string message_text(const Decision& decision) {
    if ((decision.entity & client_bit) != 0) {
        return fmt::format("message {} of client {}", decision.sequence,
            (decision.entity & ~client_bit) + 1);
    }
    return fmt::format("message {} from n{} to n{}", decision.sequence, upper(decision.entity),
        lower(decision.entity));
}

std::string operation_text(const Decision& decision) {
    return fmt::format("operation {} of client {}", lower(decision.entity),
        upper(decision.entity) + 1);
}

std::string share_text(const Decision& decision) {
    // Of a domain of 2^64 - 1 and of one of 2 alike.
    const auto share = static_cast<std::uint64_t>(
        static_cast<double>(decision.answer) * 100.0 / static_cast<double>(decision.domain));
    return fmt::format("{} % of its range", share);
}

}  // namespace

std::uint64_t kind_answer(
    Site site, std::uint64_t entity, std::uint64_t, std::uint64_t domain) {
    constexpr std::uint64_t nodes = 8;
    return site == Site::election_jitter ? (entity + nodes - 1) % nodes * (domain / nodes) : 0;
}

std::string print_decision(const Decision& decision) {
    const std::string entity =
        upper(decision.entity) == 0
            ? fmt::format("{}", decision.entity)
            : fmt::format("{}:{}", upper(decision.entity), lower(decision.entity));
    return fmt::format("{} {} {}/{} = {}", site_name(decision.site), entity, decision.sequence,
        decision.domain, decision.answer);
}

std::string describe(const Decision& decision) {
    switch (decision.site) {
        case Site::network_loss: return message_text(decision) + " is lost";
        case Site::network_duplicate: return message_text(decision) + " comes twice";
        case Site::network_damage: return message_text(decision) + " is damaged";
        case Site::network_duplicate_delay:
            return message_text(decision) +
                   fmt::format(": its repetition comes {} mean latencies later", decision.answer + 1);
        case Site::network_latency:
            return message_text(decision) + " takes " + share_text(decision);
        case Site::election_jitter:
            return fmt::format("n{} waits for {} with its election timeout in term {}",
                decision.entity, share_text(decision), decision.sequence >> 16);
        case Site::workload_think:
            return fmt::format("client {} thinks for {} before operation {}", decision.entity + 1,
                share_text(decision), decision.sequence);
        case Site::workload_read:
        case Site::workload_redact:
        case Site::workload_stream:
        case Site::workload_expected:
        case Site::workload_batch:
        case Site::workload_size:
        case Site::workload_guest:
            return operation_text(decision) + fmt::format(": {} {} of {}", site_name(decision.site),
                                                  decision.answer, decision.domain);
        case Site::disk_write_latency:
        case Site::disk_sync_latency:
        case Site::disk_read_latency:
            return fmt::format("n{}: disk operation {} takes {}", decision.entity,
                decision.sequence, share_text(decision));
        default: break;
    }
    return print_decision(decision);
}

}  // namespace ledger::check
