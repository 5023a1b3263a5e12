#pragma once
// Solo: one node under the hands of a test that plays all its peers, its disk and its clock.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "log/base/choice.h"
#include "raft/configuration_body.h"
#include "raft/invariants.h"
#include "raft/raft.h"

namespace ledger {

template <typename Tag, typename Rep>
std::ostream& operator<<(std::ostream& out, const Strong<Tag, Rep>& number) {
    return out << number.value;
}
template <typename Tag>
std::ostream& operator<<(std::ostream& out, const Ordinal<Tag>& number) {
    return out << number.value;
}
inline std::ostream& operator<<(std::ostream& out, const LogId& id) {
    return out << "(index " << id.index << ", term " << id.term << ")";
}
inline std::ostream& operator<<(std::ostream& out, const HardState& state) {
    return out << "(term " << state.term << ", vote " << state.vote << ")";
}

namespace raft {

inline std::ostream& operator<<(std::ostream& out, Role role) {
    constexpr const char* names[] = {"?", "follower", "pre_candidate", "candidate", "leader"};
    return out << names[static_cast<int>(role)];
}

inline Configuration voters_1_to(std::uint32_t count) {
    Configuration configuration;
    for (std::uint32_t id = 1; id <= count; ++id) {
        configuration.voters.insert(NodeId{id});
    }
    return configuration;
}

inline EntryRef entry_at(std::uint64_t index, std::uint64_t term, std::uint32_t bytes = 10) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{term};
    entry.kind = EntryKind::command;
    entry.bytes = bytes;
    return entry;
}

// Entries from index 1 on with these terms.
inline std::vector<EntryRef> log_of(const std::vector<std::uint64_t>& terms) {
    std::vector<EntryRef> entries;
    for (std::uint64_t term : terms) {
        entries.push_back(entry_at(entries.size() + 1, term));
    }
    return entries;
}

inline std::vector<TermRun> runs_of(const std::vector<EntryRef>& entries) {
    std::vector<TermRun> runs;
    for (const EntryRef& entry : entries) {
        if (runs.empty() || runs.back().term != entry.term) {
            runs.push_back({entry.index, entry.term});
        }
    }
    return runs;
}

inline Boot boot_of(HardState hard_state, const std::vector<EntryRef>& entries, Index commit) {
    Boot boot;
    boot.hard_state = hard_state;
    boot.last = Index{entries.size()};
    boot.terms = runs_of(entries);
    boot.commit = commit;
    for (Index i = commit; i > Index{0} && !boot.configuration; i = i.previous()) {
        if (const auto found = configuration_of(entries[i.value - 1])) {
            boot.configuration = ConfigurationAt{i, *found};
        }
    }
    boot.tail.assign(entries.begin() + static_cast<std::ptrdiff_t>(commit.value), entries.end());
    if (!entries.empty()) {
        boot.last_cluster_time = entries.back().cluster_time;
        boot.last_wall_time = entries.back().wall_time;
    }
    return boot;
}

// The same log with damaged entries, of which the disk knows place and kind only.
inline Boot with_holes(Boot boot, const std::vector<std::uint64_t>& holes) {
    for (EntryRef& entry : boot.tail) {
        if (std::count(holes.begin(), holes.end(), entry.index.value) > 0) {
            const EntryRef whole = std::exchange(entry, {});
            entry.index = whole.index;
            entry.term = whole.term;
            entry.kind = whole.kind;
            boot.holes.push_back(entry.index);
        }
    }
    return boot;
}

// The terms of a node's whole log.
inline std::vector<std::uint64_t> terms_of(const RaftLog& log) {
    std::vector<std::uint64_t> terms;
    for (Index index = log.first(); index <= log.last(); ++index) {
        terms.push_back(log.term_at(index)->value);
    }
    return terms;
}

template <typename M>
std::vector<std::pair<Outgoing, M>> sent(const Ready& ready) {
    std::vector<std::pair<Outgoing, M>> found;
    for (const Outgoing& out : ready.messages) {
        if (const M* message = std::get_if<M>(&out.message)) {
            found.emplace_back(out, *message);
        }
    }
    return found;
}

template <typename M>
std::optional<M> sent_to(const Ready& ready, std::uint32_t to) {
    std::optional<M> found;
    for (const auto& [out, message] : sent<M>(ready)) {
        if (out.to == NodeId{to}) {
            found = message;  // the last one
        }
    }
    return found;
}

struct Setup {
    std::uint32_t voters = 3;
    std::uint64_t seed = 1;
    HardState hard_state;
    std::vector<std::uint64_t> log;  // terms
    std::uint64_t commit = 0;
    std::optional<std::vector<EntryRef>> entries;  // instead of the log of these terms
    std::vector<std::uint64_t> holes;              // beyond the commit
    std::uint64_t unreadable_configuration = 0;    // up to the commit; 0 = none
    std::uint32_t append_entries_max = 64;
    std::uint64_t append_bytes_max = 1u << 20;
    std::optional<std::uint32_t> catch_up_entries_max;  // else as append_entries_max
    std::uint64_t catch_up_bytes_per_second = 1u << 30;
    std::uint32_t inflight_messages_max = 16;
    std::uint64_t uncommitted_bytes_max = 64u << 20;
    std::optional<Configuration> configuration;  // instead of voters 1 .. voters
    std::uint32_t self = 1;
    Incarnation incarnation;
    std::optional<Duration> clock_drift_max;
    Instant boot_at;
};

class Solo {
  public:
    explicit Solo(const Setup& setup = {})
        : choices_(setup.seed),
          raft(configure(setup), boot(setup), setup.boot_at),
          now(setup.boot_at) {}
    Solo(const Solo&) = delete;
    Solo& operator=(const Solo&) = delete;

