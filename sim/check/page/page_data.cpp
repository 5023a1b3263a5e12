#include "sim/check/page/page_data.h"

#include <algorithm>
#include <map>

#include "log/base/assert.h"
#include "sim/check/json.h"
#include "sim/check/page/script_text.h"

namespace ledger::check {
namespace {

constexpr std::uint64_t partial_bytes_max = 200'000;
constexpr std::uint64_t annotation_bytes_max = 120'000;
constexpr std::uint64_t witness_ids_max = 4'000;
constexpr std::uint64_t floor_points_max = 2'000;
constexpr std::uint64_t exact_in_scripts = 1ULL << 53;  // integers up to here

// Numbers for names, in the order in which they come up.
class NameTable {
  public:
    // -1 for the empty name: there is none.
    std::int64_t number(const std::string& name) {
        if (name.empty()) {
            return -1;
        }
        const auto [at, is_new] = numbers_.emplace(name, static_cast<std::int64_t>(names_.size()));
        if (is_new) {
            names_.push_back(name);
        }
        return at->second;
    }
    void write(JsonWriter& json) const {
        json.begin_array();
        for (const std::string& name : names_) {
            json.text(name);
        }
        json.end_array();
    }

  private:
    std::map<std::string, std::int64_t> numbers_;
    std::vector<std::string> names_;
};

void write_number(JsonWriter& json, std::uint64_t number) {
    if (number <= exact_in_scripts) {
        json.number(number);
    } else {
        json.text(std::to_string(number));
    }
}

void write_time(JsonWriter& json, const std::optional<std::int64_t>& time, std::int64_t origin) {
    std::int64_t since = 0;
    if (!time || __builtin_sub_overflow(*time, origin, &since)) {
        json.null();
    } else {
        json.signed_number(since);
    }
}

struct Tables {
    NameTable lanes;
    NameTable kinds;
    NameTable streams;
    NameTable keys;
};

void write_operation(JsonWriter& json, const PageOperation& operation, const PageWindow& window,
    Tables& tables, std::int64_t origin) {
    json.begin_array();
    write_number(json, operation.id);
    json.signed_number(tables.lanes.number(operation.lane));
    json.number(window.half_rank(operation.called) / 2);
    if (operation.returned == RecordedOperation::never) {
        json.null();
    } else {
        json.number(window.half_rank(operation.returned) / 2);
    }
    write_time(json, operation.called_ns, origin);
    write_time(json, operation.returned_ns, origin);
    write_number(json, operation.line);
    json.number(static_cast<std::uint64_t>(operation.outcome));
    json.signed_number(tables.kinds.number(operation.kind));
    json.signed_number(tables.streams.number(operation.stream));
    json.signed_number(tables.keys.number(operation.key));
    json.text(operation.text).text(operation.before).text(operation.after).text(operation.rule);
    json.end_array();
}

void write_operations(JsonWriter& json, const HistoryPage& page, const PageWindow& window) {
    Tables tables;
    const std::int64_t origin = origin_of_times(page);
    json.key("operations").begin_array();
    for (const PageOperation& operation : window.operations) {
        write_operation(json, operation, window, tables, origin);
    }
    json.end_array();
    tables.lanes.write(json.key("lanes"));
    tables.kinds.write(json.key("kinds"));
    tables.streams.write(json.key("streams"));
    tables.keys.write(json.key("keys"));
}

void write_axis(JsonWriter& json, const HistoryPage& page, const PageWindow& window) {
    json.key("places").begin_array();
    for (const std::uint64_t place : window.places) {
        write_number(json, place);
    }
    json.end_array();
    json.key("gaps").begin_array();
    std::uint64_t next = 0;  // the id that follows without a gap
    const auto gap = [&](std::uint64_t rank, std::uint64_t id) {
        if (id > next) {
            json.begin_array().number(rank).number(id - next).end_array();
        }
        next = id + 1;
    };
    for (const PageOperation& operation : window.operations) {
        gap(window.half_rank(operation.called) / 2, operation.id);
    }
    gap(window.places.size(), page.operations);
    json.end_array();
}

void write_anomalies(JsonWriter& json, const Judgement& judgement) {
    std::uint64_t room = witness_ids_max;
    json.key("anomalies").begin_array();
    for (const Anomaly& anomaly : judgement.anomalies) {
        json.begin_array().text(cut_text(anomaly.name, 100)).begin_array();
        const std::uint64_t count = std::min<std::uint64_t>({anomaly.operations.size(), 200, room});
        room -= count;
        for (std::uint64_t i = 0; i < count; ++i) {
            write_number(json, anomaly.operations[static_cast<std::size_t>(i)]);
        }
        json.end_array().end_array();
    }
    json.end_array();
}

// Operations with a text each, as an array of pairs; as many as the room allows.
template <typename Items, typename Text>
void write_pairs(JsonWriter& json, const Items& items, const Text& text, std::uint64_t& room) {
    json.begin_array();
    for (const auto& item : items) {
        const std::string shown = cut_text(text(item), 300);
        const std::uint64_t bytes = 30 + script_bytes(shown);
        if (bytes > room) {
            room = 0;
            break;
        }
        room -= bytes;
        json.begin_array();
        write_number(json, item.operation);
        json.text(shown).end_array();
    }
    json.end_array();
}

void write_partial(JsonWriter& json, const Judgement& judgement) {
    std::uint64_t room = partial_bytes_max;
    json.key("partial").begin_array();
    for (const PartialOrder& order : judgement.partial) {
        const std::string part = cut_text(order.part, 200);
        const std::string before = cut_text(order.before, 600);
        const std::uint64_t bytes = 200 + script_bytes(part) + script_bytes(before);
        if (bytes > room) {
            break;
        }
        room -= bytes;
        const std::uint64_t skipped =
            order.steps.size() - std::min<std::uint64_t>(order.steps.size(), steps_shown_max);
        const auto refused =
            std::span(order.refused)
                .first(std::min<std::size_t>(order.refused.size(), refused_shown_max));
        json.begin_object();
        json.key("part").text(part).key("before").text(before).key("skipped").number(skipped);
        // What was refused is the point of it; the steps take what room is left.
        json.key("refused_total").number(order.refused.size()).key("refused");
        write_pairs(json, refused, [](const PartialOrder::Refused& r) { return r.why; }, room);
        json.key("steps");
        write_pairs(
            json, std::span(order.steps).subspan(static_cast<std::size_t>(skipped)),
            [](const PartialOrder::Step& step) { return step.state; }, room);
        json.end_object();
    }
    json.end_array();
}

void write_annotations(JsonWriter& json, const HistoryPage& page, const PageWindow& window) {
    std::uint64_t room = annotation_bytes_max;
    json.key("annotations").begin_array();
    for (const Annotation& annotation : page.annotations) {
        const bool beside = !window.places.empty() && annotation.from <= window.places.back() &&
                            annotation.to >= window.places.front();
        const std::string lane = cut_text(annotation.lane, 60);
        const std::string text = cut_text(annotation.text, 200);
        const std::uint64_t bytes = 50 + script_bytes(lane) + script_bytes(text);
        if (beside && bytes <= room) {
            room -= bytes;
            json.begin_array().text(lane).text(text);
            json.number(window.half_rank(annotation.from));
            json.number(window.half_rank(annotation.to)).end_array();
        }
    }
    json.end_array();
}

void write_floor(JsonWriter& json, const HistoryPage& page, const PageWindow& window) {
    // One point per place of the axis is all that can be seen: the last one there.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> points;
    for (const auto& [place, version] : page.floor) {
        const std::uint64_t at = window.half_rank(place);
        if (!points.empty() && points.back().first == at) {
            points.back().second = version;
        } else {
            points.emplace_back(at, version);
        }
    }
    const std::size_t stride = points.size() / floor_points_max + 1;
    json.key("floor").begin_array();
    for (std::size_t i = 0; i < points.size(); i += stride) {
        json.begin_array().number(points[i].first);
        write_number(json, points[i].second);
        json.end_array();
    }
    json.end_array();
}

}  // namespace

std::int64_t origin_of_times(const HistoryPage& page) {
    constexpr std::int64_t far = 1'000'000'000'000'000;
    if (page.operations == 0) {
        return 0;
    }
    const std::int64_t first = page.operation(0).called_ns.value_or(0);
    return first > far || first < -far ? first : 0;
}

std::string page_data(const HistoryPage& page, const PageWindow& window) {
    LEDGER_ASSERT(page.judgement != nullptr);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.key("verdict").text(to_text(page.judgement->verdict));
    json.key("total").number(page.operations);
    json.key("since_first_call").boolean(origin_of_times(page) != 0);
    write_operations(json, page, window);
    write_axis(json, page, window);
    write_anomalies(json, *page.judgement);
    write_partial(json, *page.judgement);
    write_annotations(json, page, window);
    write_floor(json, page, window);
    json.end_object();
    return text;
}

}  // namespace ledger::check
