#pragma once
// CutEntries: the bodies of the log entries about cuts, and what a replica remembers of them.

#include <cstdint>
#include <optional>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/entry.h"
#include "log/base/sha256.h"

namespace ledger::node {

// EntryKind::cut_root: the state at `cut` has this root (log::CutManifest::root), everywhere.
struct AgreedCut {
    LogId cut;
    Digest root;
    friend bool operator==(const AgreedCut&, const AgreedCut&) = default;
};

// Bodies are little-endian: u8 version (1), then for a cut_root u64 term, u64 index, 32 bytes root;
// for a retain u64 index. A cut has no body.
EntryRef cut_entry();
EntryRef cut_root_entry(const AgreedCut& agreed);
EntryRef retain_entry(Index upto);
// Nothing if the entry has no such body.
std::optional<AgreedCut> agreed_cut_of(const EntryRef& entry);
std::optional<Index> retained_of(const EntryRef& entry);

// What follows from the entries about cuts, the same on all replicas at the same index. Part of
// every cut (log::CutManifest::control).
struct CutControl {
    static constexpr std::size_t agreed_max = 64;

    Index last_cut;                 // the newest EntryKind::cut
    Index retained;                 // entries at and below may be gone; 0 = none
    std::vector<AgreedCut> agreed;  // ascending, from the retained one on; the newest agreed_max

    // Both do nothing unless the entry is news that makes sense. True if it was.
    bool agree(const AgreedCut& cut);
    bool retain(Index upto);
    // Null if the cut at this index has no agreed root, or one that was forgotten.
    const AgreedCut* find(Index index) const;
    friend bool operator==(const CutControl&, const CutControl&) = default;
};
void encode_control(const CutControl& control, ByteVector& out);
std::optional<CutControl> decode_control(ByteSpan bytes);

}  // namespace ledger::node
