#include "sim/check/recorded/import.h"

#include <random>

#include <catch2/catch.hpp>

#include "sim/check/recorded/operation_text.h"

namespace ledger::check {
namespace {

Value edn(const std::string& text) {
    auto value = parse_edn(text);
    INFO(text << ": " << (value ? std::string() : value.error().place));
    REQUIRE(static_cast<bool>(value));
    return std::move(*value);
}

std::string edn_error(const std::string& text) {
    const auto value = parse_edn(text);
    INFO(text);
    REQUIRE(!value);
    return value.error().place;
}

std::string import_error(const std::string& text, std::optional<HistoryFormat> format = {}) {
    const auto history = import_history(text, format);
    INFO(text);
    REQUIRE(!history);
    return history.error().place;
}

RecordedHistory imported(const std::string& text) {
    auto history = import_history(text);
    INFO(text << ": " << (history ? std::string() : history.error().place));
    REQUIRE(static_cast<bool>(history));
    return std::move(*history);
}

bool same(const RecordedHistory& a, const RecordedHistory& b) {
    if (a.operations.size() != b.operations.size()) {
        return false;
    }
    for (std::uint64_t i = 0; i < a.operations.size(); ++i) {
        const RecordedOperation& x = a.operations[i];
        const RecordedOperation& y = b.operations[i];
        if (x.process != y.process || x.f != y.f || !(x.asked == y.asked) ||
            !(x.answered == y.answered) || x.outcome != y.outcome || x.error != y.error) {
            return false;
        }
    }
    return true;
}

const std::string edn_history = R"(; a comment
[{:process 0, :type :invoke, :f :write, :value 3, :time 100, :index 0}
 {:process :nemesis, :type :info, :f :start-partition, :value nil}
 #_{:process 7 :type :nonsense}
 {:process 1 :type :invoke :f :cas :value [3 4]} ; another one
 {:process 0, :type :ok, :f :write, :value 3 :time 250}
 {:process 1 :type :fail :f :cas :value [3 4] :error "no"}
 {:process 2 :type :invoke :f :read :value nil}
 {:process :nemesis, :type :info, :f :stop-partition, :value nil}
 #jepsen.history.Op{:process 2 :type :info :f :read :value :timed-out :exception {:via [#object[x "y"] <init>]}}
 {:process 7 :type :invoke :f :read}]
)";

}  // namespace

TEST_CASE("edn: values are read as Clojure writes them", "[recorded]") {
    CHECK(edn("nil").is_nil());
    CHECK(*edn("true").boolean());
    CHECK(edn("-12").integer() == -12);
    CHECK(edn("+7").integer() == 7);
    CHECK(edn("12N").integer() == 12);
    CHECK(edn("1.5").text()->sort == ValueText::Sort::number);
    CHECK(edn("22/7").is("22/7"));
    CHECK(edn("99999999999999999999").text()->sort == ValueText::Sort::number);
    CHECK(edn(":a/b").is("a/b"));
    CHECK(edn("<init>").text()->sort == ValueText::Sort::symbol);
    CHECK(edn(R"("a\n\"\u00e9\ud83d\ude00\101")")
            .is("a\n\"\xc3\xa9\xf0\x9f\x98\x80"
                "A"));
    CHECK(edn("\\newline").is("\n"));
    CHECK(edn("\\[").is("["));
    CHECK(edn("\\u0041").is("A"));
    CHECK(to_text(edn("(1, [2 3] #{4} {:a 5,, :b nil})")) == "[1 [2 3] #{4} {a 5, b nil}]");
    CHECK(edn("#inst \"2020\"").is("2020"));
    CHECK(edn("^{:doc 1} [1]").list()->size() == 1);
    CHECK(edn("[1 #_2 #_[3 4] 5 #_ #_ 6 7]").list()->size() == 2);
    CHECK(edn("##Inf").is("Inf"));
    CHECK(edn(" ; nothing\n 5 ; done").integer() == 5);
}

