#include "node/asio/ctl_projection.h"

#include <algorithm>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr std::string_view stream_prefix = "$projection-";
constexpr const char* defined_type = "defined";
constexpr const char* checkpoint_type = "checkpoint";
constexpr std::uint64_t part_bytes = 512u << 10;
constexpr std::uint64_t parts_max = 14;  // of one entry
constexpr std::uint64_t idle_factor = 64;

ByteVector to_vector(std::string_view text) {
    const ByteSpan bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

state::NewEvent new_event(const char* type, ByteVector metadata, ByteVector payload) {
    return {.stream = 0, .id = {random_bits(), random_bits()}, .type = type,
        .metadata = std::move(metadata), .salt = {random_bits(), random_bits()},
        .payload = std::move(payload)};
}

ByteVector part_metadata(Position next, std::uint64_t part, std::uint64_t parts) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("next").number(next.value).key("part").number(part);
    writer.key("parts").number(parts).end_object();
    return to_vector(text);
}

std::optional<std::uint64_t> number_in(const check::JsonValue& object, std::string_view key) {
    const check::JsonValue* value = object.find(key);
    return value == nullptr ? std::nullopt : value->number();
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool is_projection_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), is_name_character) && text != "count" &&
           text != "sum" && text != "min" && text != "max" && text != "first" && text != "last" &&
           text != "set";
}

std::string projection_stream(std::string_view name) {
    return std::string(stream_prefix) + std::string(name);
}

Outcome<std::vector<std::string>> projection_names(CtlHistory& history) {
    std::vector<std::string> names;
    const CtlHistory::What what{
        .filter = {.types = {defined_type}, .stream_prefix = std::string(stream_prefix)}};
    const auto read = history.read(what, [&names](const state::Answer& page) {
        for (const state::RecordedEvent& event : page.events) {
            std::string name = event.stream.substr(stream_prefix.size());
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(std::move(name));
            }
        }
        return true;
    });
    if (!read) {
        return read.error();
    }
    return names;
}

Outcome<void> CtlProjection::define(const projection::Definition& definition) {
    state::Append append;
    append.streams.push_back({projection_stream(name_), {}});
    append.events.push_back(new_event(defined_type, {}, to_vector(text_of(definition))));
    const client::Done done = ask_(std::move(append));
    if (done.ending != client::Ending::done) {
        return Failed{exit_code_of(done), sentence_of(done)};
    }
    return {};
}

Outcome<void> CtlProjection::load() {
    definition_.reset();
    length_ = 0;
    std::optional<Failed> failed;
    const CtlHistory::What what{.stream = projection_stream(name_),
        .from = UINT64_MAX,
        .direction = state::Direction::backward,
        .filter = {.types = {defined_type}, .stream_prefix = {}},
        .page_events = 16};
    const auto read = history_.read(what, [&](const state::Answer& page) {
        length_ = std::max(length_, page.stream_length);
        if (page.events.empty()) {
            return true;
        }
        const state::RecordedEvent& event = page.events.front();
        begin_ = event.revision.value + 1;
        auto definition = projection::parse_definition(as_text(event.payload));
        if (event.erased || !definition) {
            failed = Failed{exit_integrity, fmt::format("the definition of '{}' at position {} {}",
                name_, event.position,
                event.erased ? "was redacted" : "is none: " + definition.error().place)};
        } else {
            definition_ = std::move(*definition);
        }
        return false;
    });
    if (!read) {
        return read.error();
    }
    if (failed) {
        return *failed;
    }
    if (!definition_) {
        return Failed{exit_not_found,
            fmt::format("there is no projection '{}' (ledgerctl projection define makes one)", name_)};
    }
    return {};
}

Outcome<CtlProjection::Checkpoint> CtlProjection::checkpoint_at(std::uint64_t revision) {
    std::optional<Checkpoint> found;
    const CtlHistory::What what{
        .stream = projection_stream(name_), .from = revision, .looked_at_max = 1, .page_events = 1};
    const auto read = history_.read(what, [&](const state::Answer& page) {
        if (page.events.empty() || page.events.front().type != checkpoint_type) {
            return false;
        }
        const auto metadata = check::parse_json(as_text(page.events.front().metadata));
        if (!metadata) {
            return false;
        }
        const auto next = number_in(*metadata, "next");
        const auto part = number_in(*metadata, "part");
        const auto parts = number_in(*metadata, "parts");
        if (next && part && parts && *part < *parts && *parts <= parts_max && *part <= revision) {
            found = Checkpoint{revision - *part, *parts, Position{*next}};
        }
        return false;
    });
    if (!read) {
        return read.error();
    }
    if (!found) {
        return Failed{exit_integrity, fmt::format("revision {} of stream {} is no checkpoint",
                                          revision, projection_stream(name_))};
    }
    return *found;
}

Outcome<std::optional<projection::Projection>> CtlProjection::read(const Checkpoint& checkpoint) {
    ByteVector bytes;
    std::uint64_t parts = 0;
    const CtlHistory::What what{.stream = projection_stream(name_),
        .from = checkpoint.begin,
        .looked_at_max = checkpoint.parts,
        .page_events = static_cast<std::uint32_t>(checkpoint.parts)};
    const auto read = history_.read(what, [&](const state::Answer& page) {
        for (const state::RecordedEvent& event : page.events) {
            bytes.insert(bytes.end(), event.payload.begin(), event.payload.end());
            parts += event.erased ? 0 : 1;
        }
        return true;
    });
    if (!read) {
        return read.error();
    }
    if (parts != checkpoint.parts) {
        return std::optional<projection::Projection>();
    }
    auto projection = projection::Projection::decode(bytes);
    if (!projection) {
        return Failed{exit_integrity, fmt::format("the checkpoint at revision {} of stream {}: {}",
                                          checkpoint.begin, projection_stream(name_),
                                          projection.error().place)};
    }
    return std::optional(std::move(*projection));
}

