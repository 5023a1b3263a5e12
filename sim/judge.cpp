#include "sim/judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "log/base/assert.h"
#include "log/state/command_view.h"
#include "node/cut_entries.h"
#include "raft/configuration_body.h"
#include "sim/workload.h"

namespace ledger::sim {

namespace {

// Who has to decide in a configuration.
class Electorates {
  public:
    explicit Electorates(const raft::Configuration& configuration)
        : both_{check::Electorate(configuration.voters.begin(), configuration.voters.end()),
              check::Electorate(configuration.outgoing.begin(), configuration.outgoing.end())},
          count_(configuration.joint() ? 2 : 1) {}

    std::span<const check::Electorate> all() const { return std::span(both_).first(count_); }

  private:
    std::array<check::Electorate, 2> both_;
    std::size_t count_ = 1;
};

}  // namespace

Judge::Judge(std::uint32_t nodes, std::uint64_t kept_operations, const Bounds& bounds)
    : bounds_(bounds), history_(kept_operations), availability_(bounds.availability) {
    if (bounds.guest != nullptr && bounds.guest->property) {
        property_ = bounds.guest->property();
    }
    for (std::uint32_t node = 1; node <= nodes; ++node) {
        membership_.voters.insert(NodeId{node});
    }
}

std::string Judge::history_jsonl() const {
    return history_.export_jsonl() +
           check::final_read_json(
               committed_.order(), check::OperationId{attempts_ + 1}, when_) +
           "\n";
}

void Judge::wiped(const Host& host) {
    raft_safety_.wiped(host.node());
    lost_disks_.push_back({host.node(), host.disk_incarnation(), host.audit()});
}

bool Judge::takes_part(const Host& host) const {
    const Incarnation known = membership_.member(host.node()).incarnation;
    return membership_.is_member(host.node()) &&
           (known == Incarnation{} || known == host.disk_incarnation());
}

void Judge::violated(
    const std::string& check, check::Kind kind, const std::string& sentence) {
    if (check == "raft_invariants") {
        ++invariant_violations_;
    }
    const check::Violation found{check, kind, when_.step, when_.time, sentence};
    if (kind == check::Kind::liveness && bounds_.all_copies_may_go && check != "liveness") {
        late_ = late_ ? late_ : found;
        return;
    }
    violation_ = violation_ ? violation_ : found;
}

// Who waits for what is lost is behind for good.
void Judge::compare(const check::Convergence::Replica& replica) {
    if (!excused_ || replica.applied == committed_.last()) {
        convergence_.replica(replica);
    }
}

void Judge::note(check::Finding&& finding, const char* check, check::Kind kind) {
    if (finding) {
        violated(check, kind, *finding);
    }
}

void Judge::seen(const check::NodeStep& step) {
    note(availability_.stepped(step), "availability", check::Kind::liveness);
}

void Judge::left(const node::PeerMessage& message) {
    if (node::raft_message<raft::Heartbeat>(message) != nullptr) {
        availability_.beat_left(message.from, message.to);
    } else if (node::raft_message<raft::HeartbeatResponse>(message) != nullptr) {
        availability_.answer_left(message.from, message.to);
    }
}

void Judge::calms() {
    answers_.calms(when_.time, committed_.last());
}

void Judge::asked(NodeId node, ClientId connection, RequestId request) {
    answers_.asked({node, connection, request, when_.time, committed_.last()});
}

void Judge::answered(NodeId node, ClientId connection, RequestId request) {
    answers_.answered(node, connection, request);
}

void Judge::closed(NodeId node, ClientId connection) {
    answers_.closed(node, connection);
}

void Judge::applied(
    NodeId node, const HashedEntry& entry, ByteSpan outcome, const Hash128& digest) {
    const bool first = committed_.wants(entry.entry.index);
    note(committed_.applied(node, entry.entry.index, entry.entry.term, entry.entry.kind,
             entry.hash, digest, first ? &entry.entry : nullptr, outcome),
        "agreement");
    answers_.applied(node, entry.entry.index, when_.time);
    if (!first) {
        return;
    }
    note(exactly_once_.advance(), "exactly_once");
    note_redaction(entry, outcome);
    if (entry.entry.kind == EntryKind::cut_root) {
        if (const auto agreed = node::agreed_cut_of(entry.entry)) {
            note(cuts_.agreed(agreed->cut.index, agreed->root), "cuts");
        }
    } else if (entry.entry.kind == EntryKind::retain) {
        if (const auto upto = node::retained_of(entry.entry)) {
            cuts_.retained(*upto);
        }
    }
    if (entry.entry.kind == EntryKind::configuration) {
        membership_ = raft::configuration_of(entry.entry).value_or(membership_);
    }
}

void Judge::note_redaction(const HashedEntry& entry, ByteSpan outcome) {
    if (node::feature_of(entry.entry) >= node::Feature::erasure &&
        copies_noted_from_ == Index{}) {
        copies_noted_from_ = entry.entry.index;
    }
    if (entry.entry.kind != EntryKind::command ||
        !state::is_redact(entry.entry.handle.envelope())) {
        return;
    }
    const auto command = state::view_command(entry.entry.handle.envelope());
    const auto* redact = command ? std::get_if<state::RedactView>(&*command) : nullptr;
    const auto decided = state::decode_outcome(outcome);
    if (redact == nullptr || !decided || !std::holds_alternative<state::Redacted>(*decided)) {
        return;
    }
    for (std::uint32_t place = 0; place < redact->count; ++place) {
        erased_events_.committed(redact->position(place));
    }
}

void Judge::cut_kept(NodeId node, const log::CutManifest& manifest) {
    note(cuts_.kept(node, manifest.id.index, manifest.root()), "cuts");
}

void Judge::guest_moved(
    NodeId node, Index index, GuestMoment::What what, const GuestedMachine& machine) {
    const bool applied = what == GuestMoment::What::applied;
    GuestMoment moment{.what = what,
        .node = node,
        .index = index,
        .first = guest_.wants(index),
        .machine = *machine.guest()};
    if (applied) {
        moment.is_command = machine.had_command();
        moment.command = machine.command();
        moment.outcome = machine.guest_outcome();
        Hash128 outcome;
        outcome.add_bytes(moment.outcome);
        note(guest_.applied(node, index, machine.guest()->digest(), outcome), "guest");
    } else {
        note(guest_.restored(node, index, machine.guest()->digest()), "guest");
    }
    if (property_) {
        // A restored machine is as much of an answer as a command.
        property_tally_.examined(moment.is_command || !applied ? 1 : 0);
        if (check::Finding wrong = property_(moment)) {
            // One sentence, whatever somebody else's words look like.
            std::replace_if(
                wrong->begin(), wrong->end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
            note(property_tally_.violated(std::move(*wrong)), "property");
        }
    }
}

void Judge::restored(NodeId node, Index index, const Hash128& digest) {
    note(cuts_.restored(node, index, digest), "cuts");
    committed_.restored(node, index);
    answers_.applied(node, index, when_.time);
}

// Looks at the cuts of a disk whose log begins elsewhere than before.
void Judge::look_at_front(const Host& host) {
    const NodeId node = host.node();
    const Index first = host.audit().first();
    if (fronts_.size() <= node.value) {
        fronts_.resize(node.value + 1);
    }
    if (fronts_[node.value] == first) {
        return;
    }
    fronts_[node.value] = first;
    std::vector<check::Cuts::Copy> copies;
    if (first > Index{1}) {
        for (const WholeCut& cut : host.whole_cuts()) {
            copies.push_back({cut.id.index, cut.root});
        }
    }
    const bool dropped = first.previous() <= host.discarded();
    note(cuts_.log_begins(node, first, dropped, copies), "cuts");
}

void Judge::ended(NodeId node) {
    restarted(node);
    availability_.ends(node);
    answers_.ends(node);
}

void Judge::restarted(NodeId node) {
    committed_.restarted(node);
    if (node.value < fronts_.size()) {
        fronts_[node.value] = Index{};  // what a crash left is looked at anew
    }
}

void Judge::transition(const Host& host, const raft::Transition& transition) {
    if (transition.role != raft::Role::leader) {
        return;
    }
    const raft::RaftLog& log = host.replica().raft().log();
    // The leader has appended its no-op already: its log before it ends one entry earlier.
    Index last = log.last();
    while (last > Index{} && log.term_at(last) == transition.term) {
        last = last.previous();
    }
    const LogId before{log.term_at(last).value_or(Term{}), last};
    const Index committed = committed_.last();
    const std::optional<Term> there =
        committed > Index{} && committed <= last ? log.term_at(committed) : std::nullopt;
    note(raft_safety_.elected(host.node(), transition.term, before, there), "raft_safety");
    const Electorates electorates(host.replica().raft().configuration());
    note(raft_safety_.won(host.node(), transition.term, electorates.all()), "raft_safety");
}

void Judge::synced(const Host& host) {
    look_at_front(host);
    if (const auto hard_state = host.audit().hard_state()) {
        note(raft_safety_.hard_state(host.node(), *hard_state), "raft_safety");
    }
}

void Judge::acknowledged(ClientId client, const raft::Configuration& in_force, Index index,
    ByteSpan outcome_bytes, std::span<const std::unique_ptr<Host>> hosts) {
    const check::CommittedEntry& entry = committed_.entry(index);
    std::vector<NodeId> holders;
    for (const auto& host : hosts) {
        // Or in the cut behind which its log begins.
        look_at_front(*host);
        if (host->audit().holds(index, entry.term, entry.envelope_digest) ||
            cuts_.covers(host->node(), index)) {
            holders.push_back(host->node());
        }
    }
    for (const LostDisk& lost : lost_disks_) {
        const bool counts = in_force.member(lost.node).incarnation == lost.incarnation;
        const bool held = index < lost.audit.first() ||
                          lost.audit.holds(index, entry.term, entry.envelope_digest);
        if (counts && held) {
            holders.push_back(lost.node);
        }
    }
    SessionId session;
    Sequence sequence;
    if (const Result<state::Outcome> outcome = state::decode_outcome(outcome_bytes)) {
        const auto* appended = std::get_if<state::Appended>(&*outcome);
        if (appended != nullptr && appended->events > 0 &&
            appended->first.value < committed_.length()) {
            const check::OrderedAppend& append = committed_.order().append_of(appended->first);
            session = append.session;
            sequence = append.sequence;
        }
    }
    // A leader may count under a configuration that is not committed yet, or no longer under the
    // one that is: then what is committed later is counted under the new one.
    const Electorates committed(membership_);
    const Electorates claimed(in_force);
    const bool enough = check::majorities(committed.all(), holders);
    note(durability_.acknowledged({.client = client,
             .session = session,
             .sequence = sequence,
             .index = index,
             .holders = holders,
             .electorates = enough ? committed.all() : claimed.all()}),
        "durability");
}

check::OperationId Judge::called(ClientId client, NodeId to, const node::client::What& what,
    std::uint32_t attempt) {
    check::Operation call{.id = check::OperationId{++attempts_},
        .client = client,
        .node = to,
        .session = {},
        .sequence = {},
        .attempt = attempt,
        .called = when_,
        .returned = {},
        .call = check::TailCall{},
        .answer = check::Pending{}};
    if (const auto* append = std::get_if<state::Append>(&what)) {
        check::AppendCall appends;
        appends.streams = append->streams;
        for (const state::NewEvent& event : append->events) {
            appends.events.push_back({event.stream, event.id});
        }
        call.session = append->session;
        call.sequence = append->sequence;
        call.call = std::move(appends);
    } else if (const auto* query = std::get_if<state::Query>(&what)) {
        if (const auto* stream = std::get_if<state::ReadStream>(query)) {
            call.call = *stream;
        } else if (const auto* all = std::get_if<state::ReadAll>(query)) {
            call.call = *all;
        }
    }
    const check::Operation& kept = history_.called(std::move(call));
    linearizability_.called(kept);
    exactly_once_.called(kept);
    return kept.id;
}

void Judge::returned(check::OperationId attempt, check::Answer&& answer) {
    const check::Operation& ended = history_.ended(attempt, when_, std::move(answer));
    note(linearizability_.returned(ended), "linearizability");
    note(exactly_once_.returned(ended), "exactly_once");
    note(erased_events_.answered(ended), "erasure");
    const auto* refused = std::get_if<check::Refused>(&ended.answer);
    if (refused != nullptr && refused->why.starts_with("expired: ")) {
        note(cuts_.refused(ended.node, refused->why), "cuts");
    }
}

void Judge::redacted(const state::Redact& redact) {
    for (const Position position : redact.positions) {
        erased_events_.acknowledged(position, when_);
    }
}

// Everything had the time to go, see World::converged().
void Judge::look_for_erased(const Host& host, Position retained) {
    std::vector<check::ErasedEvents::Mark> marks;
    const auto add = [&marks](Position position, const state::Salt& mark) {
        ByteVector bytes;
        ByteWriter(bytes).u64(mark.high);
        ByteWriter(bytes).u64(mark.low);
        marks.push_back({position, std::move(bytes)});
    };
    for (const Position position : erased_events_.positions()) {
        // What has expired goes with its segment; a command of before may have an unnoted copy.
        if (position >= retained && committed_.index_of(position) > copies_noted_from_) {
            const EventId id = committed_.order().event(position).id;
            add(position, salt_of(id));
            add(position, payload_mark_of(id));
        }
    }
    if (marks.empty()) {
        return;
    }
    ByteVector scratch;
    for (const std::string& name : host.disk().durable_files()) {
        note(erased_events_.file(
                 host.node(), name, host.disk().durable_view(name, scratch), marks),
            "erasure");
    }
}

void Judge::subscribes(std::uint32_t subscriber, const node::subscriber::Options& options) {
    subscription_.begins(subscriber, options.from, options.stream);
}

void Judge::delivered(std::uint32_t subscriber, const node::subscriber::Events& events) {
    note(subscription_.delivered(subscriber, events.from, events.events, events.next),
        "subscription");
}

void Judge::unsubscribed(
    std::uint32_t subscriber, const node::subscriber::Finished& end, Position first) {
    if (end.why == node::subscriber::Finished::Why::refused) {
        note(subscription_.expired(subscriber, end.node, first), "subscription");
        return;
    }
    note(subscription_.gave_up(subscriber, end.node, end.reason), "subscription");
}

namespace {

// As node/snapshotter does: what may be redacted depends on what has expired.
void follow_retention(
    const EntryRef& entry, GuestedMachine& machine, node::CutControl& control) {
    if (entry.kind == EntryKind::cut) {
        control.last_cut = entry.index;
    }
    if (const auto agreed = node::agreed_cut_of(entry);
        agreed && entry.kind == EntryKind::cut_root) {
        control.agree(*agreed);
    }
    const auto upto = node::retained_of(entry);
    if (entry.kind == EntryKind::retain && upto && control.retain(*upto)) {
        machine.retain(*upto);
    }
}

}  // namespace

// The log as a restarted node finds it: chain, durability, and the same decisions once more.
void Judge::read_disk(Host& host, const log::Recovered& recovered, const state::Limits& limits) {
    constexpr std::uint64_t page_bytes = 1u << 20;
    const NodeId node = host.node();
    const Index last = recovered.last;
    if (last != host.audit().last()) {
        violated("durability", check::Kind::safety,
            "n" + std::to_string(node.value) + " recovered a log up to index " +
                std::to_string(last.value) + ", but its disk holds entries up to index " +
                std::to_string(host.audit().last().value));
    }
    // Who is no member may hold what was never committed, for ever.
    const Index end = takes_part(host) ? last : recovered.commit;
    restarted(node);
    look_at_front(host);
    GuestedMachine rebuilt(limits, bounds_.guest);
    const state::Ledger& ledger = rebuilt.ledger();
    ByteVector outcome;
    node::CutControl control;
    const auto move_guest = [&](Index index, GuestMoment::What what) {
        if (rebuilt.guest() != nullptr) {
            guest_moved(node, index, what, rebuilt);
        }
    };
    if (recovered.first > Index{1} && !read_cut(host, recovered.first, rebuilt, control)) {
        return;
    }
    if (ledger.applied() > Index{}) {
        move_guest(ledger.applied(), GuestMoment::What::restored);
    }
    chain_.begins(node, ledger.applied().next(), ledger.chain());
    for (Index next = ledger.applied().next(); next <= end;) {
        Result<std::vector<HashedEntry>> page = host.storage().read(next, end, page_bytes);
        if (!page || page->empty()) {
            violated("durability", check::Kind::safety,
                "n" + std::to_string(node.value) + " cannot read entry " +
                    std::to_string(next.value) + " of its log at the end of the run" +
                    (page ? std::string() : ": " + page.error().place));
            return;
        }
        for (const HashedEntry& entry : *page) {
            next = entry.entry.index.next();
            // Who waits for good has not heard that this was replaced.
            if (excused_ && entry.entry.index > recovered.commit &&
                entry.entry.index <= committed_.last() &&
                entry.hash != committed_.entry(entry.entry.index).entry_hash) {
                compare({node, ledger.applied(), rebuilt.digest(), ledger.length()});
                return;
            }
            note(chain_.entry(node, entry), "chain");
            durability_.holds(node, entry.entry.index, entry.hash);
            if (entry.entry.index <= committed_.last()) {
                outcome.clear();
                rebuilt.apply(entry, outcome);
                applied(node, entry, outcome, rebuilt.digest());
                move_guest(entry.entry.index, GuestMoment::What::applied);
                follow_retention(entry.entry, rebuilt, control);
            }
        }
    }
    if (takes_part(host)) {
        compare({node, ledger.applied(), rebuilt.digest(), ledger.length()});
    }
}

// What the log no longer holds is in a cut on the same disk, or it is lost.
bool Judge::read_cut(
    Host& host, Index before, GuestedMachine& rebuilt, node::CutControl& control) {
    const NodeId node = host.node();
    const std::string name = "n" + std::to_string(node.value);
    const std::span<const log::CutManifest> cuts = host.cuts().cuts();
    const auto cut = std::find_if(cuts.begin(), cuts.end(),
        [before](const log::CutManifest& found) { return found.id.index.next() >= before; });
    if (cut == cuts.end()) {
        violated("durability", check::Kind::safety,
            name + " holds its log from index " + std::to_string(before.value) +
                " on, and no cut of what was before it");
        return false;
    }
    rebuilt.begin_restore();
    bool whole = true;
    for (std::uint32_t number = 0; number < cut->chunks.size() && whole; ++number) {
        const Result<ByteVector> chunk = host.cuts().read(cut->id, number);
        whole = chunk && rebuilt.restore_chunk(*chunk);
    }
    if (!whole || !rebuilt.end_restore()) {
        violated("durability", check::Kind::safety,
            name + " cannot read its cut at index " + std::to_string(cut->id.index.value) +
                " at the end of the run");
        return false;
    }
    control = node::decode_control(cut->control).value_or(control);
    restored(node, rebuilt.ledger().applied(), rebuilt.digest());
    for (Index index{1}; index <= rebuilt.ledger().applied(); ++index) {
        durability_.holds(node, index, committed_.entry(index).entry_hash);
    }
    return true;
}

void Judge::finish(
    std::span<const std::unique_ptr<Host>> hosts, const state::Limits& limits) {
    note(linearizability_.finish(), "linearizability");
    note(exactly_once_.finish(), "exactly_once");
    if (!excused_) {
        note(subscription_.finish(), "subscription");
    }
    if (!excused_) {
        note(answers_.finish(when_.time, bounds_.answers), "answers", check::Kind::liveness);
    }
    for (const auto& host : hosts) {
        if (host->up() && takes_part(*host)) {
            compare({host->node(), host->replica().applied(), host->machine().digest(),
                host->machine().ledger().length()});
        }
    }
    Position retained;
    for (const auto& host : hosts) {
        if (host->up()) {
            retained = std::max(retained, host->machine().ledger().retained());
        }
    }
    for (const auto& host : hosts) {
        // What cannot be rewritten, damaged beside it, waits for a copy of that.
        const bool clean = host->up() && takes_part(*host) && host->storage().erasing().empty();
        const Result<log::Recovered> opened = host->reopen_for_audit();
        if (!opened) {
            violated("recovery", check::Kind::safety,
                "n" + std::to_string(host->node().value) +
                    " cannot be opened at the end of the run: " + opened.error().place);
            continue;
        }
        synced(*host);
        read_disk(*host, *opened, limits);
        if (clean) {
            look_for_erased(*host, retained);
        }
    }
    note(durability_.finish(Electorates(membership_).all()), "durability");
    check::Finding diverged = convergence_.finish();
    note(std::move(diverged), "convergence", convergence_.kind());
    if (late_ && !excused_ && !violation_) {
        violation_ = late_;
    }
}

std::vector<check::CheckResult> Judge::results() const {
    check::CheckResult invariants{.name = "raft_invariants",
        .verdict = invariant_violations_ > 0  ? check::CheckResult::Verdict::violated
                   : steps_examined_ > 0      ? check::CheckResult::Verdict::ok
                                              : check::CheckResult::Verdict::idle,
        .examined = steps_examined_};
    check::CheckResult availability = availability_.result();
    if (excused_ && availability.verdict == check::CheckResult::Verdict::violated) {
        availability.verdict = check::CheckResult::Verdict::idle;
    }
    std::vector<check::CheckResult> all = {committed_.result(), durability_.result(), linearizability_.result(),
        exactly_once_.result(), chain_.result(), convergence_.result(), raft_safety_.result(),
        subscription_.result(), cuts_.result(), availability, answers_.result(),
        erased_events_.result(), invariants};
    if (bounds_.guest != nullptr) {
        all.push_back(guest_.result());
        if (property_) {
            all.push_back(property_tally_.result());
        }
    }
    return all;
}

}  // namespace ledger::sim