TEST_CASE("edn: what is wrong is said with its line and column", "[recorded]") {
    CHECK(edn_error("[1\n 2") ==
          "line 2, column 3: expected the end of the vector that began in line 1, column 1");
    CHECK(edn_error("{:a}") ==
          "line 1, column 1: a map of keys and values has an odd number of them: 1");
    CHECK(edn_error("{:a 1 :a 2}") == "line 1, column 1: the key a is in the map twice");
    CHECK(edn_error("[1 2)") == "line 1, column 5: expected a value or ] of the vector, found )");
    CHECK(edn_error("\"abc") ==
          "line 1, column 5: expected the end of the string that began in line 1, column 1");
    CHECK(edn_error("").find("found the end of the text") != std::string::npos);
    CHECK(edn_error("1 2") == "line 1, column 3: expected nothing behind the value, found 2");
    CHECK(edn_error(std::string(100, '[')).find("more than 64") != std::string::npos);
    CHECK(edn_error("\"\\q\"").find("expected an escape") != std::string::npos);
}

TEST_CASE("json: the same values as in EDN", "[recorded]") {
    const auto value =
        parse_json_value(R"( {"a": [1, -2, null, true, 1.5e3, "x\u00e9"], "b": {}} )");
    REQUIRE(static_cast<bool>(value));
    CHECK(*value == edn(R"({:a [1 -2 nil true "1.5e3" "x\u00e9"] :b {}})"));
    CHECK(parse_json_value(R"({"a":1,"a":2})").error().place.find("twice") != std::string::npos);
    CHECK(parse_json_value("[1,\n01]").error().place ==
          "line 2, column 1: a number must not begin with 0");
    CHECK(parse_json_value("[1 2]").error().place ==
          "line 1, column 4: expected a comma or ], found 2");
    CHECK(!parse_json_value("{'a':1}"));
    CHECK(!parse_json_value("nul"));
}

TEST_CASE("edn: what is written is read as the same value", "[recorded]") {
    std::mt19937_64 engine(5);
    const auto roll = [&](std::uint64_t bound) { return engine() % bound; };
    const std::function<Value(int)> any = [&](int depth) -> Value {
        switch (roll(depth > 3 ? 5 : 8)) {
            case 0: return Value();
            case 1: return Value(roll(2) == 0);
            case 2: return Value(static_cast<std::int64_t>(engine()));
            case 3: {
                std::string text;
                for (std::uint64_t i = roll(6); i > 0; --i) {
                    text += static_cast<char>(
                        roll(3) == 0 ? "\"\\\n;{ "[roll(6)] : 'a' + static_cast<char>(roll(26)));
                }
                return Value(ValueText{text, ValueText::Sort::string});
            }
            case 4:
                return Value(ValueText{std::vector<std::string>{"nil", "key", "1.5", "-3", "a/b",
                                           "x y", "true"}[roll(7)],
                    std::vector<ValueText::Sort>{ValueText::Sort::keyword, ValueText::Sort::symbol,
                        ValueText::Sort::number, ValueText::Sort::string}[roll(4)]});
            case 5: {
                ValueMap map;
                for (std::uint64_t i = roll(4); i > 0; --i) {
                    map.emplace_back(Value(static_cast<std::int64_t>(i)), any(depth + 1));
                }
                return Value(std::move(map));
            }
            default: {
                ValueList list;
                for (std::uint64_t i = roll(4); i > 0; --i) {
                    list.push_back(any(depth + 1));
                }
                return roll(2) == 0 ? Value(std::move(list)) : Value(ValueSet{std::move(list)});
            }
        }
    };
    for (int i = 0; i < 5'000; ++i) {
        const Value value = any(0);
        const std::string text = to_edn(value);
        INFO(text);
        const auto again = parse_edn(text);
        REQUIRE(static_cast<bool>(again));
        REQUIRE(*again == value);
    }
}

