// Snapshot transfer: the follower asks for one part after the other, the leader answers within its
// rate. A part is verified when it arrives; what is durable is not asked for again.
#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "node/snapshotter.h"
#include "raft/configuration_body.h"

namespace ledger::node {
namespace {

// The number of a part's chunk. Precondition: not the manifest.
std::uint32_t chunk_of(std::uint32_t part) {
    LEDGER_ASSERT(part > 0);
    return part - 1;
}

// Somebody to ask. This node itself may be no member any more.
bool has_others(const raft::Raft& raft) {
    const std::vector<NodeId> members = raft.configurations().members();
    return std::any_of(members.begin(), members.end(),
        [&raft](NodeId member) { return member != raft.self(); });
}

bool is_offered(const log::CutManifest& manifest, const raft::Cut& cut) {
    ByteVector configuration;
    raft::encode_configuration(cut.configuration, configuration);
    return manifest.id == cut.id && manifest.cluster_time == cut.cluster_time &&
           manifest.wall_time == cut.wall_time && manifest.configuration == configuration &&
           decode_control(manifest.control).has_value();
}

}  // namespace

// ---- as leader

void Snapshotter::wanted(const Step& step, const raft::SnapshotWanted& wanted) {
    std::erase_if(
        sending_, [&](const Sending& sending) { return sending.peer == wanted.peer; });
    const bool room = sending_.size() < limits_.cut_transfers_max;
    LEDGER_SOMETIMES(!room, "node.cut.transfer_waits");
    if (!room || held(wanted.cut.id) == nullptr) {
        step.raft.snapshot_failed(step.now, wanted.peer);  // offered again after a heartbeat
        return;
    }
    sending_.push_back({.peer = wanted.peer, .cut = wanted.cut.id, .heard = step.now, .part = {}});
}

void Snapshotter::received(const Step& step, NodeId from, const CutRequest& request) {
    const auto sending = std::find_if(sending_.begin(), sending_.end(), [&](const Sending& one) {
        return one.peer == from && one.cut == request.cut;
    });
    const Held* own = held(request.cut);
    const bool known = own != nullptr && request.part <= own->manifest->chunks.size() &&
                       (sending != sending_.end() || step.raft.configurations().is_member_of_any(from));
    LEDGER_SOMETIMES(!known, "node.cut.request_of_unknown_part");
    if (known && sending != sending_.end()) {
        sending->heard = step.now;
        sending->part = request.part;
    } else if (known && sending_.size() < 2 * limits_.cut_transfers_max) {
        // It lost a chunk of its own, or needs the state for want of an entry.
        sending_.push_back({.peer = from,
            .cut = request.cut,
            .heard = step.now,
            .part = request.part,
            .pulled = true});
    }
}

bool Snapshotter::still_wanted(const Step& step, const Sending& sending) const {
    if (sending.pulled) {
        return step.now < sending.heard + limits_.cut_patience && held(sending.cut) != nullptr;
    }
    const auto* self = std::get_if<raft::Leader>(&step.raft.role_state());
    if (self == nullptr) {
        return false;
    }
    const auto peer = std::find_if(self->peers.begin(), self->peers.end(),
        [&](const raft::Progress& progress) { return progress.node == sending.peer; });
    return peer != self->peers.end() && peer->state == raft::Progress::State::snapshot &&
           peer->offered == sending.cut && peer->sending;
}

void Snapshotter::send(const Step& step) {
    std::erase_if(sending_, [&](const Sending& one) { return !still_wanted(step, one); });
    for (Sending& sending : sending_) {
        const bool silent = step.now >= sending.heard + limits_.cut_patience;
        LEDGER_SOMETIMES(silent, "node.cut.receiver_fell_silent");
        if (silent) {
            step.raft.snapshot_failed(step.now, sending.peer);
            continue;  // still_wanted() says so next time
        }
        if (!sending.part || sending.request != 0 || step.now < send_at_) {
            continue;
        }
        if (*sending.part > 0) {
            sending.request = load(step, sending.cut, chunk_of(*sending.part));
            continue;
        }
        ByteVector bytes;
        log::encode_manifest(*held(sending.cut)->manifest, bytes);
        send_part(step, sending, std::move(bytes));
    }
}

void Snapshotter::send_part(const Step& step, Sending& sending, ByteVector&& bytes) {
    LEDGER_ASSERT(sending.part.has_value());
    const auto size = static_cast<std::int64_t>(bytes.size());
    const std::int64_t rate = static_cast<std::int64_t>(limits_.cut_bytes_per_second);
    send_at_ = std::max(send_at_, step.now) + nanoseconds(size * 1'000'000'000 / rate);
    say(step, sending.peer, CutPart{sending.cut, *sending.part, std::move(bytes)});
    sending.part.reset();
}

void Snapshotter::say(const Step& step, NodeId to, PeerBody&& body) {
    Send send{Ticket{}, step.envelope};
    send.message.to = to;
    send.message.body = std::move(body);
    step.effects.emplace_back(std::move(send));
}

std::uint64_t Snapshotter::load(const Step& step, LogId cut, std::uint32_t number) {
    step.effects.emplace_back(LoadChunk{++requests_, cut, number});
    return requests_;
}

void Snapshotter::loaded(const Step& step, const ChunkLoaded& done) {
    if (scrubbing_ && scrubbing_->request == done.request) {
        const Scrubbing scrubbing = *std::exchange(scrubbing_, std::nullopt);
        scrubbed_ = done.bytes.size();
        // The cut may have gone meanwhile; and alone there is nobody to ask.
        const bool needed = held(scrubbing.manifest->id) != nullptr;
        if (done.failed && needed && has_others(step.raft)) {
            LEDGER_SOMETIMES(true, "node.scrub.finds_chunk");
            note_damaged(step, scrubbing.manifest, scrubbing.number);
        }
        return;
    }
    for (Sending& sending : sending_) {
        if (sending.request != done.request) {
            continue;
        }
        sending.request = 0;
        LEDGER_SOMETIMES(done.failed, "node.cut.chunk_unreadable_for_peer");
        if (done.failed && sending.part) {
            if (const Held* own = held(sending.cut)) {
                note_damaged(step, own->manifest, chunk_of(*sending.part));
            }
        }
        if (done.failed && !sending.pulled) {
            step.raft.snapshot_failed(step.now, sending.peer);
        } else if (done.failed) {
            sending.part.reset();
        } else if (sending.part) {
            send_part(step, sending, ByteVector(done.bytes));
        }
        return;
    }
    if (restoring_ && restoring_->request == done.request) {
        take_up(step, done);
    }
}

// ---- as follower

void Snapshotter::offered(const Step& step, const raft::SnapshotOffered& offered) {
    abandon_making();  // what comes is newer
    receiving_ = Receiving{.from = offered.from,
        .cut = offered.cut,
        .manifest = {},
        .ask_at = step.now};
    if (const Held* own = held(offered.cut.id)) {
        LEDGER_SOMETIMES(true, "node.cut.offered_one_is_here");
        receiving_->manifest = own->manifest;
        receiving_->chunks = static_cast<std::uint32_t>(own->manifest->chunks.size());
        receiving_->complete = true;
    }
}

void Snapshotter::receive(const Step& step) {
    if (!receiving_) {
        return;
    }
    if (receiving_->pulled && receiving_->complete) {
        install_pulled(step);
        return;
    }
    if (!receiving_->pulled && step.raft.commit() >= receiving_->cut.id.index) {
        LEDGER_SOMETIMES(true, "node.cut.came_by_the_log");
        receiving_.reset();
        return;
    }
    if (receiving_->complete) {
        const LogId id = receiving_->cut.id;
        if (!step.raft.snapshot_received(step.now, id)) {
            receiving_.reset();
        }
        return;  // otherwise Raft says at once where the log goes on
    }
    if (receiving_->request == 0 && step.now >= receiving_->ask_at) {
        ask(step);
    }
}

void Snapshotter::ask(const Step& step) {
    const raft::Status status = step.raft.status();
    const bool from_leader = status.leader != NodeId{} && !receiving_->pulled;
    const NodeId leader = from_leader ? status.leader : receiving_->from;
    receiving_->ask_at = step.now + limits_.cut_retry;
    if (leader == step.raft.self()) {
        return;
    }
    const std::uint32_t part = receiving_->manifest ? receiving_->chunks + 1 : 0;
    say(step, leader, CutRequest{receiving_->cut.id, part});
}

void Snapshotter::received(const Step& step, NodeId, CutPart&& part) {
    if (take_mended(step, part)) {
        return;
    }
    const bool awaited = receiving_ && receiving_->cut.id == part.cut && !receiving_->complete &&
                         receiving_->request == 0;
    LEDGER_SOMETIMES(!awaited, "node.cut.part_not_awaited");
    if (!awaited) {
        return;
    }
    if (part.part == 0 && !receiving_->manifest) {
        take_manifest(step, part);
    } else if (receiving_->manifest && part.part == receiving_->chunks + 1) {
        take_chunk(step, std::move(part));
    }
}

void Snapshotter::take_manifest(const Step& step, const CutPart& part) {
    Result<log::CutManifest> manifest = log::decode_manifest(part.bytes);
    const bool right = manifest && (receiving_->pulled
                                           ? manifest->id == receiving_->cut.id &&
                                                 decode_control(manifest->control).has_value()
                                           : is_offered(*manifest, receiving_->cut));
    LEDGER_SOMETIMES(!right, "node.cut.manifest_refused");
    if (!right) {
        return;  // asked for again
    }
    receiving_->manifest = std::make_shared<const log::CutManifest>(std::move(*manifest));
    receiving_->work = Receiving::Work::resume;
    receiving_->request = store(step, part.cut, StoreCut::Resume{receiving_->manifest});
}

void Snapshotter::take_chunk(const Step& step, CutPart&& part) {
    const std::uint32_t number = chunk_of(part.part);
    LEDGER_ASSERT(number < receiving_->manifest->chunks.size());
    const bool right = sha256(part.bytes) == receiving_->manifest->chunks[number];
    LEDGER_SOMETIMES(!right, "node.cut.chunk_refused");
    if (!right) {
        return;
    }
    receiving_->work = Receiving::Work::chunk;
    receiving_->request = store(step, part.cut,
        StoreCut::Chunk{number, std::make_shared<const ByteVector>(std::move(part.bytes))});
}

void Snapshotter::received_is_stored(const Step& step, const CutStored& done) {
    Receiving& receiving = *receiving_;
    receiving.request = 0;
    const auto all = static_cast<std::uint32_t>(receiving.manifest->chunks.size());
    switch (receiving.work) {
        case Receiving::Work::resume:
            LEDGER_ASSERT(done.chunks <= all);
            LEDGER_SOMETIMES(done.chunks > 0, "node.cut.transfer_resumed");
            receiving.chunks = done.chunks;
            break;
        case Receiving::Work::chunk: ++receiving.chunks; break;
        case Receiving::Work::complete:
            hold(receiving.manifest);
            receiving.complete = true;
            return;
    }
    receiving.ask_at = step.now;
    if (receiving.chunks == all) {
        receiving.work = Receiving::Work::complete;
        receiving.request =
            store(step, receiving.cut.id, StoreCut::Complete{receiving.manifest});
    }
}

// ---- the state itself, after a restart or a transfer

void Snapshotter::begin_restoring(const SharedManifest& manifest) {
    machine_.begin_restore();
    restoring_ = Restoring{.manifest = manifest};
    restored_.reset();
}

void Snapshotter::restore(const Step& step) {
    if (restoring_ && !restoring_->front && machine_.has_front() && !begin_applying()) {
        another_cut();
    }
    if (!restoring_ || restoring_->request != 0) {
        return;
    }
    const log::CutManifest& cut = *restoring_->manifest;
    if (waits_for_chunk()) {
        return;
    }
    if (restoring_->chunks < cut.chunks.size()) {
        restoring_->request = load(step, cut.id, restoring_->chunks);
        return;
    }
    if (!restoring_->settling) {
        if (!machine_.end_restore() || (!restoring_->front && !begin_applying())) {
            another_cut();
            return;
        }
        restoring_->settling = true;
    }
    if (!machine_.settle()) {
        restoring_.reset();
    }
}

// The state is the one at the cut, or will be when its past has come; false if the cut is not sensible.
bool Snapshotter::begin_applying() {
    const log::CutManifest& cut = *restoring_->manifest;
    std::optional<CutControl> control = decode_control(cut.control);
    if (!control) {
        return false;
    }
    control_ = std::move(*control);
    applied_ = cut.id.index;
    restored_ = applied_;
    restored_hash_ = cut.entry_hash;
    restoring_->front = true;
    LEDGER_ASSERT(control_.last_cut == applied_);
    return true;
}

void Snapshotter::take_up(const Step& step, const ChunkLoaded& done) {
    restoring_->request = 0;
    if (!done.failed && waits_for_chunk() && mending_->request == 0) {
        mending_.reset();
    }
    // Once entries have been applied, to begin anew is the last resort.
    const bool others_first = restoring_->front || !has_alternative();
    if (done.failed && others_first && has_others(step.raft)) {
        LEDGER_SOMETIMES(restoring_->front, "node.cut.past_damaged");
        note_damaged(step, restoring_->manifest, restoring_->chunks);
        return;
    }
    if (done.failed || !machine_.restore_chunk(done.bytes)) {
        another_cut();
        return;
    }
    ++restoring_->chunks;
}

bool Snapshotter::has_alternative() const {
    const Index unreadable = restoring_->manifest->id.index;
    return log_begins_after_ == Index{0} ||
           std::any_of(held_.begin(), held_.end(), [&](const Held& own) {
               const Index index = own.manifest->id.index;
               return index >= log_begins_after_ && index < unreadable;
           });
}

// ---- damaged chunks, and cuts in the place of damaged entries

// One at a time: another one is found again. But what the state hangs on goes first.
void Snapshotter::note_damaged(
    const Step& step, const SharedManifest& manifest, std::uint32_t number) {
    LEDGER_SOMETIMES(true, "node.cut.chunk_damaged");
    const bool urgent = restoring_ && restoring_->manifest->id == manifest->id &&
                        restoring_->chunks == number && !waits_for_chunk();
    if (!mending_ || (urgent && mending_->request == 0)) {
        mending_ = Mending{.manifest = manifest, .number = number, .ask_at = step.now};
    }
}

std::optional<CutChunk> Snapshotter::chunk_from(const CutChunk& place) const {
    for (const Held& own : held_) {
        const log::CutManifest& cut = *own.manifest;
        const std::uint32_t number = cut.id == place.cut ? place.number : 0;
        if (!restoring_ && cut.id >= place.cut && number < cut.chunks.size()) {
            return CutChunk{cut.id, number};
        }
    }
    return std::nullopt;
}

void Snapshotter::scrub(const Step& step, const CutChunk& chunk) {
    const Held* own = held(chunk.cut);
    LEDGER_ASSERT(own != nullptr && !scrubbing_);
    scrubbing_ = Scrubbing{own->manifest, chunk.number, load(step, chunk.cut, chunk.number)};
}

std::optional<std::uint64_t> Snapshotter::scrubbed() {
    return std::exchange(scrubbed_, std::nullopt);
}

// Whoever has the same cut can help.
void Snapshotter::mend(const Step& step) {
    if (!mending_ || mending_->request != 0 || step.now < mending_->ask_at) {
        return;
    }
    if (held(mending_->manifest->id) == nullptr) {
        mending_.reset();
        return;
    }
    mending_->ask_at = step.now + limits_.cut_retry;
    const LogId cut = mending_->manifest->id;
    const bool waits = waits_for_chunk();
    if (waits) {
        // The next reading may do better; and if nobody has this cut any more, a newer one will do.
        restoring_->request = load(step, cut, mending_->number);
    }
    for (const NodeId member : step.raft.configurations().members()) {
        if (member != step.raft.self()) {
            say(step, member, CutRequest{cut, mending_->number + 1});
        }
        if (member != step.raft.self() && waits) {
            say(step, member, FetchEntry{step.raft.status().term, cut, 0});
        }
    }
}

bool Snapshotter::waits_for_chunk() const {
    return restoring_ && mending_ && mending_->manifest->id == restoring_->manifest->id &&
           mending_->number == restoring_->chunks;
}

bool Snapshotter::take_mended(const Step& step, const CutPart& part) {
    const bool awaited = mending_ && mending_->request == 0 &&
                         part.cut == mending_->manifest->id &&
                         part.part == mending_->number + 1 &&
                         sha256(part.bytes) == mending_->manifest->chunks[mending_->number];
    if (awaited) {
        mending_->request = store(step, part.cut,
            StoreCut::Mend{mending_->number, std::make_shared<const ByteVector>(part.bytes)});
    }
    return awaited;
}

void Snapshotter::pull(const Step& step, NodeId from, LogId cut) {
    // Whoever was asked for an older one may have it no more.
    const bool in_vain = receiving_ && receiving_->pulled && !receiving_->manifest &&
                         cut.index > receiving_->cut.id.index;
    LEDGER_SOMETIMES(in_vain, "node.cut.pulled_in_vain");
    const bool helps = cut.index > applied_ && step.raft.log().contains(cut) &&
                       (!restoring_ || waits_for_chunk()) && (!receiving_ || in_vain) &&
                       held(cut) == nullptr;
    if (!helps) {
        return;
    }
    LEDGER_SOMETIMES(true, "node.cut.pulled");
    abandon_making();  // what comes is newer
    receiving_ = Receiving{.from = from,
        .cut = {.id = cut, .cluster_time = {}, .wall_time = {}, .configuration = {}},
        .manifest = {},
        .ask_at = step.now,
        .pulled = true};
}

void Snapshotter::install_pulled(const Step& step) {
    const log::CutManifest& cut = *receiving_->manifest;
    const auto configuration = raft::decode_configuration(cut.configuration);
    LEDGER_SOMETIMES(cut.id.index > applied_, "node.cut.pulled_installed");
    if (cut.id.index > applied_ && configuration) {
        step.raft.covered_by_cut(step.now, cut.id, *configuration);
    }
    receiving_.reset();
}

// The cut in hand cannot be read: an older one, or the log from its beginning, leads to the same
// state. Where neither is left nothing is made up.
void Snapshotter::another_cut() {
    LEDGER_SOMETIMES(true, "node.cut.unreadable_at_boot");
    const LogId unreadable = restoring_->manifest->id;
    const bool applied = restoring_->front;
    LEDGER_SOMETIMES(applied, "node.cut.fell_back");
    fell_back_ = fell_back_ || applied;
    restoring_.reset();
    std::erase_if(held_, [&](const Held& held) { return held.manifest->id >= unreadable; });
    machine_.begin_restore();
    begin_from(unreadable.index.previous());
    if (!restoring_) {
        machine_.abandon_restore();
    }
    if (!restoring_ && applied) {
        control_ = {};
        applied_ = Index{};
        restored_ = applied_;
        restored_hash_ = Digest{};
    }
}

}  // namespace ledger::node
