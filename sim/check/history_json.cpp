#include <fmt/format.h>

#include "sim/check/history.h"
#include "sim/check/json.h"
#include "sim/check/names.h"
#include "sim/check/order.h"
#include "sim/check/slice_hash.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t written_slice_max = 16;

void write_id(JsonWriter& json, const EventId& id) {
    if (id.high == 0) {
        json.number(id.low);
    } else {
        json.text(event_name(id));
    }
}

std::string_view to_text(state::Expected::Kind kind) {
    switch (kind) {
        case state::Expected::Kind::any: return "any";
        case state::Expected::Kind::no_stream: return "no-stream";
        case state::Expected::Kind::exists: return "exists";
        case state::Expected::Kind::exact: return "exact";
    }
    return "unknown";
}

void write_expected(JsonWriter& json, const state::Expected& expected) {
    json.key("expected");
    if (expected.kind == state::Expected::Kind::exact) {
        json.number(expected.revision.value);
    } else {
        json.text(to_text(expected.kind));
    }
}

struct WriteCall {
    JsonWriter& json;

    void operator()(const AppendCall& call) const {
        json.key("f").text("append").key("records").begin_array();
        for (const WrittenEvent& event : call.events) {
            write_id(json, event.id);
        }
        json.end_array();
        if (!call.streams.empty()) {
            streams(call);
        }
        if (call.expected_length) {
            json.key("expected_tail").number(*call.expected_length);
        }
    }
    void operator()(const state::ReadStream& call) const {
        json.key("f").text("read-stream").key("stream").text(call.stream);
        page(call.from.value, call.count, call.direction);
    }
    void operator()(const state::ReadAll& call) const {
        json.key("f").text("read-all");
        page(call.from.value, call.count, call.direction);
    }
    void operator()(const TailCall&) const { json.key("f").text("tail"); }

    void streams(const AppendCall& call) const {
        json.key("streams").begin_array();
        for (const state::StreamCheck& check : call.streams) {
            json.begin_object().key("stream").text(check.stream);
            write_expected(json, check.expected);
            json.end_object();
        }
        json.end_array().key("record_streams").begin_array();
        for (const WrittenEvent& event : call.events) {
            json.number(event.stream);
        }
        json.end_array();
    }
    void page(std::uint64_t from, std::uint64_t count, state::Direction direction) const {
        json.key("from").number(from).key("max").number(count);
        json.key("direction").text(direction == state::Direction::forward ? "forward" : "backward");
    }
};

struct WriteAnswer {
    JsonWriter& json;

    void operator()(const Pending&) const {}
    void operator()(const Unknown&) const {}
    void operator()(const Refused& answer) const { json.key("error").text(answer.why); }
    void operator()(const Acknowledged& answer) const {
        json.key("position").number(answer.first.value);
        if (!answer.revisions.empty()) {
            json.key("revisions").begin_array();
            for (Revision revision : answer.revisions) {
                json.number(revision.value);
            }
            json.end_array();
        }
    }
    void operator()(const Conflicted& answer) const {
        json.key("error").text("wrong-expected");
        if (answer.at) {
            json.key("at").number(*answer.at);
        }
        json.key("conflicts").begin_array();
        for (const state::FailedCheck& check : answer.checks) {
            json.begin_object().key("stream").text(check.stream);
            write_expected(json, check.expected);
            json.key("actual");
            if (check.exists) {
                json.number(check.actual.value);
            } else {
                json.null();
            }
            json.end_object();
        }
        json.end_array();
    }
    void operator()(const ReadAnswer& answer) const {
        json.key("end_of_log").boolean(answer.end);
        if (answer.length) {
            json.key("tail").number(*answer.length);
        }
        if (answer.stream_length) {
            json.key("stream_length").number(*answer.stream_length);
        }
        if (answer.positions && !answer.events.empty()) {
            json.key("position").number(answer.events.front().position.value);
        }
        slice(answer);
    }
    void slice(const ReadAnswer& answer) const {
        json.key("records");
        if (answer.events.size() > written_slice_max) {
            json.begin_object().key("n").number(answer.events.size());
            json.key("hash").text(fmt::format("{:016x}", slice_hash(answer.events))).end_object();
            return;
        }
        json.begin_array();
        for (const SeenEvent& event : answer.events) {
            write_id(json, event.id);
        }
        json.end_array();
    }
};

std::string_view status_of(const Answer& answer) {
    if (std::holds_alternative<Pending>(answer) || std::holds_alternative<Unknown>(answer)) {
        return "unknown";
    }
    const bool failed =
        std::holds_alternative<Conflicted>(answer) || std::holds_alternative<Refused>(answer);
    return failed ? "fail" : "ok";
}

}  // namespace

std::uint64_t slice_hash(const std::vector<SeenEvent>& events) {
    std::uint64_t hash = 0;
    for (const SeenEvent& event : events) {
        hash = slice_extended(hash, slice_digit(event.id));
    }
    return hash;
}

std::string to_json(const Operation& operation) {
    std::string line;
    JsonWriter json(line);
    const std::string_view status = status_of(operation.answer);
    json.begin_object().key("op").number(operation.id.value);
    json.key("client").number(operation.client.value);
    json.key("call_ns").signed_number(operation.called.time.nanoseconds).key("ret_ns");
    if (status == "unknown") {
        json.null();
    } else {
        json.signed_number(operation.returned.time.nanoseconds);
    }
    json.key("call_step").number(operation.called.step);
    if (status != "unknown") {
        json.key("ret_step").number(operation.returned.step);
    }
    json.key("status").text(status);
    std::visit(WriteCall{json}, operation.call);
    if (operation.node.value != 0) {
        json.key("node").text(node_name(operation.node));
    }
    if (operation.session.value != 0) {
        json.key("session").number(operation.session.value);
        json.key("key").text(
            fmt::format("{}-{}", operation.session.value, operation.sequence.value));
        json.key("attempt").number(operation.attempt);
    }
    // An append's answer names positions; a read's answer names the records.
    std::visit(WriteAnswer{json}, operation.answer);
    json.end_object();
    return line;
}

std::string final_read_json(const Order& order, OperationId id, When when) {
    std::string line;
    JsonWriter json(line);
    json.begin_object().key("op").number(id.value).key("client").number(0);
    json.key("call_ns").signed_number(when.time.nanoseconds);
    json.key("ret_ns").signed_number(when.time.nanoseconds);
    json.key("call_step").number(when.step).key("ret_step").number(when.step);
    json.key("status").text("ok").key("f").text("read-all").key("from").number(0);
    json.key("max").null().key("end_of_log").boolean(true).key("tail").number(order.length());
    json.key("records").begin_array();
    for (Position at; at.value < order.length(); ++at) {
        write_id(json, order.event(at).id);
    }
    json.end_array().end_object();
    return line;
}

}  // namespace ledger::check
