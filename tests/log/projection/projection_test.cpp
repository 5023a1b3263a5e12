#include "log/projection/projection.h"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/base/format.h"
#include "log/projection/errc.h"
#include "tests/log/projection/any.h"

namespace ledger::projection {
namespace {

state::RecordedEvent event_with(std::uint64_t position, const std::string& payload) {
    state::RecordedEvent event;
    event.position = Position{position};
    event.stream = "orders";
    event.type = "placed";
    const ByteSpan bytes = as_bytes(payload);
    event.payload.assign(bytes.begin(), bytes.end());
    return event;
}

// --- the twin: every answer from all events at once ---------------------------------------------

Value field_of(const any::Said& said, const Field& field) {
    switch (field.kind) {
        case Field::Kind::stream: return said.event.stream;
        case Field::Kind::category:
            return said.event.stream == "users" ? std::string("users") : std::string("o");
        case Field::Kind::type: return said.event.type;
        case Field::Kind::id:
            return fmt::format("{:016x}{:016x}", said.event.id.high, said.event.id.low);
        case Field::Kind::metadata: return said.c;
        case Field::Kind::payload: break;
    }
    if (field.path.front() == "deep") {
        return said.deep_n;
    }
    return field.path.front() == "n" ? said.n : field.path.front() == "t" ? said.t : said.odd;
}

bool looks_inside(const Definition& definition) {
    const auto inside = [](const Field& field) { return field.kind == Field::Kind::payload; };
    return std::any_of(definition.keys.begin(), definition.keys.end(), inside) ||
           std::any_of(definition.folds.begin(), definition.folds.end(),
               [&](const Fold& fold) {
                   return fold.kind != Fold::Kind::count && inside(fold.field);
               }) ||
           std::any_of(definition.conditions.begin(), definition.conditions.end(),
               [&](const Condition& condition) { return inside(condition.field); });
}

bool counts(const Definition& definition, const any::Said& said) {
    return std::all_of(definition.conditions.begin(), definition.conditions.end(),
        [&](const Condition& condition) {
            return holds(field_of(said, condition.field), condition.comparison, condition.value);
        });
}

Cell cell_of(const Fold& fold, const std::vector<Value>& values, std::uint64_t events) {
    Cell cell;
    if (fold.kind == Fold::Kind::count) {
        cell.count = events;
        return cell;
    }
    std::vector<Value> there;
    std::copy_if(values.begin(), values.end(), std::back_inserter(there),
        [](const Value& value) { return !is_nothing(value); });
    if (fold.kind == Fold::Kind::set) {
        cell.values.insert(there.begin(), there.end());
    } else if (there.empty()) {
        return cell;
    } else if (fold.kind == Fold::Kind::sum) {
        Number sum;
        for (const Value& value : there) {
            sum = *sum.plus(std::get<Number>(value));
        }
        cell.value = sum;
    } else if (fold.kind == Fold::Kind::min) {
        cell.value = *std::min_element(there.begin(), there.end());
    } else if (fold.kind == Fold::Kind::max) {
        cell.value = *std::max_element(there.begin(), there.end());
    } else {
        cell.value = fold.kind == Fold::Kind::first ? there.front() : there.back();
    }
    return cell;
}

Groups groups_of(const Definition& definition, const std::vector<any::Said>& history) {
    std::map<Key, std::vector<const any::Said*>> members;
    for (const any::Said& said : history) {
        const bool asked = !looks_inside(definition) || !said.event.erased;
        if (asked && counts(definition, said)) {
            Key key;
            for (const Field& field : definition.keys) {
                key.push_back(field_of(said, field));
            }
            members[key].push_back(&said);
        }
    }
    Groups groups;
    for (const auto& [key, said] : members) {
        for (const Fold& fold : definition.folds) {
            std::vector<Value> values;
            for (const any::Said* one : said) {
                values.push_back(
                    fold.kind == Fold::Kind::count ? Value{} : field_of(*one, fold.field));
            }
            groups[key].push_back(cell_of(fold, values, said.size()));
        }
    }
    return groups;
}

std::vector<any::Said> any_history() {
    std::vector<any::Said> history;
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 40);
    for (std::uint64_t i = 0; i < count; ++i) {
        history.push_back(any::said(Position{i}));
    }
    return history;
}

// ------------------------------------------------------------------------------------------------

TEST_CASE("projection: folding event by event gives what all events at once give", "[projection]") {
    rc::prop("twin", [] {
        const Definition definition = *any::definition();
        const std::vector<any::Said> history = any_history();
        Projection projection(definition);
        for (const any::Said& said : history) {
            RC_ASSERT(projection.apply(said.event).has_value());
        }
        RC_ASSERT(bool(projection.groups() == groups_of(definition, history)));
        RC_ASSERT(projection.standing().next == Position{history.size()});
    });
}

TEST_CASE("projection: stopped anywhere and taken up again from its bytes it goes on the same",
    "[projection]") {
    rc::prop("bytes", [] {
        const Definition definition = *any::definition();
        const std::vector<any::Said> history = any_history();
        Projection whole(definition);
        Projection again(definition);
        for (const any::Said& said : history) {
            RC_ASSERT(whole.apply(said.event).has_value());
            ByteVector bytes;
            again.encode(bytes);
            Result<Projection> back = Projection::decode(bytes);
            RC_ASSERT(back.has_value());
            RC_ASSERT(bool(*back == again));
            RC_ASSERT(back->bytes() == again.bytes());
            again = std::move(*back);
            RC_ASSERT(again.apply(said.event).has_value());
        }
        RC_ASSERT(bool(whole == again));
        ByteVector a;
        ByteVector b;
        whole.encode(a);
        again.encode(b);
        RC_ASSERT(a == b);
    });
}

TEST_CASE("projection: damaged bytes are refused or are the only bytes of another one",
    "[projection]") {
    rc::prop("damage", [] {
        Projection projection(*any::definition());
        for (const any::Said& said : any_history()) {
            RC_ASSERT(projection.apply(said.event).has_value());
        }
        ByteVector bytes;
        projection.encode(bytes);
        const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
        if (*rc::gen::arbitrary<bool>()) {
            bytes.resize(place);
        } else {
            bytes[place] ^= std::byte{*rc::gen::inRange<std::uint8_t>(1, 255)};
        }
        const Result<Projection> damaged = Projection::decode(bytes);
        if (damaged) {
            ByteVector back;
            damaged->encode(back);
            RC_ASSERT(back == bytes);
        } else {
            RC_ASSERT(!damaged.error().place.empty());
        }
    });
}

TEST_CASE("projection: an event that cannot be folded is named and changes nothing", "[projection]") {
    Projection projection(*parse_definition("count, sum .total by .customer"));
    REQUIRE(projection.apply(event_with(0, R"({"customer": "a", "total": 0.1})")).has_value());
    const Projection before = projection;
    const auto text = projection.apply(event_with(1, R"({"customer": "a", "total": "much"})"));
    REQUIRE(text.has_error());
    CHECK(text.error().code == make_error_code(Errc::wrong_type));
    CHECK(text.error().place == "position 1 (orders revision 0, type placed): .total is \"much\", "
                                "which is no number to sum");
    CHECK(projection.apply(event_with(1, "no json")).error().code ==
          make_error_code(Errc::malformed_payload));
    REQUIRE(projection.apply(event_with(1, R"({"customer": "a", "total": 170141183460469231731.6})"))
                .has_error());
    CHECK(bool(projection == before));
    REQUIRE(projection.apply(event_with(1, R"({"customer": "a", "total": 0.2})")).has_value());
    CHECK(text_of(projection.definition().folds[1], projection.groups().begin()->second[1]) == "0.3");
}

TEST_CASE("projection: conditions on the envelope spare the payload", "[projection]") {
    Projection projection(*parse_definition("sum .total where type = paid"));
    CHECK(projection.apply(event_with(0, "no json")).has_value());
    CHECK(projection.standing().next == Position{1});
    CHECK(projection.standing().folded == 0);
}

TEST_CASE("projection: redacted events are counted, not guessed", "[projection]") {
    Projection counting(*parse_definition("count by type"));
    Projection summing(*parse_definition("sum .total"));
    state::RecordedEvent gone = event_with(0, "");
    gone.erased = true;
    REQUIRE(counting.apply(gone).has_value());
    REQUIRE(summing.apply(gone).has_value());
    CHECK(counting.standing().redacted == 0);
    CHECK(counting.standing().folded == 1);
    CHECK(summing.standing().redacted == 1);
    CHECK(summing.groups().empty());
}

TEST_CASE("projection: system streams count only where they are asked for", "[projection]") {
    Projection every(*parse_definition("count"));
    Projection asking(*parse_definition("count where stream ~ \"$\""));
    state::RecordedEvent event = event_with(0, "{}");
    event.stream = "$projection-a";
    for (Projection* projection : {&every, &asking}) {
        REQUIRE(projection->apply(event).has_value());
        CHECK(projection->standing().next == Position{1});
    }
    CHECK(every.standing().folded == 0);
    CHECK(asking.standing().folded == 1);
}

TEST_CASE("projection: top shows the greatest groups, equal ones by their keys", "[projection]") {
    Projection projection(*parse_definition("sum .n by .k top 2"));
    std::uint64_t position = 0;
    for (const char* payload : {R"({"k": "b", "n": 5})", R"({"k": "c", "n": 1})",
             R"({"k": "a", "n": 5})", R"({"k": "c", "n": 3})"}) {
        REQUIRE(projection.apply(event_with(position++, payload)).has_value());
    }
    const auto shown = projection.shown();
    REQUIRE(shown.size() == 2);
    CHECK(text_of(shown[0]->first.front()) == "a");
    CHECK(text_of(shown[1]->first.front()) == "b");
    CHECK(projection.groups().size() == 3);
}

}  // namespace
}  // namespace ledger::projection