TEST_CASE("import: operation maps are paired by process", "[recorded]") {
    const RecordedHistory history = imported(edn_history);
    REQUIRE(history.operations.size() == 4);
    const RecordedOperation& write = history.operations[0];
    CHECK(write.f == "write");
    CHECK(write.outcome == Outcome::ok);
    CHECK(write.called < write.returned);
    CHECK(write.called_ns == 100);
    CHECK(write.returned_ns == 250);
    CHECK(write.called_line == 2);
    CHECK(write.returned_line == 6);
    const RecordedOperation& cas = history.operations[1];
    CHECK(cas.outcome == Outcome::failed);
    CHECK(cas.error == "no");
    CHECK(cas.called < write.returned);
    CHECK(history.operations[2].outcome == Outcome::unknown);
    CHECK(history.operations[2].returned == RecordedOperation::never);
    CHECK(history.operations[2].returned_line == 10);
    CHECK(history.operations[3].outcome == Outcome::unknown);
    REQUIRE(history.annotations.size() == 2);
    CHECK(history.annotations[0].lane == "nemesis");
    CHECK(history.annotations[0].from < history.annotations[0].to);  // until it stops
    CHECK(same(imported(export_edn(history)), history));
}

TEST_CASE("import: lists, vectors, maps one after another and JSON are one history", "[recorded]") {
    const std::string one = "{:process 0 :type :invoke :f :read :value nil}";
    const std::string two = "{:process 0 :type :ok :f :read :value {:x 2}}";
    const RecordedHistory vector = imported("[" + one + " " + two + "]");
    CHECK(same(imported("(" + one + two + ")"), vector));
    CHECK(same(imported("; c\n" + one + "\n" + two), vector));
    CHECK(same(imported(R"([{"process":0,"type":"invoke","f":"read","value":null},
        {"process":0,"type":"ok","f":"read","value":{"x":2}}])"),
        vector));
    CHECK(same(imported("{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n"
                        "{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":{\"x\":2}}"),
        vector));
    CHECK(imported("\xef\xbb\xbf" + one + two).operations.size() == 1);
}

TEST_CASE("import: without processes each call is followed by its return", "[recorded]") {
    const RecordedHistory history = imported(
        "{:type :invoke :value [[:append 1 1]]}{:type :ok :value [[:append 1 1]]}"
        "{:type :invoke :value [[:r 1 nil]]}{:type :invoke :value [[:r 2 nil]]}{:type :ok :value "
        "[[:r 2 []]]}");
    REQUIRE(history.operations.size() == 3);
    CHECK(history.operations[0].outcome == Outcome::ok);
    CHECK(history.operations[1].outcome == Outcome::unknown);
    CHECK(history.operations[2].outcome == Outcome::ok);
    CHECK(history.operations[0].process != history.operations[2].process);
}

TEST_CASE("import: a thread that lost an answer goes on as another process", "[recorded]") {
    const RecordedHistory history = imported(
        "INFO  jepsen.util - 0\t:invoke\t:write\t3\n"
        "INFO  jepsen.util - 0 :info   :write  :timed-out\n"
        "INFO jepsen.core - starting something else\n"
        "INFO  jepsen.util - :nemesis :info :start some text\n"
        "INFO  jepsen.util - 5 :invoke :cas [1 4]\n"
        "\n"
        "INFO  jepsen.util - 5 :fail :cas [1 4]\r\n");
    REQUIRE(history.operations.size() == 2);
    CHECK(history.format == HistoryFormat::jepsen_log);
    CHECK(history.operations[0].outcome == Outcome::unknown);
    CHECK(history.operations[0].asked.integer() == 3);
    CHECK(history.operations[1].outcome == Outcome::failed);
    CHECK(history.operations[1].called_line == 5);
    CHECK(to_text(history.operations[1].answered) == "[1 4]");
    CHECK(history.annotations.size() == 1);
}

TEST_CASE("import: key-value lines carry [key value]", "[recorded]") {
    const RecordedHistory history = imported(
        "{:process 0, :type :invoke, :f :get, :key \"7\", :value nil}\n"
        "{:process 0, :type :ok, :f :get, :key \"7\", :value \"x 0 0 y\"}\n");
    CHECK(history.format == HistoryFormat::kv_text);
    CHECK(to_text(history.operations[0].asked) == "[7 nil]");
    CHECK(to_text(history.operations[0].answered) == "[7 x 0 0 y]");
    CHECK(operation_text(history.operations[0]) == "get 7 -> x 0 0 y");
}

