#include "sim/program/input.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/choice.h"
#include "log/base/format.h"
#include "log/base/lookup_table.h"
#include "log/base/sha256.h"
#include "log/state/query.h"
#include "sim/check/event_line.h"
#include "sim/check/json.h"

namespace ledger::sim {
namespace {

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.input"; }
    std::string message(int value) const override {
        return static_cast<InputErrc>(value) == InputErrc::malformed ? "malformed input"
                                                                     : "cannot read or write";
    }
};

// Marks the ids of imported events, so that they differ from those of the swarm's own workload.
constexpr std::uint64_t imported_events = std::uint64_t{1} << 63;

struct Place {
    std::uint64_t line = 0;
    std::uint64_t event = 0;  // from 1; 0 = the line itself

    Error wrong(const std::string& what) const {
        return failure(InputErrc::malformed,
            event == 0 ? fmt::format("line {}: {}", line, what)
                       : fmt::format("line {}, event {}: {}", line, event, what));
    }
};

Result<std::string> text_member(const check::JsonValue& object, const char* key,
    std::uint64_t bytes_max, const Place& place) {
    const check::JsonValue* value = object.find(key);
    if (value == nullptr || value->text() == nullptr) {
        return place.wrong(fmt::format("expected \"{}\" with a text", key));
    }
    if (value->text()->empty() || value->text()->size() > bytes_max) {
        return place.wrong(fmt::format("\"{}\" must have 1 to {} bytes", key, bytes_max));
    }
    return *value->text();
}

Result<state::Expected> expected_member(const check::JsonValue& object, const Place& place) {
    using Kind = state::Expected::Kind;
    const check::JsonValue* value = object.find("expected");
    if (value == nullptr) {
        return state::Expected{};
    }
    if (const std::string* word = value->text()) {
        if (*word == "any") {
            return state::Expected{Kind::any, {}};
        }
        if (*word == "none") {
            return state::Expected{Kind::no_stream, {}};
        }
        if (*word == "exists") {
            return state::Expected{Kind::exists, {}};
        }
    }
    if (const check::JsonValue* exact = value->find("exact"); exact && exact->number()) {
        return state::Expected{Kind::exact, Revision{*exact->number()}};
    }
    return place.wrong(R"("expected" must be "any", "none", "exists" or {"exact": REVISION})");
}

// Is this expectation of a later event what the append's earlier events of the stream leave? The
// ledger checks only the first one.
bool follows(const state::Append& append, std::uint32_t stream, const state::Expected& expected) {
    using Kind = state::Expected::Kind;
    const state::Expected& first = append.streams[stream].expected;
    const auto before = static_cast<std::uint64_t>(
        std::count_if(append.events.begin(), append.events.end(),
            [&](const state::NewEvent& event) { return event.stream == stream; }));
    switch (expected.kind) {
        case Kind::any:
        case Kind::exists: return true;
        case Kind::no_stream: return false;
        case Kind::exact: break;
    }
    if (first.kind == Kind::exact) {
        return expected.revision == first.revision + before;
    }
    return first.kind == Kind::no_stream && expected.revision == Revision{before - 1};
}

Result<void> add_event(const check::JsonValue& object, const Place& place,
    LookupTable<std::string, std::uint32_t>& streams, state::Append& append) {
    if (object.object() == nullptr) {
        return place.wrong("expected an object");
    }
    LEDGER_TRY(const std::string stream,
        text_member(object, "stream", state::stream_name_bytes_max, place));
    LEDGER_TRY(const std::string type,
        text_member(object, "type", state::event_type_bytes_max, place));
    LEDGER_TRY(const state::Expected expected, expected_member(object, place));
    const check::JsonValue* data = object.find("data");
    if (data == nullptr) {
        return place.wrong("expected \"data\"");
    }
    state::NewEvent event;
    if (const std::uint32_t* known = streams.find(stream)) {
        event.stream = *known;
        if (!follows(append, *known, expected)) {
            return place.wrong(fmt::format(
                "\"expected\" contradicts what this append does to {} before", stream));
        }
    } else {
        event.stream = static_cast<std::uint32_t>(append.streams.size());
        streams[stream] = event.stream;
        append.streams.push_back({stream, expected});
    }
    event.type = type;
    event.id = {imported_events | place.line, place.event};
    event.salt = {keyed_bits(place.line, Site::event_salt, place.event, 0),
        keyed_bits(place.line, Site::event_salt, place.event, 1)};
    Result<ByteVector> metadata = check::metadata_in(object);
    if (!metadata) {
        return place.wrong(metadata.error().place);
    }
    event.metadata = std::move(*metadata);
    event.payload = check::bytes_of(*data);
    if (event.payload.size() > state::payload_bytes_max) {
        return place.wrong(fmt::format("\"data\" has more than {} bytes", state::payload_bytes_max));
    }
    if (event.metadata.size() > state::metadata_bytes_max) {
        return place.wrong(
            fmt::format("\"metadata\" has more than {} bytes", state::metadata_bytes_max));
    }
    append.events.push_back(std::move(event));
    return {};
}

Result<state::Append> parse_append(const check::JsonValue& value, Place place) {
    const check::JsonValue* events = value.find("events");
    if (events == nullptr || events->array() == nullptr || events->array()->empty()) {
        return place.wrong("expected {\"events\": [...]} with at least one event");
    }
    if (events->array()->size() > state::command_events_max) {
        return place.wrong(
            fmt::format("more than {} events in one append", state::command_events_max));
    }
    state::Append append;
    LookupTable<std::string, std::uint32_t> streams;
    for (const check::JsonValue& event : *events->array()) {
        ++place.event;
        LEDGER_CHECK(add_event(event, place, streams, append));
    }
    return append;
}

Result<EntryRef> read_entry(Host& host, Index index) {
    constexpr std::uint64_t one_entry = 1;
    LEDGER_TRY(const std::vector<HashedEntry> page, host.storage().read(index, index, one_entry));
    LEDGER_ASSERT(!page.empty());
    return page.front().entry;
}

}  // namespace

