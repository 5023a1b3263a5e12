#include "node/repair.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/sometimes.h"
#include "raft/quorum.h"

namespace ledger::node {

void Repair::boot(const log::Recovered& found, Instant now) {
    for (const log::EntryIdentity& name : found.faulty) {
        wanted_.push_back({.id = {name.term, name.index}, .name = name, .ask_at = now, .mending = {}});
    }
    for (const log::EntryIdentity& name : found.unsealed) {
        unsealed_.push_back({.name = name, .copy = {}, .answered = {}});
    }
    settle_by_ = unsealed_.empty() ? never : now + patience_;
}

// A copy may lack what was redacted; one from a witness lacks everything, and says so.
bool Repair::fits(const log::EntryIdentity& name, const FetchedEntry& fetched) {
    const EntryRef& copy = *fetched.copy;
    const ByteSpan envelope = copy.handle.envelope();
    // A name from a footer whose entry turned out damaged later may not say everything.
    const bool said = name.envelope_crc != 0 || name.envelope_bytes != 0;
    const bool same = !said || (name.envelope_bytes == envelope.size() &&
                                   name.envelope_crc == crc32c(envelope));
    const bool lacks = name.erasable_bytes > 0 && copy.handle.is_erased() && !fetched.whole;
    const bool configures = name.kind == static_cast<std::uint8_t>(EntryKind::configuration);
    return copy.id() == LogId{name.term, name.index} && same && !lacks &&
           (copy.kind == EntryKind::configuration) == configures;
}

// Nothing is known of what stood here: a witness's copy would do for a witness only.
bool Repair::complete(const Step& step, const FetchedEntry& fetched) {
    return !fetched.copy->handle.is_erased() || fetched.whole || step.raft.status().trimmed;
}

// ---- UNSEALED

void Repair::settle(const Step& step) {
    if (settled()) {
        return;
    }
    const raft::Configuration& members = step.raft.configuration();
    if (!std::exchange(asked_unsealed_, true)) {
        for (const Unsealed& one : unsealed_) {
            ask(step, {one.name.term, one.name.index}, one.name.envelope_crc);
        }
    }
    for (Unsealed& one : unsealed_) {
        one.answered.insert(step.raft.self());
        const bool quorum = members.voters.empty() ||
                            raft::vote_result(members, one.answered, {}) == raft::VoteResult::won;
        if (!one.copy && !one.existed && !quorum && step.now < settle_by_) {
            return;  // nobody has said enough yet
        }
    }
    // Copies follow the log as far as there is one of each, and a whole log that ends where they
    // begin. What existed behind that is not here any more, but was.
    std::vector<EntryRef> copies;
    bool follows = step.raft.log().holes().empty() &&
                   step.raft.log().last().next() == unsealed_.front().name.index;
    for (const Unsealed& one : unsealed_) {
        const LogId id{one.name.term, one.name.index};
        follows = follows && one.copy;
        if (follows) {
            copies.push_back(*one.copy);
        } else if (one.copy || one.existed) {
            LEDGER_SOMETIMES(true, "node.repair.unsealed_entry_existed");
            step.raft.claim(id);
            lost_.push_back(id);
        }
    }
    LEDGER_SOMETIMES(copies.size() < unsealed_.size(), "node.repair.unsealed_torn");
    step.raft.restore_unsealed(copies);
    unsealed_.clear();
    settle_by_ = never;
}

void Repair::note_unsealed(NodeId from, const FetchedEntry& fetched) {
    for (Unsealed& one : unsealed_) {
        if (LogId{one.name.term, one.name.index} != fetched.entry) {
            continue;
        }
        one.answered.insert(from);
        if (fetched.copy && fits(one.name, fetched)) {
            one.copy = fetched.copy;
        }
        const bool knows = fetched.result == FetchResult::known ||
                           fetched.result == FetchResult::compacted ||
                           (fetched.copy && !one.copy);
        one.existed |= knows;
    }
}

// ---- FAULTY

Repair::Wanted* Repair::find(Index index) {
    const auto at = std::lower_bound(wanted_.begin(), wanted_.end(), index,
        [](const Wanted& one, Index wanted) { return one.id.index < wanted; });
    return at != wanted_.end() && at->id.index == index ? &*at : nullptr;
}

void Repair::found(const Step& step, Index index) {
    const std::optional<Term> term = step.raft.log().term_at(index);
    if (!term || index < step.raft.log().first() || find(index) != nullptr) {
        return;  // gone meanwhile, or known
    }
    LEDGER_SOMETIMES(true, "node.repair.found_by_reading");
    const auto at = std::lower_bound(wanted_.begin(), wanted_.end(), index,
        [](const Wanted& one, Index wanted) { return one.id.index < wanted; });
    const bool again = std::any_of(mended_.begin(), mended_.end(),
        [index](const Mended& one) { return one.index == index; });
    LEDGER_SOMETIMES(again, "node.repair.still_damaged");
    const Instant ask_at = again ? step.now + limits_.fetch_retry : step.now;
    wanted_.insert(at, {.id = {*term, index}, .name = {}, .ask_at = ask_at, .mending = {}});
}

std::optional<EntryRef> Repair::received(
    const Step& step, NodeId from, const FetchedEntry& fetched) {
    if (!step.raft.configurations().is_member_of_any(from)) {
        return std::nullopt;
    }
    step.raft.adopt_term(step.now, fetched.term);
    if (!settled()) {
        note_unsealed(from, fetched);
        return std::nullopt;
    }
    Wanted* const wanted = find(fetched.entry.index);
    if (wanted == nullptr || wanted->id != fetched.entry || wanted->mending != Ticket{}) {
        return std::nullopt;
    }
    if (fetched.result == FetchResult::never_had) {
        if (fetched.term == step.raft.status().term) {
            step.raft.never_had(step.now, from, fetched.entry);
        }
        return std::nullopt;
    }
    const bool usable = fetched.copy && (wanted->name ? fits(*wanted->name, fetched)
                                                       : complete(step, fetched));
    LEDGER_SOMETIMES(fetched.copy && !usable, "node.repair.copy_does_not_fit");
    return usable ? fetched.copy : std::nullopt;
}

void Repair::mending(Index index, Ticket ticket) {
    if (Wanted* const wanted = find(index)) {
        wanted->mending = ticket;
    }
}

void Repair::stored(Instant now, Ticket ticket) {
    std::erase_if(mended_,
        [&](const Mended& one) { return one.at + limits_.fetch_retry * 2 <= now; });
    std::erase_if(wanted_, [&](const Wanted& one) {
        const bool done = one.mending != Ticket{} && one.mending <= ticket;
        if (done) {
            mended_.push_back({one.id.index, now});
        }
        return done;
    });
}

void Repair::forget(Index upto) {
    std::erase_if(wanted_, [upto](const Wanted& one) { return one.id.index <= upto; });
}

bool Repair::wants(Index index) const {
    return std::any_of(wanted_.begin(), wanted_.end(),
        [index](const Wanted& one) { return one.id.index == index; });
}

Index Repair::blocked() const {
    for (const Wanted& one : wanted_) {
        if (one.rounds > 1 && one.mending == Ticket{}) {
            return one.id.index;
        }
    }
    return {};
}

// ---- asking

void Repair::ask(const Step& step, LogId id, std::uint32_t crc) const {
    // Also those whom a change that is not committed leaves out: they may have the only copy.
    for (const NodeId member : step.raft.configurations().members()) {
        if (member != step.raft.self()) {
            Send send{Ticket{}, step.envelope};
            send.message.to = member;
            send.message.body = FetchEntry{step.raft.status().term, id, crc};
            step.effects.emplace_back(std::move(send));
        }
    }
}

void Repair::work(const Step& step) {
    const raft::RaftLog& log = step.raft.log();
    std::erase_if(wanted_, [&](const Wanted& one) {
        return one.id.index < log.first() || !log.contains(one.id);
    });
    std::uint32_t under_way = 0;
    for (Wanted& one : wanted_) {
        if (one.mending != Ticket{}) {
            continue;
        }
        if (++under_way > limits_.fetch_entries_max) {
            return;
        }
        if (one.ask_at <= step.now) {
            one.ask_at = step.now + limits_.fetch_retry;
            ++one.rounds;
            ask(step, one.id, one.name ? one.name->envelope_crc : 0);
        }
    }
}

Instant Repair::deadline() const {
    Instant next = settle_by_;
    std::uint32_t under_way = 0;
    for (const Wanted& one : wanted_) {
        if (one.mending == Ticket{} && ++under_way <= limits_.fetch_entries_max) {
            next = std::min(next, one.ask_at);
        }
    }
    return next;
}

// ---- answering

bool Repair::received(const Step& step, NodeId from, const FetchEntry& asked) {
    if (!step.raft.configurations().is_member_of_any(from)) {
        return true;
    }
    step.raft.adopt_term(step.now, asked.term);
    FetchedEntry answer{.entry = asked.entry, .cut = {}, .copy = {}};
    const raft::RaftLog& log = step.raft.log();
    const Index index = asked.entry.index;
    const bool in_doubt = std::any_of(unsealed_.begin(), unsealed_.end(),
        [index](const Unsealed& one) { return one.name.index == index; });
    const bool here = index <= log.last() && log.contains(asked.entry);
    if (in_doubt || !step.raft.own_disk_is_member()) {
        answer.result = FetchResult::faulty;  // trap T7: in doubt, nothing is denied
    } else if (index < log.first()) {
        answer.result = FetchResult::compacted;
        answer.cut = step.raft.newest_cut();
    } else if (!here && std::count(lost_.begin(), lost_.end(), asked.entry) > 0) {
        answer.result = FetchResult::faulty;
    } else if (!here) {
        LEDGER_SOMETIMES(true, "node.repair.never_had");
        answer.result = FetchResult::never_had;
    } else if (log.is_hole(index) || wants(index)) {
        LEDGER_SOMETIMES(true, "node.repair.damaged_here_too");
        answer.result = FetchResult::faulty;
    } else if (const EntryRef* const entry = log.find(index)) {
        this->answer(step, from, asked, {entry, 1});
        return true;
    } else {
        return false;
    }
    answers_.push_back({from, std::move(answer)});
    return true;
}

// A witness has but the envelope: all that another witness needs, and too little for others.
bool Repair::lacks_what_others_have(const Step& step, NodeId to, const EntryRef& entry) {
    return entry.handle.is_erased() && step.raft.status().trimmed &&
           !step.raft.configuration().member(to).witness;
}

void Repair::answer(
    const Step& step, NodeId to, const FetchEntry& asked, std::span<const EntryRef> read) {
    FetchedEntry answer{.entry = asked.entry, .cut = {}, .copy = {}};
    const bool same =
        !read.empty() && read.front().id() == asked.entry &&
        (asked.crc == 0 || asked.crc == crc32c(read.front().handle.envelope()));
    if (same && lacks_what_others_have(step, to, read.front())) {
        LEDGER_SOMETIMES(true, "node.repair.witness_knows");
        answer.result = FetchResult::known;
    } else if (same) {
        answer.result = FetchResult::have;
        answer.copy = read.front();
    }
    answers_.push_back({to, std::move(answer)});
}

void Repair::send_answers(const Step& step, Ticket after) {
    for (Answer& answer : std::exchange(answers_, {})) {
        answer.fetched.term = step.raft.status().term;
        answer.fetched.whole = answer.fetched.copy && !step.raft.status().trimmed;
        Send send{after, step.envelope};
        send.message.to = answer.to;
        send.message.body = std::move(answer.fetched);
        step.effects.emplace_back(std::move(send));
    }
}

}  // namespace ledger::node
