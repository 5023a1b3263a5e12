#include "sim/check/cuts.h"

#include <vector>

#include <catch2/catch.hpp>

namespace ledger::check::test {
namespace {

const NodeId n1{1};
const NodeId n2{2};
const Digest root = sha256(as_bytes("root"));
const Digest other_root = sha256(as_bytes("another"));

Hash128 digest_at(std::uint64_t index) {
    Hash128 digest;
    digest.add(index);
    return digest;
}

// n1 has applied so many entries.
struct Applied {
    explicit Applied(std::uint64_t count) {
        for (std::uint64_t i = 1; i <= count; ++i) {
            const EntryRef entry{.index = Index{i}, .term = Term{1}, .kind = EntryKind::noop};
            REQUIRE_FALSE(committed.applied(n1, entry.index, entry.term, entry.kind, Digest{},
                digest_at(i), &entry, {}));
        }
    }

    CommittedLog committed;
    Cuts cuts{committed};
};

// It was found, in words that hold this.
void fires(const Finding& finding, const std::string& words) {
    REQUIRE(finding);
    INFO(*finding);
    CHECK(finding->find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("cuts: equal cuts and states pass, and a run without cuts is idle", "[check]") {
    Applied run(60);
    CHECK(run.cuts.result().verdict == CheckResult::Verdict::idle);
    CHECK_FALSE(run.cuts.kept(n1, Index{50}, root));
    CHECK(run.cuts.result().verdict == CheckResult::Verdict::idle);
    CHECK_FALSE(run.cuts.kept(n2, Index{50}, root));
    CHECK_FALSE(run.cuts.agreed(Index{50}, root));
    CHECK_FALSE(run.cuts.agreed(Index{50}, root));
    CHECK_FALSE(run.cuts.restored(n2, Index{50}, digest_at(50)));
    CHECK(run.cuts.result() == CheckResult{"cuts", CheckResult::Verdict::ok, 4});
}

TEST_CASE("cuts: another root at the same index is found", "[check]") {
    Applied run(60);
    REQUIRE_FALSE(run.cuts.kept(n1, Index{50}, root));
    fires(run.cuts.kept(n2, Index{50}, other_root), "the cut of n2 at index 50 has root");
    fires(run.cuts.agreed(Index{50}, other_root), "that of n1 has");
    fires(run.cuts.agreed(Index{50}, root), "two roots of the cut at index 50");
    CHECK(run.cuts.result().verdict == CheckResult::Verdict::violated);
}

TEST_CASE("cuts: another state, or one that nobody had, is found", "[check]") {
    Applied run(60);
    fires(run.cuts.restored(n2, Index{50}, digest_at(49)),
        "n2 took up another state at index 50 than n1 had there");
    fires(run.cuts.restored(n2, Index{61}, digest_at(61)), "which nobody has applied");
    fires(run.cuts.restored(n2, Index{0}, digest_at(0)), "which nobody has applied");
}

TEST_CASE("cuts: a log may begin behind a verified cut on the same disk", "[check]") {
    Applied run(60);
    const std::vector<Cuts::Copy> copies{{Index{20}, root}, {Index{50}, root}};
    CHECK_FALSE(run.cuts.log_begins(n1, Index{1}, false, {}));
    CHECK_FALSE(run.cuts.covers(n1, Index{1}));
    REQUIRE_FALSE(run.cuts.agreed(Index{50}, root));
    run.cuts.retained(Index{50});
    CHECK_FALSE(run.cuts.log_begins(n1, Index{31}, true, copies));
    CHECK(run.cuts.covers(n1, Index{30}));
    CHECK_FALSE(run.cuts.covers(n1, Index{31}));
    CHECK_FALSE(run.cuts.covers(n2, Index{30}));
    // A log that was begun anew needs no leave, only the cut.
    CHECK_FALSE(run.cuts.log_begins(n2, Index{51}, false, copies));
    CHECK(run.cuts.covers(n2, Index{50}));
}

TEST_CASE("cuts: what is gone without a verified cut is found", "[check]") {
    Applied run(60);
    const std::vector<Cuts::Copy> old{{Index{20}, root}};
    const std::vector<Cuts::Copy> foreign{{Index{50}, other_root}};
    REQUIRE_FALSE(run.cuts.agreed(Index{20}, root));
    REQUIRE_FALSE(run.cuts.agreed(Index{50}, root));
    run.cuts.retained(Index{50});
    fires(run.cuts.log_begins(n1, Index{51}, true, {}),
        "the log of n1 begins at index 51, and its disk holds no whole cut of what was before");
    fires(run.cuts.log_begins(n1, Index{51}, true, old), "no whole cut of what was before");
    fires(run.cuts.log_begins(n1, Index{51}, true, foreign), "only cuts without the agreed root");
    CHECK_FALSE(run.cuts.covers(n1, Index{1}));
}

TEST_CASE("cuts: a read refused as expired before anything may be gone is found", "[check]") {
    Applied run(60);
    const std::string why = "expired: the ledger begins at position 3";
    fires(run.cuts.refused(n2, why), "n2 refused a read, though nothing may be gone: expired");
    REQUIRE_FALSE(run.cuts.agreed(Index{50}, root));
    run.cuts.retained(Index{50});
    CHECK_FALSE(run.cuts.refused(n2, why));
}

TEST_CASE("cuts: a log dropped further than was agreed is found", "[check]") {
    Applied run(60);
    const std::vector<Cuts::Copy> copies{{Index{50}, root}};
    REQUIRE_FALSE(run.cuts.agreed(Index{50}, root));
    fires(run.cuts.log_begins(n1, Index{51}, true, copies),
        "n1 has dropped its log up to index 50, but only up to index 0 it may");
    // A point at which there is no agreed cut gives no leave.
    run.cuts.retained(Index{55});
    fires(run.cuts.log_begins(n1, Index{41}, true, copies), "only up to index 0");
    run.cuts.retained(Index{50});
    CHECK_FALSE(run.cuts.log_begins(n1, Index{41}, true, copies));
    CHECK_FALSE(run.cuts.log_begins(n1, Index{51}, true, copies));
    fires(run.cuts.log_begins(n1, Index{52}, true, copies), "only up to index 50");
}

}  // namespace ledger::check::test