TEST_CASE("import: starts and finishes of logs", "[recorded]") {
    const RecordedHistory history = imported(
        R"({"event":{"Start":{"Append":{"num_records":1,"record_hashes":[5]}}},"client_id":1,"op_id":1}
{"event":{"Start":"CheckTail"},"client_id":2,"op_id":2}
{"event":{"Finish":{"AppendSuccess":{"tail":1}}},"client_id":1,"op_id":1}
{"event":{"Finish":"CheckTailFailure"},"client_id":2,"op_id":2}
{"event":{"Start":{"Append":{"num_records":1,"record_hashes":[6]}}},"client_id":1,"op_id":3}
{"event":{"Finish":"AppendIndefiniteFailure"},"client_id":1,"op_id":3}
)");
    CHECK(history.format == HistoryFormat::start_finish);
    REQUIRE(history.operations.size() == 3);
    CHECK(history.operations[0].outcome == Outcome::ok);
    CHECK(history.operations[1].outcome == Outcome::failed);
    CHECK(history.operations[2].outcome == Outcome::unknown);
    CHECK(import_error(R"({"event":{"Begin":"Read"},"client_id":2,"op_id":2})")
            .starts_with("line 1, column 1: expected {\"event\""));
}

TEST_CASE("import: what cannot be paired is said with its place", "[recorded]") {
    const std::string call = "{:process 3 :type :invoke :f :read}\n";
    CHECK(import_error(call + "\n " + call) ==
          "line 3, column 2: process 3 calls read before its read of line 1 has returned");
    CHECK(import_error("{:process 4 :type :invoke}\n{:process 3 :type :ok :f :read}") ==
          "line 2, column 1: process 3 returns from read, which it has not called");
    CHECK(import_error(call + "{:process 3 :type :ok :f :write}") ==
          "line 2, column 1: process 3 returns from write, but it has called the read of line 1");
    CHECK(import_error("[{:process 3 :f :read}]").find("invoke, ok, fail or info") !=
          std::string::npos);
    CHECK(
        import_error("[5]").find(
            "expected an operation map or [process type f value], found [5]") != std::string::npos);
    CHECK(import_error("").find("holds none") != std::string::npos);
    CHECK(import_error("[]").find("holds none") != std::string::npos);
    CHECK(import_error("; nothing\n").find("holds none") != std::string::npos);
    CHECK(import_error("{:process 1.5 :type :ok}").find("integer as the process") ==
          std::string::npos);
    CHECK(import_error("INFO jepsen.util - 1 :started :read nil").find(":invoke, :ok") !=
          std::string::npos);
    CHECK(import_error("INFO jepsen.util - x :ok :read nil").find("expected a process") !=
          std::string::npos);
    CHECK(import_error("INFO jepsen.util - 1 :invoke :read nil\nhello\n") ==
          "line 2, column 1: expected INFO jepsen.util - PROCESS :TYPE :F VALUE");
}

TEST_CASE("import: cases in the mini-language become micro-operations", "[recorded]") {
    const std::string text = R"([
{"id": "a", "layout": "concurrent", "ops": [["ok", "rx12ay3"], ["fail", "ax1"]], "expected_anomalies": ["G0"], "graph_findings": ["G0", "G1a"]},
{"id": "b", "layout": "sequential", "ops": [[4, "ok", "ax1"], [4, "info", "rx"]], "expected_anomalies": null, "graph_findings": []}])";
    CHECK(detect_format(text) == HistoryFormat::list_append_cases);
    const auto cases = import_cases(text);
    REQUIRE(static_cast<bool>(cases));
    REQUIRE(cases->size() == 2);
    const RecordedCase& a = (*cases)[0];
    CHECK(a.expected == std::vector<std::string>{"G0"});
    CHECK(a.also_allowed.size() == 2);
    CHECK(a.line == 2);
    CHECK(to_text(a.history.operations[0].asked) == "[[r x nil] [append y 3]]");
    CHECK(to_text(a.history.operations[0].answered) == "[[r x [1 2]] [append y 3]]");
    CHECK(a.history.operations[1].called < a.history.operations[0].returned);
    const RecordedCase& b = (*cases)[1];
    CHECK(!b.expected);
    CHECK(b.history.operations[1].called > b.history.operations[0].returned);
    CHECK(b.history.operations[1].process == 4);
    CHECK(!import_history(text));
    CHECK(import_cases(R"([{"id": "a", "ops": [["ok", "rx1q"]], "expected_anomalies": []}])")
              .error()
              .place.find("case a: operation 1") != std::string::npos);
}

