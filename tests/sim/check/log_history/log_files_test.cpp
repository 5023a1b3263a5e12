// Recorded histories with known verdicts through the log checker. Exits with 77 when the histories
// are not there.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/check/log_history/log_judge.h"
#include "tests/source_directory.h"

namespace ledger::check::test {
namespace {

namespace fs = std::filesystem;

class Unlimited final : public Budget {
  public:
    bool spent(std::uint64_t) override { return false; }
    std::string why() const override { return {}; }
};

fs::path histories() {
    if (const char* path = std::getenv("LEDGER_HISTORIES")) {
        return fs::path(path) / "logs-synthetic";
    }
    return fs::path(source_directory()).parent_path() / "shared" / "histories" / "logs-synthetic";
}

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// "log_012_stale-read" asks for an anomaly named "stale-read".
std::string expected_of(const fs::path& file) {
    const std::string stem = file.stem().string();
    return stem.substr(stem.rfind('_') + 1);
}

bool is_right(const fs::path& file, std::string& said) {
    const Result<LogHistory> history = parse_log_history(text_of(file));
    if (!history) {
        said = history.error().place;
        return false;
    }
    Unlimited budget;
    const Judgement judgement = judge_log(*history, {}, budget).judgement;
    said = judgement.anomalies.empty() ? std::string(to_text(judgement.verdict))
                                       : judgement.anomalies.front().sentence;
    const std::string expected = expected_of(file);
    if (expected == "ok") {
        return judgement.verdict == Verdict::ok;
    }
    return std::any_of(judgement.anomalies.begin(), judgement.anomalies.end(),
        [&](const Anomaly& anomaly) { return anomaly.name == expected; });
}

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
        std::string said;
        const bool right = is_right(file, said);
        wrong += right ? 0 : 1;
        std::printf(
            "%s %s: %s\n", right ? "right" : "WRONG", file.filename().c_str(), said.c_str());
    }
    return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ledger::check::test

int main() {
    return ledger::check::test::run();
}
