#include "sim/check/erased_events.h"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

constexpr std::size_t head_bytes = 8;

std::uint64_t head_of(const std::byte* at) {
    return load_little_endian<std::uint64_t>(at);
}

// Files are full of equal bytes, above all zeros, and these must not look like the head of any mark.
std::size_t sieve_of(std::uint64_t head) {
    return static_cast<std::size_t>(head * 0x9e3779b97f4a7c15ULL >> 48);
}

}  // namespace

void ErasedEvents::acknowledged(Position position, const When& when) {
    std::uint64_t& told = events_.try_emplace(position, never_told).first->second;
    told = std::min(told, when.step);
}

Finding ErasedEvents::answered(const Operation& read) {
    const auto* answer = std::get_if<ReadAnswer>(&read.answer);
    if (answer == nullptr) {
        return std::nullopt;
    }
    for (const SeenEvent& event : answer->events) {
        const auto found = events_.find(event.position);
        if (found == events_.end() || read.called.step <= found->second) {
            continue;
        }
        tally_.examined();
        if (!event.erased) {
            return tally_.violated(fmt::format(
                "{} was answered by {} with the payload of event {} at position {}, whose "
                "redaction had been acknowledged before it asked",
                describe(read), node_name(read.node), event_name(event.id), event.position));
        }
    }
    return std::nullopt;
}

std::vector<Position> ErasedEvents::positions() const {
    std::vector<Position> all;
    all.reserve(events_.size());
    for (const auto& [position, told] : events_) {
        all.push_back(position);
    }
    return all;
}

Finding ErasedEvents::file(
    NodeId node, const std::string& name, ByteSpan bytes, const std::vector<Mark>& marks) {
    tally_.examined(marks.size());
    if (marks.empty() || bytes.size() < marks.front().bytes.size()) {
        return std::nullopt;
    }
    const std::size_t size = marks.front().bytes.size();
    std::bitset<1u << 16> sieve;
    std::vector<std::pair<std::uint64_t, const Mark*>> heads;
    for (const Mark& mark : marks) {
        LEDGER_ASSERT(mark.bytes.size() == size && size >= head_bytes);
        heads.emplace_back(head_of(mark.bytes.data()), &mark);
        sieve.set(sieve_of(heads.back().first));
    }
    std::sort(heads.begin(), heads.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t at = 0; at + size <= bytes.size(); ++at) {
        const std::uint64_t head = head_of(bytes.data() + at);
        if (!sieve.test(sieve_of(head))) {
            continue;
        }
        auto same = std::lower_bound(heads.begin(), heads.end(), head,
            [](const auto& one, std::uint64_t value) { return one.first < value; });
        for (; same != heads.end() && same->first == head; ++same) {
            if (std::memcmp(same->second->bytes.data(), bytes.data() + at, size) == 0) {
                return tally_.violated(fmt::format(
                    "the disk of {} holds the payload of the redacted event at position {}: file "
                    "{}, byte {}",
                    node_name(node), same->second->position, name, std::uint64_t{at}));
            }
        }
    }
    return std::nullopt;
}

}  // namespace ledger::check
