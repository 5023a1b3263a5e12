#include "node/cut_entries.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::node {
namespace {

constexpr std::uint8_t body_version = 1;
constexpr std::uint8_t control_version = 1;
constexpr std::uint64_t agreed_bytes = 8 + 8 + 32;

EntryRef entry_of(EntryKind kind, ByteSpan body) {
    EntryRef entry;
    entry.kind = kind;
    entry.bytes = static_cast<std::uint32_t>(body.size());
    if (!body.empty()) {
        entry.handle = EntryHandle::make(body, {});
    }
    return entry;
}

void write(ByteWriter& writer, const AgreedCut& agreed) {
    writer.u64(agreed.cut.term.value);
    writer.u64(agreed.cut.index.value);
    writer.bytes(agreed.root.span());
}

AgreedCut read(ByteReader& reader) {
    AgreedCut agreed;
    agreed.cut.term = Term{reader.u64()};
    agreed.cut.index = Index{reader.u64()};
    const ByteSpan root = reader.bytes(agreed.root.bytes.size());
    std::copy(root.begin(), root.end(), agreed.root.bytes.begin());
    return agreed;
}

// Reads the version; the rest is the caller's.
bool begins_well(ByteReader& reader) {
    return reader.u8() == body_version;
}

}  // namespace

EntryRef cut_entry() {
    return entry_of(EntryKind::cut, {});
}

EntryRef cut_root_entry(const AgreedCut& agreed) {
    ByteVector body;
    ByteWriter writer(body);
    writer.u8(body_version);
    write(writer, agreed);
    return entry_of(EntryKind::cut_root, body);
}

EntryRef retain_entry(Index upto) {
    ByteVector body;
    ByteWriter writer(body);
    writer.u8(body_version);
    writer.u64(upto.value);
    return entry_of(EntryKind::retain, body);
}

std::optional<AgreedCut> agreed_cut_of(const EntryRef& entry) {
    ByteReader reader(entry.handle.envelope());
    const bool known = entry.kind == EntryKind::cut_root && begins_well(reader);
    const AgreedCut agreed = read(reader);
    return known && reader.ok() && reader.at_end() ? std::optional(agreed) : std::nullopt;
}

std::optional<Index> retained_of(const EntryRef& entry) {
    ByteReader reader(entry.handle.envelope());
    const bool known = entry.kind == EntryKind::retain && begins_well(reader);
    const Index upto{reader.u64()};
    return known && reader.ok() && reader.at_end() ? std::optional(upto) : std::nullopt;
}

bool CutControl::agree(const AgreedCut& cut) {
    const Index newest = agreed.empty() ? retained : agreed.back().cut.index;
    if (cut.cut.index <= newest || cut.cut.index > last_cut) {
        return false;
    }
    if (agreed.size() == agreed_max) {
        agreed.erase(agreed.begin());
    }
    agreed.push_back(cut);
    LEDGER_ASSERT(agreed.size() <= agreed_max);
    return true;
}

bool CutControl::retain(Index upto) {
    if (upto <= retained || find(upto) == nullptr) {
        return false;
    }
    retained = upto;
    std::erase_if(agreed, [upto](const AgreedCut& cut) { return cut.cut.index < upto; });
    LEDGER_ASSERT(find(retained) != nullptr);
    return true;
}

const AgreedCut* CutControl::find(Index index) const {
    const auto at = std::find_if(agreed.begin(), agreed.end(),
        [index](const AgreedCut& cut) { return cut.cut.index == index; });
    return at == agreed.end() ? nullptr : &*at;
}

void encode_control(const CutControl& control, ByteVector& out) {
    LEDGER_ASSERT(control.agreed.size() <= CutControl::agreed_max);
    ByteWriter writer(out);
    writer.u8(control_version);
    writer.u64(control.last_cut.value);
    writer.u64(control.retained.value);
    writer.u32(static_cast<std::uint32_t>(control.agreed.size()));
    for (const AgreedCut& cut : control.agreed) {
        write(writer, cut);
    }
}

std::optional<CutControl> decode_control(ByteSpan bytes) {
    ByteReader reader(bytes);
    if (reader.u8() != control_version) {
        return std::nullopt;
    }
    CutControl control;
    control.last_cut = Index{reader.u64()};
    control.retained = Index{reader.u64()};
    const std::uint32_t count = reader.u32();
    if (!reader.ok() || count > CutControl::agreed_max ||
        reader.remaining() != count * agreed_bytes) {
        return std::nullopt;
    }
    while (control.agreed.size() < count) {
        control.agreed.push_back(read(reader));
    }
    return control;
}

}  // namespace ledger::node
