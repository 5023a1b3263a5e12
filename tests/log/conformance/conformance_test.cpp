// Each case of the tables is a test of its own: it runs on a simulated disk and on a real file
// system, and comes to the same on both.
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tests/log/conformance/case.h"

namespace ledger::log::conformance {
namespace {

const std::vector<Case>& all_cases() {
    static const std::vector<Case> cases = [] {
        std::vector<Case> all;
        for (auto* table : {seam_cases, storage_cases, restart_cases, cut_cases, damage_cases,
                 erasure_cases}) {
            for (Case& one : table()) {
                all.push_back(std::move(one));
            }
        }
        return all;
    }();
    return cases;
}

// By the name of the case: the arms on which it has run in this process.
std::map<std::string, std::set<std::string>>& runs() {
    static std::map<std::string, std::set<std::string>> all;
    return all;
}

Outcome run_on(const Case& one, const std::unique_ptr<Arm>& arm) {
    INFO(arm->name());
    Outcome outcome = one.run(*arm);
    CHECK(outcome.words == one.words);
    runs()[one.name].insert(arm->name());
    return outcome;
}

void run(const Case& one) {
    INFO(one.name);
    const Outcome simulated = run_on(one, make_simulated_arm());
    const Outcome real = run_on(one, make_real_arm());
    CHECK(simulated.words == real.words);
    CHECK(simulated.details == real.details);
}

class Invoker final : public Catch::ITestInvoker {
  public:
    explicit Invoker(const Case& one) : case_(one) {}
    void invoke() const override { run(case_); }

  private:
    const Case& case_;
};

// One test for each case, under its own name.
const bool registered = [] {
    for (const Case& one : all_cases()) {
        // The registry owns the invoker; the registrar itself does nothing at its end.
        const Catch::AutoReg registrar(new Invoker(one), CATCH_INTERNAL_LINEINFO,
            Catch::StringRef(), Catch::NameAndTags{one.name, "[conformance]"});
    }
    return true;
}();

}  // namespace

TEST_CASE("conformance: at least 150 cases, each on both file systems", "[conformance]") {
    REQUIRE(registered);
    CHECK(all_cases().size() >= 150);
    std::set<std::string> names;
    for (const Case& one : all_cases()) {
        names.insert(one.name);
        if (!runs().contains(one.name)) {
            run(one);  // it was not asked for
        }
    }
    CHECK(names.size() == all_cases().size());
    CHECK(runs().size() == all_cases().size());
    for (const auto& [name, arms] : runs()) {
        INFO(name);
        CHECK(arms == std::set<std::string>{"PosixFileSystem", "sim::Disk"});
    }
}

}  // namespace ledger::log::conformance
