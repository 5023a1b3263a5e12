#pragma once
// LedgerInMemory: a cluster of one that answers at once: the ledger's machine over a list of entries.

#include <algorithm>
#include <functional>
#include <vector>

#include "log/base/assert.h"
#include "node/client.h"
#include "node/ledger_machine.h"

namespace ledger::node::asio {

class LedgerInMemory {
  public:
    // What becomes of one operation on its way.
    enum class Fate : std::uint8_t { done, lost, executed_and_lost };

    client::Done run(client::What what) {
        const Fate fate = fate_ ? fate_() : Fate::done;
        client::Done lost;
        if (fate == Fate::lost) {
            return lost;
        }
        client::Done done = execute(what);
        return fate == Fate::done ? done : lost;
    }
    std::function<client::Done(client::What)> ask() {
        return [this](client::What what) { return run(std::move(what)); };
    }

    // Of operations from now on; queries are asked too.
    void decide_fates(std::function<Fate()> fate) { fate_ = std::move(fate); }
    // So many entries fit into one answer.
    void fit(std::size_t entries) { fitting_ = entries; }

    void append(const std::string& stream, const std::string& type, const std::string& payload) {
        state::Append append;
        append.streams.push_back({stream, {}});
        const ByteSpan bytes = as_bytes(payload);
        append.events.push_back({.stream = 0, .id = {1, log_.size()}, .type = type, .metadata = {},
            .salt = {}, .payload = ByteVector(bytes.begin(), bytes.end())});
        const client::Done done = execute(std::move(append));
        LEDGER_ASSERT(done.ending == client::Ending::done);
    }
    Position length() const { return machine_.ledger().length(); }
    void retain(Index upto) { machine_.retain(upto); }
    // Of the entry at `index`, from 1: each is a second after the one before.
    static WallTime time_of(std::uint64_t index) {
        return {static_cast<std::int64_t>(index) * 1'000'000'000};
    }

  private:
    client::Done execute(client::What what) {
        if (const auto* query = std::get_if<state::Query>(&what)) {
            return answer(*query);
        }
        const auto* append = std::get_if<state::Append>(&what);
        const auto* redact = std::get_if<state::Redact>(&what);
        LEDGER_ASSERT(append != nullptr || redact != nullptr);
        return apply(append != nullptr ? state::encode_command(*append)
                                       : state::encode_command(state::Command(*redact)));
    }
    client::Done apply(EntryHandle body) {
        EntryRef entry;
        entry.index = Index{log_.size() + 1};
        entry.term = Term{1};
        entry.kind = EntryKind::command;
        entry.wall_time = time_of(entry.index.value);
        entry.cluster_time = {entry.wall_time.nanoseconds};
        entry.bytes = body->size();
        entry.handle = std::move(body);
        ByteVector outcome;
        machine_.apply({entry, {}}, outcome);
        log_.push_back(entry);
        for (const Index erased : machine_.just_erased()) {
            EntryHandle& stored = log_[erased.value - 1].handle;
            stored = machine_.as_it_stays(erased, stored);
        }
        client::Done done;
        done.outcome = *state::decode_outcome(outcome);
        const bool executed = std::holds_alternative<state::Appended>(*done.outcome) ||
                              std::holds_alternative<state::Redacted>(*done.outcome);
        done.ending = executed ? client::Ending::done : client::Ending::failed;
        return done;
    }
    client::Done answer(const state::Query& query) {
        ByteVector question;
        state::encode_query(query, question);
        const Result<QueryPlan> plan = machine_.query(question);
        LEDGER_ASSERT(plan.has_value());
        std::vector<EntryRef> entries;
        for (std::size_t i = 0; i < std::min(plan->entries.size(), fitting_); ++i) {
            entries.push_back(log_[plan->entries[i].value - 1]);
        }
        const Result<ByteVector> bytes = machine_.answer(*plan, entries);
        LEDGER_ASSERT(bytes.has_value());
        client::Done done;
        done.answer = *state::decode_answer(*bytes);
        done.ending = client::Ending::done;
        return done;
    }

    LedgerMachine machine_{state::Limits{.knows_redact = true}};
    std::vector<EntryRef> log_;
    std::function<Fate()> fate_;
    std::size_t fitting_ = SIZE_MAX;
};

}  // namespace ledger::node::asio
