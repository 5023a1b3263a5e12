#include "sim/check/log_history/log_history.h"

#include "log/base/assert.h"
#include "sim/check/names.h"

namespace ledger::check {
namespace {

template <typename T>
std::uint64_t bytes_of(const std::vector<T>& vector) {
    return vector.capacity() * sizeof(T);
}

}  // namespace

std::string_view to_text(LogKind kind) {
    switch (kind) {
        case LogKind::append: return "append";
        case LogKind::read: return "read";
        case LogKind::tail: return "tail";
        case LogKind::subscribe: return "subscribe";
        case LogKind::deliver: return "deliver";
        case LogKind::ack: return "ack";
        case LogKind::nack: return "nack";
        case LogKind::unsubscribe: return "unsubscribe";
        case LogKind::caught_up: return "caught-up";
        case LogKind::retain: return "retain";
        case LogKind::quiescent: return "quiescent";
    }
    return "unknown kind";
}

std::string LogHistory::record_name(std::uint32_t record) const {
    LEDGER_ASSERT(record < record_ids.size());
    const EventId& id = record_ids[record];
    return id.high == named_record ? record_names[id.low] : event_name(id);
}

std::uint64_t LogHistory::bytes() const {
    return bytes_of(operations) + bytes_of(records) + bytes_of(hashes) + bytes_of(details) +
           bytes_of(record_ids) + bytes_of(record_names) + bytes_of(clients) + bytes_of(keys);
}

}  // namespace ledger::check
