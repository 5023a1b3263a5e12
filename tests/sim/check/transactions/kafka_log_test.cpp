// Kafka log: a sound log, each anomaly of the catalogue planted into it, and what is none.

#include <functional>
#include <map>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "sim/check/recorded/import.h"
#include "tests/sim/check/transactions/transaction_sample.h"

namespace ledger::check::test {
namespace {

using Names = std::vector<std::string>;

// Events of one case: [process, type, f, micro-operations].
RecordedHistory events(std::string_view text) {
    const auto cases = import_cases("[{\"id\": \"a\", \"opts\": {}, \"ops\": [" +
                                        std::string(text) + "], \"expected_errors\": {}}]",
        HistoryFormat::kafka_cases);
    if (!cases) {
        FAIL(cases.error().place);
    }
    return (*cases)[0].history;
}

Names at(std::string_view text, std::string_view model = "kafka-log", std::string_view level = "") {
    return names_of(judge(events(text), model, level));
}

// A log with offsets, three producers and two consumers of all keys; offsets skip now and then.
class Log {
  public:
    explicit Log(std::uint64_t seed) : seed_(seed) {}

    RecordedHistory run(std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i) {
            if (percent(55)) {
                send();
            } else {
                const std::uint64_t consumer = 3 + pick(2);
                poll(consumer, 1 + pick(4));
            }
        }
        for (const std::uint64_t consumer : {3u, 4u}) {
            poll(consumer, UINT64_MAX);
        }
        return std::move(history_);
    }

  private:
    std::uint64_t pick(std::uint64_t below) {
        return keyed_bits(seed_, Site{904}, 0, ++choices_) % below;
    }
    bool percent(std::uint64_t chance) { return pick(100) < chance; }

    RecordedOperation& call(std::uint64_t process, std::string_view f) {
        RecordedOperation operation;
        operation.id = history_.operations.size();
        operation.process = static_cast<std::int64_t>(process);
        operation.f = f;
        operation.called = time_++;
        operation.called_ns = static_cast<std::int64_t>(1000 * time_);
        history_.operations.push_back(std::move(operation));
        return history_.operations.back();
    }
    void answer(RecordedOperation& operation, Outcome outcome, ValueList micros) {
        operation.outcome = outcome;
        operation.answered = Value(std::move(micros));
        operation.returned = time_++;
        operation.returned_ns = static_cast<std::int64_t>(1000 * time_);
        if (outcome == Outcome::unknown) {
            operation.returned = RecordedOperation::never;
        }
    }

    void send() {
        RecordedOperation& operation = call(pick(3), "send");
        const bool fails = percent(10);
        const bool unknown = !fails && percent(10);
        const bool lands = !fails && !(unknown && percent(50));
        ValueList asked;
        ValueList answered;
        for (std::uint64_t i = 0, n = 1 + pick(3); i < n; ++i) {
            const auto key = static_cast<std::int64_t>(pick(3));
            const Value value(static_cast<std::int64_t>(++values_));
            asked.push_back(Value(ValueList{text_value("send"), Value(key), value}));
            answered.push_back(asked.back());
            if (lands) {
                std::int64_t& end = ends_[key];
                logs_[key].push_back({end, value});
                answered.back() = Value(ValueList{text_value("send"), Value(key),
                    unknown ? value : Value(ValueList{Value(end), value})});
                end += percent(20) ? 2 : 1;
            }
        }
        operation.asked = Value(asked);
        answer(operation,
            fails     ? Outcome::failed
            : unknown ? Outcome::unknown
                      : Outcome::ok,
            answered);
    }

    void poll(std::uint64_t consumer, std::uint64_t records_max) {
        RecordedOperation& operation = call(consumer, "poll");
        operation.asked = Value(ValueList{Value(ValueList{text_value("poll")})});
        ValueMap map;
        std::map<std::int64_t, std::uint64_t> reached;
        for (const auto& [key, log] : logs_) {
            ValueList records;
            std::uint64_t& at = positions_[consumer][key];
            std::uint64_t next = at;
            for (; next < log.size() && next - at < records_max; ++next) {
                records.push_back(Value(ValueList{Value(log[next].first), log[next].second}));
            }
            if (!records.empty()) {
                // As text: a map key of another format.
                map.emplace_back(text_value(std::to_string(key)), Value(std::move(records)));
            }
            reached[key] = next;
        }
        const bool fails = records_max != UINT64_MAX && percent(10);
        for (const auto& [key, next] : reached) {
            positions_[consumer][key] = fails ? positions_[consumer][key] : next;
        }
        ValueList micros = {Value(ValueList{text_value("poll"), Value(std::move(map))})};
        answer(operation, fails ? Outcome::failed : Outcome::ok, std::move(micros));
    }

