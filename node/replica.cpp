#include "node/replica.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "node/frame.h"
#include "node/wire_size.h"
#include "node/membership.h"
#include "raft/configuration_body.h"

namespace ledger::node {
Replica::Replica(const Config& config, StateMachine& machine, ChoiceSource& choices)
    : config_(config), machine_(machine), choices_(choices), features_(config.features_max),
      proposals_(config.limits.proposal_delay_max), snapshots_(config_.limits, machine),
      repair_(config_.limits, config.raft.election_timeout_min), scrubber_(config_.limits),
      eraser_(config_.limits) {
    LEDGER_ASSERT(config.raft.self != NodeId{});
    LEDGER_ASSERT(append_request_bytes_max(config.raft) <= frame_bytes_max);
    config_.raft.choices = &choices_;
    features_.restore(config.features_founded);
}

std::span<Effect> Replica::step(Instant now, Event&& event) {
    effects_.clear();
    apply_budget_ = config_.limits.apply_entries_max;
    answer_budget_ = config_.limits.answer_bytes_max;
    if (halted_) {
        return {};
    }
    LEDGER_ASSERT(started() || std::holds_alternative<Start>(event));
    std::visit([&](auto&& kind) { on(now, std::move(kind)); }, std::move(event));
    if (!halted_) {
        settle(now);
    }
    return effects_;
}

void Replica::on(Instant now, Start&& event) {
    LEDGER_ASSERT(!started());
    const log::Recovered& found = event.recovered;
    config_.raft.incarnation = found.incarnation;
    snapshots_.boot(std::move(event.cuts), found);
    if (!snapshots_.failure().empty()) {
        halt(snapshots_.failure());
        return;
    }
    raft::Boot boot{.hard_state = found.hard_state,
        .previous = found.previous,
        .first = found.first,
        .last = found.last,
        .terms = found.terms,
        .commit = found.commit,
        .tail = {},
        .last_cluster_time = found.last_cluster_time,
        .last_wall_time = found.last_wall_time};
    if (found.configuration) {
        const auto held = raft::configuration_of(*found.configuration);
        if (!held) {
            halt("the committed configuration at index " +
                 std::to_string(found.configuration->index.value) + " makes no sense");
            return;
        }
        boot.configuration = {found.configuration->index, *held};
    }
    boot.unreadable_configuration = found.faulty_configuration;
    hashes_.reset(found.commit, found.commit_hash);
    boot.cut = snapshots_.cut_below_log();
    if (const log::CutManifest* cut = snapshots_.boot_cut();
        cut != nullptr && cut->id.index > found.commit) {
        // A cut is made of committed entries only: it is a witness like any other.
        boot.commit = cut->id.index;
        hashes_.reset(cut->id.index, cut->entry_hash);
    }
    boot_tail(found, boot);
    repair_.boot(found, now);
    scrubber_.boot(now);
    envelope_.cluster = config_.cluster;
    envelope_.group = config_.group;
    envelope_.from = config_.raft.self;
    envelope_.incarnation = config_.raft.incarnation;
    envelope_.features = features_.known();
    raft_.emplace(config_.raft, boot, now);
    raft_->set_wall_clock(now, event.wall);
    stores_.reset(raft_->log().last_id(), found.hard_state);
    note_space(now, found.crowded);
    for (const EntryRef& entry : boot.tail) {
        if (!raft_->log().is_hole(entry.index) && halts_at(entry)) {
            return;
        }
    }
}

void Replica::boot_tail(const log::Recovered& found, raft::Boot& boot) {
    const auto is_damaged = [&](Index index) {
        return std::any_of(found.faulty.begin(), found.faulty.end(),
            [index](const log::EntryIdentity& name) { return name.index == index; });
    };
    // What a cut covers is committed, so that a damaged entry there is no hole; nor is what stands in
    // its place an entry, and memory begins behind it.
    Index left_out;
    for (const HashedEntry& entry : found.tail) {
        const Index index = entry.entry.index;
        left_out = index <= hashes_.base() && is_damaged(index) ? index : left_out;
    }
    for (const HashedEntry& entry : found.tail) {
        const Index index = entry.entry.index;
        const bool damaged = is_damaged(index);
        if (index <= left_out) {
            LEDGER_SOMETIMES(damaged, "node.repair.damaged_below_the_cut");
            note_committed(entry.entry, damaged, boot);
            continue;
        }
        boot.tail.push_back(entry.entry);
        if (index <= hashes_.base()) {
            continue;
        }
        if (damaged) {
            boot.holes.push_back(index);
        }
        if (damaged || !hashes_.knows(hashes_.last())) {
            hashes_.append_as_found(entry.hash);
            continue;
        }
        // The cut may know the chain where the disk has lost it.
        const HashedEntry chained = hashes_.append(entry.entry);
        LEDGER_ASSERT(entry.hash == Digest{} || chained.hash == entry.hash);
    }
}

void Replica::note_committed(const EntryRef& entry, bool damaged, raft::Boot& boot) {
    if (entry.kind != EntryKind::configuration) {
        return;
    }
    if (damaged) {
        boot.unreadable_configuration = entry.index;
    } else if (const auto held = raft::configuration_of(entry)) {
        boot.configuration = {entry.index, *held};
    }
}

void Replica::on(Instant now, Message&& event) {
    PeerMessage& message = event.message;
    const bool for_me = message.cluster == config_.cluster && message.group == config_.group &&
                        message.to == config_.raft.self;
    LEDGER_SOMETIMES(!for_me, "node.message.not_for_me");
    if (!for_me) {
        return;
    }
    features_news_ |= features_.heard(message.from, message.features);
    if (const auto* fetch = std::get_if<FetchEntry>(&message.body)) {
        receive(now, message.from, *fetch);
    } else if (const auto* fetched = std::get_if<FetchedEntry>(&message.body)) {
        if (raft_->is_disk_of(message.from, message.incarnation)) {
            if (auto copy = repair_.received(repair_step(now), message.from, *fetched)) {
                // Its sender may not have applied what redacts it.
                mend(now, as_it_stays(std::move(*copy)));
            } else if (fetched->result == FetchResult::compacted && needs_cut(*fetched)) {
                snapshots_.pull(snapshot_step(now), message.from, fetched->cut);
            }
        }
    } else if (!repair_.settled()) {
        LEDGER_SOMETIMES(true, "node.repair.unsettled_does_not_listen");
    } else if (auto* said = std::get_if<raft::Message>(&message.body)) {
        raft_->receive(now, message.from, std::move(*said), message.incarnation);
    } else if (const auto* asked = std::get_if<CutRequest>(&message.body)) {
        snapshots_.received(snapshot_step(now), message.from, *asked);
    } else {
        auto* part = std::get_if<CutPart>(&message.body);
        LEDGER_ASSERT(part != nullptr);
        snapshots_.received(snapshot_step(now), message.from, std::move(*part));
    }
}

// What is gone from the other's log is damaged in ours, or in our cut.
bool Replica::needs_cut(const FetchedEntry& fetched) const {
    return snapshots_.lacks_chunk_of(fetched.entry) ||
           (fetched.entry.index > applied_ && repair_.wants(fetched.entry.index));
}

void Replica::receive(Instant now, NodeId from, const FetchEntry& asked) {
    if (!repair_.received(repair_step(now), from, asked)) {
        // Two nodes may each have what the other lacks: neither waits for its own chain to be whole.
        start_load(LoadForFetch{from, asked}, asked.entry.index, asked.entry.index, Load::alone);
    }
}

// A hole of Raft's comes back as a repair in its Ready.
void Replica::mend(Instant now, const EntryRef& copy) {
    const bool hole = raft_->log().is_hole(copy.index);
    raft_->mend(now, copy);
    if (!hole) {
        store_repair(copy);
    }
}

void Replica::store_repair(const EntryRef& copy) {
    stores_.repair(copy);
    repair_.mending(copy.index, stores_.everything());
}

// The chain goes on behind a damaged entry that is known again.
void Replica::learn_hashes(const EntryRef& copy) {
    const EntryRef* entry = &copy;
    for (Index at = copy.index; at <= hashes_.last() && entry != nullptr;
         entry = raft_->log().find(++at)) {
        if (at <= hashes_.base() || hashes_.knows(at) || !hashes_.knows(at.previous())) {
            return;
        }
        hashes_.learn(at, entry_hash(hashes_.at(at.previous()), *entry));
    }
}

void Replica::on(Instant now, Stored&& event) {
    const StoreQueue::Durable durable = stores_.stored(event.ticket);
    repair_.stored(now, event.ticket);
    eraser_.stored(event.ticket);
    for (const Index index : event.damaged) {
        repair_.found(repair_step(now), index);
    }
    raft_->stored(now, durable.upto, durable.hard_state);
    note_space(now, event.crowded);
    if (restart_ != Ticket{} && event.ticket >= restart_) {
        restart_ = {};
        snapshots_.restart_stored();
    }
    if (!durable.seal_only) {
        seal_at_ = now + config_.limits.seal_delay;
    }
}

void Replica::note_space(Instant now, bool crowded) {
    if (crowded_ != crowded) {
        LEDGER_SOMETIMES(crowded, "node.space.crowded");
        LEDGER_SOMETIMES(!crowded, "node.space.back");
        crowded_ = crowded;
        raft_->set_crowded(now, crowded);
    }
    look_again_ = crowded ? now + config_.limits.crowded_look : never;
}

// As leader: a command that was appended now would not be stored here, or not by a quorum.
bool Replica::lacks_space() const {
    return raft_->status().role == raft::Role::leader && !raft_->has_space();
}

void Replica::on(Instant, StoreFailed&& event) {
    // A failed write or fsync leaves nothing known about the disk; it is never retried.
    halt("the disk failed to store group " + std::to_string(event.ticket.value));
}

void Replica::on(Instant now, Loaded&& event) {
    const auto at = std::find_if(loads_.begin(), loads_.end(),
        [&](const PendingLoad& load) { return load.request == event.request; });
    LEDGER_ASSERT(at != loads_.end());
    const LoadPurpose purpose = at->purpose;
    loads_.erase(at);
    if (event.failed && event.damaged != Index{}) {
        repair_.found(repair_step(now), event.damaged);
    }
    if (std::holds_alternative<LoadForNothing>(purpose)) {
        return;
    }
    if (std::holds_alternative<LoadForApply>(purpose)) {
        loading_to_apply_ = false;
        if (event.failed && repair_.wants(event.damaged)) {
            LEDGER_SOMETIMES(true, "node.apply.waits_for_repair");
            apply_waits_for_ = event.damaged;
            return;
        }
        if (event.failed) {
            halt("cannot read committed entry " + std::to_string(applied_.next().value));
            return;
        }
        for (const HashedEntry& entry : event.entries) {
            if (!halted_ && entry.entry.index == applied_.next() && !needs_past(entry.entry)) {
                apply_entry(now, entry);
            }
        }
        return;
    }
    std::vector<EntryRef> entries;
    entries.reserve(event.entries.size());
    const bool compares = std::holds_alternative<LoadForErasure>(purpose);
    for (HashedEntry& entry : event.entries) {
        entries.push_back(
            compares ? std::move(entry.entry) : as_it_stays(std::move(entry.entry)));
    }
    if (compares) {
        eraser_.read(entries, event.damaged, machine_);
        return;
    }
    if (const auto* peer = std::get_if<LoadForPeer>(&purpose)) {
        raft_->loaded(now, peer->peer, entries);
        return;
    }
    if (std::holds_alternative<LoadForScrub>(purpose)) {
        if (event.failed || entries.empty()) {
            scrubber_.failed(now);
            return;
        }
        std::uint64_t bytes = 0;
        for (const EntryRef& entry : entries) {
            bytes += entry.bytes;
        }
        scrubber_.done(now, entries.back().index, bytes);
        return;
    }
    if (const auto* fetch = std::get_if<LoadForFetch>(&purpose)) {
        repair_.answer(repair_step(now), fetch->peer, fetch->asked, entries);
        return;
    }
    const auto* query = std::get_if<LoadForQuery>(&purpose);
    OpenQuery* open = queries_.find(query->query);
    LEDGER_ASSERT(open != nullptr);
    if (event.failed) {
        // Only this answer needs it; the node goes on, and another one may be able to read it. If
        // the entry has just expired, the next attempt will be refused by name.
        reply(open->client, open->request, Redirect{});
        queries_.close(query->query);
        return;
    }
    for (EntryRef& entry : entries) {
        const std::size_t next = open->gathered.size();
        if (next < open->plan->entries.size() && entry.index == open->plan->entries[next]) {
            open->gather(std::move(entry));
        }
    }
    work_on_query(query->query);
}

void Replica::on(Instant now, Time&& event) {
    if (now >= wake_) {
        wake_ = never;
    }
    raft_->set_wall_clock(now, event.wall);
    if (repair_.settled()) {
        raft_->time(now);
    }
    proposals_.turn_over();
    // Who stores nothing hears nothing of its disk: so an empty group looks after the space.
    const bool seal = now >= seal_at_;
    const bool look = now >= look_again_;
    seal_at_ = seal ? never : seal_at_;
    look_again_ = look ? never : look_again_;
    if ((seal || look) && stores_.idle()) {
        const StoreQueue::Submitted store = stores_.submit(raft_->commit());
        effects_.emplace_back(Store{store.ticket, store.group});
    }
}

void Replica::on(Instant now, Client&& event) {
    const RequestId request = event.request.id;
    if (auto* command = std::get_if<Command>(&event.request.operation)) {
        on_command(now, event.client, request, std::move(*command));
    } else if (auto* query = std::get_if<Query>(&event.request.operation)) {
        on_query(now, event.client, request, std::move(*query));
    } else if (std::holds_alternative<StatusQuery>(event.request.operation)) {
        reply(event.client, request, status(now));
    } else if (const auto* change = std::get_if<ChangeMembership>(&event.request.operation)) {
        on_change(now, event.client, request, *change);
    } else if (const auto* move = std::get_if<TransferLeadership>(&event.request.operation)) {
        on_transfer(now, event.client, request, *move);
    } else if (const auto* finalise = std::get_if<Finalise>(&event.request.operation)) {
        on_finalise(now, event.client, request, *finalise);
    } else {
        reply(event.client, request, Refused{"subscriptions are served by the edge of a node"});
    }
}

void Replica::on(Instant, PeerUp&&) {}

void Replica::on(Instant now, PeerDown&& event) {
    features_.silent(event.peer);
    raft_->peer_down(now, event.peer);
    snapshots_.peer_down(event.peer);
}

void Replica::on(Instant now, CutStored&& event) {
    snapshots_.stored(snapshot_step(now), event);
}

void Replica::on(Instant now, ChunkLoaded&& event) {
    snapshots_.loaded(snapshot_step(now), event);
    if (const std::optional<std::uint64_t> bytes = snapshots_.scrubbed()) {
        scrubber_.chunk_done(now, *bytes);
    }
}

void Replica::on_command(Instant now, ClientId client, RequestId request, Command&& command) {
    // Cheap refusals first: a node that does not lead looks at no payload.
    const raft::Status status = raft_->status();
    if (status.role != raft::Role::leader) {
        reply(client, request, Redirect{status.leader});
        return;
    }
    if (lacks_space()) {
        LEDGER_SOMETIMES(true, "node.command.refused_no_space");
        reply(client, request, Overloaded{config_.limits.crowded_look, true});
        return;
    }
    if (waiters_.size() + proposals_.size() >= config_.limits.waiters_max ||
        stores_.pending_bytes() + proposals_.bytes() >= config_.limits.pending_bytes_max) {
        LEDGER_SOMETIMES(true, "node.command.refused_overloaded");
        reply(client, request, Overloaded{config_.limits.retry_after});
        return;
    }
    if (!command.body) {
        reply(client, request, Refused{"a command needs a body"});
        return;
    }
    if (const Result<void> admitted = machine_.admit(*command.body); !admitted) {
        const Error error = admitted.error();
        reply(client, request, Refused{error.code.message() + ": " + error.place});
        return;
    }
    proposals_.add(now, {client, request}, std::move(command.body));
}

void Replica::propose_due(Instant now) {
    if (!proposals_.empty() && lacks_space()) {
        LEDGER_SOMETIMES(true, "node.proposals.refused_no_space");
        refuse_proposals(Overloaded{config_.limits.crowded_look, true});
        return;
    }
    const raft::RaftLog& log = raft_->log();
    LEDGER_ASSERT(raft_->commit() <= log.last());
    if (proposals_.due(now, log.last() - raft_->commit())) {
        propose(now);
    }
}

void Replica::propose(Instant now) {
    const raft::ProposeOutcome outcome = raft_->propose(now, proposals_.entries());
    if (const auto* proposed = std::get_if<raft::Proposed>(&outcome)) {
        LEDGER_ASSERT(waiters_.empty() || waiters_.back().index < proposed->first.index);
        LEDGER_SOMETIMES(proposals_.size() > 1, "node.proposals.several_at_once");
        Index index = proposed->first.index;
        for (const ProposalQueue::Asker& asker : proposals_.askers()) {
            waiters_.push_back({index, proposed->first.term, asker.client, asker.request});
            ++index;
        }
        LEDGER_ASSERT(waiters_.back().index == proposed->last.index);
        proposals_.clear();
    } else if (const auto* other = std::get_if<raft::NotLeader>(&outcome)) {
        refuse_proposals(Redirect{other->leader});
    } else {
        LEDGER_SOMETIMES(true, "node.command.refused_busy");
        refuse_proposals(Overloaded{config_.limits.retry_after});
    }
}

// Definite: they were never in the log.
template <typename Outcome>
void Replica::refuse_proposals(const Outcome& outcome) {
    for (const ProposalQueue::Asker& asker : proposals_.askers()) {
        reply(asker.client, asker.request, outcome);
    }
    proposals_.clear();
}

void Replica::on_change(
    Instant now, ClientId client, RequestId request, const ChangeMembership& change) {
    const raft::Status status = raft_->status();
    if (status.role != raft::Role::leader) {
        reply(client, request, Redirect{status.leader});
        return;
    }
    if (waiters_.size() + proposals_.size() >= config_.limits.waiters_max) {
        reply(client, request, Overloaded{config_.limits.retry_after});
        return;
    }
    const auto target = target_of(raft_->configuration(), change);
    if (const auto* fault = std::get_if<std::string>(&target)) {
        reply(client, request, Refused{*fault});
        return;
    }
    const auto& wanted = *std::get_if<raft::Configuration>(&target);
    if (!quorum_answers(now, wanted.voters)) {
        // It would be the last thing that this cluster agrees on.
        LEDGER_SOMETIMES(true, "node.change.would_lose_quorum");
        reply(client, request, Refused{"too few of the voters that it leaves answer"});
        return;
    }
    const raft::ChangeOutcome outcome =
        raft_->change_membership(now, wanted);
    if (const auto* started = std::get_if<raft::ChangeStarted>(&outcome)) {
        LEDGER_ASSERT(waiters_.empty() || waiters_.back().index < started->entry.index);
        waiters_.push_back({started->entry.index, started->entry.term, client, request});
        return;
    }
    const auto* refused = std::get_if<raft::ChangeRefused>(&outcome);
    LEDGER_ASSERT(refused != nullptr);
    LEDGER_SOMETIMES(refused->passes, "node.change.too_early");
    if (refused->passes) {
        reply(client, request, Overloaded{config_.limits.retry_after});
    } else {
        reply(client, request, Refused{std::string(refused->reason)});
    }
}

void Replica::on_transfer(
    Instant now, ClientId client, RequestId request, const TransferLeadership& transfer) {
    const raft::Status status = raft_->status();
    const bool leads = status.role == raft::Role::leader;
    if (leads && transfer.target == config_.raft.self) {
        reply(client, request, LeadershipMoves{transfer.target});
        return;
    }
    const raft::TransferOutcome outcome = raft_->transfer(now, transfer.target);
    if (const auto* started = std::get_if<raft::TransferStarted>(&outcome)) {
        reply(client, request, LeadershipMoves{started->target});
    } else if (const auto* other = std::get_if<raft::NotLeader>(&outcome)) {
        reply(client, request, Redirect{other->leader});
    } else {
        reply(client, request,
            Refused{status.transfer_target == NodeId{}
                        ? "no voter that answers, holds data and was asked for"
                        : "leadership is on its way to another node"});
    }
}

void Replica::on_query(Instant now, ClientId client, RequestId request, Query&& query) {
    if (query.question.size() > config_.limits.question_bytes_max) {
        reply(client, request, Refused{"the question is too long"});
        return;
    }
    if (queries_.size() >= config_.limits.queries_max) {
        reply(client, request, Overloaded{config_.limits.retry_after});
        return;
    }
    const std::uint64_t number = queries_.open(client, request, std::move(query.question));
    if (query.level == ReadLevel::applied && snapshots_.lacks_past()) {
        LEDGER_SOMETIMES(true, "node.query.while_restoring");
        queries_.close(number);
        reply(client, request, Overloaded{config_.limits.retry_after});
        return;
    }
    if (query.level == ReadLevel::applied) {
        plan_query(number);
        return;
    }
    if (!raft_->read(now, raft::ReadId{number}, read_path(query.level))) {
        queries_.close(number);
        reply(client, request, Redirect{raft_->status().leader});
    }
}

raft::ReadPath Replica::read_path(ReadLevel level) const {
    LEDGER_ASSERT(level != ReadLevel::applied);  // asks nobody
    if (level == ReadLevel::anywhere) {
        return raft::ReadPath::anywhere;
    }
    return config_.raft.clock_drift_max ? raft::ReadPath::lease : raft::ReadPath::leader;
}

std::vector<MemberStatus> Replica::members(Instant now) const {
    std::vector<MemberStatus> all = members_of(raft_->configuration());
    const auto* leader = std::get_if<raft::Leader>(&raft_->role_state());
    if (leader == nullptr) {
        return all;
    }
    for (MemberStatus& one : all) {
        if (one.member.node == config_.raft.self) {
            one.match = raft_->status().durable;
            one.answers = true;
        }
        for (const raft::Progress& peer : leader->peers) {
            if (peer.node == one.member.node) {
                one.match = peer.match;
                one.rounds = static_cast<std::uint8_t>(peer.catch_up.rounds);
                one.trimmed = peer.trimmed;
                one.answers = now < peer.contact + config_.raft.election_timeout_min;
            }
        }
    }
    return all;
}

bool Replica::quorum_answers(Instant now, const raft::NodeSet& voters) const {
    std::uint32_t answering = 0;
    for (const MemberStatus& one : members(now)) {
        answering += one.answers && voters.contains(one.member.node) ? 1u : 0u;
    }
    return voters.empty() || answering > voters.size() / 2;
}

StatusAnswer Replica::status(Instant now) const {
    const raft::Status raft = raft_->status();
    const Summary summary = machine_.summary();
    LEDGER_ASSERT(applied_ <= raft.commit);
    return {.node = config_.raft.self,
        .cluster = config_.cluster,
        .role = raft.role,
        .term = raft.term,
        .leader = raft.leader,
        .last = raft.last,
        .durable = raft.durable,
        .commit = raft.commit,
        .applied = applied_,
        .length = summary.length,
        .chain = summary.chain,
        .incarnation = config_.raft.incarnation,
        .transfer_target = raft.transfer_target,
        .configuration_index = raft_->configurations().current_index(),
        .faulty = repair_.damaged(),
        .crowded = crowded_,
        .repair_blocked = repair_.blocked(),
        .members = members(now),
        .features = features_.known(),
        .active = features_.active()};
}

void Replica::on_finalise(
    Instant now, ClientId client, RequestId request, const Finalise& finalise) {
    const raft::Status status = raft_->status();
    if (status.role != raft::Role::leader) {
        reply(client, request, Redirect{status.leader});
        return;
    }
    const Features::Agreement agreed =
        features_.agreement(raft_->configuration().members(), config_.raft.self);
    const Feature version = std::min(agreed.newest, finalise.most);
    if (version <= features_.active()) {
        const std::string because =
            agreed.lagging.empty() ? "no newer one is known to all members" : agreed.lagging;
        const auto active = static_cast<std::uint32_t>(features_.active());
        reply(client, request,
            Refused{"feature version " + std::to_string(active) + " stays in force: " + because});
        return;
    }
    EntryRef entry = feature_entry(version);
    const raft::ProposeOutcome outcome = raft_->propose(now, {&entry, 1});
    if (std::holds_alternative<raft::Proposed>(outcome)) {
        waiters_.push_back({entry.index, entry.term, client, request});
    } else {
        reply(client, request, Overloaded{config_.limits.retry_after});
    }
}

void Replica::found_features(Instant now) {
    const ClusterTime founded{config_.limits.founding_time.nanoseconds};
    const bool can = raft_->status().role == raft::Role::leader &&
                     features_.active() < features_.known() &&
                     raft_->log().last_cluster_time() < founded;
    if (!std::exchange(features_news_, false) || !can) {
        return;
    }
    const Features::Agreement agreed =
        features_.agreement(raft_->configuration().members(), config_.raft.self);
    if (agreed.lagging.empty() && agreed.newest > features_.active()) {
        LEDGER_SOMETIMES(true, "node.feature.founded");
        EntryRef entry = feature_entry(agreed.newest);
        // Busy: a leader that hands over; the next one sees to it.
        static_cast<void>(raft_->propose(now, {&entry, 1}));
    }
}

bool Replica::halts_at(const EntryRef& entry) {
    std::string reason = unreadable(entry, features_.known());
    if (reason.empty()) {
        return false;
    }
    LEDGER_SOMETIMES(true, "node.feature.too_old");
    halt(std::move(reason), true);
    return true;
}

void Replica::settle(Instant now) {
    repair_.settle(repair_step(now));
    propose_due(now);
    found_features(now);
    take_ready(now);
    if (!halted_) {
        apply_committed(now);
    }
    if (!halted_) {
        work_on_cuts(now);
    }
    if (halted_) {
        return;
    }
    answer_granted();
    scrub(now);
    erase(now);
    repair_.forget(snapshots_.control().retained);
    repair_.work(repair_step(now));
    repair_.send_answers(repair_step(now), stores_.everything());
    submit_stores();
    announce();
    plan_wake(now);
}

// Cuts follow from what was applied; Raft may be led by them to send and to store.
void Replica::work_on_cuts(Instant now) {
    restore_begins_ = false;
    snapshots_.work(snapshot_step(now));
    if (snapshots_.fell_back()) {
        forget_load_for_apply();
    }
    if (const std::optional<Index> restored = snapshots_.restored()) {
        LEDGER_ASSERT(*restored <= raft_->commit());
        // Where there is a cut its version is in force; and what can be restored is known here.
        const Feature needed = std::max(Feature::cuts, machine_.needed());
        if (features_.known() < needed) {
            halt("the cut at " + std::to_string(restored->value) + " needs feature version " +
                     std::to_string(static_cast<std::uint32_t>(needed)) +
                     ": start a newer build", true);
            return;
        }
        features_.restore(needed);
        applied_ = *restored;
        chain_at_applied_ = snapshots_.hash_at_restored();
        forget_all_erased();
        eraser_.restored(now);
    }
    if (!snapshots_.failure().empty()) {
        halt(snapshots_.failure());
        return;
    }
    take_ready(now);
}

// The log goes on after a cut that came from the leader: nothing in it or in front of it counts.
void Replica::restart_log(const raft::Cut& cut) {
    const log::LogStart start = snapshots_.restart(cut);
    stores_.restart(start);
    restart_ = stores_.everything();
    hashes_.reset(start.id.index, start.hash);
    forget_load_for_apply();
}

// What the cut covers is damaged in the log, of which nothing is given up.
void Replica::restore_state(LogId cut) {
    const Digest& hash = snapshots_.restore_from(cut);
    if (cut.index > hashes_.base() && !hashes_.knows(cut.index)) {
        hashes_.learn(cut.index, hash);
    }
    if (const EntryRef* const next = raft_->log().find(cut.index.next())) {
        learn_hashes(*next);
    }
    forget_load_for_apply();
    restore_begins_ = true;
}

void Replica::forget_load_for_apply() {
    for (PendingLoad& load : loads_) {
        if (std::holds_alternative<LoadForApply>(load.purpose)) {
            load.purpose = LoadForNothing{};
        }
    }
    loading_to_apply_ = false;
    apply_waits_for_ = {};
}

void Replica::take_ready(Instant now) {
    raft::Ready& ready = raft_->ready();
    if (ready.empty()) {
        return;
    }
    if (ready.hard_state) {
        stores_.set_hard_state(*ready.hard_state);
    }
    if (ready.restore) {
        restart_log(*ready.restore);
    }
    if (ready.state_from) {
        restore_state(*ready.state_from);
    }
    for (const EntryRef& entry : ready.repairs) {
        learn_hashes(entry);
    }
    if (ready.truncate_to) {
        const Index kept = *ready.truncate_to;
        hashes_.truncate(kept);
        stores_.truncate(
            kept, raft_->log().term_at(kept).value_or(Term{}), hashes_.at(hashes_.last()));
    }
    // A copy may have come from the leader together with what replaces the entries behind it.
    for (const EntryRef& entry : ready.repairs) {
        store_repair(as_it_stays(EntryRef(entry)));
    }
    for (const EntryRef& entry : ready.entries) {
        if (halts_at(entry)) {
            return;
        }
        stores_.append(hashes_.append(entry));
    }
    for (const raft::Transition& transition : ready.transitions) {
        effects_.emplace_back(Trace{transition});
        if (transition.role != raft::Role::leader) {
            abandon_clients(transition.leader);
        } else {
            features_news_ = true;
        }
    }
    const Ticket everything = stores_.everything();
    for (raft::Outgoing& outgoing : ready.messages) {
        Send send{outgoing.durable ? everything : Ticket{}, envelope_};
        send.message.to = outgoing.to;
        send.message.body = std::move(outgoing.message);
        effects_.emplace_back(std::move(send));
    }
    for (const raft::ReadGrant& grant : ready.reads) {
        queries_.granted(grant.id.value, grant.index);
    }
    for (const raft::ReadId id : ready.dropped_reads) {
        const OpenQuery* open = queries_.find(id.value);
        LEDGER_ASSERT(open != nullptr);
        reply(open->client, open->request, Redirect{raft_->status().leader});
        queries_.close(id.value);
    }
    if (!ready.transitions.empty()) {
        give_up_reads_without_leader();
    }
    for (const raft::LoadWanted& load : ready.loads) {
        start_load(LoadForPeer{load.peer}, load.first, load.last, load.bytes_max);
    }
    for (const raft::SnapshotWanted& wanted : ready.snapshots) {
        snapshots_.wanted(snapshot_step(now), wanted);
    }
    for (const raft::SnapshotOffered& offered : ready.offers) {
        snapshots_.offered(snapshot_step(now), offered);
    }
    raft_->advance();
}

void Replica::apply_committed(Instant now) {
    while (!halted_ && applied_ < raft_->commit() && apply_budget_ > 0 && !loading_to_apply_ &&
           !snapshots_.restoring() && !apply_is_blocked()) {
        const Index next = applied_.next();
        const EntryRef* entry = next > hashes_.base() ? raft_->log().find(next) : nullptr;
        if (entry == nullptr) {
            LEDGER_SOMETIMES(true, "node.apply.loads_from_disk");
            loading_to_apply_ = true;
            const Index known = std::max(next, std::min(raft_->commit(), hashes_.base()));
            // No more than a later step may apply.
            const Index last =
                std::min(known, applied_ + std::uint64_t{config_.limits.apply_entries_max});
            start_load(LoadForApply{}, next, last, config_.limits.load_bytes_max,
                chain_at_applied_);
            break;
        }
        if (needs_past(*entry)) {
            break;
        }
        apply_entry(now, {*entry, hashes_.at(next)});
    }
    LEDGER_SOMETIMES(apply_budget_ == 0, "node.apply.budget_spent");
    hashes_.release(applied_);
    if (applied_.value > config_.limits.entry_cache_entries) {
        raft_->release_entries(applied_ - config_.limits.entry_cache_entries);
    }
}

// The past is still being read: this entry is applied when all of it has come.
bool Replica::needs_past(const EntryRef& entry) {
    apply_waits_for_past_ = snapshots_.lacks_past() &&
                            (entry.kind == EntryKind::retain || machine_.needs_past(entry));
    LEDGER_SOMETIMES(apply_waits_for_past_, "node.apply.waits_for_the_past");
    return apply_waits_for_past_;
}

void Replica::apply_entry(Instant now, const HashedEntry& entry) {
    LEDGER_ASSERT(entry.entry.index == applied_.next());
    LEDGER_ASSERT(entry.entry.index <= raft_->commit());
    LEDGER_ASSERT(apply_budget_ > 0);
    if (halts_at(entry.entry)) {
        return;
    }
    --apply_budget_;
    features_.apply(entry.entry);
    ByteVector outcome;
    machine_.apply(entry, outcome);
    applied_ = entry.entry.index;
    chain_at_applied_ = entry.hash;
    for (const Index erased : machine_.just_erased()) {
        forget_erased(erased);
        eraser_.wanted(now, erased);
    }
    snapshots_.applied(snapshot_step(now), entry);
    if (waiters_.empty() || waiters_.front().index != applied_) {
        return;
    }
    const Waiter waiter = waiters_.front();
    waiters_.pop_front();
    if (waiter.term == entry.entry.term && entry.entry.kind == EntryKind::configuration) {
        reply(waiter.client, waiter.request, MembershipChanged{applied_});
    } else if (waiter.term == entry.entry.term) {
        reply(waiter.client, waiter.request, Applied{applied_, std::move(outcome)});
    } else {
        // Another leader's entry took the place: ours can never commit, but a later retry may
        // already have; only the client's session can tell.
        reply(waiter.client, waiter.request, Indeterminate{});
    }
}

void Replica::answer_granted() {
    // Thousands of reads may be granted at once, and all their answers would be in memory together.
    while (answer_budget_ > 0 && !snapshots_.lacks_past() && queries_.answerable(applied_)) {
        plan_query(*queries_.next_answerable(applied_));
    }
}

void Replica::plan_query(std::uint64_t query) {
    OpenQuery* open = queries_.find(query);
    LEDGER_ASSERT(open != nullptr);
    LEDGER_ASSERT(!open->plan);
    Result<QueryPlan> plan = machine_.query(open->question);
    if (!plan) {
        const Error error = plan.error();
        reply(open->client, open->request, Refused{error.code.message() + ": " + error.place});
        queries_.close(query);
        return;
    }
    open->index = applied_;
    open->plan = std::move(*plan);
    work_on_query(query);
}

void Replica::work_on_query(std::uint64_t query) {
    OpenQuery* open = queries_.find(query);
    const std::vector<Index>& wanted = open->plan->entries;
    const std::uint64_t bytes_max =
        std::min(config_.limits.answer_bytes_max, open->plan->bytes_max);
    while (open->gathered.size() < wanted.size() &&
           (open->gathered.empty() || open->gathered_bytes < bytes_max)) {
        const std::size_t at = open->gathered.size();
        LEDGER_ASSERT(wanted[at] <= applied_);
        const EntryRef* entry = raft_->log().find(wanted[at]);
        if (entry == nullptr) {
            LEDGER_SOMETIMES(true, "node.query.loads_from_disk");
            std::size_t end = at + 1;
            while (end < wanted.size() && wanted[end] == wanted[end - 1].next()) {
                ++end;
            }
            start_load(LoadForQuery{query}, wanted[at], wanted[end - 1],
                bytes_max - std::min(bytes_max, open->gathered_bytes));
            return;
        }
        open->gather(EntryRef(*entry));
    }
    LEDGER_SOMETIMES(open->gathered.size() < wanted.size(), "node.query.answer_full");
    answer_budget_ -= std::min(answer_budget_, open->gathered_bytes);
    // What was gathered first may have been redacted since; what lacks its payloads on a witness's disk
    // has them elsewhere.
    for (EntryRef& entry : open->gathered) {
        entry = as_it_stays(std::move(entry));
    }
    const bool erased = raft_->status().trimmed &&
                        std::any_of(open->gathered.begin(), open->gathered.end(),
                            [](const EntryRef& entry) { return entry.handle.is_erased(); });
    LEDGER_SOMETIMES(erased, "node.query.witness_has_no_payloads");
    if (erased) {
        reply(open->client, open->request, Redirect{raft_->status().leader});
        queries_.close(query);
        return;
    }
    Result<ByteVector> answer = machine_.answer(*open->plan, open->gathered);
    if (answer) {
        reply(open->client, open->request, Answered{open->index, std::move(*answer)});
    } else {
        reply(open->client, open->request, Refused{answer.error().place});
    }
    queries_.close(query);
}

// Only what is durable: the rest is in memory, and its records may not be there yet.
void Replica::scrub(Instant now) {
    const raft::RaftLog& log = raft_->log();
    if (const std::optional<Index> from = scrubber_.next(now, log.first(), log.durable())) {
        LEDGER_SOMETIMES(true, "node.scrub.reads");
        start_load(LoadForScrub{}, *from, log.durable(), config_.limits.scrub_read_bytes);
    }
    if (const std::optional<CutChunk> place = scrubber_.next_chunk(now)) {
        if (const std::optional<CutChunk> chunk = snapshots_.chunk_from(*place)) {
            LEDGER_SOMETIMES(true, "node.scrub.reads_chunk");
            scrubber_.reads(*chunk);
            snapshots_.scrub(snapshot_step(now), *chunk);
        } else {
            scrubber_.finish(now);
        }
    }
}

EntryRef Replica::as_it_stays(EntryRef&& entry) const {
    EntryRef stays = std::move(entry);
    stays.handle = machine_.as_it_stays(stays.index, stays.handle);
    stays.bytes = stays.handle ? stays.handle->size() : 0;
    return stays;
}

// From here on nothing leaves this node, and nothing new is written, with what is to be destroyed.
void Replica::forget_erased(Index index) {
    const EntryRef* const entry = raft_->log().find(index);
    if (entry != nullptr) {
        const EntryHandle body = machine_.as_it_stays(index, entry->handle);
        raft_->replace_body(index, body);
        stores_.replace_body(index, body);
    }
}

void Replica::forget_all_erased() {
    const Index last = std::min(applied_, raft_->log().last());
    for (Index at = raft_->log().first_in_memory(); at <= last; ++at) {
        forget_erased(at);
    }
}

// On the disk a little later, see Limits::erase_delay.
void Replica::erase(Instant now) {
    if (snapshots_.restoring()) {
        return;  // then all of it is looked at anew
    }
    const raft::RaftLog& log = raft_->log();
    std::vector<Index> damaged;
    while (const auto next = eraser_.next(now, {log.first(), log.durable()}, machine_)) {
        const EntryRef* const entry = log.find(next->first);
        if (entry != nullptr) {
            eraser_.kept(*entry);  // the disk knows whether it has it so already
        } else if (repair_.wants(next->first)) {
            // The copy that comes is stored as it is to stay. But the entry may turn out to be whole,
            // or be mended by a copy that came before: then it is looked at once more.
            eraser_.passed(next->first);
            damaged.push_back(next->first);
        } else {
            LEDGER_SOMETIMES(true, "node.erase.reads");
            eraser_.reading();
            start_load(
                LoadForErasure{}, next->first, next->last, config_.limits.load_bytes_max);
        }
    }
    for (const Index index : damaged) {
        eraser_.wanted(now, index);
    }
    std::vector<EntryRef> entries = eraser_.take();
    if (!entries.empty()) {
        stores_.erase(std::move(entries));
        eraser_.storing(stores_.everything());
    }
}

void Replica::submit_stores() {
    while (stores_.ready()) {
        const StoreQueue::Submitted store = stores_.submit(raft_->commit());
        effects_.emplace_back(Store{store.ticket, store.group});
        seal_at_ = never;
    }
}

// Once: after a state was begun anew what has been told is applied a second time.
void Replica::announce() {
    if (announced_ < applied_) {
        announced_ = applied_;
        effects_.emplace_back(Advanced{applied_, machine_.summary().length});
    }
}

void Replica::plan_wake(Instant now) {
    Instant next = std::min({repair_.settled() ? raft_->deadline() : never, seal_at_,
        proposals_.deadline(), snapshots_.deadline(), repair_.deadline(),
        scrubber_.deadline(), snapshots_.restoring() ? never : eraser_.deadline(),
        look_again_});
    const bool more_to_apply = applied_ < raft_->commit() && !loading_to_apply_ &&
                               !snapshots_.restoring() && !apply_is_blocked();
    const bool more_to_answer = queries_.answerable(applied_) && !snapshots_.lacks_past();
    if (more_to_apply || more_to_answer || restore_begins_ || snapshots_.is_busy()) {
        next = now;  // after whatever else has happened by now
    }
    if (next != wake_) {
        wake_ = next;
        effects_.emplace_back(WakeAt{next});
    }
}

void Replica::start_load(LoadPurpose purpose, Index first, Index last, std::uint64_t bytes_max,
    const std::optional<Digest>& previous_hash) {
    LEDGER_ASSERT(first <= last);
    const std::uint64_t request = ++load_requests_;
    loads_.push_back({request, purpose});
    effects_.emplace_back(Load{request, first, last, bytes_max, previous_hash});
}

void Replica::abandon_clients(NodeId leader) {
    LEDGER_SOMETIMES(!waiters_.empty(), "node.waiters.abandoned");
    for (const Waiter& waiter : waiters_) {
        reply(waiter.client, waiter.request, Indeterminate{});
    }
    waiters_.clear();
    LEDGER_SOMETIMES(!proposals_.empty(), "node.proposals.redirected");
    refuse_proposals(Redirect{leader});
}

// Nobody sends a node that was removed what it still lacks: who waits for that has to ask another.
// A learner may never hear of its removal; all that it knows is that no leader speaks.
void Replica::give_up_reads_without_leader() {
    const raft::Status status = raft_->status();
    const bool may_be_removed = status.removed != Index{} || !raft_->may_lead();
    if (!may_be_removed || status.leader != NodeId{}) {
        return;
    }
    for (const std::uint64_t query : queries_.give_up_beyond(status.commit)) {
        LEDGER_SOMETIMES(true, "node.query.given_up_without_leader");
        const OpenQuery* open = queries_.find(query);
        LEDGER_ASSERT(open != nullptr);
        reply(open->client, open->request, Redirect{});
        queries_.close(query);
    }
}

void Replica::reply(ClientId client, RequestId request, decltype(ClientReply::outcome) outcome) {
    effects_.emplace_back(Reply{client, ClientReply{request, std::move(outcome)}});
}

void Replica::halt(std::string reason, bool too_old) {
    halted_ = true;
    effects_.clear();  // nothing may leave on the strength of a disk that failed
    effects_.emplace_back(Halt{std::move(reason), too_old});
}

}  // namespace ledger::node