const boost::system::error_category& input_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(InputErrc errc) {
    return {static_cast<int>(errc), input_category()};
}

Result<std::string> read_file(const std::string& path) {
    std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        return failure(InputErrc::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    std::string text;
    char buffer[65536];
    while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
        text.append(buffer, count);
    }
    const bool failed = std::ferror(file) != 0;
    if (file != stdin) {
        std::fclose(file);
    }
    if (failed) {
        return failure(InputErrc::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return text;
}

Result<void> write_file(const std::string& path, std::string_view text) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
        return failure(InputErrc::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool closed = std::fclose(file) == 0;
    if (!whole || !closed) {
        return failure(InputErrc::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return {};
}

Result<void> replace_file(const std::string& path, std::string_view text) {
    const std::string temporary = path + ".new";
    LEDGER_CHECK(write_file(temporary, text));
    std::error_code failed;
    std::filesystem::rename(temporary, path, failed);
    return failed ? Result<void>(failure(InputErrc::unreadable, temporary + ": " + failed.message()))
                  : Result<void>();
}

Result<std::vector<state::Append>> parse_input(std::string_view text) {
    std::vector<state::Append> appends;
    check::JsonLines lines(text, check::any_json);
    while (!lines.at_end()) {
        LEDGER_TRY(const check::JsonValue value, lines.next());
        LEDGER_TRY(state::Append append, parse_append(value, {lines.line(), 0}));
        appends.push_back(std::move(append));
    }
    if (appends.empty()) {
        return failure(InputErrc::malformed, "no appends: the file is empty");
    }
    return appends;
}

Result<Input> load_input(const std::string& path) {
    LEDGER_TRY(const std::string text, read_file(path));
    Result<std::vector<state::Append>> appends = parse_input(text);
    if (!appends) {
        Error error = appends.error();
        error.place = path + ": " + error.place;
        return error;
    }
    return Input{std::move(*appends), to_hex(sha256(as_bytes(text)))};
}

std::uint64_t line_of(const state::Append& append) {
    LEDGER_ASSERT(!append.events.empty());
    return append.events.front().id.high & ~imported_events;
}

Result<std::string> export_ledger(Host& host) {
    constexpr std::uint32_t page_events = 256;
    const state::Ledger& ledger = host.machine().ledger();
    std::string text;
    EntryRef entry;
    for (Position next = ledger.retained(); next < ledger.length();) {
        LEDGER_TRY(const state::Located page,
            ledger.locate(state::ReadAll{next, state::Direction::forward, page_events}));
        LEDGER_ASSERT(!page.events.empty());
        for (const state::EventLocation& location : page.events) {
            if (entry.index != location.index) {
                LEDGER_TRY(entry, read_entry(host, location.index));
            }
            LEDGER_TRY(const state::RecordedEvent event,
                state::extract_event(*entry.handle, location));
            check::append_event_line(event, text);
            next = location.position.next();
        }
    }
    return text;
}

}  // namespace ledger::sim