    const std::uint64_t seed_;
    std::uint64_t choices_ = 0;
    std::uint64_t values_ = 0;
    std::uint64_t time_ = 0;
    std::map<std::int64_t, std::int64_t> ends_;
    std::map<std::int64_t, std::vector<std::pair<std::int64_t, Value>>> logs_;
    std::map<std::uint64_t, std::map<std::int64_t, std::uint64_t>> positions_;
    RecordedHistory history_;
};

std::uint64_t coverage(const Judgement& judgement, std::string_view what) {
    for (const auto& [name, count] : judgement.coverage) {
        if (name == what) {
            return count;
        }
    }
    return UINT64_MAX;
}

// Two records a and b at offsets 0 and 1 of x, sent by client 0.
const std::string sent_a = R"([0, "invoke", "send", [["send", "x", "a"]]],
    [0, "ok", "send", [["send", "x", [0, "a"]]]])";
const std::string sent_b = R"([0, "invoke", "send", [["send", "x", "b"]]],
    [0, "ok", "send", [["send", "x", [1, "b"]]]])";
const std::string sent_c = R"([0, "invoke", "send", [["send", "x", "c"]]],
    [0, "ok", "send", [["send", "x", [2, "c"]]]])";
const std::string sent = sent_a + "," + sent_b + "," + sent_c;

std::string polled(std::string_view process, std::string_view records, std::string_view type = "ok",
    std::string_view f = "poll") {
    const std::string p(process);
    return "[" + p + ", \"invoke\", \"" + std::string(f) + "\", [[\"poll\"]]], [" + p + ", \"" +
           std::string(type) + "\", \"" + std::string(f) + "\", [[\"poll\", {\"x\": [" +
           std::string(records) + "]}]]]";
}

}  // namespace

TEST_CASE("kafka-log: a sound log is ok, however it is sent to and polled", "[kafka]") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const RecordedHistory history = Log(seed).run(200);
        for (const char* model :
            {"kafka-log", "kafka-log(batches=interleaved)", "kafka-log(end=polled)"}) {
            const Judgement judgement = judge(history, model);
            INFO("seed " << seed << ", " << model);
            for (const Anomaly& anomaly : judgement.anomalies) {
                INFO(anomaly.name << ": " << anomaly.sentence);
            }
            REQUIRE(names_of(judgement).empty());
            REQUIRE(judgement.verdict == Verdict::ok);
            REQUIRE(judgement.level == "read-committed");
            REQUIRE(coverage(judgement, "unseen at the end") == 0);
        }
    }
}

TEST_CASE("kafka-log: two values at one offset", "[kafka]") {
    const std::string other = R"([1, "invoke", "send", [["send", "x", "d"]]],
        [1, "ok", "send", [["send", "x", [1, "d"]]]])";
    CHECK(at(sent + "," + other) == Names{"inconsistent-offsets"});
    // What has no answer and was not seen may have gone elsewhere.
    const std::string unknown = R"([1, "invoke", "send", [["send", "x", "d"]]],
        [1, "info", "send", [["send", "x", [1, "d"]]]])";
    CHECK(at(sent + "," + unknown).empty());
}

TEST_CASE("kafka-log: one value at two offsets", "[kafka]") {
    CHECK(at(sent + "," + polled("1", R"([0, "a"], [1, "b"], [2, "c"], [3, "a"])")) ==
          Names{"duplicate"});
}

TEST_CASE("kafka-log: a poll returns what failed, what nobody sent, what it has not committed",
    "[kafka]") {
    const std::string failed = R"([1, "invoke", "send", [["send", "x", "d"]]],
        [1, "fail", "send", [["send", "x", "d"]]])";
    const std::string read = failed + "," + polled("2", R"([3, "d"])");
    CHECK(at(read) == Names{"G1a"});
    CHECK(at(read, "kafka-log", "read-uncommitted").empty());
    CHECK(at(polled("2", R"([3, "d"])")) == Names{"garbage-read"});
    CHECK(at(R"([0, "invoke", "txn", [["send", "x", "a"], ["poll"]]],
        [0, "ok", "txn", [["send", "x", [0, "a"]], ["poll", {"x": [[0, "a"]]}]]])") ==
          Names{"precommitted-read"});
}

