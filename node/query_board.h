#pragma once
// QueryBoard: reads on their way: waiting for a read index, for the state to reach it, for entries.

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "log/base/entry.h"
#include "log/base/ids.h"
#include "log/base/lookup_table.h"
#include "node/message.h"
#include "node/state_machine.h"
#include "raft/ready.h"

namespace ledger::node {

struct OpenQuery {
    ClientId client;
    RequestId request;
    ByteVector question;
    Index index;                      // applied when the plan was made
    std::optional<QueryPlan> plan;    // once the state had reached the read index
    std::vector<EntryRef> gathered;   // the plan's entries so far, in its order
    std::uint64_t gathered_bytes = 0;

    void gather(EntryRef&& entry) {
        gathered_bytes += entry.bytes;
        gathered.push_back(std::move(entry));
    }
};

class QueryBoard {
  public:
    std::uint64_t size() const { return queries_.size(); }

    // The number is also the Raft read id.
    std::uint64_t open(ClientId client, RequestId request, ByteVector&& question);
    OpenQuery* find(std::uint64_t query) { return queries_.find(query); }
    void close(std::uint64_t query) { queries_.erase(query); }

    // The query may be answered from a state that has applied `index`.
    void granted(std::uint64_t query, Index index) { granted_.push_back({query, index}); }
    bool answerable(Index applied) const {
        return !granted_.empty() && granted_.front().index <= applied;
    }
    // The next granted query whose index is applied, if any; each is returned once.
    std::optional<std::uint64_t> next_answerable(Index applied);
    // Those whose index lies beyond `last`: they will not come up any more.
    std::vector<std::uint64_t> give_up_beyond(Index last);

  private:
    struct Granted {
        std::uint64_t query = 0;
        Index index;
    };

    std::uint64_t opened_ = 0;
    LookupTable<std::uint64_t, OpenQuery> queries_;
    std::deque<Granted> granted_;  // indexes ascend: Raft grants in order
};

}  // namespace ledger::node
