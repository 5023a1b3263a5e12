// The recorded histories of transactions and of logs with offsets, each against its known verdict.
// Exit: 0 all right, 1 some are not, 77 the histories are not here.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "sim/check/recorded/import.h"
#include "tests/sim/check/transactions/transaction_sample.h"
#include "tests/source_directory.h"

namespace ledger::check::test {
namespace {

namespace fs = std::filesystem;

fs::path histories() {
    if (const char* path = std::getenv("LEDGER_HISTORIES")) {
        return path;
    }
    return fs::path(source_directory()).parent_path() / "shared" / "histories";
}

std::string content_of(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// One line of verdicts.csv, which quotes nothing that concerns us.
struct Row {
    std::string file;
    std::string model;
    std::string verdict;
};

std::vector<Row> rows_of(const fs::path& path) {
    std::vector<Row> rows;
    std::istringstream text(content_of(path));
    std::string line;
    while (std::getline(text, line)) {
        std::vector<std::string> cells;
        std::istringstream parts(line);
        std::string cell;
        while (std::getline(parts, cell, ',')) {
            cells.push_back(cell);
        }
        if (cells.size() > 5 && is_transaction_model(cells[1])) {
            rows.push_back({cells[0], cells[1], cells[5]});
        }
    }
    return rows;
}

// The names in "Illegal(G1b+G-single)".
std::set<std::string> named(const std::string& verdict) {
    std::set<std::string> out;
    const std::size_t open = verdict.find('(');
    std::istringstream parts(verdict.substr(open + 1, verdict.find(')') - open - 1));
    std::string name;
    while (std::getline(parts, name, '+')) {
        out.insert(name);
    }
    return out;
}

bool contains_all(const Judgement& judgement, const std::set<std::string>& names) {
    for (const std::string& name : names) {
        if (!has(judgement, name)) {
            return false;
        }
    }
    return true;
}

// The rule of the reference (checking, 14.5): what is expected is there, and of lists nothing else
// but what else may be; where nothing is expected by name, some variant of sessions or real time.
bool acceptable(const RecordedCase& known, const Judgement& judgement) {
    if (!known.expected) {
        bool some = false;
        for (const std::string& name : names_of(judgement)) {
            const bool variant = name.ends_with("-process") || name.ends_with("-realtime");
            some = some || variant;
            if (!variant) {
                return false;
            }
        }
        return some && judge(known.history, "list-append", "serializable").verdict == Verdict::ok;
    }
    std::set<std::string> allowed(known.expected->begin(), known.expected->end());
    if (!contains_all(judgement, allowed)) {
        return false;
    }
    allowed.insert(known.also_allowed.begin(), known.also_allowed.end());
    for (const std::string& name : names_of(judgement)) {
        if (known.history.format == HistoryFormat::list_append_cases && !allowed.contains(name)) {
            return false;
        }
    }
    return judgement.verdict == (known.expected->empty() ? Verdict::ok : Verdict::violated);
}

std::optional<Judgement> judge_row(const Row& row, bool& accepted) {
    const std::size_t hash = row.file.find('#');
    const std::string text = content_of(histories() / row.file.substr(0, hash));
    if (hash == std::string::npos) {
        const auto history = import_history(text);
        return history ? std::optional(judge(*history, row.model)) : std::nullopt;
    }
    const auto cases = import_cases(text);
    for (std::size_t i = 0; cases && i < cases->size(); ++i) {
        if ((*cases)[i].id == row.file.substr(hash + 1)) {
            const Judgement judgement = judge((*cases)[i].history, row.model);
            accepted = acceptable((*cases)[i], judgement);
            return judgement;
        }
    }
    return std::nullopt;
}

bool check_row(const Row& row) {
    bool accepted = true;
    const std::optional<Judgement> judgement = judge_row(row, accepted);
    if (!judgement) {
        std::printf("WRONG %s: unreadable\n", row.file.c_str());
        return false;
    }
    const bool by_name = row.verdict.starts_with("Illegal(") &&
                         row.verdict.find("session/realtime") == std::string::npos;
    const bool illegal = row.verdict.starts_with("Illegal");
    const bool right = accepted &&
                       judgement->verdict == (illegal ? Verdict::violated : Verdict::ok) &&
                       (!by_name || contains_all(*judgement, named(row.verdict)));
    std::string found;
    for (const Anomaly& anomaly : judgement->anomalies) {
        found += "\n    " + anomaly.name + ": " + anomaly.sentence;
        for (const std::string& step : anomaly.steps) {
            found += "\n        " + step;
        }
    }
    std::printf("%s %s, %s: %s, holds %s, breaks %s%s\n", right ? "right" : "WRONG",
        row.file.c_str(), row.verdict.c_str(), std::string(to_text(judgement->verdict)).c_str(),
        judgement->strongest_held.c_str(), judgement->weakest_violated.c_str(), found.c_str());
    return right;
}

// Trap 8: only the names that ask for G0 alone accept the history with the value nobody wrote.
bool check_garbage() {
    bool right = true;
    for (const char* file : {"rw-register.edn", "rw-register.json"}) {
        const auto history = import_history(content_of(histories() / "elle-cli" / "elle" / file));
        const bool found = history && has(judge(*history, "rw-register"), "garbage-read");
        std::printf("%s %s, asked for everything: garbage-read\n", found ? "right" : "WRONG", file);
        right = right && found;
    }
    return right;
}

}  // namespace

int run() {
    const std::vector<Row> rows = rows_of(histories() / "verdicts.csv");
    if (rows.empty()) {
        std::printf("skipped: no histories at %s\n", histories().c_str());
        return 77;
    }
    int wrong = check_garbage() ? 0 : 1;
    for (const Row& row : rows) {
        wrong += check_row(row) ? 0 : 1;
    }
    std::printf("%zu histories, %d wrong\n", rows.size(), wrong);
    return wrong == 0 ? 0 : 1;
}

}  // namespace ledger::check::test

int main() {
    return ledger::check::test::run();
}
