#include "node/asio/import_batch.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "node/asio/ctl_input.h"
#include "sim/check/event_line.h"
#include "tests/log/state/examples.h"

namespace ledger::node::asio {
namespace {

using Kind = state::Expected::Kind;

struct Wish {
    std::string stream;
    state::Expected expected;
    std::uint32_t events = 1;
};

ImportLine line_of(const std::vector<Wish>& wishes, std::uint64_t number = 1) {
    ImportLine line{.append = {}, .number = number, .through = {}};
    for (const Wish& wish : wishes) {
        const auto stream = static_cast<std::uint32_t>(line.append.streams.size());
        line.append.streams.push_back({wish.stream, wish.expected});
        for (std::uint32_t i = 0; i < wish.events; ++i) {
            line.append.events.push_back(
                state::event_in(stream, std::to_string(10 * number + i)));
        }
    }
    return line;
}

state::Expected exact(std::uint64_t revision) {
    return {Kind::exact, Revision{revision}};
}

// Whether the second line fits behind the first.
bool fit(const std::vector<Wish>& first, const std::vector<Wish>& second) {
    ImportBatch batch(100);
    batch.add(line_of(first));
    return batch.fits(line_of(second, 2));
}

bool goes_in(state::Feed& ledger, const state::Append& append) {
    return std::holds_alternative<state::Appended>(ledger(append));
}

// What an import does: whole batches, and the lines of a refused one alone. The number of the
// refused line, or 0.
std::uint64_t import_in_batches(
    state::Feed& ledger, const std::vector<ImportLine>& lines, std::uint32_t lines_max) {
    for (std::size_t next = 0; next < lines.size();) {
        ImportBatch batch(lines_max);
        while (next < lines.size() && batch.fits(lines[next])) {
            batch.add(ImportLine(lines[next]));
            ++next;
        }
        if (goes_in(ledger, batch.merged())) {
            continue;
        }
        for (const ImportLine& line : batch.lines()) {
            if (!goes_in(ledger, line.append)) {
                return line.number;
            }
        }
    }
    return 0;
}

std::string everything_in(const state::Feed& ledger) {
    std::string text;
    const state::Answer answer =
        ledger.read(state::ReadAll{Position{0}, state::Direction::forward, 4096});
    for (const state::RecordedEvent& event : answer.events) {
        check::append_event_line(event, text);
    }
    return text;
}

rc::Gen<std::vector<Wish>> any_wishes() {
    return rc::gen::exec([] {
        std::vector<Wish> wishes;
        for (const char* stream : {"a", "b", "c"}) {
            if (*rc::gen::inRange(0, 2) == 1 || (*stream == 'c' && wishes.empty())) {
                // Revisions that a short history makes true now and then.
                const auto kind = static_cast<Kind>(*rc::gen::inRange(1, 5));
                const auto revision = kind == Kind::exact
                                          ? Revision{*rc::gen::inRange<std::uint64_t>(0, 6)}
                                          : Revision{};
                wishes.push_back(
                    {stream, {kind, revision}, *rc::gen::inRange<std::uint32_t>(1, 3)});
            }
        }
        return wishes;
    });
}

}  // namespace

TEST_CASE("import batch: an expectation that follows from the lines before joins them", "[ctl]") {
    CHECK(fit({{"a", {Kind::no_stream, {}}, 2}}, {{"a", exact(1)}}));
    CHECK(fit({{"a", exact(7), 1}}, {{"a", exact(8)}}));
    CHECK(fit({{"a", {}, 1}}, {{"a", {}, 1}}));
    CHECK(fit({{"a", {}, 1}}, {{"a", {Kind::exists, {}}, 1}}));
    CHECK(fit({{"a", exact(7), 1}}, {{"b", exact(3)}}));
}

TEST_CASE("import batch: one that does not, or cannot be told, begins the next batch", "[ctl]") {
    CHECK_FALSE(fit({{"a", {Kind::no_stream, {}}, 2}}, {{"a", exact(0)}}));
    CHECK_FALSE(fit({{"a", exact(7), 1}}, {{"a", {Kind::no_stream, {}}}}));
    CHECK_FALSE(fit({{"a", {}, 1}}, {{"a", exact(8)}}));
    CHECK_FALSE(fit({{"a", {Kind::exists, {}}, 1}}, {{"a", exact(8)}}));
}

TEST_CASE("import batch: it is bounded in lines, events and bytes", "[ctl]") {
    ImportBatch two(2);
    two.add(line_of({{"a", {}, 1}}, 1));
    CHECK_FALSE(two.full());
    two.add(line_of({{"a", {}, 1}}, 2));
    CHECK(two.full());
    CHECK_FALSE(two.fits(line_of({{"a", {}, 1}}, 3)));

    CHECK(fit({{"a", {}, state::command_events_max - 1}}, {{"b", {}, 1}}));
    CHECK_FALSE(fit({{"a", {}, state::command_events_max}}, {{"b", {}, 1}}));

    ImportLine large = line_of({{"a", {}, 1}}, 1);
    large.append.events[0].payload.resize(state::payload_bytes_max);
    ImportBatch batch(100);
    CHECK(batch.fits(large));
    batch.add(std::move(large));
    CHECK_FALSE(batch.fits(line_of({{"b", {}, 1}}, 2)));
}

TEST_CASE("import batch: the merged append is the lines in order, each stream named once",
    "[ctl]") {
    ImportBatch batch(100);
    batch.add(line_of({{"a", {Kind::no_stream, {}}, 1}, {"b", exact(4), 2}}, 1));
    batch.add(line_of({{"b", exact(6), 1}, {"a", exact(0), 1}}, 2));
    CHECK(batch.events() == 5);
    const state::Append all = batch.merged();
    CHECK((all.streams == std::vector<state::StreamCheck>{
                              {"a", {Kind::no_stream, {}}}, {"b", exact(4)}}));
    std::string order;
    for (const state::NewEvent& event : all.events) {
        order += all.streams[event.stream].stream;
        order += as_text(event.payload);
        order += ' ';
    }
    CHECK(order == "a10 b10 b11 b20 a20 ");
}

TEST_CASE("import batch: batches leave what the lines leave one by one, refusals included",
    "[ctl]") {
    rc::prop("equal ledgers", [] {
        std::vector<ImportLine> lines;
        const int count = *rc::gen::inRange(1, 12);
        for (int i = 0; i < count; ++i) {
            lines.push_back(line_of(*any_wishes(), lines.size() + 1));
        }
        state::Feed alone;
        state::Feed batched;
        // Streams that others wrote before.
        const bool begun = *rc::gen::inRange(0, 2) == 1;
        if (begun) {
            RC_ASSERT(goes_in(alone, line_of({{"a", {}, 2}}).append));
            RC_ASSERT(goes_in(batched, line_of({{"a", {}, 2}}).append));
        }
        std::uint64_t refused = 0;
        for (const ImportLine& line : lines) {
            if (!goes_in(alone, line.append)) {
                refused = line.number;
                break;
            }
        }
        const auto lines_max = *rc::gen::inRange<std::uint32_t>(1, 8);
        RC_ASSERT(import_in_batches(batched, lines, lines_max) == refused);
        RC_ASSERT(everything_in(batched) == everything_in(alone));
    });
}

}  // namespace ledger::node::asio
