#include "node/asio/snapshot_verification.h"

#include <utility>

#include "log/base/format.h"
#include "log/state/ledger.h"
#include "node/cut_entries.h"
#include "raft/configuration_body.h"

namespace ledger::node::asio {
namespace {

Error corrupt(std::string what) {
    return failure(log::Errc::corrupt_record, std::move(what));
}

class Replay {
  public:
    Result<void> take_cut(const log::CutManifest& cut) {
        cut_ = {cut.id, cut.root()};
        const std::optional<CutControl> control = decode_control(cut.control);
        found_.configuration = raft::decode_configuration(cut.configuration);
        const bool sound = control && found_.configuration && control->last_cut <= cut.id.index &&
                           (control->agreed.empty() ||
                               control->agreed.back().cut.index <= control->last_cut);
        if (!sound) {
            return corrupt(fmt::format("the cut at {} has no membership or no notes", cut.id.index));
        }
        control_ = *control;
        missing_ = cut.chunks.size();
        found_.cluster_time = cut.cluster_time;
        found_.wall_time = cut.wall_time;
        ledger_.begin_restore();
        return missing_ == 0 ? end_restore() : Result<void>();
    }

    Result<void> take_chunk(std::uint32_t number, ByteSpan chunk) {
        const Result<void> taken = ledger_.restore_chunk(chunk);
        if (!taken) {
            return corrupt(fmt::format("chunk {} is no state: {}", number, taken.error().place));
        }
        --missing_;
        return missing_ == 0 ? end_restore() : Result<void>();
    }

    Result<void> take_entry(const HashedEntry& hashed) {
        const EntryRef& entry = hashed.entry;
        found_.cluster_time = entry.cluster_time;
        found_.wall_time = entry.wall_time;
        if (entry.index <= cut_.cut.index) {
            return {};  // the cut knows what came of it
        }
        outcome_.clear();
        ledger_.apply(entry, hashed.hash, outcome_);
        return take_note(entry);
    }

    VerifiedSnapshot finish(log::SnapshotContents&& contents) {
        found_.first_event = ledger_.retained();
        found_.length = ledger_.length();
        const AgreedCut* agreed = control_.find(cut_.cut.index);
        found_.cut_is_agreed = agreed != nullptr && *agreed == cut_;
        found_.contents = std::move(contents);
        return std::move(found_);
    }

  private:
    Result<void> end_restore() {
        if (const Result<void> whole = ledger_.end_restore(); !whole) {
            return corrupt("the chunks are no whole state: " + whole.error().place);
        }
        return ledger_.applied() == cut_.cut.index
                   ? Result<void>()
                   : corrupt(fmt::format("the chunks are the state at {}, the cut is one at {}",
                         ledger_.applied(), cut_.cut.index));
    }

    // As a replica notes what entries about cuts say (node/snapshotter.cpp).
    Result<void> take_note(const EntryRef& entry) {
        if (entry.kind == EntryKind::cut) {
            control_.last_cut = entry.index;
        } else if (const std::optional<AgreedCut> agreed = agreed_cut_of(entry)) {
            control_.agree(*agreed);
            if (agreed->cut == cut_.cut && agreed->root != cut_.root) {
                return corrupt(fmt::format("the cut at {} is not the one that entry {} speaks of",
                    cut_.cut.index, entry.index));
            }
        } else if (const std::optional<Index> upto = retained_of(entry)) {
            if (control_.retain(*upto)) {
                ledger_.retain(*upto);
            }
        } else if (std::optional<raft::Configuration> now = raft::configuration_of(entry)) {
            found_.configuration = std::move(now);
        }
        return {};
    }

    state::Ledger ledger_;
    CutControl control_;
    AgreedCut cut_;  // index 0 = there is none
    std::uint64_t missing_ = 0;  // chunks of it
    ByteVector outcome_;
    VerifiedSnapshot found_;
};

}  // namespace

Result<VerifiedSnapshot> verify_snapshot(
    log::File& file, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    Replay replay;
    const log::SnapshotTaker taker{.head = {},
        .cut = [&](const log::CutManifest& cut) { return replay.take_cut(cut); },
        .chunk = [&](std::uint32_t number,
                     ByteSpan chunk) { return replay.take_chunk(number, chunk); },
        .entry = [&](const HashedEntry& entry) { return replay.take_entry(entry); },
        .progress = progress};
    LEDGER_TRY(log::SnapshotContents contents, log::read_snapshot(file, taker));
    return replay.finish(std::move(contents));
}

}  // namespace ledger::node::asio