TEST_CASE("import: cases of Kafka logs", "[recorded]") {
    const std::string text = R"([{"id": "x", "opts": {"a": 1}, "expected_errors": {"G1c": 1}, "ops":
        [[0, "invoke", "send", [["send", "k", 1]]], [0, "ok", "send", [["send", "k", [5, 1]]]]]}])";
    const auto cases = import_cases(text);
    REQUIRE(static_cast<bool>(cases));
    const RecordedCase& only = cases->front();
    CHECK(only.history.format == HistoryFormat::kafka_cases);
    CHECK(only.expected == std::vector<std::string>{"G1c"});
    CHECK(only.options.find("a")->integer() == 1);
    CHECK(to_text(only.history.operations[0].answered) == "[[send k [5 1]]]");
}

TEST_CASE("import: no text makes it fall, and every error has a place", "[recorded]") {
    const std::vector<std::string> seeds = {edn_history,
        R"([{"process":0,"type":"invoke","f":"read","value":null},{"process":0,"type":"ok","f":"read","value":{"x":[2]}}])",
        "INFO  jepsen.util - 0\t:invoke\t:write\t3\nINFO  jepsen.util - 0 :ok :write 3\n",
        "{:process 0, :type :invoke, :f :get, :key \"7\", :value nil}\n{:process 0, :type :ok, :f "
        ":get, :key \"7\", :value \"x\"}\n",
        R"({"event":{"Start":{"Append":{"num_records":1}}},"client_id":1,"op_id":1})",
        R"([{"id": "a", "layout": "concurrent", "ops": [["ok", "rx12ay3"]], "expected_anomalies": ["G0"]}])",
        R"([{"id": "x", "expected_errors": {}, "ops": [[0, "invoke", "send", [["send", "k", 1]]]]}])"};
    std::mt19937_64 engine(9);
    const std::string_view pieces = "[]{}()#\"\\;:,_^ \n\t0a-";
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        std::string text = seeds[engine() % seeds.size()];
        for (std::uint64_t n = engine() % 4; n > 0 && !text.empty(); --n) {
            const std::uint64_t at = engine() % text.size();
            switch (engine() % 4) {
                case 0: text.erase(at, 1 + engine() % 8); break;
                case 1: text.insert(at, 1, pieces[engine() % pieces.size()]); break;
                case 2: text[at] = static_cast<char>(engine()); break;
                default: text.insert(at, text.substr(engine() % text.size(), engine() % 40)); break;
            }
        }
        const auto check = [&](const Error& error) {
            INFO(text << "\n" << error.place);
            REQUIRE(error.place.starts_with("line "));
            REQUIRE(error.place.find("column ") != std::string::npos);
        };
        const HistoryFormat format = detect_format(text);
        if (format == HistoryFormat::list_append_cases || format == HistoryFormat::kafka_cases) {
            const auto cases = import_cases(text, format);
            accepted += cases ? 1u : 0u;
            if (!cases) {
                check(cases.error());
            }
            continue;
        }
        const auto history = import_history(text, format);
        if (!history) {
            check(history.error());
            continue;
        }
        ++accepted;
        const auto again = import_history(export_edn(*history), HistoryFormat::edn);
        INFO(text << "\n" << export_edn(*history));
        REQUIRE(static_cast<bool>(again));
        REQUIRE(again->operations.size() == history->operations.size());
    }
    CHECK(accepted > 5'000);
}

