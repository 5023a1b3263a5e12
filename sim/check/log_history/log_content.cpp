#include "sim/check/log_history/log_content.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/choice.h"

namespace ledger::check {
namespace {

// A text id counts like the number that its characters hash to.
std::uint64_t digit_of(const LogHistory& history, std::uint32_t record) {
    const EventId& id = history.record_ids[record];
    if (id.high != LogHistory::named_record) {
        return slice_digit(id);
    }
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char c : history.record_names[id.low]) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return slice_digit(EventId{0, hash});
}

}  // namespace

LogContent::LogContent(const LogHistory& history, const LogOptions& options)
    : history_(history), options_(options) {}

void LogContent::fit_tables() {
    const std::size_t records = history_.record_ids.size();
    if (owners_.size() < records) {
        owners_.resize(records, nobody);
        places_.resize(records, 0);
    }
    for (std::size_t i = digits_.size(); history_.has_slices && i < records; ++i) {
        digits_.push_back(digit_of(history_, static_cast<std::uint32_t>(i)));
    }
    if (logicals_.size() < history_.keys.size()) {
        logicals_.resize(history_.keys.size());
    }
}

std::uint32_t LogContent::number_of(std::uint32_t place) const {
    const std::uint32_t number = history_.operations[place].logical;
    LEDGER_ASSERT(number < logicals_.size());
    if (logicals_[number].first == place || shadows_.empty()) {
        return number;
    }
    const std::uint32_t* shadow = shadows_.find(place);
    return shadow == nullptr ? number : *shadow;
}

std::span<const std::uint32_t> LogContent::payload(const Logical& logical) const {
    const LogOperation& op = history_.operations[logical.first];
    return std::span(history_.records).subspan(op.records, op.count);
}

bool LogContent::same_payload(std::uint32_t place, const Logical& logical) const {
    const LogOperation& op = history_.operations[place];
    const auto records = std::span(history_.records).subspan(op.records, op.count);
    return std::ranges::equal(records, payload(logical));
}

// The key was used for other records before: an append of its own, that must come to nothing.
std::uint32_t LogContent::shadow(std::uint32_t place, std::uint32_t of) {
    const auto number = first_shadow + static_cast<std::uint32_t>(shadow_logicals_.size());
    shadows_[place] = number;
    shadow_logicals_.emplace_back().shadows = of;
    return number;
}

void LogContent::asked(std::uint32_t place) {
    fit_tables();
    const LogOperation& op = history_.operations[place];
    if (op.kind != LogKind::append) {
        return;
    }
    std::uint32_t number = op.logical;
    if (logicals_[number].first != nobody && !same_payload(place, logicals_[number])) {
        number = shadow(place, number);
    }
    Logical& logical = at(number);
    ++logical.attempts;
    if (logical.first == nobody) {
        logical.first = place;
        for (const std::uint32_t record : payload(logical)) {
            if (owners_[record] == nobody) {
                owners_[record] = number;
            } else {
                rivals_[record].push_back(number);
            }
        }
    } else {
        if (logical.more == 0) {
            logical.more = static_cast<std::uint32_t>(attempts_.size());
            attempts_.push_back({logical.first});
        }
        attempts_[logical.more].push_back(place);
    }
    if (op.outcome == Outcome::failed) {
        logical.refused += op.has(LogOperation::conflict) ? 0u : 1u;
        logical.conflicts += op.has(LogOperation::conflict) ? 1u : 0u;
        logical.conflicted = op.has(LogOperation::conflict) ? place : logical.conflicted;
        logical.final_conflict = logical.final_conflict ||
                                 (op.has(LogOperation::conflict) && op.has(LogOperation::stored));
        return;
    }
    if (op.called < logical.called) {
        logical.called = op.called;
        logical.called_by = place;
    }
    if (op.ok() &&
        (logical.ok == nobody || op.returned < history_.operations[logical.ok].returned)) {
        logical.ok = place;
    }
}

std::span<const std::uint32_t> LogContent::attempts(const Logical& logical) const {
    return logical.more == 0 ? std::span(&logical.first, 1) : std::span(attempts_[logical.more]);
}