TEST_CASE("kafka-log: a write below what was read and that nobody polled is lost", "[kafka]") {
    CHECK(at(sent + "," + polled("1", R"([0, "a"], [1, "b"])")).empty());
    CHECK(at(sent + "," + polled("1", R"([0, "a"])") + "," + polled("2", R"([2, "c"])")) ==
          Names{"lost-write"});
    // A poll of a transaction that failed has seen it all the same.
    CHECK(at(sent + "," + polled("1", R"([0, "a"])") + "," +
             polled("3", R"([1, "b"])", "fail", "txn") + "," + polled("2", R"([2, "c"])"))
            .empty());
}

TEST_CASE("kafka-log: a consumer that goes over a record, back, or stays", "[kafka]") {
    const std::string first = sent + "," + polled("2", R"([0, "a"], [1, "b"], [2, "c"])") + "," +
                              polled("1", R"([0, "a"])");
    CHECK(at(first + "," + polled("1", R"([2, "c"])")) == Names{"poll-skip"});
    CHECK(at(first + "," + polled("1", R"([1, "b"])")).empty());
    CHECK(at(first + "," + polled("1", R"([0, "a"])")) == Names{"nonmonotonic-poll"});
    CHECK(at(first + "," + polled("1", R"([1, "b"])") + "," + polled("1", R"([0, "a"])")) ==
          Names{"nonmonotonic-poll"});
    CHECK(at(sent + "," + polled("2", R"([0, "a"], [1, "b"], [2, "c"])") + "," +
              polled("1", R"([0, "a"], [2, "c"])")) == Names{"int-poll-skip"});
    CHECK(at(sent + "," + polled("2", R"([0, "a"], [1, "b"], [2, "c"])") + "," +
              polled("1", R"([1, "b"], [0, "a"])")) == Names{"int-nonmonotonic-poll"});
    // An offset that nobody holds is no record.
    CHECK(at(
        sent_a + "," + sent_c + "," + polled("1", R"([0, "a"])") + "," + polled("1", R"([2, "c"])"))
            .empty());
}

TEST_CASE("kafka-log: a consumer whose poll failed must rewind", "[kafka]") {
    const std::string all = sent + "," + polled("2", R"([0, "a"], [1, "b"], [2, "c"])") + "," +
                            polled("1", R"([0, "a"])");
    const std::string aborted = all + "," + polled("1", R"([1, "b"])", "fail", "txn");
    CHECK(at(aborted + "," + polled("1", R"([1, "b"])")).empty());
    CHECK(at(aborted + "," + polled("1", R"([2, "c"])")) == Names{"poll-skip"});
}

TEST_CASE("kafka-log: an assignment forgets the keys that it drops", "[kafka]") {
    const std::string all = sent + "," + polled("2", R"([0, "a"], [1, "b"], [2, "c"])") + "," +
                            polled("1", R"([0, "a"])");
    const auto assigned = [](std::string_view f, std::string_view keys, std::string_view type) {
        const std::string value = "\", \"" + std::string(f) + "\", [" + std::string(keys) + "]]";
        return "[1, \"invoke" + value + ", [1, \"" + std::string(type) + value;
    };
    for (const char* f : {"assign", "subscribe"}) {
        CHECK(
            at(all + "," + assigned(f, "\"y\"", "ok") + "," + polled("1", R"([2, "c"])")).empty());
        CHECK(at(all + "," + assigned(f, "\"x\"", "ok") + "," + polled("1", R"([2, "c"])")) ==
              Names{"poll-skip"});
        CHECK(at(all + "," + assigned(f, "\"x\"", "info") + "," + polled("1", R"([2, "c"])"))
                .empty());
    }
}

TEST_CASE("kafka-log: a producer whose records come in another order", "[kafka]") {
    CHECK(at(sent_b + "," + sent_a) == Names{"nonmonotonic-send"});
    const std::string inverted = R"([0, "invoke", "send", [["send", "x", "a"], ["send", "x", "b"]]],
        [0, "ok", "send", [["send", "x", [1, "a"]], ["send", "x", [0, "b"]]]])";
    CHECK(at(inverted) == Names{"int-nonmonotonic-send"});
    const std::string apart = R"([0, "invoke", "send", [["send", "x", "a"], ["send", "x", "b"]]],
        [0, "ok", "send", [["send", "x", [0, "a"]], ["send", "x", [2, "b"]]]],
        [1, "invoke", "send", [["send", "x", "c"]]], [1, "ok", "send", [["send", "x", [1, "c"]]]])";
    CHECK(at(apart) == Names{"int-send-skip", "G0"});
    CHECK(at(apart, "kafka-log(batches=interleaved)").empty());
}

