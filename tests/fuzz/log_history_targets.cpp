// Targets: histories of event logs that any system may have recorded.

#include "sim/check/log_history/log_judge.h"
#include "tests/fuzz/target.h"
#include "tests/sim/check/log_history/log_generator.h"

namespace ledger::fuzz {
namespace {

class Unlimited final : public check::Budget {
  public:
    bool spent(std::uint64_t) override { return false; }
    std::string why() const override { return {}; }
};

ByteVector bytes_of(std::string_view text) {
    const ByteSpan span = std::as_bytes(std::span(text));
    return {span.begin(), span.end()};
}

// Whatever it says, it is judged to an end; what it does not understand it refuses by line.
Verdict judge_log_history(ByteSpan bytes) {
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Result<check::LogHistory> history = check::parse_log_history(text);
    if (!history) {
        const std::string& place = history.error().place;
        const bool placed =
            place.starts_with("line ") && place.find("column ") != std::string::npos;
        return {std::nullopt, placed ? "" : "an error without a place: " + place};
    }
    Unlimited budget;
    const check::LogJudgement judged = check::judge_log(*history, {}, budget);
    std::string meaning(to_text(judged.judgement.verdict));
    for (const check::Anomaly& anomaly : judged.judgement.anomalies) {
        meaning += "\n" + anomaly.sentence;
    }
    return {bytes_of(meaning), {}};
}

}  // namespace

std::vector<Target> log_history_targets() {
    std::vector<ByteVector> seeds;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        seeds.push_back(
            bytes_of(check::test::generated_log({.seed = seed, .operations = 20, .clients = 3})));
    }
    seeds.push_back(bytes_of(
        R"({"f":"subscribe","sub":1,"from":0,"call_ns":1}
{"f":"deliver","sub":1,"position":0,"record":1,"call_ns":5,"batch":1,"bookmark":0}
{"op":1,"client":1,"call_ns":1,"ret_ns":4,"status":"ok","f":"append","records":[1],"position":0,"streams":[{"stream":"a","expected":"no-stream"}],"record_streams":[0],"key":"k"}
{"op":2,"client":1,"call_ns":6,"ret_ns":7,"status":"ok","f":"read","reads":[{"stream":"a","from":0,"records":[1]}]}
)"));
    return {{"log_history", false, std::move(seeds), judge_log_history}};
}

}  // namespace ledger::fuzz
