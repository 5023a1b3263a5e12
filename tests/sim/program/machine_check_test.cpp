#include "sim/program/machine_check.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "sim/profile.h"
#include "sim/program/capsule.h"
#include "sim/program/input.h"
#include "sim/rapidcheck.h"
#include "tests/node/counter_machine.h"

namespace ledger::rapidcheck {
namespace {

using node::CounterMachine;

ByteVector add(std::uint64_t number) {
    ByteVector bytes;
    ByteWriter(bytes).u64(number);
    return bytes;
}

rc::Gen<std::uint64_t> small() {
    return rc::gen::inRange<std::uint64_t>(0, 100);
}

// Clusters that cut their logs early and whose nodes come back often.
constexpr char busy[] =
    "scenario 1\nname busy\ncluster voters=3\nseeds 1 .. 1\n\n[swarm]\nknob.retain_entries = 20\n";

std::string directory() {
    const auto path = std::filesystem::temp_directory_path() / "ledger-machine-check";
    std::filesystem::create_directories(path);
    return path.string();
}

template <typename Machine>
Property<Machine> property(const char* name) {
    Property<Machine> own(name);
    own.commands(small(), add).scenario(busy).capsules_in(directory()).shrink_within(500'000);
    return own;
}

// The first finding within so many seeds.
template <typename Machine>
std::optional<sim::MachineFinding> search(Property<Machine>& property, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto run = property.run(seed);
        REQUIRE(run.has_value());
        if (run->finding) {
            return run->finding;
        }
    }
    return std::nullopt;
}

// Forgets in every cut how it came to its sum.
class ForgetfulMachine final : public CounterMachine {
  public:
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        CounterMachine::apply(entry, outcome);
        commands_ += entry.entry.kind == EntryKind::command ? 1 : 0;
    }
    void begin_restore() override {
        CounterMachine::begin_restore();
        commands_ = 0;
    }
    Hash128 digest() const override {
        Hash128 hash = CounterMachine::digest();
        hash.add(commands_);
        return hash;
    }

  private:
    std::uint64_t commands_ = 0;
};

std::uint64_t applied_in_this_process = 0;

// Answers with what no log says.
class LeakyMachine final : public CounterMachine {
  public:
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        CounterMachine::apply(entry, outcome);
        ByteWriter(outcome).u64(++applied_in_this_process);
    }
};

class FragileMachine final : public CounterMachine {
  public:
    void apply(const HashedEntry& entry, ByteVector& outcome) override {
        CounterMachine::apply(entry, outcome);
        LEDGER_ASSERT(summary().length.value < 300);
    }
};

TEST_CASE("a machine that does what its twin does passes, on replicas and on what cuts made of them") {
    auto counter = property<CounterMachine>("counter");
    counter.as<std::uint64_t>(
        [](std::uint64_t& sum, const CounterMachine& machine, const Moment& moment) {
            sum += moment.is_command ? ByteReader(moment.command).u64() : 0;
            RC_ASSERT(machine.summary().length.value == sum);
        });
    std::uint64_t moments = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const auto run = counter.run(seed);
        REQUIRE(run.has_value());
        if (run->finding) {
            FAIL(sim::describe(*run->finding));
        }
        moments += run->moments;
    }
    CHECK(moments > 1'000);
}

