// Recorded histories of registers, maps, banks, counters and sets with known verdicts: the same
// verdict must come out. Exits with 77 when the histories are not there.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/check/recorded/import.h"
#include "sim/check/search/object_models.h"
#include "tests/sim/check/search/counting_budget.h"
#include "tests/source_directory.h"

namespace ledger::check::test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> out;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) {
        out.push_back(cell);
    }
    return out;
}

// The list says Ok of histories that give a checker nothing to examine (its README names them).
bool is_right(const std::string& file, const std::string& expected, Verdict verdict) {
    const bool empty = file.find("counter") != std::string::npos ||
                       file.ends_with("rollback-9.edn") || file.ends_with("rollback-11.edn");
    if (expected.starts_with("Illegal")) {
        return verdict == Verdict::violated;
    }
    return verdict == (empty ? Verdict::inconclusive : Verdict::ok);
}

int judge(const fs::path& folder, const std::string& file, const std::string& model,
    const std::string& expected) {
    const std::string text = read(folder / file);
    const auto history = import_history(text);
    std::string told = history ? "" : history.error().place;
    bool right = false;
    if (history) {
        CountingBudget budget;
        const auto judged = judge_object(*history, {model, ""}, budget);
        right = judged && is_right(file, expected, judged->verdict) &&
                (judged->verdict == Verdict::violated) == !judged->anomalies.empty();
        told = judged ? std::string(to_text(judged->verdict)) : judged.error().place;
        if (judged && !judged->anomalies.empty()) {
            told += ": " + judged->anomalies.front().sentence;
        }
    }
    std::printf(
        "%s %s %s: %s\n", right ? "right" : "WRONG", file.c_str(), model.c_str(), told.c_str());
    return right ? 0 : 1;
}

}  // namespace

int run() {
    const fs::path folder = fs::path(source_directory()).parent_path() / "shared" / "histories";
    // Work trees lie one folder deeper.
    const fs::path deeper =
        fs::path(source_directory()).parent_path().parent_path() / "shared" / "histories";
    const fs::path found = fs::exists(folder) ? folder : deeper;
    std::ifstream verdicts(found / "verdicts.csv");
    if (!verdicts) {
        std::printf("skipped: no histories at %s\n", folder.c_str());
        return 77;
    }
    int wrong = 0;
    int judged = 0;
    std::string line;
    std::getline(verdicts, line);
    while (std::getline(verdicts, line)) {
        const std::vector<std::string> row = cells(line);
        if (row.size() > 5 && is_object_model(row[1])) {
            ++judged;
            wrong += judge(found, row[0], row[1], row[5]);
        }
    }
    std::printf("%d histories, %d wrong\n", judged, wrong);
    return wrong == 0 && judged > 0 ? 0 : 1;
}

}  // namespace ledger::check::test

int main() {
    return ledger::check::test::run();
}