TEST_CASE("kafka-log: transactions that polled each other's sends are a G1c", "[kafka]") {
    const std::string both = R"([0, "invoke", "txn", [["send", "x", "a"], ["poll"]]],
        [1, "invoke", "txn", [["send", "y", "b"], ["poll"]]],
        [0, "ok", "txn", [["send", "x", [0, "a"]], ["poll", {"y": [[0, "b"]]}]]],
        [1, "ok", "txn", [["send", "y", [0, "b"]], ["poll", {"x": [[0, "a"]]}]]])";
    CHECK(at(both) == Names{"G1c"});
    CHECK(at(both, "kafka-log(batches=interleaved)") == Names{"G1c"});
    // Through the order of sends: only where they do not interleave.
    const std::string through = R"([0, "invoke", "txn", [["send", "x", "a"], ["poll"]]],
        [1, "invoke", "txn", [["send", "x", "b"], ["send", "y", "c"]]],
        [0, "ok", "txn", [["send", "x", [0, "a"]], ["poll", {"y": [[0, "c"]]}]]],
        [1, "ok", "txn", [["send", "x", [1, "b"]], ["send", "y", [0, "c"]]]])";
    CHECK(at(through) == Names{"G1c"});
    CHECK(at(through, "kafka-log(batches=interleaved)").empty());
}

TEST_CASE("kafka-log: what was acknowledged and never polled is a number, or an error", "[kafka]") {
    const std::string text = sent + "," + polled("1", R"([0, "a"])");
    const Judgement judgement = judge(events(text), "kafka-log");
    CHECK(judgement.verdict == Verdict::ok);
    CHECK(coverage(judgement, "unseen at the end") == 2);
    CHECK(coverage(judgement, "most unseen at one time") == 3);
    CHECK(at(text, "kafka-log(end=polled)") == Names{"unseen", "unseen"});
}

TEST_CASE("kafka-log: how long a poll was behind is told", "[kafka]") {
    RecordedHistory history = events(sent + "," + polled("1", R"([0, "a"])"));
    for (RecordedOperation& operation : history.operations) {
        operation.called_ns = static_cast<std::int64_t>(operation.called * 100);
        operation.returned_ns = static_cast<std::int64_t>(operation.returned * 100);
    }
    // b was there at 300, and the poll that did not show it was called at 600.
    CHECK(coverage(judge(history, "kafka-log"), "longest lag in real time, ns") == 300);
}

TEST_CASE("kafka-log: a history that shows no offset is inconclusive", "[kafka]") {
    const std::string lost = R"([0, "invoke", "send", [["send", "x", "a"]]],
        [0, "info", "send", [["send", "x", "a"]]])";
    CHECK(judge(events(lost), "kafka-log").verdict == Verdict::inconclusive);
}

