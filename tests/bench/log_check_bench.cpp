// log_check_bench: what reading and judging a recorded history of an event log costs, in CPU time.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/resource.h>

#include "sim/check/log_history/log_judge.h"
#include "tests/sim/check/log_history/log_generator.h"

namespace ledger::check {
namespace {

// Of this process: what other processes do on the machine does not count.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Unlimited final : public Budget {
  public:
    bool spent(std::uint64_t bytes) override {
        bytes_ = std::max(bytes_, bytes);
        return false;
    }
    std::string why() const override { return {}; }
    std::uint64_t bytes() const { return bytes_; }

  private:
    std::uint64_t bytes_ = 0;
};

int run(std::uint64_t operations) {
    const std::string text =
        test::generated_log({.operations = operations, .clients = 50, .unknown_percent = 5});
    const double begin = cpu_seconds();
    const Result<LogHistory> history = parse_log_history(text);
    const double parsed = cpu_seconds();
    if (!history) {
        std::printf("%s\n", history.error().place.c_str());
        return 1;
    }
    double best = 1e9;
    Unlimited budget;
    for (int i = 0; i < 3; ++i) {
        const double from = cpu_seconds();
        const LogJudgement judged = judge_log(*history, {}, budget);
        best = std::min(best, cpu_seconds() - from);
        if (judged.judgement.verdict != Verdict::ok) {
            std::printf("wrong: %s\n", judged.judgement.anomalies.front().sentence.c_str());
            return 1;
        }
    }
    const double feed_begin = cpu_seconds();
    // A record of an append without an answer may wait for the last read.
    LogOptions patient;
    patient.waiting_max = operations;
    LogFeed feed{patient};
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const auto news = feed.line(rest.substr(0, end));
        if (!news || !news->empty()) {
            std::printf("wrong on-line: %s\n",
                news ? news->front().sentence.c_str() : news.error().place.c_str());
            return 1;
        }
        rest.remove_prefix(end + 1);
    }
    const double fed = cpu_seconds() - feed_begin;
    const auto count = static_cast<double>(operations);
    std::printf(
        "operations %.0f  text %.0f B/op  reading %.3f us/op  judging %.3f us/op  "
        "on-line, reading included %.3f us/op  history %.0f B/op  with judging %.0f B/op\n",
        count, static_cast<double>(text.size()) / count, (parsed - begin) * 1e6 / count,
        best * 1e6 / count, fed * 1e6 / count, static_cast<double>(history->bytes()) / count,
        static_cast<double>(budget.bytes()) / count);
    return 0;
}

}  // namespace
}  // namespace ledger::check

int main(int count, char** words) {
    return ledger::check::run(count > 1 ? std::strtoull(words[1], nullptr, 10) : 1'000'000);
}
