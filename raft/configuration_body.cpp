#include "raft/configuration_body.h"

#include "log/base/assert.h"

namespace ledger::raft {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t version_with_recoveries = 2;
constexpr std::uint8_t witness_flag = 1;
constexpr std::uint8_t promote_flag = 2;

void write_nodes(ByteWriter& writer, const NodeSet& nodes) {
    writer.u8(static_cast<std::uint8_t>(nodes.size()));
    for (NodeId node : nodes) {
        writer.u32(node.value);
    }
}

// False if the numbers are not ascending or too many.
bool read_nodes(ByteReader& reader, NodeSet& nodes) {
    const std::uint8_t count = reader.u8();
    if (count > members_max) {
        return false;
    }
    NodeId before;
    for (std::uint8_t i = 0; i < count; ++i) {
        const NodeId node{reader.u32()};
        if (node <= before) {
            return false;
        }
        nodes.insert(node);
        before = node;
    }
    return reader.ok();
}

bool read_details(ByteReader& reader, Configuration& configuration) {
    const std::uint8_t count = reader.u8();
    if (count > members_max) {
        return false;
    }
    NodeId before;
    for (std::uint8_t i = 0; i < count; ++i) {
        Member member{.node = NodeId{reader.u32()}};
        member.incarnation = Incarnation{reader.u64()};
        member.priority = reader.u8();
        const std::uint8_t flags = reader.u8();
        member.witness = (flags & witness_flag) != 0;
        member.promote = (flags & promote_flag) != 0;
        member.replaces = NodeId{reader.u32()};
        const bool known_flags = (flags & ~(witness_flag | promote_flag)) == 0;
        if (!reader.ok() || !known_flags || member.node <= before ||
            member == Member{.node = member.node}) {
            return false;
        }
        configuration.set_member(member);
        before = member.node;
    }
    return reader.ok();
}

}  // namespace

void encode_configuration(const Configuration& configuration, ByteVector& out) {
    ByteWriter writer(out);
    writer.u8(configuration.recoveries == 0 ? version : version_with_recoveries);
    write_nodes(writer, configuration.voters);
    write_nodes(writer, configuration.outgoing);
    write_nodes(writer, configuration.learners);
    writer.u8(static_cast<std::uint8_t>(configuration.details_count));
    for (std::uint32_t i = 0; i < configuration.details_count; ++i) {
        const Member& member = configuration.details[i];
        writer.u32(member.node.value);
        writer.u64(member.incarnation.value);
        writer.u8(member.priority);
        writer.u8(static_cast<std::uint8_t>(
            (member.witness ? witness_flag : 0) | (member.promote ? promote_flag : 0)));
        writer.u32(member.replaces.value);
    }
    if (configuration.recoveries > 0) {
        writer.u32(configuration.recoveries);
    }
}

std::optional<Configuration> decode_configuration(ByteSpan bytes) {
    ByteReader reader(bytes);
    Configuration configuration;
    const std::uint8_t found = reader.u8();
    const bool known = found == version || found == version_with_recoveries;
    const bool read = known && read_nodes(reader, configuration.voters) &&
                      read_nodes(reader, configuration.outgoing) &&
                      read_nodes(reader, configuration.learners) &&
                      read_details(reader, configuration);
    if (found == version_with_recoveries) {
        configuration.recoveries = reader.u32();
    }
    const bool counted = found == version || configuration.recoveries > 0;
    if (!read || !counted || !reader.ok() || !reader.at_end() || !fault_of(configuration).empty()) {
        return std::nullopt;
    }
    return configuration;
}

EntryRef configuration_entry(const Configuration& configuration) {
    LEDGER_ASSERT(fault_of(configuration).empty());
    ByteVector bytes;
    encode_configuration(configuration, bytes);
    EntryRef entry;
    entry.kind = EntryKind::configuration;
    entry.bytes = static_cast<std::uint32_t>(bytes.size());
    entry.handle = EntryHandle::make(bytes, {});
    return entry;
}

std::optional<Configuration> configuration_of(const EntryRef& entry) {
    return entry.kind == EntryKind::configuration ? decode_configuration(entry.handle.envelope())
                                                  : std::nullopt;
}

}  // namespace ledger::raft
