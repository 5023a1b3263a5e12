#include "node/eraser.h"

#include <map>

#include <catch2/catch.hpp>

#include "tests/node/counter_machine.h"

namespace ledger::node {
namespace {

EntryRef entry_of(std::uint64_t index, std::string_view erasable) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.handle = EntryHandle::make(as_bytes("envelope"), as_bytes(erasable));
    entry.bytes = entry.handle->size();
    return entry;
}

// Wants everything of some entries destroyed.
class Forgetful final : public CounterMachine {
  public:
    explicit Forgetful(std::vector<std::uint64_t> indexes) {
        for (const std::uint64_t index : indexes) {
            gone_.insert(Index{index});
        }
    }
    Index erased_from(Index from) const override {
        const auto at = gone_.lower_bound(from);
        return at == gone_.end() ? Index{} : *at;
    }
    EntryHandle as_it_stays(Index index, const EntryHandle& body) const override {
        return gone_.count(index) > 0 ? body.erased() : body;
    }

  private:
    std::set<Index> gone_;
};

struct Bench {
    Limits limits;
    Forgetful machine{{2, 3, 4, 7, 9}};
    Eraser eraser{limits};
    Instant now;
    Eraser::Extent log{Index{1}, Index{20}};

    Bench() {
        limits.erase_delay = milliseconds(100);
        limits.erase_entries_max = 3;
    }
    void wanted(std::initializer_list<std::uint64_t> indexes) {
        for (const std::uint64_t index : indexes) {
            eraser.wanted(now, Index{index});
        }
    }
    std::optional<Eraser::Extent> next() { return eraser.next(now, log, machine); }
    // What is asked for next is read from the disk.
    void read_next() {
        const auto range = next();
        REQUIRE(range.has_value());
        eraser.reading();
        std::vector<EntryRef> found;
        for (Index at = range->first; at <= range->last; ++at) {
            found.push_back(entry_of(at.value, "payload"));
        }
        eraser.read(found, {}, machine);
    }
    std::vector<std::uint64_t> taken() {
        std::vector<std::uint64_t> indexes;
        for (const EntryRef& entry : eraser.take()) {
            CHECK(entry.handle.is_erased());
            indexes.push_back(entry.index.value);
        }
        return indexes;
    }
};

using Indexes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("eraser: what is wanted within the delay is done together", "[node]") {
    Bench bench;
    CHECK(bench.eraser.idle());
    bench.wanted({3});
    bench.now = bench.now + milliseconds(60);
    bench.wanted({2, 3});
    CHECK(bench.eraser.deadline() == Instant{} + milliseconds(100));
    CHECK_FALSE(bench.next());
    bench.now = bench.eraser.deadline();
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{2, 3});
    bench.eraser.storing(Ticket{5});
    CHECK_FALSE(bench.eraser.idle());
    CHECK(bench.eraser.deadline() == never);
    bench.eraser.stored(Ticket{4});
    CHECK_FALSE(bench.eraser.idle());
    bench.eraser.stored(Ticket{5});
    CHECK(bench.eraser.idle());
}

TEST_CASE("eraser: one group holds no more than the limit, the next one waits for it", "[node]") {
    Bench bench;
    bench.wanted({2, 4, 7, 9});
    bench.now = bench.eraser.deadline();
    for (int i = 0; i < 3; ++i) {
        bench.read_next();
    }
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{2, 4, 7});
    bench.eraser.storing(Ticket{1});
    CHECK_FALSE(bench.next());
    bench.eraser.stored(Ticket{1});
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{9});
}

TEST_CASE("eraser: a state that was restored is looked through", "[node]") {
    Bench bench;
    bench.eraser.restored(bench.now);
    CHECK_FALSE(bench.eraser.idle());
    bench.now = bench.eraser.deadline();
    bench.log.first = Index{3};
    const auto range = bench.next();
    REQUIRE(range.has_value());
    CHECK(range->first == Index{3});
    CHECK(range->last == Index{4});
    bench.eraser.reading();
    // One of them was erased before the crash.
    EntryRef erased = entry_of(3, "payload");
    erased.handle = erased.handle.erased();
    erased.bytes = erased.handle->size();
    bench.eraser.read(std::vector<EntryRef>{erased, entry_of(4, "payload")}, {}, bench.machine);
    bench.read_next();
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{4, 7, 9});
    CHECK(bench.eraser.idle());
}

TEST_CASE("eraser: what is not on the disk yet comes with a later group", "[node]") {
    Bench bench;
    bench.log.last = Index{5};
    bench.wanted({4, 7});
    bench.now = bench.eraser.deadline();
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{4});
    CHECK(bench.eraser.deadline() == bench.now + milliseconds(100));
    bench.log.last = Index{7};
    bench.now = bench.eraser.deadline();
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{7});
}

TEST_CASE("eraser: an entry that cannot be read does not hold up the others", "[node]") {
    Bench bench;
    bench.wanted({2, 3, 4});
    bench.now = bench.eraser.deadline();
    REQUIRE(bench.next()->last == Index{4});
    bench.eraser.reading();
    const Index damaged = GENERATE(Index{}, Index{2});
    bench.eraser.read({}, damaged, bench.machine);
    // One by one, until one can be read.
    REQUIRE(bench.next()->last == bench.next()->first);
    bench.eraser.reading();
    if (damaged == Index{}) {
        bench.eraser.read({}, {}, bench.machine);
        bench.read_next();
    } else {
        bench.eraser.read(std::vector<EntryRef>{entry_of(3, "payload")}, {}, bench.machine);
    }
    bench.read_next();
    CHECK_FALSE(bench.next());
    CHECK(bench.taken() == Indexes{3, 4});
}

}  // namespace ledger::node
