// Recorded histories with known verdicts: the same verdict must come out. Exits with 77 when the
// histories are not there.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/check/exactly_once.h"
#include "sim/check/json.h"
#include "sim/check/linearizability.h"
#include "tests/source_directory.h"

namespace ledger::check::test {
namespace {

namespace fs = std::filesystem;

struct Timed {
    Operation operation;
    std::int64_t call = 0;
    std::optional<std::int64_t> end;
};

// These histories know no streams: everything is one.
const std::string only_stream = "log";

std::vector<EventId> ids_of(const JsonValue& line) {
    std::vector<EventId> ids;
    if (const JsonValue* records = line.find("records")) {
        for (const JsonValue& record : *records->array()) {
            ids.push_back(EventId{0, *record.number()});
        }
    }
    return ids;
}

Answer answer_of(const JsonValue& line, const std::string& f, const std::string& status) {
    if (status == "unknown") {
        return Unknown{};
    }
    if (f == "append") {
        return status == "ok" ? Answer(Acknowledged{Position{*line.find("position")->number()}, {}})
                              : Answer(Conflicted{});
    }
    ReadAnswer answer;
    answer.positions = false;
    if (f == "tail") {
        answer.length = *line.find("tail")->number();
        return answer;
    }
    for (const EventId& id : ids_of(line)) {
        answer.events.push_back({{}, {}, id});
    }
    answer.end = *line.find("end_of_log")->boolean();
    return answer;
}

Call call_of(const JsonValue& line, const std::string& f) {
    if (f == "tail") {
        return TailCall{};
    }
    if (f == "append") {
        AppendCall call;
        call.streams = {{only_stream, {}}};
        for (const EventId& id : ids_of(line)) {
            call.events.push_back({0, id});
        }
        if (const JsonValue* expected = line.find("expected_tail")) {
            call.expected_length = expected->number();
        }
        return call;
    }
    const JsonValue* max = line.find("max");
    const std::uint64_t count = max->is_null() ? UINT32_MAX : *max->number();
    return state::ReadAll{Position{*line.find("from")->number()}, state::Direction::forward,
        static_cast<std::uint32_t>(count)};
}

Timed timed_of(const JsonValue& line) {
    Timed timed;
    const std::string f = *line.find("f")->text();
    timed.operation.id = OperationId{*line.find("op")->number() + 1};
    timed.operation.client = ClientId{*line.find("client")->number()};
    timed.operation.call = call_of(line, f);
    timed.operation.answer = answer_of(line, f, *line.find("status")->text());
    timed.call = *line.find("call_ns")->signed_number();
    timed.end = line.find("ret_ns")->signed_number();
    timed.operation.called.time = Instant{timed.call};
    timed.operation.returned.time = Instant{timed.end.value_or(0)};
    return timed;
}

// The last line is a full read: its records are the order, cut into batches by the appends.
Order order_of(const std::vector<Timed>& all) {
    Order order;
    const auto* last = std::get_if<ReadAnswer>(&all.back().operation.answer);
    const std::vector<SeenEvent>& events = last->events;
    const StreamNumber stream = order.stream(only_stream);
    for (std::size_t i = 0; i < events.size();) {
        std::vector<Order::NewEvent> batch = {{events[i].id, stream}};
        for (const Timed& timed : all) {
            const auto* call = std::get_if<AppendCall>(&timed.operation.call);
            if (call == nullptr || call->events.empty() || call->events[0].id != events[i].id) {
                continue;
            }
            // As much of the append as really stands there.
            while (batch.size() < call->events.size() && i + batch.size() < events.size() &&
                   call->events[batch.size()].id == events[i + batch.size()].id) {
                batch.push_back({events[i + batch.size()].id, stream});
            }
        }
        order.push(Index{order.appends().size() + 1}, {}, {}, batch);
        i += batch.size();
    }
    return order;
}

struct Moment {
    std::int64_t time;
    bool is_return;
    std::size_t number;
};

// The first finding of each check.
std::vector<std::string> findings_of(std::vector<Timed> all) {
    const Order order = order_of(all);
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < all.size(); ++i) {
        moments.push_back({all[i].call, false, i});
        if (all[i].end) {
            moments.push_back({*all[i].end, true, i});
        }
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return std::tie(a.time, a.is_return, a.number) < std::tie(b.time, b.is_return, b.number);
    });
    Linearizability kernel(order);
    ExactlyOnce content(order);
    std::vector<std::string> findings;
    const auto note = [&findings](const Finding& finding) {
        if (finding) {
            findings.push_back(*finding);
        }
    };
    for (const Moment& moment : moments) {
        const Operation& operation = all[moment.number].operation;
        if (!moment.is_return) {
            kernel.called(operation);
            content.called(operation);
            continue;
        }
        note(kernel.returned(operation));
        note(content.returned(operation));
    }
    note(content.finish());
    note(kernel.finish());
    return findings;
}

std::optional<std::vector<Timed>> load(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    const std::string content = text.str();
    JsonLines lines(content);
    std::vector<Timed> all;
    while (!lines.at_end()) {
        const Result<JsonValue> line = lines.next();
        if (!line) {
            std::printf("%s: %s\n", path.filename().c_str(), line.error().place.c_str());
            return std::nullopt;
        }
        all.push_back(timed_of(*line));
    }
    return all;
}

fs::path histories() {
    if (const char* path = std::getenv("LEDGER_HISTORIES")) {
        return fs::path(path) / "logs-synthetic";
    }
    return fs::path(source_directory()).parent_path() / "shared" / "histories" /
           "logs-synthetic";
}

}  // namespace

int run() {
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(histories(), error)) {
        if (entry.path().extension() == ".jsonl") {
            files.push_back(entry.path());
        }
    }
    if (files.empty()) {
        std::printf("skipped: no histories at %s\n", histories().c_str());
        return 77;
    }
    std::sort(files.begin(), files.end());
    int wrong = 0;
    for (const fs::path& file : files) {
        const std::optional<std::vector<Timed>> history = load(file);
        const bool expected_ok = file.stem().string().ends_with("_ok");
        const std::vector<std::string> findings =
            history ? findings_of(*history) : std::vector<std::string>{"unreadable"};
        const bool right = history && findings.empty() == expected_ok;
        wrong += right ? 0 : 1;
        std::printf("%s %s: %s\n", right ? "right" : "WRONG", file.filename().c_str(),
            findings.empty() ? "ok" : findings.front().c_str());
    }
    return wrong == 0 ? 0 : 1;
}

}  // namespace ledger::check::test

int main() {
    return ledger::check::test::run();
}