TEST_CASE("what a cut forgets of a machine is found, made small, and found again from its capsule") {
    auto forgetful = property<ForgetfulMachine>("forgetful");
    const auto finding = search(forgetful, 30);
    REQUIRE(finding);
    CHECK(finding->violation.check == "guest");
    CHECK(finding->violation.sentence.find("a cut does not hold all of the state") != std::string::npos);
    // A run as it is found decides tens of thousands.
    CHECK(finding->decisions <= 1'000);
    CHECK_FALSE(finding->story.empty());

    const auto text = sim::read_file(finding->capsule);
    REQUIRE(text.has_value());
    const auto capsule = sim::parse_capsule(*text);
    REQUIRE(capsule.has_value());
    CHECK(capsule->guest == "forgetful");
    CHECK(sim::foreign(*capsule, "x.capsule")->find("LEDGER_CAPSULE=x.capsule") != std::string::npos);
    CHECK_FALSE(forgetful.replay(finding->capsule));
    // Mended, the same run passes.
    auto mended = property<CounterMachine>("forgetful");
    CHECK(mended.replay(finding->capsule));
    // Another machine's capsule is none of ours.
    auto other = property<CounterMachine>("other");
    CHECK_FALSE(other.replay(finding->capsule));
}

TEST_CASE("a machine that looks beside the log is told from its replicas") {
    auto leaky = property<LeakyMachine>("leaky");
    const auto finding = search(leaky, 3);
    REQUIRE(finding);
    CHECK(finding->violation.sentence.find("depends on something beside the log") != std::string::npos);
}

TEST_CASE("an assertion that fails in a machine is a finding") {
    auto fragile = property<FragileMachine>("fragile");
    const auto finding = search(fragile, 5);
    REQUIRE(finding);
    CHECK(finding->violation.kind == check::Kind::crash);
}

TEST_CASE("a property that does not hold is told in its own words, from the plainest commands") {
    auto bounded = property<CounterMachine>("bounded");
    bounded.always([](const CounterMachine& machine) {
        RC_ASSERT(machine.summary().length.value < 50);
    });
    const auto finding = search(bounded, 5);
    REQUIRE(finding);
    CHECK(finding->violation.check == "property");
    CHECK(finding->violation.sentence.find("machine.summary().length.value < 50") != std::string::npos);
    CHECK(finding->decisions <= 1'000);
}

TEST_CASE("a property that throws, and one that answers false, are findings and no end of the run") {
    auto throws = property<CounterMachine>("throws");
    throws.always([](const CounterMachine&) -> bool { throw std::runtime_error("no"); });
    const auto thrown = throws.run(1);
    REQUIRE(thrown.has_value());
    REQUIRE(thrown->finding);
    CHECK(thrown->finding->violation.sentence == "the property threw: no");
    auto refuses = property<CounterMachine>("refuses");
    refuses.always([](const CounterMachine&) { return false; });
    const auto refused = refuses.run(1);
    REQUIRE(refused.has_value());
    REQUIRE(refused->finding);
    CHECK(refused->finding->violation.sentence == "the property does not hold");
}

TEST_CASE("a scenario with a mistake is an error that names it") {
    Property<CounterMachine> counter("counter");
    counter.commands(small(), add).scenario("scenario 1\nname x\ncluster voters=3\nseeds 1 .. 1\n\n[swarm]\nnet.los = 1%\n");
    const auto run = counter.run(1);
    REQUIRE_FALSE(run.has_value());
    CHECK(run.error().place.find("net.loss") != std::string::npos);
}

TEST_CASE("generated schedules are scenarios, and generated workloads are commands") {
    rc::prop("a schedule can be written and read again", [] {
        check::Scenario scenario;
        scenario.nemesis = *gen::schedule(3);
        const auto read = check::parse_scenario(check::print_scenario(scenario), sim::scenario_keys());
        RC_ASSERT(static_cast<bool>(read));
        RC_ASSERT(*read == scenario);
    });
    rc::prop("each append of a workload may be asked", [] {
        for (const state::Append& append : *gen::workload()) {
            RC_ASSERT(static_cast<bool>(state::check_command(append)));
        }
    });
}

TEST_CASE("a machine lives through generated schedules") {
    auto counter = property<CounterMachine>("scheduled");
    rc::Random random(7);
    for (int size = 10; size <= 40; size += 10) {
        const auto acts = gen::schedule(3)(random.split(), size).value();
        const auto run = counter.run(5, acts);
        REQUIRE(run.has_value());
        if (run->finding) {
            FAIL(sim::describe(*run->finding));
        }
    }
}

}  // namespace
}  // namespace ledger::rapidcheck
