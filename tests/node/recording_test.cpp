#include "node/recording.h"

#include <catch2/catch.hpp>

#include "node/ledger_machine.h"

namespace ledger::node {

namespace {

EntryHandle command_body(std::uint64_t number) {
    state::Append append;
    append.streams.push_back({"a", {}});
    state::NewEvent event;
    event.id = {1, number};
    event.type = "test";
    append.events.push_back(event);
    return state::encode_command(append);
}

RecordingHeader header_of_one() {
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

}  // namespace

TEST_CASE("recording: a replay takes the same steps to the same hash", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    REQUIRE(life.machine().summary().length == Position{5});
    CHECK(is_recording(life.bytes));
    const Result<Replayed> replayed = replay_recording(life.bytes);
    REQUIRE(replayed.has_value());
    CHECK(replayed->steps == life.recorder().steps());
    CHECK(replayed->hash == life.recorder().hash());
    CHECK_FALSE(replayed->differs_at.has_value());
    CHECK(replayed->torn_bytes == 0);
}

TEST_CASE("recording: a replica that would decide otherwise is caught at its first step",
    "[node]") {
    RecordingHeader header = header_of_one();
    RecordedLife life(header);
    life.live();
    // The same steps under the header of a node with another election key and timeout.
    header.config.raft.election_timeout_min = milliseconds(150);
    ByteVector other;
    const Recorder only_header(header, other);
    ByteVector original_header;
    const Recorder ours(header_of_one(), original_header);
    REQUIRE(other.size() == original_header.size());
    ByteVector mixed = other;
    mixed.insert(mixed.end(),
        life.bytes.begin() + static_cast<std::ptrdiff_t>(original_header.size()),
        life.bytes.end());
    const Result<Replayed> replayed = replay_recording(mixed);
    REQUIRE(replayed.has_value());
    CHECK(replayed->differs_at == 1);
}

TEST_CASE("recording: cut anywhere it replays as far as it goes", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    const auto header_bytes = [] {
        ByteVector bytes;
        const Recorder recorder(header_of_one(), bytes);
        return bytes.size();
    }();
    for (std::size_t size = 0; size < life.bytes.size(); size += 7) {
        const Result<Replayed> replayed = replay_recording(ByteSpan(life.bytes).first(size));
        REQUIRE(replayed.has_value() == (size >= header_bytes));
        if (replayed) {
            CHECK(replayed->steps < life.recorder().steps());
            CHECK_FALSE(replayed->differs_at.has_value());
        }
    }
}

TEST_CASE("recording: a damaged byte is noticed, wherever it is", "[node]") {
    RecordedLife life(header_of_one());
    life.live();
    for (std::size_t at = 0; at < life.bytes.size(); at += 5) {
        ByteVector damaged = life.bytes;
        damaged[at] ^= std::byte{0x40};
        const Result<Replayed> replayed = replay_recording(damaged);
        // A length that lies can only look like a torn end.
        CHECK((!replayed.has_value() || replayed->torn_bytes > 0));
    }
}

TEST_CASE("recording: other bytes are none", "[node]") {
    CHECK_FALSE(is_recording(as_bytes("LGR")));
    CHECK_FALSE(is_recording(as_bytes("a capsule")));
    CHECK_FALSE(replay_recording(as_bytes("a capsule")).has_value());
    CHECK_FALSE(replay_recording({}).has_value());
}

}  // namespace ledger::node