TEST_CASE("import: the format is seen by the keys, however the text is laid out", "[recorded]") {
    using enum HistoryFormat;
    const auto detected = [](const std::string& text) { return detect_format(text); };
    CHECK(detected("{\n  \"process\": 0,\n  \"type\": \"invoke\"\n}\n") == json);
    CHECK(detected(R"([ {"type":"invoke","f":"txn","value":[["w","status",1]]} ])") == json);
    CHECK(detected(R"({"type":"info","process":"nemesis","f":"start"})") == json);
    CHECK(detected(R"({"op":0,"client":1,"call_ns":2,"type":"x"})") == native_log);
    CHECK(detected("[\n {\"op\":0,\"client\":1,\"call_ns\":2}]") == native_log);
    CHECK(detected(R"({"f":"fault","call_step":2,"ret_step":3})") == native_log);
    CHECK(detected(R"({"event":{"Start":"Read"},"client_id":1,"op_id":0})") == start_finish);
    // Cases whose verdicts are not known, and one case alone.
    CHECK(detected(R"([{"id":"a","ops":[[0,"invoke","send",[["send",1,2]]]]}])") == kafka_cases);
    CHECK(detected(R"({"id":"a","ops":[[0,"invoke","poll",[["poll"]]]]})") == kafka_cases);
    CHECK(detected(R"([{"id":"a","ops":[["ok","ax1"]]}])") == list_append_cases);
    CHECK(detected(R"([{"id":"a","layout":"sequential","ops":[]}])") == list_append_cases);
    CHECK(detected(R"([[0,"invoke","send",[["send",1,2]]]])") == json);
    CHECK(detected("[0, \"invoke\", \"send\", []]\n[0, \"ok\", \"send\", []]") == json);
    CHECK(detected("[[0 :invoke :read nil]]") == edn);
    CHECK(detected("[0 :invoke :read nil]\n[0 :ok :read 1]") == edn);
    CHECK(detected(R"([{"process" 0, "type" "invoke"}])") == edn);
    CHECK(detected("#jepsen.history.Op{:process 0 :type :invoke}") == edn);
    CHECK(detected("0\t:invoke\t:read\tnil\n") == jepsen_log);
    CHECK(detected(":nemesis :info :start nil\n") == jepsen_log);
    CHECK(
        detected("2024-01-01 00:00:00,1{GMT}\tINFO\t[worker 0] jepsen.util: 0 :invoke :read nil") ==
        jepsen_log);
    CHECK(detected("INFO  jepsen.core - Worker 0 starting\n") == jepsen_log);
    CHECK(detected("\xef\xbb\xbf{\"op\":0,\"client\":1,\"call_ns\":2}") == native_log);
}

TEST_CASE("import: events can be lists, in EDN, in JSON and one on each line", "[recorded]") {
    const RecordedHistory maps =
        imported(R"([{:process 3 :type :invoke :f :send :value [[:send 1 9]]}
        {:process :nemesis :type :info :f :start}
        {:process 3 :type :ok :f :send :value [[:send 1 [0 9]]]}
        {:process 4 :type :invoke :f :poll} {:process 4 :type :fail :f :poll}])");
    for (const std::string text :
        {
            R"([[3 :invoke :send [[:send 1 9]]] [:nemesis :info :start nil] [3 :ok :send [[:send 1 [0 9]]]]
                 [4 :invoke :poll] [4 :fail :poll]])",
            R"([[3,"invoke","send",[["send",1,9]]],["nemesis","info","start",null],
                 [3,"ok","send",[["send",1,[0,9]]]],[4,"invoke","poll"],[4,"fail","poll",null]])",
            "[3,\"invoke\",\"send\",[[\"send\",1,9]]]\n[\"nemesis\",\"info\",\"start\",null]\n"
            "[3,\"ok\",\"send\",[[\"send\",1,[0,9]]]]\n[4,\"invoke\",\"poll\"]\n[4,\"fail\","
            "\"poll\"]\n",
            "[3 :invoke :send [[:send 1 9]]]\n[:nemesis :info :start nil]\n"
            "[3 :ok :send [[:send 1 [0 9]]]]\n[4 :invoke :poll]\n[4 :fail :poll]\n"}) {
        const RecordedHistory lists = imported(text);
        CHECK(same(lists, maps));
        CHECK(lists.annotations.size() == 1);
    }
    CHECK(imported("[3 :invoke :read nil]\n[3 :ok :read 1]").operations[0].returned_line == 2);
    CHECK(
        import_error("[[3 :invoke]]") ==
        "line 1, column 2: expected an operation map or [process type f value], found [3 invoke]");
    CHECK(import_error("[[3 :invoked :read nil]]") ==
          "line 1, column 2: expected a type, which is invoke, ok, fail or info; found invoked");
}

