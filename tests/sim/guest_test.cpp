#include "sim/guest.h"

#include <catch2/catch.hpp>

#include "tests/node/counter_machine.h"

namespace ledger::sim {
namespace {

Guest counter() {
    Guest guest;
    guest.name = "counter";
    guest.make = [] { return std::make_unique<node::CounterMachine>(); };
    return guest;
}

ByteVector number(std::uint64_t value) {
    ByteVector bytes;
    ByteWriter(bytes).u64(value);
    return bytes;
}

// One event that carries a command for the guest, and one that carries none.
state::Append append(std::uint64_t id, std::uint64_t adds, state::Expected expected = {}) {
    state::Append append;
    append.streams = {{"s", expected}};
    append.events.resize(2);
    append.events[0].id = {1, id};
    append.events[0].type = guest_event_type;
    append.events[0].metadata = number(adds);
    append.events[1].id = {2, id};
    append.events[1].type = "plain";
    return append;
}

class Applied {
  public:
    explicit Applied(GuestedMachine& machine) : machine_(machine) {}
    void operator()(const state::Append& append) {
        const EntryHandle handle = state::encode_command(append);
        ++index_;
        HashedEntry entry;
        entry.entry = {.index = Index{index_}, .term = Term{1}, .kind = EntryKind::command,
            .bytes = handle->size(), .cluster_time = {}, .wall_time = {}, .handle = handle};
        ByteVector outcome;
        machine_.apply(entry, outcome);
    }

  private:
    GuestedMachine& machine_;
    std::uint64_t index_ = 0;
};

std::uint64_t sum(const GuestedMachine& machine) {
    return machine.guest()->summary().length.value;
}

std::vector<ByteVector> chunks_of(GuestedMachine& machine) {
    std::vector<ByteVector> chunks;
    machine.freeze();
    for (ByteVector chunk; machine.next_chunk(64, chunk); chunk.clear()) {
        chunks.push_back(chunk);
    }
    machine.thaw();
    return chunks;
}

TEST_CASE("a guest is handed the commands of appends that took effect, each once") {
    const Guest guest = counter();
    GuestedMachine machine({}, &guest);
    Applied apply(machine);
    apply(append(1, 5));
    CHECK(sum(machine) == 5);
    CHECK(machine.had_command());
    CHECK(machine.guest_outcome().size() == 8);
    // The condition fails: nothing happens.
    apply(append(2, 7, {state::Expected::Kind::no_stream, {}}));
    CHECK(sum(machine) == 5);
    CHECK_FALSE(machine.had_command());
}

TEST_CASE("a guest refuses what is no command of its own before it enters the log") {
    const Guest guest = counter();
    const GuestedMachine machine({}, &guest);
    state::Append wrong = append(1, 1);
    CHECK(machine.admit(*state::encode_command(wrong)).has_value());
    wrong.events[0].metadata.pop_back();
    CHECK_FALSE(machine.admit(*state::encode_command(wrong)).has_value());
    CHECK(GuestedMachine({}, nullptr).admit(*state::encode_command(wrong)).has_value());
}

TEST_CASE("a cut holds the guest and the ledger, and both come back from it") {
    const Guest guest = counter();
    GuestedMachine machine({}, &guest);
    Applied apply(machine);
    for (std::uint64_t id = 1; id <= 20; ++id) {
        apply(append(id, id));
    }
    const std::vector<ByteVector> chunks = chunks_of(machine);
    REQUIRE(chunks.size() > 2);
    GuestedMachine other({}, &guest);
    other.begin_restore();
    for (const ByteVector& chunk : chunks) {
        CHECK(chunk.size() <= 64);
        REQUIRE(other.restore_chunk(chunk).has_value());
    }
    REQUIRE(other.end_restore().has_value());
    CHECK(sum(other) == sum(machine));
    CHECK(other.digest() == machine.digest());
    CHECK(chunks_of(other) == chunks);
}

TEST_CASE("a restore that is given up leaves an empty guest, however far it had come") {
    const Guest guest = counter();
    GuestedMachine machine({}, &guest);
    Applied apply(machine);
    apply(append(1, 9));
    const std::vector<ByteVector> chunks = chunks_of(machine);
    for (std::size_t taken = 0; taken <= chunks.size(); ++taken) {
        machine.begin_restore();
        for (std::size_t i = 0; i < taken; ++i) {
            REQUIRE(machine.restore_chunk(chunks[i]).has_value());
        }
        machine.abandon_restore();
        CHECK(sum(machine) == 0);
        CHECK(machine.ledger().length() == Position{});
    }
}

TEST_CASE("parts of a cut that are nobody's are errors") {
    const Guest guest = counter();
    GuestedMachine machine({}, &guest);
    machine.begin_restore();
    CHECK_FALSE(machine.restore_chunk({}).has_value());
    const ByteVector nobody = {std::byte{9}, std::byte{0}};
    CHECK_FALSE(machine.restore_chunk(nobody).has_value());
}

}  // namespace
}  // namespace ledger::sim