    static constexpr Duration T = milliseconds(300);

  private:
    SeededChoices choices_;
    std::uint32_t voters_ = 0;

    static Boot boot(const Setup& setup) {
        Boot boot = with_holes(boot_of(setup.hard_state, setup.entries.value_or(log_of(setup.log)),
                                   Index{setup.commit}),
            setup.holes);
        boot.unreadable_configuration = Index{setup.unreadable_configuration};
        return boot;
    }
    Config configure(const Setup& setup) {
        voters_ = setup.voters;
        Config config;
        config.self = NodeId{setup.self};
        config.incarnation = setup.incarnation;
        config.configuration = setup.configuration.value_or(voters_1_to(setup.voters));
        config.election_timeout_min = T;
        config.append_entries_max = setup.append_entries_max;
        config.append_bytes_max = setup.append_bytes_max;
        config.catch_up_entries_max = setup.catch_up_entries_max.value_or(setup.append_entries_max);
        config.catch_up_bytes_per_second = setup.catch_up_bytes_per_second;
        config.inflight_messages_max = setup.inflight_messages_max;
        config.uncommitted_bytes_max = setup.uncommitted_bytes_max;
        config.clock_drift_max = setup.clock_drift_max;
        config.choices = &choices_;
        return config;
    }

  public:
    Raft raft;
    Instant now;
    Index cut;  // of the newest cut that a test has made

    // The last cut that was offered and is still in Ready.
    LogId offered() {
        const std::vector<SnapshotOffered>& offers = raft.ready().offers;
        return offers.empty() ? LogId{} : offers.back().cut.id;
    }
    // What raft wants, taken from it. Nothing of it is stored yet.
    Ready take() {
        Ready ready = raft.ready();
        raft.advance();
        return ready;
    }
    HardState hard_state() const { return {raft.status().term, raft.status().vote, raft.status().trimmed}; }
    // Everything up to now is on the disk.
    void store() { raft.stored(now, raft.log().last_id(), hard_state()); }

    void receive(std::uint32_t from, Message message, Incarnation incarnation = {}) {
        raft.receive(now, NodeId{from}, std::move(message), incarnation);
    }
    // Time passes until raft has something to do.
    void timeout() {
        now = raft.deadline() == never ? now : raft.deadline();
        raft.time(now);
    }
    void pass(Duration duration) {
        now = now + duration;
        raft.time(now);
    }

    // Silence, and all peers grant the pre-vote.
    void campaign() {
        timeout();
        const std::optional<PreVoteRequest> asked = sent_to<PreVoteRequest>(raft.ready(), 2);
        for (std::uint32_t peer = 2; asked && peer <= voters_; ++peer) {
            receive(peer, PreVoteResponse{asked->term, asked->proposed, asked->attempt, true});
        }
    }
    // A campaign that all peers support; the no-op is not yet stored.
    void win() {
        campaign();
        store();
        for (std::uint32_t peer = 2; peer <= voters_; ++peer) {
            receive(peer, VoteResponse{raft.status().term, true});
        }
    }
    // As win(); the no-op is on all disks and committed.
    void lead() {
        win();
        store();
        for (std::uint32_t peer = 2; peer <= voters_; ++peer) {
            accept_all(peer);
        }
        take();
    }
    // `peer` acknowledges the last request that was sent to it.
    void accept_all(std::uint32_t peer) {
        if (const auto request = sent_to<AppendRequest>(raft.ready(), peer)) {
            accept(peer, *request);
        }
    }
    void accept(std::uint32_t peer, const AppendRequest& request) {
        receive(peer, AppendResponse{.term = request.term,
                          .sequence = request.sequence,
                          .accepted = true,
                          .match = request.previous.index + request.entries.size(),
                          .previous = request.previous.index});
    }
    ProposeOutcome propose(std::uint32_t count = 1, std::uint32_t bytes = 10) {
        std::vector<EntryRef> entries(count, entry_at(0, 0, bytes));
        return raft.propose(now, entries);
    }
    const Progress& peer(std::uint32_t node) const {
        for (const Progress& progress : std::get<Leader>(raft.role_state()).peers) {
            if (progress.node == NodeId{node}) {
                return progress;
            }
        }
        throw std::runtime_error("no such peer");
    }
};

}  // namespace raft
}  // namespace ledger
