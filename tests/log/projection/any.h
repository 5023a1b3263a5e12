#pragma once
// Any: generators of values, fields, definitions and events for properties of projections.

#include <rapidcheck.h>

#include "log/projection/projection.h"

namespace ledger::projection::any {

inline rc::Gen<std::string> word() {
    return rc::gen::element<std::string>("a", "b", "placed", "paid", "o-1", "o-2", "", "with blank",
        "quote\"", "back\\slash", "comma,dot.", "null", "true", "12", "\xc3\xa9");
}

inline rc::Gen<Number> number() {
    return rc::gen::map(rc::gen::inRange<std::int64_t>(-2000, 2000), [](std::int64_t hundredths) {
        return *Number::parse(std::to_string(hundredths) + "e-2");
    });
}

inline rc::Gen<Value> value() {
    return rc::gen::oneOf(rc::gen::just(Value{}), rc::gen::map(rc::gen::arbitrary<bool>(),
                              [](bool truth) { return Value(truth); }),
        rc::gen::map(number(), [](const Number& n) { return Value(n); }),
        rc::gen::map(word(), [](std::string text) { return Value(std::move(text)); }));
}

// Payload members are n (numbers), t (texts), deep.n, and "odd name"; a metadata member is c.
inline rc::Gen<Field> field() {
    return rc::gen::element<Field>(Field{Field::Kind::stream, {}}, Field{Field::Kind::category, {}},
        Field{Field::Kind::type, {}}, Field{Field::Kind::id, {}},
        Field{Field::Kind::payload, {"n"}}, Field{Field::Kind::payload, {"t"}},
        Field{Field::Kind::payload, {"deep", "n"}}, Field{Field::Kind::payload, {"odd name"}},
        Field{Field::Kind::metadata, {"c"}});
}

inline rc::Gen<Fold> fold() {
    return rc::gen::exec([] {
        Fold fold{.kind = static_cast<Fold::Kind>(*rc::gen::inRange(1, 8)), .field = {}};
        if (fold.kind == Fold::Kind::sum) {
            fold.field = *rc::gen::element<Field>(Field{Field::Kind::payload, {"n"}},
                Field{Field::Kind::payload, {"deep", "n"}});
        } else if (fold.kind != Fold::Kind::count) {
            fold.field = *field();
        }
        return fold;
    });
}

template <typename T>
std::vector<T> some(rc::Gen<T> one, std::size_t least, std::size_t most) {
    const auto count = *rc::gen::inRange<std::size_t>(least, most + 1);
    return *rc::gen::container<std::vector<T>>(count, std::move(one));
}

inline rc::Gen<Definition> definition() {
    return rc::gen::exec([] {
        Definition definition;
        definition.folds = some(fold(), 1, 3);
        definition.keys = some(field(), 0, 2);
        const auto conditions = *rc::gen::inRange<std::size_t>(0, 3);
        for (std::size_t i = 0; i < conditions; ++i) {
            definition.conditions.push_back(
                {.field = *field(), .comparison = static_cast<Comparison>(*rc::gen::inRange(1, 8)),
                    .value = *value()});
        }
        definition.top = *rc::gen::element(0u, 0u, 1u, 3u);
        return definition;
    });
}

// What an event's payload says, and the event that says it.
struct Said {
    Value n;       // a number or nothing
    Value t;       // a text or nothing
    Value deep_n;  // a number or nothing
    Value odd;
    Value c;
    state::RecordedEvent event;
};

inline Said said(Position position) {
    const auto maybe_number = [] {
        return *rc::gen::arbitrary<bool>() ? Value(*number()) : Value{};
    };
    Said said{.n = maybe_number(), .t = {}, .deep_n = maybe_number(), .odd = *value(), .c = {},
        .event = {}};
    if (*rc::gen::arbitrary<bool>()) {
        said.t = *word();
    }
    const std::string payload = "{\"n\": " + json_of(said.n) + ", \"list\": [{\"n\": 5}], \"deep\": " +
                                "{\"x\": {\"n\": 9}, \"n\": " + json_of(said.deep_n) +
                                "}, \"t\": " + json_of(said.t) +
                                ", \"odd name\": " + json_of(said.odd) + "}";
    const ByteSpan bytes = as_bytes(payload);
    said.event.position = position;
    said.event.revision = Revision{position.value};
    said.event.stream = *rc::gen::element<std::string>("o-1", "o-2", "users");
    said.event.type = *rc::gen::element<std::string>("placed", "paid");
    said.event.id = {1, position.value};
    said.event.payload.assign(bytes.begin(), bytes.end());
    said.event.cluster_time = ClusterTime{static_cast<std::int64_t>(position.value)};
    said.event.wall_time = WallTime{static_cast<std::int64_t>(position.value) * 2};
    if (*rc::gen::arbitrary<bool>()) {
        said.c = *value();
        const std::string metadata = "{\"c\": " + json_of(said.c) + "}";
        const ByteSpan text = as_bytes(metadata);
        said.event.metadata.assign(text.begin(), text.end());
    } else {
        said.event.metadata = *rc::gen::element(ByteVector{}, ByteVector{std::byte{7}});
    }
    if (*rc::gen::inRange(0, 8) == 0) {
        said.event.erased = true;
        said.event.payload.clear();
    }
    return said;
}

}  // namespace ledger::projection::any