Outcome<projection::Projection> CtlProjection::nearest(Position bound) {
    LEDGER_ASSERT(definition_.has_value());
    // Below `low` lie checkpoints that are not beyond the bound, from `high` on those that are.
    std::uint64_t low = begin_;
    std::uint64_t high = length_;
    while (low < high) {
        const auto checkpoint = checkpoint_at(low + (high - low) / 2);
        if (!checkpoint) {
            return checkpoint.error();
        }
        if (checkpoint->next <= bound) {
            low = checkpoint->begin + checkpoint->parts;
        } else {
            high = checkpoint->begin;
        }
    }
    for (std::uint64_t end = low; end > begin_;) {
        const auto checkpoint = checkpoint_at(end - 1);
        if (!checkpoint) {
            return checkpoint.error();
        }
        auto state = read(*checkpoint);
        if (!state) {
            return state.error();
        }
        if (*state) {
            return std::move(**state);
        }
        end = checkpoint->begin;
    }
    return projection::Projection(*definition_);
}

Outcome<bool> CtlProjection::save(const projection::Projection& projection) {
    LEDGER_ASSERT(length_ > 0);
    ByteVector bytes;
    projection.encode(bytes);
    const std::uint64_t parts = (bytes.size() + part_bytes - 1) / part_bytes;
    if (parts > parts_max) {
        return Failed{exit_usage, fmt::format("the state of '{}' takes {} bytes; a checkpoint holds {}",
                                      name_, bytes.size(), part_bytes * parts_max)};
    }
    state::Append append;
    append.streams.push_back({projection_stream(name_),
        {state::Expected::Kind::exact, Revision{length_ - 1}}});
    for (std::uint64_t part = 0; part < parts; ++part) {
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(part * part_bytes);
        const auto end =
            bytes.begin() +
            static_cast<std::ptrdiff_t>(std::min<std::uint64_t>((part + 1) * part_bytes, bytes.size()));
        append.events.push_back(new_event(checkpoint_type,
            part_metadata(projection.standing().next, part, parts), ByteVector(begin, end)));
    }
    const client::Done done = ask_(std::move(append));
    if (done.ending == client::Ending::done) {
        length_ += parts;
        return true;
    }
    if (done.ending == client::Ending::unknown ||
        (done.outcome && std::holds_alternative<state::Conflict>(*done.outcome))) {
        return false;
    }
    return Failed{exit_code_of(done), sentence_of(done)};
}

Outcome<std::uint64_t> CtlProjection::forget() {
    std::vector<Position> positions;
    const CtlHistory::What what{.stream = projection_stream(name_),
        .filter = {.types = {checkpoint_type}, .stream_prefix = {}},
        .page_events = 16};
    const auto read = history_.read(what, [&positions](const state::Answer& page) {
        for (const state::RecordedEvent& event : page.events) {
            if (!event.erased) {
                positions.push_back(event.position);
            }
        }
        return true;
    });
    if (!read) {
        return read.error();
    }
    for (std::size_t begin = 0; begin < positions.size(); begin += state::command_redactions_max) {
        const std::size_t end =
            std::min<std::size_t>(begin + state::command_redactions_max, positions.size());
        state::Redact redact;
        redact.positions.assign(positions.begin() + static_cast<std::ptrdiff_t>(begin),
            positions.begin() + static_cast<std::ptrdiff_t>(end));
        const client::Done done = ask_(std::move(redact));
        if (done.ending != client::Ending::done) {
            return Failed{exit_code_of(done), sentence_of(done)};
        }
    }
    return positions.size();
}

Outcome<CtlProjectionRunner::Step> CtlProjectionRunner::step(bool settle) {
    if (!state_) {
        if (const auto loaded = stored_.load(); !loaded) {
            return loaded.error();
        }
        auto nearest = stored_.nearest(Position{UINT64_MAX});
        if (!nearest) {
            return nearest.error();
        }
        state_ = std::move(*nearest);
        saved_ = state_->standing();
    }
    const auto length = history_.length();
    if (!length) {
        return length.error();
    }
    const std::uint64_t since = state_->standing().next - saved_.next;
    const Position bound = std::min(*length, saved_.next + (since / every_ + 1) * every_);
    if (const auto folded = history_.fold(*state_, bound); !folded) {
        return folded.error();
    }
    const projection::Standing& standing = state_->standing();
    Step step{.next = standing.next, .at_end = bound == *length};
    const bool changed =
        standing.folded != saved_.folded || standing.redacted != saved_.redacted;
    // Checkpoints are events too: with nothing folded they must be rare, or they would never end.
    const std::uint64_t distance = standing.next - saved_.next;
    const bool due = changed ? distance >= every_ : distance >= idle_factor * every_;
    if (!due && !(settle && step.at_end && changed)) {
        return step;
    }
    const auto saved = stored_.save(*state_);
    if (!saved) {
        return saved.error();
    }
    step.saved = *saved;
    if (*saved) {
        saved_ = standing;
    } else {
        state_.reset();  // somebody else goes on with it, or a new life has begun
        step.at_end = false;
    }
    return step;
}

}  // namespace ledger::node::asio
