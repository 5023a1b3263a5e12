#include "raft/raft_log.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/raft/solo.h"

namespace ledger::raft {
namespace {

LogId id(std::uint64_t index, std::uint64_t term) {
    return {Term{term}, Index{index}};
}

RaftLog log_with(
    const std::vector<std::uint64_t>& terms, const std::vector<std::uint64_t>& holes = {}) {
    RaftLog::Contents contents;
    for (const std::uint64_t hole : holes) {
        contents.holes.push_back(Index{hole});
    }
    contents.tail = log_of(terms);
    contents.terms = runs_of(contents.tail);
    contents.last = Index{terms.size()};
    return RaftLog(contents);
}

// The twin keeps every entry and searches from one end to the other.
LogId naive_last_not_above(const std::vector<std::uint64_t>& terms, LogId limit) {
    for (std::uint64_t i = std::min<std::uint64_t>(limit.index.value, terms.size()); i > 0; --i) {
        if (terms[i - 1] <= limit.term.value) {
            return id(i, terms[i - 1]);
        }
    }
    return {};
}

}  // namespace

TEST_CASE("raft_log: terms are known inside the log only", "[raft]") {
    const RaftLog log = log_with({1, 1, 3});
    CHECK(log.term_at(Index{0}) == Term{0});
    CHECK(log.term_at(Index{2}) == Term{1});
    CHECK(log.term_at(Index{3}) == Term{3});
    CHECK_FALSE(log.term_at(Index{4}).has_value());
    CHECK(log.last_id() == id(3, 3));
    CHECK(log.contains(id(0, 0)));
    CHECK_FALSE(log.contains(id(2, 2)));
}

TEST_CASE("raft_log: an entry in memory gets another body, one that is not there does not", "[raft]") {
    RaftLog log = log_with({1, 1, 3}, {2});
    const EntryHandle body = log.find(Index{3})->handle;
    const EntryHandle other =
        EntryHandle::make_partly_erased(body.envelope(), as_bytes("what is left"));
    log.replace_body(Index{3}, other);
    CHECK(log.find(Index{3})->handle.erasure() == Erasure::part);
    CHECK(log.find(Index{3})->bytes == other->size());
    CHECK(log.find(Index{3})->term == Term{3});
    log.replace_body(Index{2}, other);
    CHECK(log.is_hole(Index{2}));
    CHECK(log.find(Index{2}) == nullptr);
    log.replace_body(Index{4}, other);
    CHECK(log.last() == Index{3});
}

TEST_CASE("raft_log: what was cut away matches nothing", "[raft]") {
    RaftLog::Contents contents;
    contents.first = Index{11};
    contents.last = Index{12};
    contents.terms = {{Index{11}, Term{4}}};
    const RaftLog blind(contents);
    CHECK_FALSE(blind.term_at(Index{0}).has_value());
    CHECK_FALSE(blind.term_at(Index{10}).has_value());
    CHECK_FALSE(blind.contains(id(10, 0)));
    contents.previous = id(10, 3);
    const RaftLog log(contents);
    CHECK(log.contains(id(10, 3)));
    CHECK_FALSE(log.term_at(Index{9}).has_value());
    CHECK(log.last_not_above(id(12, 3)) == id(10, 3));
    CHECK(log.first_in_memory() == Index{13});
    CHECK(log.find(Index{12}) == nullptr);
}

TEST_CASE("raft_log: an empty log ends before its first index", "[raft]") {
    RaftLog log = log_with({});
    CHECK(log.last_id() == LogId{});
    CHECK(log.durable() == Index{0});
    CHECK(log.first_in_memory() == Index{1});
    log.append(entry_at(1, 2));
    CHECK(log.last_id() == id(1, 2));
    CHECK(log.durable() == Index{0});
    REQUIRE(log.find(Index{1}) != nullptr);
}

TEST_CASE("raft_log: a truncation lowers what is durable", "[raft]") {
    RaftLog log = log_with({1, 1, 2});
    CHECK(log.durable() == Index{3});
    log.truncate_to(Index{1}, Term{3});
    CHECK(log.durable() == Index{1});
    CHECK(log.last_id() == id(1, 1));
    CHECK(terms_of(log) == std::vector<std::uint64_t>{1});
}

TEST_CASE("raft_log: a late report about overwritten entries is ignored", "[raft]") {
    RaftLog log = log_with({1});
    log.append(entry_at(2, 2));
    log.append(entry_at(3, 2));
    log.truncate_to(Index{1}, Term{3});
    log.append(entry_at(2, 3));
    log.stored(id(3, 2), Term{2});
    log.stored(id(2, 2), Term{2});
    CHECK(log.durable() == Index{1});
    log.stored(id(2, 3), Term{3});
    CHECK(log.durable() == Index{2});
}

TEST_CASE("raft_log: an entry that came back is a new write", "[raft]") {
    // (2, term 2) is being written, is replaced in term 3, and comes back in term 4.
    RaftLog log = log_with({1});
    log.append(entry_at(2, 2));
    log.truncate_to(Index{1}, Term{3});
    log.append(entry_at(2, 3));
    log.truncate_to(Index{1}, Term{4});
    log.append(entry_at(2, 2));
    log.stored(id(2, 2), Term{2});
    CHECK(log.durable() == Index{1});
    log.stored(id(2, 2), Term{4});
    CHECK(log.durable() == Index{2});
}

TEST_CASE("raft_log: memory is released up to what is durable", "[raft]") {
    RaftLog log = log_with({1, 1, 1});
    log.append(entry_at(4, 1));
    log.append(entry_at(5, 1));
    log.release(Index{2});
    CHECK(log.first_in_memory() == Index{3});
    CHECK(log.find(Index{2}) == nullptr);
    CHECK(log.find(Index{3})->id() == id(3, 1));
    log.release(Index{5});
    CHECK(log.first_in_memory() == Index{4});
    log.release(Index{1});
    CHECK(log.first_in_memory() == Index{4});
    const std::span<const EntryRef> rest = log.entries(Index{4}, Index{5});
    REQUIRE(rest.size() == 2);
    CHECK(rest.back().id() == id(5, 1));
    CHECK(log.term_at(Index{1}) == Term{1});
}

TEST_CASE("raft_log: stamps are those of the last entry", "[raft]") {
    RaftLog log = log_with({1});
    EntryRef entry = entry_at(2, 1);
    entry.cluster_time = {50};
    entry.wall_time = {70};
    log.append(entry);
    CHECK(log.last_cluster_time() == ClusterTime{50});
    CHECK(log.last_wall_time() == WallTime{70});
    log.truncate_to(Index{1}, Term{2});
    CHECK(log.last_cluster_time() == ClusterTime{});
}

TEST_CASE("raft_log: damaged entries count, but nobody gets them", "[raft]") {
    RaftLog log = log_with({1, 1, 2, 2}, {2, 4});
    CHECK(log.last_id() == id(4, 2));
    CHECK(log.durable() == Index{4});
    CHECK(log.contains(id(4, 2)));
    CHECK(log.whole_to() == Index{1});
    CHECK(log.find(Index{2}) == nullptr);
    CHECK(log.find(Index{3}) != nullptr);
    CHECK(log.entries(Index{1}, Index{4}).size() == 4);
    EntryRef copy = entry_at(2, 1, 33);
    copy.cluster_time = {50};
    log.mend(copy);
    REQUIRE(log.find(Index{2}) != nullptr);
    CHECK(log.find(Index{2})->bytes == 33);
    CHECK(log.last_cluster_time() == ClusterTime{50});
    CHECK(log.whole_to() == Index{3});
    log.truncate_to(Index{3}, Term{3});
    CHECK(log.holes().empty());
    CHECK(log.whole_to() == Index{3});
}

TEST_CASE("raft_log: holes that a cut covers leave memory", "[raft]") {
    RaftLog log = log_with({1, 1, 1, 1, 1}, {2, 3, 5});
    log.forget_holes(Index{1});
    CHECK(log.holes().size() == 3);
    CHECK(log.first_in_memory() == Index{1});
    log.forget_holes(Index{4});
    CHECK(log.whole_to() == Index{4});
    CHECK(log.first_in_memory() == Index{4});
    CHECK(log.find(Index{3}) == nullptr);
    CHECK(log.term_at(Index{3}) == Term{1});
    log.begin_after(Index{4});
    CHECK(log.is_hole(Index{5}));
    log.restart_after(id(9, 2), {}, {}, Term{2});
    CHECK(log.holes().empty());
}

TEST_CASE("raft_log: skipping whole terms equals searching one by one", "[raft]") {
    CHECK(rc::check("last_not_above, term_at and memory equal a plain vector", [] {
        std::vector<std::uint64_t> terms;
        std::uint64_t term = 1;
        RaftLog log = log_with({});
        for (int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
            if (step == 0 && !terms.empty()) {
                const auto keep = *rc::gen::inRange<std::size_t>(0, terms.size());
                if (Index{keep}.next() >= log.first_in_memory()) {
                    ++term;
                    terms.resize(keep);
                    log.truncate_to(Index{keep}, Term{term});
                }
            } else if (step == 1) {
                log.stored(log.last_id(), Term{term});
            } else if (step == 2) {
                log.release(Index{*rc::gen::inRange<std::uint64_t>(0, 20)});
            } else {
                term += step > 9 ? 1u : 0u;
                terms.push_back(term);
                log.append(entry_at(terms.size(), term));
            }
        }
        RC_ASSERT(terms_of(log) == terms);
        RC_ASSERT(log.durable() <= log.last());
        RC_ASSERT(log.first_in_memory() <= log.durable().next());
        for (Index i = log.first_in_memory(); i <= log.last(); ++i) {
            RC_ASSERT(log.find(i)->id() == id(i.value, terms[i.value - 1]));
        }
        const LogId limit =
            id(*rc::gen::inRange<std::uint64_t>(0, 30), *rc::gen::inRange<std::uint64_t>(0, 30));
        RC_ASSERT(log.last_not_above(limit) == naive_last_not_above(terms, limit));
    }));
}

}  // namespace ledger::raft