void LogContent::claim(std::uint64_t position, std::uint32_t record, std::uint32_t place) {
    if (position >= history_.records.size()) {
        return;  // more positions than there are mentions of records: cannot be true
    }
    if (position >= log_.size()) {
        log_.resize(position + 1, hole);
        by_.resize(position + 1, nobody);
    }
    if (log_[position] == hole && position >= order_.length()) {
        log_[position] = record;
        by_[position] = place;
    }
}

void LogContent::claim_length(std::uint64_t length) {
    if (length != LogOperation::none && length > log_.size() &&
        length <= history_.records.size()) {
        log_.resize(length, hole);
        by_.resize(length, nobody);
    }
}

void LogContent::shown(std::uint32_t place) {
    fit_tables();
    const LogOperation& op = history_.operations[place];
    if (op.kind == LogKind::append && op.has(LogOperation::conflict)) {
        for (const auto& [position, record] : history_.details[op.details].in_the_way) {
            claim(position, record, place);
        }
        claim_length(op.length);
        return;
    }
    if (!op.ok()) {
        return;
    }
    std::uint64_t first = op.from;
    if (op.kind == LogKind::append) {
        first = op.position;
        claim_length(op.count == 0 ? op.position : 0);
    } else if (op.kind == LogKind::read || op.kind == LogKind::tail) {
        claim_length(op.length);
        if (op.stream != 0 || op.has(LogOperation::backward)) {
            return;  // compared later: where their records stand follows from others
        }
    } else if (op.kind != LogKind::deliver) {
        return;
    }
    if (!op.has(LogOperation::hashed)) {
        // A position that does not fit 64 bits is no position.
        for (std::uint64_t i = 0; i < op.count && first + i >= first; ++i) {
            claim(first + i, history_.records[op.records + i], place);
        }
    }
}

void LogContent::read_whole(std::uint32_t place) {
    whole_read_ = place;
    shown(place);
}

std::uint64_t LogContent::place_of(std::uint32_t record) const {
    return record < places_.size() && places_[record] != 0 ? places_[record] - 1 : nowhere;
}

const LogContent::Logical* LogContent::owner_of(std::uint32_t record) const {
    return record < owners_.size() && owners_[record] != nobody ? &logical(owners_[record])
                                                                : nullptr;
}

LogContent::Fit LogContent::fit(std::uint32_t logical, std::uint64_t position) const {
    const auto records = payload(this->logical(logical));
    for (std::uint64_t i = 0; i < records.size(); ++i) {
        const std::uint32_t there = record_at(position + i);
        if (there == hole) {
            return Fit::open;
        }
        if (there != records[i]) {
            return Fit::differs;
        }
    }
    return Fit::whole;
}

void LogContent::advance(bool whole) {
    while (order_.length() < log_.size() && advance_one(whole)) {
    }
    if (history_.has_slices) {
        extend_hashes();
    }
}

bool LogContent::advance_one(bool whole) {
    const std::uint64_t position = order_.length();
    const std::uint32_t record = log_[position];
    if (record == hole) {
        if (whole) {
            holes_.push_back(position);
            push(position, 1, nobody);
        }
        return whole;
    }
    const std::uint32_t owner = owners_[record];
    if (owner == nobody && !whole) {
        return false;
    }
    if (owner != nobody) {
        bool open = false;
        const std::vector<std::uint32_t>* rivals = rivals_.find(record);
        for (std::size_t i = 0; i <= (rivals == nullptr ? 0 : rivals->size()); ++i) {
            const std::uint32_t candidate = i == 0 ? owner : (*rivals)[i - 1];
            const Fit found = fit(candidate, position);
            if (found == Fit::whole) {
                land(candidate, position);
                return true;
            }
            open = open || found == Fit::open;
        }
        if (open && !whole) {
            return false;
        }
    }
    fragments_.push_back(position);
    push(position, fragment_length(position), nobody);
    return true;
}

// As much of an append as stands there in its order.
std::uint64_t LogContent::fragment_length(std::uint64_t position) const {
    const Logical* owner = owner_of(log_[position]);
    if (owner == nullptr) {
        return 1;
    }
    const auto records = payload(*owner);
    const auto at = std::ranges::find(records, log_[position]);
    LEDGER_ASSERT(at != records.end());
    std::uint64_t length = 1;
    for (auto next = at + 1; next != records.end() && record_at(position + length) == *next;
        ++next) {
        ++length;
    }
    return length;
}

