#pragma once
// Judged: small histories as texts, and what the log checker says of them.

#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "sim/check/log_history/log_judge.h"

namespace ledger::check::test {

class Unlimited final : public Budget {
  public:
    bool spent(std::uint64_t) override { return false; }
    std::string why() const override { return {}; }
};

inline LogHistory history_of(std::string_view text) {
    Result<LogHistory> history = parse_log_history(text);
    if (!history) {
        FAIL(history.error().place << "\n" << text);
    }
    return std::move(*history);
}

inline LogOptions at_level(std::string_view level) {
    LogOptions options;
    const Result<LogMode> mode = parse_log_mode(level);
    if (!mode) {
        FAIL(mode.error().place);
    }
    options.level = *mode;
    options.level_name = level;
    return options;
}

inline Judgement judged(const LogHistory& history, const LogOptions& options = {}) {
    Unlimited budget;
    return judge_log(history, options, budget).judgement;
}

inline Judgement judged(std::string_view text, const LogOptions& options = {}) {
    return judged(history_of(text), options);
}

// "ok", "inconclusive", or the names of all anomalies, each once: "stale-read, torn-batch".
inline std::string verdict_of(const Judgement& judgement) {
    if (judgement.verdict != Verdict::violated) {
        return judgement.verdict == Verdict::ok ? "ok" : "inconclusive";
    }
    std::string names;
    for (const Anomaly& anomaly : judgement.anomalies) {
        if (names.find(anomaly.name) == std::string::npos) {
            names += (names.empty() ? "" : ", ") + anomaly.name;
        }
    }
    return names;
}
inline std::string verdict_of(std::string_view text, const LogOptions& options = {}) {
    return verdict_of(judged(text, options));
}

inline std::uint64_t counted(const Judgement& judgement, std::string_view name) {
    for (const auto& [known, count] : judgement.coverage) {
        if (known == name) {
            return count;
        }
    }
    FAIL("no counter " << name);
    return 0;
}

// Builds lines; numbers of operations and times follow each other, so that nothing overlaps unless
// it is said: each line takes the times [10 n, 10 n + 5].
class Lines {
  public:
    // `rest`: fields behind the common ones, without braces: R"("f":"tail","tail":3)".
    Lines& ok(int client, const std::string& rest) { return add(client, "ok", rest); }
    Lines& fail(int client, const std::string& rest) { return add(client, "fail", rest); }
    Lines& unknown(int client, const std::string& rest) { return add(client, "unknown", rest); }
    // The next line is called at this time and returns at that one.
    Lines& at(std::int64_t call, std::int64_t end) {
        call_ = call;
        end_ = end;
        return *this;
    }
    Lines& append(int client, const std::string& records, std::uint64_t position,
        const std::string& rest = "") {
        return ok(client, R"("f":"append","records":[)" + records + R"(],"position":)" +
                              std::to_string(position) + rest);
    }
    Lines& read(int client, std::uint64_t from, const std::string& records,
        const std::string& rest = R"(,"max":null,"end_of_log":true)") {
        return ok(client, R"("f":"read","from":)" + std::to_string(from) + R"(,"records":[)" +
                              records + "]" + rest);
    }
    Lines& tail(int client, std::uint64_t length, const std::string& rest = "") {
        return ok(client, R"("f":"tail","tail":)" + std::to_string(length) + rest);
    }
    Lines& line(const std::string& text) {
        text_ += text + "\n";
        return *this;
    }
    const std::string& text() const { return text_; }
    std::int64_t now() const { return 10 * next_; }

  private:
    Lines& add(int client, const std::string& status, const std::string& rest) {
        const std::int64_t call = call_ < 0 ? 10 * next_ : call_;
        const std::int64_t end = end_ < 0 ? 10 * next_ + 5 : end_;
        text_ += R"({"op":)" + std::to_string(next_) + R"(,"client":)" + std::to_string(client) +
                 R"(,"call_ns":)" + std::to_string(call) + R"(,"ret_ns":)" +
                 (status == "unknown" ? "null" : std::to_string(end)) + R"(,"status":")" + status +
                 R"(",)" + rest + "}\n";
        ++next_;
        call_ = -1;
        end_ = -1;
        return *this;
    }

    std::string text_;
    std::int64_t next_ = 1;
    std::int64_t call_ = -1;
    std::int64_t end_ = -1;
};

}  // namespace ledger::check::test
