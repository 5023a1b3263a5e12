#include "node/asio/import_batch.h"

#include <utility>

#include "log/base/assert.h"

namespace ledger::node::asio {
namespace {

// Far below entry_bytes_max; a longer line is a batch of its own.
constexpr std::uint64_t batch_bytes_max = 1u << 20;

std::uint64_t bytes_of(const state::Append& append) {
    constexpr std::uint64_t fixed_bytes = 128;  // more than ids, lengths and salts take
    std::uint64_t bytes = fixed_bytes;
    for (const state::StreamCheck& check : append.streams) {
        bytes += fixed_bytes + check.stream.size();
    }
    for (const state::NewEvent& event : append.events) {
        bytes += fixed_bytes + event.type.size() + event.metadata.size() + event.payload.size();
    }
    return bytes;
}

// How many events each stream gets.
std::vector<std::uint64_t> events_per_stream(const state::Append& append) {
    std::vector<std::uint64_t> counts(append.streams.size());
    for (const state::NewEvent& event : append.events) {
        ++counts[event.stream];
    }
    return counts;
}

// The revision of the last event, if the check held and `count` events followed.
std::optional<Revision> revision_after(const state::Expected& expected, std::uint64_t count) {
    LEDGER_ASSERT(count > 0);
    switch (expected.kind) {
        case state::Expected::Kind::no_stream: return Revision{count - 1};
        case state::Expected::Kind::exact: return Revision{expected.revision.value + count};
        case state::Expected::Kind::any:
        case state::Expected::Kind::exists: break;
    }
    return std::nullopt;
}

}  // namespace

ImportBatch::ImportBatch(std::uint32_t lines_max) : lines_max_(lines_max) {
    LEDGER_ASSERT(lines_max > 0);
}

bool ImportBatch::fits(const ImportLine& line) const {
    if (lines_.empty()) {
        return true;
    }
    const state::Append& append = line.append;
    if (full() || bytes_ + bytes_of(append) > batch_bytes_max ||
        events_ + append.events.size() > state::command_events_max ||
        streams_.size() + append.streams.size() > state::command_streams_max) {
        return false;
    }
    for (const state::StreamCheck& check : append.streams) {
        if (!follows(check)) {
            return false;
        }
    }
    return true;
}

// Whether the check holds after the lines that are in, or is for the ledger to judge.
bool ImportBatch::follows(const state::StreamCheck& check) const {
    const Stream* stream = streams_.find(check.stream);
    if (stream == nullptr) {
        return true;
    }
    switch (check.expected.kind) {
        case state::Expected::Kind::any:
        case state::Expected::Kind::exists: return true;
        case state::Expected::Kind::no_stream: return false;
        case state::Expected::Kind::exact: return stream->revision == check.expected.revision;
    }
    return false;
}

void ImportBatch::add(ImportLine&& line) {
    LEDGER_ASSERT(fits(line));
    const std::vector<std::uint64_t> counts = events_per_stream(line.append);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const state::StreamCheck& check = line.append.streams[i];
        Stream* known = streams_.find(check.stream);
        if (known == nullptr) {
            streams_[check.stream] = {revision_after(check.expected, counts[i])};
        } else if (known->revision) {
            known->revision = Revision{known->revision->value + counts[i]};
        }
    }
    events_ += line.append.events.size();
    bytes_ += bytes_of(line.append);
    lines_.push_back(std::move(line));
}

state::Append ImportBatch::merged() const {
    LEDGER_ASSERT(!lines_.empty());
    state::Append all;
    LookupTable<std::string, std::uint32_t> places;
    for (const ImportLine& line : lines_) {
        std::vector<std::uint32_t> place_of;
        for (const state::StreamCheck& check : line.append.streams) {
            if (places.find(check.stream) == nullptr) {
                places[check.stream] = static_cast<std::uint32_t>(all.streams.size());
                all.streams.push_back(check);
            }
            place_of.push_back(*places.find(check.stream));
        }
        for (state::NewEvent event : line.append.events) {
            event.stream = place_of[event.stream];
            all.events.push_back(std::move(event));
        }
    }
    return all;
}

}  // namespace ledger::node::asio
