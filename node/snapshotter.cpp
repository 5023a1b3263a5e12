#include "node/snapshotter.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/base/sometimes.h"
#include "raft/configuration_body.h"

namespace ledger::node {

// ---- a life begins

void Snapshotter::boot(
    std::vector<log::CutManifest>&& cuts, const log::Recovered& recovered) {
    LEDGER_ASSERT(held_.empty());
    log_begins_after_ = recovered.first.previous();
    log_ends_ = recovered.last;
    for (log::CutManifest& cut : cuts) {
        // One beyond the log was received for a log that did not live to begin behind it: it will be
        // offered again.
        LEDGER_SOMETIMES(cut.id.index > log_ends_, "node.cut.ahead_of_log");
        hold(std::make_shared<const log::CutManifest>(std::move(cut)));
    }
    begin_from(log_ends_);
    if (const std::optional<raft::Cut> below = cut_below_log()) {
        verified_ = below->id.index;
    }
}

// With the newest cut at or below `upto`, or with nothing if the log has everything.
void Snapshotter::begin_from(Index upto) {
    const Held* newest = nullptr;
    for (const Held& own : held_) {
        const Index index = own.manifest->id.index;
        newest = index >= log_begins_after_ && index <= upto ? &own : newest;
    }
    if (newest != nullptr) {
        begin_restoring(newest->manifest);
    } else if (log_begins_after_ > Index{0}) {
        fail(fmt::format("the log begins after entry {}, and there is no intact cut of the state "
                         "there: this node has to be replaced",
            log_begins_after_));
    }
}

const log::CutManifest* Snapshotter::boot_cut() const {
    return restoring_ ? restoring_->manifest.get() : nullptr;
}

std::optional<raft::Cut> Snapshotter::cut_below_log() const {
    if (log_begins_after_ == Index{0} || !restoring_) {
        return std::nullopt;
    }
    // Entries leave the disk only below a cut with the agreed root, so the first one that reaches
    // the log is such a cut.
    for (const Held& held : held_) {
        const log::CutManifest& cut = *held.manifest;
        if (cut.id.index >= log_begins_after_ && cut.id.index <= restoring_->manifest->id.index) {
            return raft::Cut{cut.id, cut.cluster_time, cut.wall_time,
                raft::decode_configuration(cut.configuration).value_or(raft::Configuration{})};
        }
    }
    return std::nullopt;
}

// ---- what happens

void Snapshotter::applied(const Step& step, const HashedEntry& entry) {
    LEDGER_ASSERT(!restoring());
    LEDGER_ASSERT(entry.entry.index > applied_);
    applied_ = entry.entry.index;
    switch (entry.entry.kind) {
        case EntryKind::cut:
            control_.last_cut = applied_;
            freeze(step, entry);
            break;
        case EntryKind::cut_root: {
            const std::optional<AgreedCut> agreed = agreed_cut_of(entry.entry);
            const bool news = agreed && control_.agree(*agreed);
            LEDGER_SOMETIMES(!news, "node.cut.agreed_again");
            if (news) {
                for (const Held& own : held_) {
                    compare(own);
                }
                verify(step);
            }
            break;
        }
        case EntryKind::retain: {
            LEDGER_ASSERT(!lacks_past());
            const std::optional<Index> upto = retained_of(entry.entry);
            if (upto && control_.retain(*upto)) {
                machine_.retain(*upto);
            }
            break;
        }
        case EntryKind::feature:
        case EntryKind::recovery:
        case EntryKind::noop:
        case EntryKind::command:
        case EntryKind::configuration: break;
    }
}

void Snapshotter::stored(const Step& step, const CutStored& done) {
    if (done.failed && done.no_space) {
        without_space(step, done);
        return;
    }
    if (done.failed) {
        fail("the disk failed to store a part of a cut");
        return;
    }
    if (mending_ && mending_->request == done.request) {
        mending_.reset();
    } else if (making_ && making_->request == done.request) {
        making_->request = 0;
        if (!making_->frozen) {
            hold(std::make_shared<const log::CutManifest>(std::move(making_->manifest)));
            making_.reset();
            for (const Held& own : held_) {
                compare(own);
            }
            verify(step);
        }
    } else if (receiving_ && receiving_->request == done.request) {
        received_is_stored(step, done);
    }
    // All others belong to something that was given up meanwhile.
}

// What it was for can be done later: a cut of one's own at the next Cut, one from the leader from its
// beginning, a damaged chunk when it comes once more.
void Snapshotter::without_space(const Step& step, const CutStored& done) {
    if (mending_ && mending_->request == done.request) {
        mending_->request = 0;
        mending_->ask_at = step.now + limits_.cut_patience;
    } else if (making_ && making_->request == done.request) {
        LEDGER_SOMETIMES(true, "node.cut.no_space_to_make");
        abandon_making();
    } else if (receiving_ && receiving_->request == done.request) {
        LEDGER_SOMETIMES(true, "node.cut.no_space_to_receive");
        receiving_->request = 0;
        receiving_->manifest.reset();
        receiving_->chunks = 0;
        receiving_->ask_at = step.now + limits_.cut_patience / 2;
    }
}

void Snapshotter::peer_down(NodeId peer) {
    std::erase_if(sending_, [peer](const Sending& sending) { return sending.peer == peer; });
}

log::LogStart Snapshotter::restart(const raft::Cut& cut) {
    const Held* own = held(cut.id);
    LEDGER_ASSERT(own != nullptr);
    LEDGER_ASSERT(cut.id.index > applied_);
    log_begins_after_ = cut.id.index;
    abandon_making();
    receiving_.reset();
    verified_ = std::max(verified_, cut.id.index);
    discarded_ = std::max(discarded_, cut.id.index);
    restart_pending_ = true;
    begin_restoring(own->manifest);
    return {cut.id, own->manifest->entry_hash, cut.cluster_time, cut.wall_time};
}

const Digest& Snapshotter::restore_from(LogId cut) {
    const Held* own = held(cut);
    LEDGER_ASSERT(own != nullptr);
    LEDGER_ASSERT(cut.index > applied_);
    abandon_making();
    receiving_.reset();
    begin_restoring(own->manifest);
    return own->manifest->entry_hash;
}

// ---- what follows

void Snapshotter::work(const Step& step) {
    make(step);
    mend(step);
    receive(step);
    restore(step);
    send(step);
    if (!restoring_) {
        propose(step);
        remove_old(step);
        discard(step);
    }
}

Instant Snapshotter::deadline() const {
    Instant next = never;
    if (receiving_ && receiving_->request == 0) {
        next = std::min(next, receiving_->ask_at);
    }
    if (mending_ && mending_->request == 0) {
        next = std::min(next, mending_->ask_at);
    }
    for (const Sending& sending : sending_) {
        next = std::min(next, sending.heard + limits_.cut_patience);
        if (sending.part && sending.request == 0) {
            next = std::min(next, send_at_);
        }
    }
    return next;
}

std::optional<Index> Snapshotter::restored() {
    return std::exchange(restored_, std::nullopt);
}

const Snapshotter::Held* Snapshotter::held(LogId cut) const {
    const auto at = std::find_if(held_.begin(), held_.end(),
        [cut](const Held& held) { return held.manifest->id == cut; });
    return at == held_.end() ? nullptr : &*at;
}

void Snapshotter::hold(const SharedManifest& manifest) {
    const auto at = std::find_if(held_.begin(), held_.end(),
        [&](const Held& other) { return other.manifest->id > manifest->id; });
    held_.insert(at, {manifest, manifest->root()});
}

void Snapshotter::fail(std::string why) {
    if (failure_.empty()) {
        failure_ = std::move(why);
    }
}

// The same log was applied and another state came of it: whichever is right, going on would spread it.
void Snapshotter::compare(const Held& own) {
    const LogId id = own.manifest->id;
    const AgreedCut* agreed = control_.find(id.index);
    if (agreed != nullptr && (agreed->cut != id || agreed->root != own.root)) {
        fail(fmt::format("the state at index {} is not what the cluster agreed upon: this node's "
                         "cut has root {:016x}, the agreed one {:016x}",
            id.index, own.root.truncated(), agreed->root.truncated()));
    }
}

// Tells Raft of the newest cut here that has the agreed root.
void Snapshotter::verify(const Step& step) {
    for (auto own = held_.rbegin(); own != held_.rend(); ++own) {
        const log::CutManifest& cut = *own->manifest;
        const AgreedCut* agreed = control_.find(cut.id.index);
        if (agreed == nullptr || agreed->root != own->root || cut.id.index <= verified_) {
            continue;
        }
        // Raft may have forgotten the configuration there, when the cut is of an earlier life and
        // the log knows a newer one: then it could not offer the cut, and the next one will do.
        const raft::Configuration& configuration = step.raft.configuration_at(cut.id.index);
        LEDGER_SOMETIMES(configuration.members().empty(), "node.cut.of_unknown_configuration");
        if (!configuration.members().empty()) {
            verified_ = cut.id.index;
            step.raft.cut_durable({cut.id, cut.cluster_time, cut.wall_time, configuration});
            return;
        }
    }
}

// Older cuts go when a newer one may take their place for everybody.
void Snapshotter::remove_old(const Step& step) {
    Index needed = verified_;
    for (const Sending& sending : sending_) {
        needed = std::min(needed, sending.cut.index);
    }
    if (held_.empty() || held_.front().manifest->id.index >= needed) {
        return;
    }
    // What is applied may not be on the own disk yet: a log that ends before its only cut could not
    // begin with it.
    const bool log_reaches_it = !restart_pending_ && step.raft.log().durable() >= verified_;
    LEDGER_SOMETIMES(!log_reaches_it, "node.cut.ahead_of_own_disk");
    if (!log_reaches_it) {
        return;
    }
    std::erase_if(held_, [needed](const Held& held) { return held.manifest->id.index < needed; });
    store(step, LogId{{}, needed}, StoreCut::RemoveBefore{});
}

void Snapshotter::discard(const Step& step) {
    if (restart_pending_ || control_.retained <= discarded_ || verified_ <= discarded_ ||
        applied_ < verified_) {
        return;
    }
    const Index upto = std::min({control_.retained, verified_, step.raft.log().durable(),
        step.raft.discardable(limits_.kept_entries_min, limits_.kept_entries_max)});
    // Whole segments go; asking for every entry would be noise.
    const bool enough = upto == control_.retained || upto >= discarded_ + limits_.discard_entries;
    if (upto <= discarded_ || !enough) {
        return;
    }
    discarded_ = upto;
    step.raft.discard_to(upto);
    step.effects.emplace_back(Discard{upto, !step.erasing});
}

// ---- making

void Snapshotter::freeze(const Step& step, const HashedEntry& entry) {
    const raft::Configuration& configuration = step.raft.configuration_at(entry.entry.index);
    const bool busy =
        making_ || receiving_ || lacks_past() || held(entry.entry.id()) != nullptr;
    LEDGER_SOMETIMES(busy, "node.cut.skipped");
    if (busy || configuration.members().empty()) {
        return;  // others have it
    }
    machine_.freeze();
    log::CutManifest manifest{.id = entry.entry.id(),
        .cluster_time = entry.entry.cluster_time,
        .wall_time = entry.entry.wall_time,
        .entry_hash = entry.hash,
        .configuration = {},
        .control = {},
        .chunks = {},
        .bytes = 0};
    raft::encode_configuration(configuration, manifest.configuration);
    encode_control(control_, manifest.control);
    making_ = Making{.manifest = std::move(manifest)};
}

void Snapshotter::make(const Step& step) {
    if (!making_ || making_->request != 0) {
        return;
    }
    log::CutManifest& manifest = making_->manifest;
    auto chunk = std::make_shared<ByteVector>();
    if (machine_.next_chunk(limits_.cut_chunk_bytes, *chunk)) {
        const auto number = static_cast<std::uint32_t>(manifest.chunks.size());
        LEDGER_ASSERT(number < log::cut_chunks_max);
        manifest.chunks.push_back(sha256(*chunk));
        manifest.bytes += chunk->size();
        making_->request = store(step, manifest.id, StoreCut::Chunk{number, std::move(chunk)});
        return;
    }
    machine_.thaw();
    making_->frozen = false;
    making_->request = store(step, manifest.id,
        StoreCut::Complete{std::make_shared<const log::CutManifest>(manifest)});
}

void Snapshotter::abandon_making() {
    LEDGER_SOMETIMES(making_.has_value(), "node.cut.abandoned");
    if (making_ && making_->frozen) {
        machine_.thaw();
    }
    making_.reset();
}

// What the leader of the time does for all.
void Snapshotter::propose(const Step& step) {
    const raft::Status status = step.raft.status();
    if (status.role != raft::Role::leader || !step.cuts_active) {
        return;
    }
    const auto under_way = [&](const std::optional<LogId>& proposed) {
        return proposed && proposed->term == status.term && proposed->index > applied_;
    };
    if (limits_.cut_entries > 0 && applied_ >= control_.last_cut + limits_.cut_entries &&
        !under_way(proposed_cut_)) {
        proposed_cut_ = propose_one(step, cut_entry());
    }
    const Held* newest = nullptr;
    for (const Held& own : held_) {
        const Index index = own.manifest->id.index;
        const bool may_be_agreed = index <= control_.last_cut && index <= applied_ &&
            (control_.agreed.empty() || index > control_.agreed.back().cut.index) &&
            index > control_.retained;
        newest = may_be_agreed ? &own : newest;
    }
    if (newest != nullptr && !under_way(proposed_root_)) {
        proposed_root_ =
            propose_one(step, cut_root_entry({newest->manifest->id, newest->root}));
    }
    if (limits_.retain_entries == 0 || under_way(proposed_retain_)) {
        return;
    }
    Index old_enough;
    for (const AgreedCut& agreed : control_.agreed) {
        const bool old = applied_ >= agreed.cut.index + limits_.retain_entries;
        old_enough = old ? agreed.cut.index : old_enough;
    }
    if (old_enough > control_.retained && old_enough <= verified_) {
        proposed_retain_ = propose_one(step, retain_entry(old_enough));
    }
}

// Nothing if Raft has no room for it now.
std::optional<LogId> Snapshotter::propose_one(const Step& step, EntryRef&& entry) {
    const raft::ProposeOutcome outcome = step.raft.propose(step.now, std::span(&entry, 1));
    const auto* proposed = std::get_if<raft::Proposed>(&outcome);
    return proposed == nullptr ? std::nullopt : std::optional(proposed->first);
}

}  // namespace ledger::node