// Each of the catalogue planted into logs that are sound.
namespace {

struct Bug {
    std::string name;
    // False if the history has no place for it.
    std::function<bool(RecordedHistory&, std::uint64_t)> plant;
};

// The records of the first key of a poll's answer, or nullptr.
ValueList records_of(const RecordedOperation& operation, Value& key) {
    const ValueList* micros = operation.answered.list();
    if (operation.f != "poll" || operation.outcome != Outcome::ok || micros == nullptr) {
        return {};
    }
    const ValueMap* map = (*(*micros)[0].list())[1].map();
    if (map == nullptr || map->empty()) {
        return {};
    }
    key = map->front().first;
    return *map->front().second.list();
}

void set_records(RecordedOperation& operation, ValueList records) {
    ValueMap map = *(*(*operation.answered.list())[0].list())[1].map();
    map.front().second = Value(std::move(records));
    operation.answered =
        Value(ValueList{Value(ValueList{text_value("poll"), Value(std::move(map))})});
}

// Changes the first poll from `from` on that has at least `least` records.
bool change_poll(RecordedHistory& history, std::uint64_t from, std::size_t least,
    const std::function<void(ValueList&)>& change) {
    for (std::uint64_t i = from; i < history.operations.size(); ++i) {
        Value key;
        ValueList records = records_of(history.operations[i], key);
        if (records.size() >= least) {
            change(records);
            set_records(history.operations[i], std::move(records));
            return true;
        }
    }
    return false;
}

bool change_send(RecordedHistory& history, std::uint64_t from,
    const std::function<bool(RecordedOperation&, ValueList&)>& change) {
    for (std::uint64_t i = from; i < history.operations.size(); ++i) {
        RecordedOperation& operation = history.operations[i];
        if (operation.f == "send" && operation.outcome == Outcome::ok) {
            ValueList micros = *operation.answered.list();
            if (change(operation, micros)) {
                operation.answered = Value(std::move(micros));
                return true;
            }
        }
    }
    return false;
}

const std::vector<Bug> bugs = {
    {"inconsistent-offsets",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_poll(history, from, 2, [](ValueList& records) {
                const Value offset = (*records[1].list())[0];
                records[0] = Value(ValueList{offset, (*records[0].list())[1]});
            });
        }},
    {"duplicate",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_poll(history, from, 1, [](ValueList& records) {
                records.push_back(
                    Value(ValueList{Value(std::int64_t{100'000}), (*records[0].list())[1]}));
            });
        }},
    {"G1a",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_send(history, from, [](RecordedOperation& operation, ValueList&) {
                operation.outcome = Outcome::failed;
                return true;
            });
        }},
    {"int-poll-skip",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_poll(
                history, from, 3, [](ValueList& records) { records.erase(records.begin() + 1); });
        }},
    {"int-nonmonotonic-poll",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_poll(
                history, from, 2, [](ValueList& records) { std::swap(records[0], records[1]); });
        }},
    {"nonmonotonic-poll",
        [](RecordedHistory& history, std::uint64_t from) {
            for (std::uint64_t i = from; i < history.operations.size(); ++i) {
                Value key;
                if (!records_of(history.operations[i], key).empty()) {
                    RecordedOperation again = history.operations[i];
                    again.id = history.operations.size();
                    again.called = again.returned = 1'000'000;
                    history.operations.push_back(std::move(again));
                    return true;
                }
            }
            return false;
        }},
    {"garbage-read",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_poll(history, from, 1, [](ValueList& records) {
                records.push_back(
                    Value(ValueList{Value(std::int64_t{100'000}), Value(std::int64_t{-1})}));
            });
        }},
    {"lost-write",
        [](RecordedHistory& history, std::uint64_t from) {
            // A place below the end that no poll ever shows.
            return change_send(history, from, [](RecordedOperation&, ValueList& micros) {
                const ValueList& send = *micros[0].list();
                const std::int64_t offset = *(*send[2].list())[0].integer();
                micros.push_back(Value(ValueList{send[0], send[1],
                    Value(ValueList{Value(offset - 1'000'000), Value(std::int64_t{-7})})}));
                return true;
            });
        }},
    {"int-nonmonotonic-send",
        [](RecordedHistory& history, std::uint64_t from) {
            return change_send(history, from, [](RecordedOperation&, ValueList& micros) {
                if (micros.size() < 2 || !((*micros[0].list())[1] == (*micros[1].list())[1])) {
                    return false;
                }
                std::swap(micros[0], micros[1]);
                return true;
            });
        }},
    {"nonmonotonic-send",
        [](RecordedHistory& history, std::uint64_t from) {
            std::map<std::int64_t, ValueList> before;  // of each client the keys it sent to
            for (const RecordedOperation& operation : history.operations) {
                if (operation.f == "send" && operation.outcome == Outcome::ok &&
                    operation.id < from) {
                    for (const Value& micro : *operation.answered.list()) {
                        before[operation.process].push_back((*micro.list())[1]);
                    }
                }
            }
            return change_send(history, from, [&](RecordedOperation& operation, ValueList& micros) {
                const ValueList& keys = before[operation.process];
                if (keys.empty()) {
                    return false;
                }
                micros = {Value(ValueList{text_value("send"), keys[0],
                    Value(ValueList{Value(std::int64_t{-5}), Value(std::int64_t{-5})})})};
                return true;
            });
        }},
};

}  // namespace

TEST_CASE("kafka-log: each bug planted into sound logs is found under its name", "[kafka]") {
    for (const Bug& bug : bugs) {
        std::uint64_t planted = 0;
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            RecordedHistory history = Log(seed).run(120);
            if (!bug.plant(history, 10 + seed)) {
                continue;
            }
            ++planted;
            INFO(bug.name << ", seed " << seed);
            const Judgement judgement = judge(history, "kafka-log");
            REQUIRE(judgement.verdict == Verdict::violated);
            REQUIRE(has(judgement, bug.name));
        }
        INFO(bug.name);
        CHECK(planted >= 30);
    }
}

}  // namespace ledger::check::test