void LogContent::land(std::uint32_t logical, std::uint64_t position) {
    Logical& landed = at(logical);
    if (landed.landed == nowhere) {
        landed.landed = position;
    } else {
        repeats_.push_back({logical, landed.landed, position});
    }
    push(position, payload(landed).size(), logical);
}

void LogContent::push(std::uint64_t position, std::uint64_t count, std::uint32_t logical) {
    LEDGER_ASSERT(position == order_.length());
    const LogOperation* op = logical == nobody ? nullptr : &history_.operations[at(logical).first];
    while (order_.streams() < history_.streams.size()) {
        order_.stream(history_.streams[order_.streams()]);
    }
    batch_.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint32_t record = log_[position + i];
        if (record != hole && places_[record] == 0) {
            places_[record] = static_cast<std::uint32_t>(position + i + 1);
        }
        batch_.push_back({EventId{0, record}, stream_of(op, i, record)});
    }
    if (options_.atomic) {
        order_.push(Index{order_.appends().size() + 1}, {}, {}, batch_);
        return;
    }
    for (const Order::NewEvent& event : batch_) {
        order_.push(Index{order_.appends().size() + 1}, {}, {}, std::span(&event, 1));
    }
}

// The stream of the record at `place` of what the operation appended; of a record outside a whole
// append, its writer's.
StreamNumber LogContent::stream_of(
    const LogOperation* op, std::uint64_t place, std::uint32_t record) const {
    if (op == nullptr) {
        const Logical* owner = record == hole ? nullptr : owner_of(record);
        if (owner == nullptr) {
            return StreamNumber{0};
        }
        const auto records = payload(*owner);
        op = &history_.operations[owner->first];
        place = static_cast<std::uint64_t>(std::ranges::find(records, record) - records.begin());
    }
    const std::vector<std::uint32_t>& streams = history_.details[op->details].record_streams;
    return StreamNumber{place < streams.size() ? streams[place] : op->stream};
}

void LogContent::extend_hashes() {
    for (std::uint64_t i = prefixes_.length(); i < order_.length(); ++i) {
        const bool unknown = log_[i] == hole;
        prefixes_.push(unknown ? 1 : digits_[log_[i]]);
        if (holes_before_.empty()) {
            holes_before_.push_back(0);
        }
        holes_before_.push_back(holes_before_.back() + (unknown ? 1u : 0u));
    }
}

std::optional<std::uint64_t> LogContent::slice_hash(std::uint64_t from, std::uint64_t count) const {
    LEDGER_ASSERT(from + count <= order_.length());
    if (count > 0 &&
        (prefixes_.length() < from + count || holes_before_[from] != holes_before_[from + count])) {
        return std::nullopt;
    }
    return prefixes_.hash(from, count);
}

void LogContent::fill(std::uint64_t position, std::uint32_t record, std::uint32_t by) {
    LEDGER_ASSERT(log_[position] == hole);
    log_[position] = record;
    by_[position] = by;
}

void LogContent::expect_whole() {
    log_.reserve(history_.record_ids.size());
    by_.reserve(history_.record_ids.size());
    order_.expect(history_.record_ids.size(), history_.keys.size());
    fit_tables();
}

void LogContent::again() {
    order_ = Order(false);
    std::ranges::fill(places_, 0u);
    for (std::vector<Logical>* list : {&logicals_, &shadow_logicals_}) {
        for (Logical& logical : *list) {
            logical.landed = nowhere;
        }
    }
    prefixes_ = {};
    holes_before_ = {};
    repeats_ = {};
    fragments_ = {};
    holes_ = {};
    advance(true);
}

std::uint64_t LogContent::bytes() const {
    constexpr std::uint64_t per_record = 4 + 4 + 4 + 4;
    constexpr std::uint64_t per_position = sizeof(OrderedEvent) + sizeof(Position);
    return log_.capacity() * per_record + order_.length() * per_position +
           order_.appends().size() * sizeof(OrderedAppend) + logicals_.capacity() * sizeof(Logical);
}

}  // namespace ledger::check
