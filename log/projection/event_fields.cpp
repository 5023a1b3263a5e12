#include "log/projection/event_fields.h"

#include <algorithm>

#include "log/projection/errc.h"

namespace ledger::projection {
namespace {

std::string hex_of(const EventId& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint64_t half : {id.high, id.low}) {
        for (std::int32_t shift = 60; shift >= 0; shift -= 4) {
            text.push_back(digits[half >> shift & 15]);
        }
    }
    return text;
}

Value envelope_value(Field::Kind kind, const state::RecordedEvent& event) {
    switch (kind) {
        case Field::Kind::stream: return event.stream;
        case Field::Kind::category: return std::string(category_of(event.stream));
        case Field::Kind::type: return event.type;
        case Field::Kind::id: return hex_of(event.id);
        case Field::Kind::metadata:
        case Field::Kind::payload: break;
    }
    return std::monostate{};
}

}  // namespace

std::string_view category_of(std::string_view stream) {
    return stream.substr(0, stream.find('-'));
}

std::uint32_t EventFields::ask(const Field& field) {
    const auto known = std::find(fields_.begin(), fields_.end(), field);
    const auto place = static_cast<std::uint32_t>(known - fields_.begin());
    if (known == fields_.end()) {
        fields_.push_back(field);
        values_.emplace_back();
        if (!field.path.empty()) {
            Members& members = field.kind == Field::Kind::payload ? payload_ : metadata_;
            members.paths.push_back(field.path);
            members.places.push_back(place);
        }
    }
    return place;
}

Result<void> EventFields::read_envelope(const state::RecordedEvent& event) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        values_[i] = envelope_value(fields_[i].kind, event);
    }
    if (metadata_.paths.empty()) {
        return {};
    }
    const Result<void> metadata = read(event.metadata, metadata_, Field::Kind::metadata);
    const bool is_none = !metadata && metadata.error().code == make_error_code(Errc::malformed_payload);
    return is_none ? Result<void>() : metadata;
}

Result<void> EventFields::read_payload(const state::RecordedEvent& event) {
    return read(event.payload, payload_, Field::Kind::payload);
}

Result<void> EventFields::read(ByteSpan text, const Members& members, Field::Kind kind) {
    LEDGER_CHECK(scan_json(text, members.paths, kind, found_));
    for (std::size_t i = 0; i < members.paths.size(); ++i) {
        values_[members.places[i]] = std::move(found_[i]);
    }
    return {};
}

}  // namespace ledger::projection