TEST_CASE("import: words may carry colons in JSON, and processes may be texts", "[recorded]") {
    const RecordedHistory history = imported(
        R"([{":process":"7",":type":":invoke",":f":":write",":value":1},
            {"process":7,"type":"ok","f":"write","value":1}])");
    REQUIRE(history.operations.size() == 1);
    CHECK(history.operations[0].process == 7);
    CHECK(history.operations[0].f == "write");
    CHECK(history.operations[0].outcome == Outcome::ok);
}

TEST_CASE("import: log lines of any logger's form, and bare ones", "[recorded]") {
    const RecordedHistory history = imported(
        "2024-01-01 10:00:00,1{GMT}\tINFO\t[main] jepsen.core: Running test:\n"
        "2024-01-01 10:00:00,2{GMT}\tINFO\t[worker 0] jepsen.util: 0\t:invoke\t:write\t3\n"
        "2024-01-01 10:00:00,3{GMT}\tERROR\t[worker 0] jepsen.client: lost it\n"
        "2024-01-01 10:00:00,4{GMT}\tINFO\t[nemesis] jepsen.util: :nemesis\t:info\t:start\tnil\n"
        "INFO  jepsen.util -  0 :ok :write 3\n"
        "1\t:invoke\t:read\tnil\n"
        "1\t:ok\t:read\t3\n");
    REQUIRE(history.operations.size() == 2);
    CHECK(history.operations[0].outcome == Outcome::ok);
    CHECK(history.operations[1].answered.integer() == 3);
    CHECK(history.operations[1].called_line == 6);
    CHECK(history.annotations.size() == 1);
    CHECK(import_error("0\t:invoke\t:read\tnil\nsomething\n")
            .starts_with("line 2, column 1: expected"));
}

TEST_CASE(
    "import: a recording of returns alone has calls at any time since the last one", "[recorded]") {
    const RecordedHistory history = imported(R"([{:process 0 :type :ok :f :txn :value 1}
        {:process 1 :type :ok :f :txn :value 2}
        {:process 0 :type :info :f :txn :value 3}
        {:process 0 :type :ok :f :txn :value 4}
        {:process 1 :type :fail :f :txn :value 5}
        {:type :ok :f :txn :value 6}])");
    REQUIRE(history.operations.size() == 6);
    const auto of = [&](std::int64_t value) -> const RecordedOperation& {
        const auto at = std::find_if(history.operations.begin(), history.operations.end(),
            [value](const RecordedOperation& one) { return one.asked.integer() == value; });
        REQUIRE(at != history.operations.end());
        return *at;
    };
    for (std::uint64_t i = 0; i < 6; ++i) {
        CHECK(history.operations[i].id == i);
        CHECK((i == 0 || history.operations[i - 1].called <= history.operations[i].called));
    }
    // Two processes may have been at it together, one process does one thing at a time.
    CHECK(of(2).called < of(1).returned);
    CHECK(of(1).returned < of(3).called);
    CHECK(of(3).called < of(4).called);
    CHECK(of(2).returned < of(5).called);
    CHECK(of(1).returned < of(5).called);
    CHECK(of(3).outcome == Outcome::unknown);
    CHECK(of(5).outcome == Outcome::failed);
    CHECK(of(6).called == 1);
    CHECK(of(4).answered.integer() == 4);
    CHECK(import_error(
              "{:process 0 :type :ok :f :read :value 1}\n{:process 0 :type :invoke :f :read}") ==
          "line 2, column 1: process 0 calls read in a recording that began with a return");
}

TEST_CASE("import: cases of lists without a layout are as their operations say", "[recorded]") {
    const auto cases = import_cases(
        R"([{"id":"a","ops":[["ok","ax1"],["ok","rx1"]]},{"id":"b","ops":[[0,"ok","ax1"],[1,"ok","rx1"]]}])");
    REQUIRE(static_cast<bool>(cases));
    REQUIRE(cases->size() == 2);
    const auto& together = (*cases)[0].history.operations;
    const auto& in_turn = (*cases)[1].history.operations;
    CHECK(together[1].called < together[0].returned);
    CHECK(in_turn[0].returned < in_turn[1].called);
}

}  // namespace ledger::check
