#include "sim/workload.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

std::string stream_name(std::uint64_t number) {
    return "stream-" + std::to_string(number);
}

state::Salt marks_of(EventId id, std::uint64_t first) {
    return {keyed_bits(id.high, Site::event_salt, id.low, first),
        keyed_bits(id.high, Site::event_salt, id.low, first + 1)};
}

}  // namespace

state::Salt salt_of(EventId id) {
    return marks_of(id, 0);
}

state::Salt payload_mark_of(EventId id) {
    return marks_of(id, 2);
}

SwarmWorkload::SwarmWorkload(
    const WorkloadProfile& profile, ChoiceSource& choices, const Guest* guest)
    : profile_(profile), choices_(choices), guest_(guest), lanes_(profile.clients) {}

std::uint64_t SwarmWorkload::draw(Site site, std::uint32_t lane, std::uint64_t domain) {
    // Questions about one operation move none about another.
    return choices_.choose(site, std::uint64_t{lane} << 32 | lanes_[lane].operations,
        ++lanes_[lane].draws, domain);
}

bool SwarmWorkload::chance(Site site, std::uint32_t lane, PartsPerMillion probability) {
    return choices_.strikes(site, std::uint64_t{lane} << 32 | lanes_[lane].operations,
        ++lanes_[lane].draws, probability);
}

std::optional<node::client::What> SwarmWorkload::next(std::uint32_t lane) {
    if (finished()) {
        return std::nullopt;
    }
    ++issued_;
    ++lanes_[lane].operations;
    lanes_[lane].draws = 0;
    const bool read = chance(Site::workload_read, lane, profile_.reads);
    // The first of all writes: reads alone would commit nothing.
    if (read && issued_ > 1) {
        return draw_query(lane);
    }
    const bool redact = lanes_[lane].total > 0 &&
                        chance(Site::workload_redact, lane, profile_.redactions);
    if (redact) {
        return draw_redact(lane);
    }
    return draw_append(lane);
}

state::Expected SwarmWorkload::draw_expected(std::uint32_t lane, const std::string& stream) {
    using Kind = state::Expected::Kind;
    if (!chance(Site::workload_expected, lane, profile_.conditional)) {
        return {Kind::any, {}};
    }
    const auto known = lanes_[lane].lengths.find(stream);
    const std::uint64_t length = known == lanes_[lane].lengths.end() ? 0 : known->second;
    if (chance(Site::workload_expected, lane, profile_.stale)) {
        const std::uint64_t off = draw(Site::workload_expected, lane, 4);
        return length > off ? state::Expected{Kind::exact, Revision{length - 1 - off}}
                            : state::Expected{Kind::exact, Revision{length + off}};
    }
    if (length == 0) {
        return {Kind::no_stream, {}};
    }
    return draw(Site::workload_expected, lane, 4) == 0 ? state::Expected{Kind::exists, {}}
                                                        : state::Expected{Kind::exact, Revision{length - 1}};
}

state::Append SwarmWorkload::draw_append(std::uint32_t lane) {
    state::Append append;
    std::uint64_t streams = 1;
    if (chance(Site::workload_stream, lane, profile_.multi_stream)) {
        streams = 2 + draw(Site::workload_stream, lane, 2);
    }
    streams = std::min<std::uint64_t>(streams, profile_.streams);
    std::uint64_t stream = draw(Site::workload_stream, lane, profile_.streams);
    for (std::uint64_t i = 0; i < streams; ++i) {
        const std::string name = stream_name(stream);
        append.streams.push_back({name, draw_expected(lane, name)});
        stream = (stream + 1) % profile_.streams;
    }
    // Now and then no event at all: a pure check.
    const bool pure_check = draw(Site::workload_batch, lane, 64) == 63;
    const std::uint64_t events =
        pure_check ? 0 : streams + draw(Site::workload_batch, lane, profile_.batch_max);
    for (std::uint64_t i = 0; i < events; ++i) {
        state::NewEvent event;
        event.stream = static_cast<std::uint32_t>(i % streams);
        event.id = {lane, ++events_};
        event.type = "swarm";
        const std::uint64_t size = draw(Site::workload_size, lane, profile_.payload_max + 1);
        event.salt = salt_of(event.id);
        event.payload.resize(static_cast<std::size_t>(size), static_cast<std::byte>(events_));
        if (size >= payload_mark_bytes) {
            const state::Salt mark = payload_mark_of(event.id);
            store_little_endian(event.payload.data(), mark.high);
            store_little_endian(event.payload.data() + 8, mark.low);
        }
        append.events.push_back(std::move(event));
    }
    if (guest_ != nullptr && !append.events.empty()) {
        state::NewEvent& carrier = append.events.front();
        carrier.type = guest_event_type;
        carrier.metadata = guest_->command(draw(Site::workload_guest, lane, guest_->answers));
        LEDGER_ASSERT(carrier.metadata.size() <= state::metadata_bytes_max);
    }
    return append;
}

