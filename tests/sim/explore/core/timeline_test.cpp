// Timelines: written, read and played again; nothing that comes from outside breaks the reader.
#include "sim/explore/core/timeline.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/base/format.h"
#include "tests/sim/explore/core/sample.h"
#include "tests/source_directory.h"

namespace ledger::sim {
namespace {

Timeline sample() {
    const CoreBounds bounds = bounds_of("nodes=3 timeouts=2 requests=1 crashes=1 messages=6");
    CoreSteps steps(bounds, sound(bounds, {}), {.committed = 1});
    const std::vector<CoreAction> actions = way_to(steps);
    return tell(steps, actions, "");
}

}  // namespace

TEST_CASE("timeline: what was found is played again by another search", "[explore]") {
    const Timeline told = sample();
    REQUIRE(told.steps.size() == 16);
    for (const TimelineStep& step : told.steps) {
        CHECK(step.story.find(fmt::format("n{}", step.action.node.value)) != std::string::npos);
    }
    const ParsedTimeline read = parse_timeline(print_timeline(told));
    CHECK(read.fault.empty());
    CHECK(read.timeline.bounds == told.bounds);
    CHECK(read.timeline.reductions == told.reductions);
    CHECK(read.timeline.steps == told.steps);
    const Replayed again = replay(read.timeline);
    CHECK(again.lost_at == 0);
    CHECK(again.violation.empty());
    CHECK(print_timeline(again.told) == print_timeline(told));
}

TEST_CASE("timeline: a search begins where one ends, within other bounds", "[explore]") {
    const Timeline told = sample();
    const CoreBounds bounds = bounds_of("nodes=3 timeouts=2 requests=2 crashes=1 messages=6");
    REQUIRE(compatible(told.bounds, bounds));
    CHECK(!compatible(told.bounds, bounds_of("nodes=3 prompt-disks")));
    CHECK(!compatible(told.bounds, bounds_of("nodes=4")));
    for (const SearchOrder order : {SearchOrder::breadth, SearchOrder::depth}) {
        CoreSteps steps(bounds, sound(bounds, {}), {.committed = 2});
        const Followed way = follow(steps, told, told.steps.size());
        REQUIRE(way.lost_at == 0);
        PrintSet seen(1ULL << 30);
        CoreSearch search(steps, seen, {.order = order, .before = way.actions});
        const SearchResult result = search.run();
        REQUIRE(result.end == SearchEnd::reached);
        REQUIRE(result.actions.size() > told.steps.size());
        const Timeline whole = tell(steps, result.actions, "");
        CHECK(replay(whole).lost_at == 0);
        CHECK(std::equal(told.steps.begin(), told.steps.end(), whole.steps.begin()));
        if (order == SearchOrder::breadth) {
            CHECK(result.actions.size() == told.steps.size() + 5);
        }
    }
    const CoreBounds fewer = bounds_of("nodes=3 timeouts=0 requests=2 messages=6");
    CoreSteps poor(fewer, sound(fewer, {}), {});
    CHECK(follow(poor, told, told.steps.size()).lost_at == 1);
}

TEST_CASE("timeline: what planted bugs have led to does not happen without them", "[explore]") {
    std::uint32_t count = 0;
    for (const auto& entry :
        std::filesystem::directory_iterator(source_directory() + "/tests/mutants/timelines")) {
        INFO(entry.path().string());
        std::ifstream file(entry.path(), std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        const ParsedTimeline read = parse_timeline(text.str());
        REQUIRE(read.fault == "");
        CHECK(!read.timeline.violation.empty());
        CHECK(replay(read.timeline).violation == "");
        ++count;
    }
    CHECK(count >= 20);
}

TEST_CASE("timeline: an action that is not possible any more is named", "[explore]") {
    Timeline told = sample();
    told.steps[3].packet ^= 1;
    told.steps[3].action = {.event = {.act = Act::deliver}, .node = NodeId{2}};
    const Replayed again = replay(told);
    CHECK(again.lost_at == 4);
    CHECK(again.told.steps.size() == 3);
}

TEST_CASE("timeline: faults say where they are", "[explore]") {
    const auto fault = [](const std::string& text) { return parse_timeline(text).fault; };
    CHECK(fault("") == "line 1, column 1: \"ledger.timeline/1\" was expected");
    const std::string head =
        "ledger.timeline/1\nbounds nodes=3 timeouts=1\nreductions symmetry\nfound target\n";
    CHECK(fault(head) == "");
    CHECK(fault(head + "1 time-out n1\n2 store n1  # it writes\n3 store n1 late\n") == "");
    CHECK(fault(head + "1 time-out n1 late\n") != "");
    CHECK(fault(head + "1 store n1 late kept\n") != "");
    CHECK(fault(head + "2 time-out n1\n") == "line 5, column 1: step 1 was expected");
    CHECK(fault(head + "1 time-out n4\n") == "line 5, column 12: a node was expected");
    CHECK(fault(head + "1 jump n1\n") == "line 5, column 3: an action was expected");
    CHECK(fault(head + "1 deliver n1 xyz\n") ==
          "line 5, column 14: the identity of a message was expected");
    CHECK(fault(head + "1 store n1 1 2\n") == "line 5, column 14: a story, after #, was expected");
    CHECK(fault("ledger.timeline/1\nbounds nodes=9\n") == "line 2, column 8: nodes: 1 to 5");
    CHECK(!fault("ledger.timeline/1\nbounds nodes=3 nodes=3\n").empty());
    CHECK(!fault("ledger.timeline/1\nbounds nodes=3\nreductions none\n").empty());
    CHECK(!fault("ledger.timeline/1\nbounds nodes=3\nreductions\nfound violation\n").empty());
}

TEST_CASE("timeline: no text breaks the reader, and what it takes can be played", "[explore]") {
    const std::string good = print_timeline(sample());
    rc::check("mutated timelines", [&] {
        std::string text = good;
        const auto edits = *rc::gen::inRange(1, 6);
        for (int i = 0; i < edits && !text.empty(); ++i) {
            const auto at = static_cast<std::size_t>(
                *rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(text.size())));
            switch (*rc::gen::inRange(0, 4)) {
                case 0:
                    text[at] = *rc::gen::element('0', '9', 'n', ' ', '\n', '=', '#', 'f', '\0');
                    break;
                case 1: text.erase(at, *rc::gen::inRange<std::size_t>(1, 20)); break;
                case 2: text.insert(at, text.substr(at / 2, 15)); break;
                default: text.resize(at); break;
            }
        }
        const ParsedTimeline read = parse_timeline(text);
        if (read.fault.empty()) {
            RC_ASSERT(fault_of(read.timeline.bounds).empty());
            (void)replay(read.timeline);
            const ParsedTimeline again = parse_timeline(print_timeline(read.timeline));
            RC_ASSERT(again.fault.empty());
            RC_ASSERT(again.timeline.steps == read.timeline.steps);
        } else {
            RC_ASSERT(read.fault.starts_with("line "));
        }
    });
}

TEST_CASE("bounds: read and written", "[explore]") {
    const CoreBounds bounds =
        bounds_of("nodes=4 timeouts=2 voters=3 changes=1 prompt-disks depth=9");
    CHECK(parse_bounds(to_text(bounds)) == bounds);
    CHECK(!parse_bounds("nodes=").has_value());
    CHECK(!parse_bounds("knights=3").has_value());
    CHECK(!parse_bounds("prompt-disks prompt-disks").has_value());
    CHECK(!parse_bounds("nodes=3 timeouts=99999999999").has_value());
    CoreBounds many;
    many.of(Spent::timeouts) = 15;
    many.of(Spent::requests) = 15;
    CHECK(!fault_of(many).empty());
}

}  // namespace ledger::sim
