#pragma once
// RecordedLife: a node alone that lives for a few steps, all of them recorded.

#include <utility>
#include <vector>

#include "log/state/command.h"
#include "node/ledger_machine.h"
#include "node/recording.h"

namespace ledger::node::test {

inline EntryHandle command_body(std::uint64_t number) {
    state::Append append;
    append.streams.push_back({"a", {}});
    state::NewEvent event;
    event.id = {1, number};
    event.type = "test";
    append.events.push_back(event);
    return state::encode_command(append);
}

inline RecordingHeader header_of_one() {
    RecordingHeader header;
    header.config.cluster = {7, 8};
    header.config.raft.self = NodeId{1};
    header.config.raft.configuration.voters.insert(NodeId{1});
    header.key = 99;
    return header;
}

// A node alone that elects itself, appends and answers; each step is recorded.
class RecordedLife {
  public:
    explicit RecordedLife(const RecordingHeader& header)
        : choices_(header.key), replica_(header.config, machine_, choices_),
          recorder_(header, bytes) {}

    void live() {
        log::Recovered recovered;
        recovered.first = Index{1};
        step(Start{recovered, WallTime{1}});
        now_ = now_ + seconds(1);
        step(Time{});
        work();
        for (std::uint64_t number = 1; number <= 5; ++number) {
            now_ = now_ + milliseconds(1);
            ClientRequest request{RequestId{number}, {}};
            request.operation.emplace<Command>(Command{command_body(number)});
            step(Client{ClientId{1}, std::move(request)});
            step(Time{});  // the turn is over
            work();
        }
        step(Client{ClientId{1}, ClientRequest{RequestId{6}, StatusQuery{}}});
    }
    void step(Event&& event) {
        recorder_.stepping(now_, event);
        const auto effects = replica_.step(now_, std::move(event));
        recorder_.stepped(replica_, machine_, effects);
        for (const Effect& effect : effects) {
            if (const auto* store = std::get_if<Store>(&effect)) {
                stores_.push_back(store->ticket);
            }
        }
    }
    const Recorder& recorder() const { return recorder_; }
    const LedgerMachine& machine() const { return machine_; }

    ByteVector bytes;

  private:
    void work() {
        while (!stores_.empty()) {
            const Ticket ticket = stores_.front();
            stores_.erase(stores_.begin());
            step(Stored{ticket});
        }
    }

    LedgerMachine machine_;
    SeededChoices choices_;
    Replica replica_;
    Recorder recorder_;
    Instant now_;
    std::vector<Ticket> stores_;
};

}  // namespace ledger::node::test