// Of what the lane knows: new events as a rule, any of them sometimes, such as do not exist now and
// then; what was redacted before again and again.
state::Redact SwarmWorkload::draw_redact(std::uint32_t lane) {
    const std::uint64_t known = lanes_[lane].total;
    state::Redact redact;
    const std::uint64_t count = 1 + draw(Site::workload_redact, lane, 4);
    const bool near = draw(Site::workload_redact, lane, 4) != 0;
    const std::uint64_t domain = near ? std::min<std::uint64_t>(known, 32) : known;
    const bool beyond = draw(Site::workload_redact, lane, 32) == 31;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t back = draw(Site::workload_redact, lane, domain);
        redact.positions.push_back(Position{known - 1 - back + (beyond ? 1000 : 0)});
    }
    std::sort(redact.positions.begin(), redact.positions.end());
    redact.positions.erase(std::unique(redact.positions.begin(), redact.positions.end()),
        redact.positions.end());
    return redact;
}

state::Query SwarmWorkload::draw_query(std::uint32_t lane) {
    const auto direction = draw(Site::workload_read, lane, 3) == 2 ? state::Direction::backward
                                                                    : state::Direction::forward;
    const auto count = static_cast<std::uint32_t>(1 + draw(Site::workload_read, lane, 32));
    const auto from = [&](std::uint64_t known) {
        // Near the end as a rule, anywhere sometimes, beyond the end now and then.
        const std::uint64_t where = draw(Site::workload_read, lane, 8);
        if (where == 0) {
            return draw(Site::workload_read, lane, known + 1);
        }
        if (where == 1) {
            return known + draw(Site::workload_read, lane, 3);
        }
        const std::uint64_t back = draw(Site::workload_read, lane, 8);
        return direction == state::Direction::backward ? known + 100 : known - std::min(known, back);
    };
    if (draw(Site::workload_read, lane, 3) == 0) {
        return state::ReadAll{Position{from(lanes_[lane].total)}, direction, count};
    }
    const std::string name = stream_name(draw(Site::workload_read, lane, profile_.streams));
    const auto known = lanes_[lane].lengths.find(name);
    const std::uint64_t length = known == lanes_[lane].lengths.end() ? 0 : known->second;
    return state::ReadStream{name, Revision{from(length)}, direction, count};
}

void SwarmWorkload::ended(std::uint32_t lane, const node::client::Done& done) {
    Lane& knows = lanes_[lane];
    if (const auto* append = std::get_if<state::Append>(&done.what); append && done.outcome) {
        if (const auto* appended = std::get_if<state::Appended>(&*done.outcome)) {
            for (std::size_t i = 0; i < append->events.size(); ++i) {
                knows.lengths[append->streams[append->events[i].stream].stream] =
                    appended->revisions[i].value + 1;
            }
            knows.total = appended->first.value + appended->events;
        } else if (const auto* conflict = std::get_if<state::Conflict>(&*done.outcome)) {
            for (const state::FailedCheck& check : conflict->checks) {
                knows.lengths[check.stream] = check.exists ? check.actual.value + 1 : 0;
            }
        }
    }
    if (const auto* query = std::get_if<state::Query>(&done.what); query && done.answer) {
        knows.total = std::max(knows.total, done.answer->length.value);
        if (const auto* stream = std::get_if<state::ReadStream>(query)) {
            knows.lengths[stream->stream] = done.answer->stream_length;
        }
    }
}

std::optional<node::client::What> ImportWorkload::next(std::uint32_t lane) {
    if (lane != 0 || finished()) {
        return std::nullopt;
    }
    return appends_[done_];
}

void ImportWorkload::ended(std::uint32_t, const node::client::Done& done) {
    // With all the time there is an append ends unknown only when its session expired.
    using node::client::Ending;
    if (done.ending != Ending::done) {
        refused_.push_back({done_, done.ending == Ending::failed});
    }
    ++done_;
}

}  // namespace ledger::sim
