#include "node/asio/quorum_recovery.h"

#include <catch2/catch.hpp>

#include "raft/configuration_body.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

constexpr ClusterId cluster{7, 7};

raft::NodeSet nodes(std::initializer_list<std::uint32_t> numbers) {
    raft::NodeSet set;
    for (const std::uint32_t number : numbers) {
        set.insert(NodeId{number});
    }
    return set;
}

// A disk of the cluster, written as a life would have written it.
class OldDisk {
  public:
    OldDisk(const CtlFolder& folder, std::uint32_t node)
        : path(folder.file("n" + std::to_string(node))),
          options_{.path = path, .identity = {cluster, NodeId{node}, Incarnation{node * 11}}} {
        auto directory = DataDirectory::take(options_);
        REQUIRE(directory.has_value());
        REQUIRE((*directory)->format(options_.identity.incarnation).has_value());
    }

    // Entries of these kinds in `term`; configurations say `now`.
    void write(Term term, std::uint32_t count, const raft::Configuration* now = nullptr) {
        auto directory = DataDirectory::take(options_);
        REQUIRE(directory.has_value());
        auto opened = (*directory)->open();
        REQUIRE(opened.has_value());
        log::Group group;
        group.hard_state = HardState{term, NodeId{}};
        Index last = opened->recovered.last;
        Digest hash = opened->recovered.tail.empty() ? opened->recovered.commit_hash
                                                     : opened->recovered.tail.back().hash;
        for (std::uint32_t i = 0; i < count; ++i) {
            EntryRef entry = now != nullptr ? raft::configuration_entry(*now) : EntryRef{};
            entry.index = last = last.next();
            entry.term = term;
            hash = entry_hash(hash, entry);
            group.entries.push_back({entry, hash});
        }
        REQUIRE(opened->storage->write(group).has_value());
        REQUIRE(opened->storage->sync().has_value());
    }

    Survivor look() const {
        auto found = Survivor::look(path, cluster, options_.identity.node);
        REQUIRE(found.has_value());
        return std::move(*found);
    }
    log::Recovered open() const {
        auto directory = DataDirectory::take(options_);
        REQUIRE(directory.has_value());
        auto opened = (*directory)->open();
        REQUIRE(opened.has_value());
        return std::move(opened->recovered);
    }

    const std::string path;

  private:
    const DataOptions options_;
};

template <typename... Disks>
std::vector<Survivor> look_at(const Disks&... disks) {
    std::vector<Survivor> all;
    (all.push_back(disks.look()), ...);
    return all;
}

}  // namespace

TEST_CASE("quorum_recovery: the survivor that holds most goes on, and the log says so", "[ctl]") {
    const CtlFolder folder;
    OldDisk one(folder, 1);
    OldDisk two(folder, 2);
    raft::Configuration five;
    five.voters = nodes({1, 2, 3, 4, 5});
    five.set_member({.node = NodeId{2}, .incarnation = Incarnation{22}, .priority = 3});
    for (OldDisk* disk : {&one, &two}) {
        disk->write(Term{1}, 1);
        disk->write(Term{2}, 1, &five);
    }
    one.write(Term{3}, 5);
    two.write(Term{4}, 1);
    {
        const std::vector<Survivor> survivors = look_at(one, two);
        CHECK(survivors[0].last == LogId{Term{3}, Index{7}});
        CHECK(survivors[1].configuration == five);
        CHECK(survivors[1].configuration_index == Index{2});
        const auto plan = plan_recovery(survivors, {});
        REQUIRE(plan.has_value());
        CHECK(plan->chosen == NodeId{2});  // a later term, though fewer entries
        CHECK(plan->term == Term{5});
        CHECK(plan->after.voters == nodes({1, 2}));
        CHECK(plan->after.member(NodeId{2}).priority == 3);
        CHECK(plan->after.recoveries == 1);
        CHECK(plan->lost == std::vector{NodeId{3}, NodeId{4}, NodeId{5}});
        REQUIRE(plan->passed.size() == 1);
        CHECK(plan->passed[0] == "n1 ends at 7 of term 3, n2 at 3 of term 4");
        const auto done = carry_out(*plan, survivors, cluster, WallTime{1'000});
        REQUIRE(done.has_value());
        CHECK(done->record == Index{4});
        CHECK(done->configuration == Index{5});
        CHECK(done->text.find("\"lost\":[3,4,5]") != std::string::npos);
    }
    const log::Recovered found = two.open();
    CHECK(found.last == Index{5});
    CHECK(found.hard_state == HardState{Term{5}, NodeId{2}});
    REQUIRE(found.tail.size() >= 2);
    const EntryRef& record = found.tail[found.tail.size() - 2].entry;
    CHECK(record.kind == EntryKind::recovery);
    CHECK(as_text(record.handle.envelope()).find("given up by an operator") != std::string::npos);
    const auto now = raft::configuration_of(found.tail.back().entry);
    REQUIRE(now.has_value());
    CHECK(now->voters == nodes({1, 2}));
    CHECK(one.open().last == Index{7});  // untouched
    // A second time, alone: it counts on.
    const std::vector<Survivor> alone = look_at(two);
    const auto again = plan_recovery(alone, {});
    REQUIRE(again.has_value());
    CHECK(again->after.recoveries == 2);
    CHECK(again->lost == std::vector{NodeId{1}});
}

TEST_CASE("quorum_recovery: what would be wrong is refused, and nothing is written", "[ctl]") {
    const CtlFolder folder;
    OldDisk one(folder, 1);
    OldDisk two(folder, 2);
    const auto refusal = [](const Result<RecoveryPlan>& plan) {
        REQUIRE_FALSE(plan.has_value());
        CHECK(plan.error().code == make_error_code(CtlErrc::refused));
        return plan.error().place;
    };
    CHECK(refusal(plan_recovery({}, nodes({1, 2, 3}))) == "nobody is named who survived");
    CHECK(refusal(plan_recovery(look_at(one), {})).find("--voters") != std::string::npos);
    CHECK(refusal(plan_recovery(look_at(one), nodes({2, 3, 4}))) == "n1 is no member any more");
    CHECK(refusal(plan_recovery(look_at(one, two), nodes({1, 2, 3}))).find("majority") !=
          std::string::npos);
    CHECK(plan_recovery(look_at(one), nodes({1, 2, 3})).has_value());

    raft::Configuration three;
    three.voters = nodes({1, 2, 3});
    three.set_member({.node = NodeId{1}, .incarnation = Incarnation{12345}});
    three.set_member({.node = NodeId{2}, .witness = true});
    two.write(Term{1}, 1, &three);
    CHECK(refusal(plan_recovery(look_at(two), {})) == "only witnesses are left: they hold no events");
    one.write(Term{1}, 1, &three);
    CHECK(refusal(plan_recovery(look_at(one), {})).find("not the disk that n1 voted with") !=
          std::string::npos);

    const std::vector<Survivor> held = look_at(one);
    const auto busy = Survivor::look(one.path, cluster, NodeId{1});
    REQUIRE_FALSE(busy.has_value());
    CHECK(busy.error().code == make_error_code(log::Errc::already_exists));
    CHECK(Survivor::look(folder.file("none"), cluster, NodeId{1}).error().code ==
          make_error_code(log::Errc::not_found));
    CHECK(Survivor::look(two.path, {8, 8}, NodeId{2}).error().code ==
          make_error_code(log::Errc::wrong_identity));
    CHECK(two.open().last == Index{1});
}

}  // namespace ledger::node::asio
