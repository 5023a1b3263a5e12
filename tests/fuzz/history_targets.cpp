// Recorded histories of other tools: operation maps, log lines, starts and finishes, files of
// cases.
#include <algorithm>
#include <string_view>

#include "sim/check/errc.h"
#include "sim/check/recorded/import.h"
#include "tests/fuzz/target.h"

namespace ledger::fuzz {
namespace {

ByteVector bytes_of(std::string_view text) {
    const ByteSpan span = std::as_bytes(std::span(text));
    return {span.begin(), span.end()};
}

std::string_view text_of(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string misplaced(const Error& error) {
    const bool placed = error.place.starts_with("line ") || error.code == check::Errc::beyond_limit;
    return placed ? std::string() : "an error without a place: " + error.place;
}

// What was read must come back from its own export, and the export of that is the same text.
Verdict judge_history(ByteSpan bytes, check::HistoryFormat format) {
    const auto history = check::import_history(text_of(bytes), format);
    if (!history) {
        return {std::nullopt, misplaced(history.error())};
    }
    const std::string edn = check::export_edn(*history);
    const auto again = check::import_history(edn, check::HistoryFormat::edn);
    if (!again) {
        return {std::nullopt, "its export cannot be read: " + again.error().place};
    }
    if (check::export_edn(*again) != edn) {
        return {std::nullopt, "its export means something else"};
    }
    return {bytes_of(edn), {}};
}

Target history_target(
    std::string name, check::HistoryFormat format, std::vector<std::string_view> seeds) {
    Target out;
    out.name = std::move(name);
    for (const std::string_view seed : seeds) {
        out.seeds.push_back(bytes_of(seed));
    }
    out.judge = [format](ByteSpan bytes) { return judge_history(bytes, format); };
    return out;
}

}  // namespace

std::vector<Target> history_targets() {
    using check::HistoryFormat;
    return {
        history_target("history_edn", HistoryFormat::edn,
            {"[{:process 0 :type :invoke :f :cas :value [3 nil]} ; why\n"
             " #a{:process 0, :type :ok :f :cas :value #{\"x\\n\" \\a 1.5 {:k (1 2)}} :time 5}]",
                "{:process :nemesis :type :info :f :start}{:process 1 :type :invoke :f :read}"}),
        history_target("history_json", HistoryFormat::json,
            {R"([{"process":0,"type":"invoke","f":"r"},{"process":0,"type":"ok","value":{"k":[1,2.5]}}])"}),
        history_target("history_log", HistoryFormat::jepsen_log,
            {"INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 0 :fail :cas [1 "
             "2]\n"}),
        history_target("history_start_finish", HistoryFormat::start_finish,
            {R"({"event":{"Start":{"Append":{"num_records":1}}},"client_id":1,"op_id":1}
{"event":{"Finish":{"AppendSuccess":{"tail":1}}},"client_id":1,"op_id":1})"}),
    };
}

}  // namespace ledger::fuzz
