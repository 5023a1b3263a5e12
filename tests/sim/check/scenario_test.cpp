#include "sim/check/scenario.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace ledger::check::test {
namespace {

constexpr KnownKey known[] = {
    {.key = "net.loss", .unit = Unit::share, .max = 300'000},
    {.key = "net.latency", .unit = Unit::duration, .max = 1'000'000'000'000},
    {.key = "knob.segment_kib", .unit = Unit::count, .min = 1, .max = 1 << 20},
    {.key = "disk.bitrot", .unit = Unit::share, .max = 1'000'000},
    {.section = Section::workload, .key = "clients", .unit = Unit::count, .min = 1, .max = 1'000},
    {.section = Section::workload, .key = "think", .unit = Unit::duration},
};

constexpr std::string_view sample = R"(# what a first run draws from
scenario 1
name     leader-sync-error   # a comment
cluster  voters=5
seeds    1 .. 200

[swarm]
net.loss         = 0% .. 15%
net.latency      = {20us, 1.5ms, 2s}
knob.segment_kib = 64
disk.bitrot      = off

[workload]
clients=1..20
think = 250us
)";

std::string error_of(std::string_view text) {
    const Result<Scenario> scenario = parse_scenario(text, known);
    return scenario.has_value() ? "no error" : scenario.error().place;
}

std::string error_in_swarm(std::string_view line) {
    return error_of("scenario 1\n[swarm]\n" + std::string(line) + "\n");
}

}  // namespace

TEST_CASE("scenario: every form of the text is read", "[check]") {
    const Result<Scenario> scenario = parse_scenario(sample, known);
    REQUIRE(scenario.has_value());
    CHECK(scenario->name == "leader-sync-error");
    CHECK(scenario->voters == 5);
    CHECK(scenario->seed_first == 1);
    CHECK(scenario->seed_last == 200);
    CHECK(*scenario->find(Section::swarm, "net.loss") == Range::between(0, 150'000));
    CHECK(*scenario->find(Section::swarm, "net.latency") ==
          Range::among({20'000, 1'500'000, 2'000'000'000}));
    CHECK(*scenario->find(Section::swarm, "knob.segment_kib") == Range::one(64));
    CHECK(scenario->find(Section::swarm, "disk.bitrot")->off());
    CHECK(scenario->get(Section::workload, "clients", Range::one(3)) == Range::between(1, 20));
    CHECK(scenario->get(Section::swarm, "clients", Range::one(3)) == Range::one(3));
}

TEST_CASE("scenario: printing and reading back gives the same scenario", "[check]") {
    const Result<Scenario> scenario = parse_scenario(sample, known);
    REQUIRE(scenario.has_value());
    const Result<Scenario> again = parse_scenario(print_scenario(*scenario), known);
    REQUIRE(again.has_value());
    CHECK(*again == *scenario);
    rc::prop("for every value", [] {
        Scenario made;
        const auto value = [](std::int64_t min, std::int64_t max) {
            return *rc::gen::inRange<std::int64_t>(min, max + 1);
        };
        for (const KnownKey& key : known) {
            const std::int64_t max = std::min<std::int64_t>(key.max, INT64_MAX - 1);
            const std::int64_t low = value(key.min, max);
            const Range ranges[] = {Range{}, Range::one(low), Range::between(low, value(low, max)),
                Range::among({value(key.min, max), low})};
            // Off is 0: only for keys that may be 0.
            made.set(key.section, key.key, key.unit,
                ranges[*rc::gen::inRange(key.min == 0 ? 0 : 1, 4)]);
        }
        made.voters = static_cast<std::uint32_t>(value(1, 7));
        made.seed_last = static_cast<std::uint64_t>(value(1, 1'000));
        const std::string text = print_scenario(made);
        const Result<Scenario> read = parse_scenario(text, known);
        RC_ASSERT(read.has_value());
        RC_ASSERT(*read == made);
    });
}

TEST_CASE("scenario: values are printed short and exact", "[check]") {
    CHECK(print_value(1'500'000, Unit::duration) == "1.5ms");
    CHECK(print_value(1'500'001, Unit::duration) == "1500.001us");
    CHECK(print_value(2'000'000'000, Unit::duration) == "2s");
    CHECK(print_value(7, Unit::duration) == "7ns");
    CHECK(print_value(0, Unit::duration) == "0ns");
    CHECK(print_value(30'000, Unit::share) == "3%");
    CHECK(print_value(500, Unit::share) == "0.05%");
    CHECK(print_value(12, Unit::count) == "12");
}

TEST_CASE("scenario: errors name line, column and what is expected", "[check]") {
    CHECK(error_of("") == "line 1, column 1: a scenario begins with the line \"scenario 1\"");
    CHECK(error_of("scenario 2\n") ==
          "line 1, column 1: a scenario begins with the line \"scenario 1\"");
    CHECK(
        error_of("scenario 1\nvoters 3\n") ==
        "line 2, column 1: expected name, cluster, seeds, answers, or a section like [swarm] or "
        "[workload]");
    CHECK(error_of("scenario 1\ncluster voters=9\n") ==
          "line 2, column 16: voters must lie between 1 and 7");
    CHECK(error_of("scenario 1\nseeds 9 .. 3\n") ==
          "line 2, column 7: the range ends before it begins");
    CHECK(
        error_of("scenario 1\n[faults]\n") ==
        "line 2, column 2: expected [swarm], [workload], [nemesis] or [tape]");
    CHECK(error_of("scenario 1\nname\n") == "line 2, column 5: expected a name");
}

TEST_CASE("scenario: what is done when, to whom and for how long is read as it is printed", "[check]") {
    const std::string text =
        "scenario 1\nname     acts\ncluster  voters=3\nseeds    1\n\n[nemesis]\n"
        "at 1.5s crash leader for 500ms\n"
        "every 300ms fail-sync follower for 10ms\n"
        "when leader 2 isolate n2 for 1s\n"
        "at 2s cut laggard n3 for 20ms\n"
        "at 2s part n1 n3 for 20ms\n"
        "at 2s clog n1 leader for 20ms\n"
        "at 2s slow n1 n2 for 20ms\n"
        "at 3s pause n1 for 20ms\n"
        "at 3s stall n1 for 20ms\n"
        "at 3s fail-write n1 for 20ms\n"
        "at 3s fail-read n1 for 20ms\n"
        "at 4s crash candidate for 20ms\n"
        "at 4s crash boundary for 20ms\n"
        "at 4s crash newcomer for 20ms\n"
        "at 4s cut receiver follower for 20ms\n";
    const Result<Scenario> scenario = parse_scenario(text, {});
    REQUIRE(static_cast<bool>(scenario));
    REQUIRE(scenario->nemesis.size() == 15);
    CHECK(scenario->nemesis[14].who == Who{Who::Part::receiver, 0});
    CHECK(scenario->nemesis[0] == NemesisLine{.when = NemesisLine::When::at,
                                      .time = milliseconds(1500),
                                      .verb = Verb::crash,
                                      .who = {Who::Part::leader, 0},
                                      .length = milliseconds(500)});
    CHECK(scenario->nemesis[2].count == 2);
    CHECK(scenario->nemesis[3].other == Who{Who::Part::number, 3});
    CHECK(print_scenario(*scenario) == text);
}

TEST_CASE("scenario: a wrong act is named", "[check]") {
    const auto error_in_acts = [](const std::string& line) {
        return error_of("scenario 1\n[nemesis]\n" + line + "\n");
    };
    CHECK(error_in_acts("crash leader") ==
          "line 3, column 1: expected at TIME, every TIME or when leader N");
    CHECK(error_in_acts("when follower 1 crash n1 for 1s") ==
          "line 3, column 1: expected at TIME, every TIME or when leader N");
    CHECK(error_in_acts("at noon crash n1 for 1s") ==
          "line 3, column 4: expected a duration like 20us, 1.5ms or 2s");
    CHECK(error_in_acts("every 10us crash n1 for 1s") ==
          "line 3, column 7: a time must lie between 1ms and 3600s");
    CHECK(error_in_acts("at 1s eat n1 for 1s") ==
          "line 3, column 7: expected crash, pause, stall, isolate, fail-sync, fail-write, "
          "fail-read, cut, part, clog or slow");
    CHECK(error_in_acts("at 1s crash n0 for 1s") ==
          "line 3, column 13: expected n1, n2, ..., leader, follower, laggard, candidate, boundary, newcomer or receiver");
    CHECK(error_in_acts("at 1s cut n1 for 1s") ==
          "line 3, column 14: expected n1, n2, ..., leader, follower, laggard, candidate, boundary, newcomer or receiver");
    CHECK(error_in_acts("at 1s crash n1") == "line 3, column 15: expected for and how long");
    CHECK(error_in_acts("at 1s crash n1 for 1s 2s") == "line 3, column 23: expected nothing more");
    CHECK(error_in_acts("when leader 0 crash n1 for 1s") ==
          "line 3, column 13: the number of an election must lie between 1 and 1000000");
}

TEST_CASE("scenario: a tape is read as it is printed", "[check]") {
    const std::string text =
        "scenario 1\nname     taped\ncluster  voters=3\nseeds    4\nanswers  kind\n\n[tape]\n"
        "net.loss 1:3 17/2 = 1\n"
        "node.election.jitter 2 65536/1024 = 9\n"
        "net.latency 2147483648:4 1/18446744073709551615 = 18446744073709551614\n";
    const Result<Scenario> scenario = parse_scenario(text, {});
    REQUIRE(static_cast<bool>(scenario));
    CHECK(scenario->answers == AnsweredBy::kind);
    REQUIRE(scenario->tape.size() == 3);
    CHECK(scenario->tape[0] ==
          Decision{Site::network_loss, std::uint64_t{1} << 32 | 3, 17, 2, 1});
    CHECK(scenario->tape[2].answer == UINT64_MAX - 1);
    CHECK(print_scenario(*scenario) == text);
    const Result<Scenario> kinder = parse_scenario("scenario 1\nanswers kind-settings\n", {});
    REQUIRE(static_cast<bool>(kinder));
    CHECK(kinder->answers == AnsweredBy::kind_settings);
}

TEST_CASE("scenario: a wrong line of a tape is named", "[check]") {
    const auto error_in_tape = [](const std::string& line) {
        return error_of("scenario 1\n[tape]\n" + line + "\n");
    };
    CHECK(error_in_tape("net.los 1 1/2 = 1") ==
          "line 3, column 1: expected the site of a decision, found net.los");
    CHECK(error_in_tape("unknown 1 1/2 = 1") ==
          "line 3, column 1: expected the site of a decision, found unknown");
    CHECK(error_in_tape("net.loss x 1/2 = 1") ==
          "line 3, column 10: expected an entity, as 3 or 1:3");
    CHECK(error_in_tape("net.loss 1:4294967296 1/2 = 1") ==
          "line 3, column 1: a half of an entity is below 2^32");
    CHECK(error_in_tape("net.loss 1 1 = 1") ==
          "line 3, column 14: expected / and the number of alternatives");
    CHECK(error_in_tape("net.loss 1 1/2") == "line 3, column 15: expected =");
    CHECK(error_in_tape("net.loss 1 1/2 = 2") ==
          "line 3, column 1: the answer must be less than the number of alternatives");
    CHECK(error_in_tape("net.loss 1 1/2 = 1 1") == "line 3, column 20: expected nothing more");
    CHECK(error_in_tape("net.loss 1 1/2 = 1\nnet.loss 1 1/9 = 3") ==
          "line 4, column 1: this question is answered twice");
    CHECK(error_in_tape("net.loss 1 1/99999999999999999999 = 1") ==
          "line 3, column 14: expected the number of alternatives");
    CHECK(error_of("scenario 1\nanswers nobody\n") ==
          "line 2, column 9: expected seed, kind-settings or kind");
}

TEST_CASE("scenario: an unknown key names the nearest known one", "[check]") {
    CHECK(error_in_swarm("  net.los = 3%") ==
          "line 3, column 3: unknown key net.los, did you mean net.loss?");
    CHECK(error_in_swarm("clients = 3") ==
          "line 3, column 1: unknown key clients in [swarm], it belongs to [workload]");
    CHECK(error_in_swarm("net.loss = 3%\nnet.loss = 4%") ==
          "line 4, column 1: net.loss is there twice");
}

TEST_CASE("scenario: a value must have its unit and lie in its bounds", "[check]") {
    CHECK(error_in_swarm("net.loss = 3") == "line 3, column 12: expected a share like 3% or 0.05%");
    CHECK(error_in_swarm("net.loss = 31%") ==
          "line 3, column 12: net.loss must lie between 0% and 30%");
    CHECK(error_in_swarm("net.latency = 5") ==
          "line 3, column 15: expected a duration like 20us, 1.5ms or 2s");
    CHECK(error_in_swarm("net.latency = 0.5ns") ==
          "line 3, column 15: expected a duration like 20us, 1.5ms or 2s");
    CHECK(error_in_swarm("net.latency = {1ms, }") ==
          "line 3, column 21: expected a duration like 20us, 1.5ms or 2s");
    CHECK(error_in_swarm("net.latency = {1ms 2ms}") == "line 3, column 20: expected a comma or }");
    CHECK(error_in_swarm("knob.segment_kib = 1.5") ==
          "line 3, column 20: expected a whole number like 12");
    CHECK(error_in_swarm("knob.segment_kib = 99999999999999999999") ==
          "line 3, column 20: expected a whole number like 12");
    CHECK(error_in_swarm("knob.segment_kib 5") == "line 3, column 18: expected =");
    CHECK(error_in_swarm("knob.segment_kib = 5 6") == "line 3, column 22: expected nothing more");
    CHECK(error_in_swarm("net.latency = offline") == "line 3, column 18: expected nothing more");
    CHECK(error_in_swarm("knob.segment_kib = off") ==
          "line 3, column 20: knob.segment_kib cannot be off, it is at least 1");
}

TEST_CASE("scenario: damaged text never does more than fail with a place", "[check]") {
    rc::prop("damage", [] {
        std::string text(sample);
        text += "\n[nemesis]\nat 1s cut leader n2 for 20ms\nwhen leader 2 crash laggard for 1s\n"
                "\n[tape]\nnet.loss 1:3 17/2 = 1\nnemesis.target 9 3/5 = 4\n";
        const auto changes = *rc::gen::container<std::vector<std::pair<std::uint16_t, char>>>(
            rc::gen::arbitrary<std::pair<std::uint16_t, char>>());
        for (const auto& [at, c] : changes) {
            text[at % text.size()] = c;
        }
        const Result<Scenario> read = parse_scenario(text, known);
        if (read.has_value()) {
            const Result<Scenario> again = parse_scenario(print_scenario(*read), known);
            RC_ASSERT(again.has_value());
            RC_ASSERT(*again == *read);
        } else {
            RC_ASSERT(read.error().place.starts_with("line "));
        }
    });
}

TEST_CASE("scenario: any acts and any tape are read as they are printed", "[check]") {
    rc::prop("round trip", [] {
        const auto below = [](std::uint64_t limit) {
            return *rc::gen::resize(1000, rc::gen::inRange<std::uint64_t>(0, limit));
        };
        const auto who = [&] {
            const auto part = static_cast<Who::Part>(1 + below(4));
            const bool number = part == Who::Part::number;
            return Who{part, number ? static_cast<std::uint32_t>(1 + below(16)) : 0};
        };
        Scenario scenario;
        scenario.answers = static_cast<AnsweredBy>(1 + below(3));
        for (std::uint64_t left = below(8); left > 0; --left) {
            NemesisLine line;
            line.when = static_cast<NemesisLine::When>(1 + below(3));
            const bool elected = line.when == NemesisLine::When::leader;
            line.time =
                elected ? Duration{} : milliseconds(static_cast<std::int64_t>(1 + below(100'000)));
            line.count = elected ? 1 + below(1'000) : 0;
            line.verb = static_cast<Verb>(1 + below(11));
            line.who = who();
            line.other = is_of_link(line.verb) ? who() : Who{};
            line.length = Duration{static_cast<std::int64_t>(1 + below(1'000'000'000))};
            scenario.nemesis.push_back(line);
        }
        for (std::uint64_t left = below(20), sequence = 0; left > 0; --left) {
            const std::uint64_t domain = 1 + *rc::gen::arbitrary<std::uint32_t>();
            scenario.tape.push_back({*rc::gen::element(Site::network_loss, Site::nemesis_target),
                *rc::gen::arbitrary<std::uint64_t>(), sequence++, domain, below(domain)});
        }
        const Result<Scenario> read = parse_scenario(print_scenario(scenario), known);
        RC_ASSERT(read.has_value());
        RC_ASSERT(*read == scenario);
    });
}

TEST_CASE("scenario: a range knows its domain and its values", "[check]") {
    CHECK(Range{}.domain() == 1);
    CHECK(Range{}.value(0) == 0);
    CHECK(Range::one(5).value(0) == 5);
    CHECK(Range::between(5, 9).domain() == 5);
    CHECK(Range::between(5, 9).value(4) == 9);
    CHECK(Range::among({3, 1}).domain() == 2);
    CHECK(Range::among({3, 1}).value(1) == 1);
}

}  // namespace ledger::check::test
