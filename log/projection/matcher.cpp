#include "log/projection/matcher.h"

namespace ledger::projection {

Error at_event(const state::RecordedEvent& event, const Error& error) {
    return {error.code, "position " + std::to_string(event.position.value) + " (" + event.stream +
                            " revision " + std::to_string(event.revision.value) + ", type " +
                            event.type + "): " + error.place};
}

Matcher::Matcher(std::vector<Condition> conditions) : conditions_(std::move(conditions)) {
    for (const Condition& condition : conditions_) {
        places_.push_back(fields_.ask(condition.field));
    }
}

bool Matcher::hold(bool payload) const {
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
        const Condition& condition = conditions_[i];
        if ((condition.field.kind == Field::Kind::payload) == payload &&
            !holds(fields_[places_[i]], condition.comparison, condition.value)) {
            return false;
        }
    }
    return true;
}

Result<bool> Matcher::matches(const state::RecordedEvent& event) {
    if (const Result<void> read = fields_.read_envelope(event); !read) {
        return at_event(event, read.error());
    }
    bool matches = hold(false);
    if (matches && fields_.asks_payload()) {
        if (const Result<void> read = event.erased ? Result<void>() : fields_.read_payload(event);
            !read) {
            return at_event(event, read.error());
        }
        matches = !event.erased && hold(true);
    }
    return Result<bool>(boost::system::in_place_value, matches);
}

}  // namespace ledger::projection
