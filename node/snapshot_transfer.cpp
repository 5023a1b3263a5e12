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
    const bool known = sending != sending_.end() && own != nullptr &&
                       request.part <= own->manifest->chunks.size();
    LEDGER_SOMETIMES(!known, "node.cut.request_of_unknown_part");
    if (known) {
        sending->heard = step.now;
        sending->part = request.part;
    }
}

bool Snapshotter::still_wanted(const Step& step, const Sending& sending) const {
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
    for (Sending& sending : sending_) {
        if (sending.request != done.request) {
            continue;
        }
        sending.request = 0;
        LEDGER_SOMETIMES(done.failed, "node.cut.chunk_unreadable_for_peer");
        if (done.failed) {
            step.raft.snapshot_failed(step.now, sending.peer);
        } else if (sending.part) {
            send_part(step, sending, ByteVector(done.bytes));
        }
        return;
    }
    if (restoring_ && restoring_->request == done.request) {
        take_up(done);
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
    if (step.raft.commit() >= receiving_->cut.id.index) {
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
    const NodeId leader = status.leader != NodeId{} ? status.leader : receiving_->from;
    receiving_->ask_at = step.now + limits_.cut_retry;
    if (leader == step.raft.self()) {
        return;
    }
    const std::uint32_t part = receiving_->manifest ? receiving_->chunks + 1 : 0;
    say(step, leader, CutRequest{receiving_->cut.id, part});
}

void Snapshotter::received(const Step& step, NodeId, CutPart&& part) {
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
    const bool right = manifest && is_offered(*manifest, receiving_->cut);
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
    if (!restoring_ || restoring_->request != 0) {
        return;
    }
    const log::CutManifest& cut = *restoring_->manifest;
    if (restoring_->chunks < cut.chunks.size()) {
        restoring_->request = load(step, cut.id, restoring_->chunks);
        return;
    }
    std::optional<CutControl> control = decode_control(cut.control);
    if (!control || !machine_.end_restore()) {
        another_cut();
        return;
    }
    control_ = std::move(*control);
    applied_ = cut.id.index;
    restored_ = applied_;
    restoring_.reset();
    LEDGER_ASSERT(control_.last_cut == applied_);
}

void Snapshotter::take_up(const ChunkLoaded& done) {
    restoring_->request = 0;
    if (done.failed || !machine_.restore_chunk(done.bytes)) {
        another_cut();
        return;
    }
    ++restoring_->chunks;
}

// The cut in hand cannot be read: an older one, or the log from its beginning, leads to the same
// state. Where neither is left nothing is made up.
void Snapshotter::another_cut() {
    LEDGER_SOMETIMES(true, "node.cut.unreadable_at_boot");
    const LogId unreadable = restoring_->manifest->id;
    restoring_.reset();
    std::erase_if(held_, [&](const Held& held) { return held.manifest->id >= unreadable; });
    machine_.begin_restore();
    begin_from(unreadable.index.previous());
}

}  // namespace ledger::node
