#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "log/base/format.h"
#include "log/base/sha256.h"
#include "node/asio/cluster_text.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_input.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

// How an import is exactly once: all its appends are made in one session, in order, one at a time.
// The file of progress holds the session and the last sequence whose outcome is known. Whoever
// goes on sends the next line under the next sequence; had it been executed already, the session
// answers from what it remembers. A file of progress that is older than the truth (it is written
// now and then) asks for sequences that were acknowledged: those lines are in.
struct Progress {
    std::string cluster;
    std::string input;  // SHA-256 of the lines that are done
    SessionId session;
    Sequence sequence;      // the last with a known outcome
    std::uint64_t lines = 0;  // done, blank ones included
};

// The lines of a text, one after the other.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool at_end() const { return rest_.empty(); }
    std::string_view next() {
        const std::string_view line = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
        return line;
    }

  private:
    std::string_view rest_;
};

constexpr auto save_interval = std::chrono::milliseconds(200);
constexpr auto report_interval = std::chrono::seconds(5);

struct Counts {
    std::uint64_t appends = 0;
    std::uint64_t events = 0;
    std::uint64_t known = 0;  // lines that an earlier run had brought in unnoticed
};

class Import {
  public:
    Import(const CtlOptions& options, const CtlCluster& cluster, std::string progress_file)
        : options_(options), cluster_(cluster), progress_file_(std::move(progress_file)) {}
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;
    ~Import() {
        if (lock_ >= 0) {
            ::close(lock_);
        }
    }

    int run(const std::string& input);

  private:
    bool take_lock();
    Result<std::optional<Progress>> load_progress() const;
    int begin(Lines& lines);
    int open_session();
    int bring_in(Lines& lines);
    int bring_in_line(std::string_view line);
    void note_done(std::string_view line);
    Result<void> save();
    void report_now_and_then();
    std::string summary() const;

    const CtlOptions& options_;
    const CtlCluster& cluster_;
    const std::string progress_file_;
    int lock_ = -1;
    Progress progress_;
    Sha256 done_;  // over the lines that are done, with their ends
    bool resumed_ = false;
    std::optional<CtlClient> client_;
    Counts counts_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point saved_ = started_;
    std::chrono::steady_clock::time_point reported_ = started_;
};

// Two imports of one file at a time would both believe to be the only one in the session.
bool Import::take_lock() {
    lock_ = ::open((progress_file_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) == 0;
}

Result<std::optional<Progress>> Import::load_progress() const {
    std::ifstream file(progress_file_);
    std::string text;
    if (!std::getline(file, text)) {
        return std::optional<Progress>();
    }
    const Result<check::JsonValue> value = check::parse_json(text);
    Progress progress;
    const auto number = [&](const char* key) {
        const check::JsonValue* member = value ? value->find(key) : nullptr;
        return member == nullptr ? std::nullopt : member->number();
    };
    const check::JsonValue* cluster = value ? value->find("cluster") : nullptr;
    const check::JsonValue* input = value ? value->find("input") : nullptr;
    if (cluster == nullptr || cluster->text() == nullptr || input == nullptr ||
        input->text() == nullptr || !number("session") || !number("sequence") ||
        !number("lines")) {
        return failure(CtlErrc::damaged, progress_file_ + ": not a file of progress");
    }
    progress.cluster = *cluster->text();
    progress.input = *input->text();
    progress.session = SessionId{*number("session")};
    progress.sequence = Sequence{*number("sequence")};
    progress.lines = *number("lines");
    return std::optional(progress);
}

Result<void> Import::save() {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.import-progress/1");
    writer.key("cluster").text(progress_.cluster);
    writer.key("input").text(to_hex(Sha256(done_).finish()));
    writer.key("session").number(progress_.session.value);
    writer.key("sequence").number(progress_.sequence.value);
    writer.key("lines").number(progress_.lines).end_object();
    const std::string temporary = progress_file_ + ".new";
    std::ofstream file(temporary, std::ios::trunc);
    file << text << '\n';
    file.close();
    std::error_code error;
    fs::rename(temporary, progress_file_, error);
    if (!file || error) {
        return failure(CtlErrc::cannot_write, progress_file_);
    }
    saved_ = std::chrono::steady_clock::now();
    return {};
}

// Skips what is done; it must be what was done, the rest may have been mended or come since.
int Import::begin(Lines& lines) {
    const Result<std::optional<Progress>> known = load_progress();
    if (!known) {
        return fail(options_, exit_usage, known.error());
    }
    if (!*known) {
        progress_.cluster = cluster_text(cluster_.id);
        return open_session();
    }
    progress_.session = (*known)->session;
    progress_.sequence = (*known)->sequence;
    progress_.cluster = (*known)->cluster;
    resumed_ = true;
    while (progress_.lines < (*known)->lines && !lines.at_end()) {
        note_done(lines.next());
    }
    const bool same_input = to_hex(Sha256(done_).finish()) == (*known)->input;
    if (!same_input || progress_.cluster != cluster_text(cluster_.id)) {
        return fail(options_, exit_usage,
            fmt::format("{} belongs to another {}; move it away to import anew", progress_file_,
                same_input ? "cluster" : "input"));
    }
    client_.emplace(
        cluster_, CtlClient::Resume{progress_.session, progress_.sequence});
    return exit_ok;
}

void Import::note_done(std::string_view line) {
    done_.update(as_bytes(line)).update(as_bytes("\n"));
    ++progress_.lines;
}

// The session must be noted before anything is sent in it.
int Import::open_session() {
    const client::Done opened =
        CtlClient(cluster_).run(state::RegisterSession{}, options_.timeout);
    const auto* registered =
        opened.outcome ? std::get_if<state::SessionRegistered>(&*opened.outcome) : nullptr;
    if (registered == nullptr) {
        // An unknown session binds nobody: nothing of the input was sent.
        return fail(options_, exit_unavailable, sentence_of(opened));
    }
    progress_.session = registered->session;
    if (const Result<void> saved = save(); !saved) {
        return fail(options_, exit_environment, saved.error());
    }
    client_.emplace(cluster_, CtlClient::Resume{progress_.session, {}});
    return exit_ok;
}

int Import::bring_in_line(std::string_view line) {
    Result<state::Append> append = parse_append_line(line, progress_.lines + 1);
    if (!append) {
        return fail(options_, exit_usage, append.error());
    }
    const std::uint64_t events = append->events.size();
    const client::Done done = client_->run(std::move(*append), options_.timeout);
    const bool too_old =
        done.outcome && std::holds_alternative<state::SequenceTooOld>(*done.outcome);
    if (done.ending == client::Ending::unknown && !too_old) {
        return fail(options_, exit_indeterminate,
            fmt::format("line {}: {}; the same import again goes on and brings it in once",
                progress_.lines + 1, sentence_of(done)));
    }
    progress_.sequence = done.sequence != Sequence{} ? done.sequence : progress_.sequence;
    if (done.ending != client::Ending::done && !too_old) {
        return fail(options_, exit_code_of(done),
            fmt::format("line {}: {}", progress_.lines + 1, sentence_of(done)));
    }
    counts_.known += too_old ? 1u : 0u;
    counts_.appends += too_old ? 0u : 1u;
    counts_.events += too_old ? 0 : events;
    return exit_ok;
}

void Import::report_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ >= report_interval) {
        reported_ = now;
        std::fprintf(stderr, "ledgerctl: %s lines in\n", std::to_string(progress_.lines).c_str());
    }
}

int Import::bring_in(Lines& lines) {
    while (!lines.at_end()) {
        const std::string_view line = lines.next();
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
            if (const int code = bring_in_line(line); code != exit_ok) {
                return code;
            }
        }
        note_done(line);
        if (std::chrono::steady_clock::now() - saved_ >= save_interval) {
            if (const Result<void> saved = save(); !saved) {
                return fail(options_, exit_environment, saved.error());
            }
        }
        report_now_and_then();
    }
    return exit_ok;
}

std::string Import::summary() const {
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started_);
    if (!options_.json) {
        std::string text = fmt::format("{} appends with {} events in {}.{:03} s", counts_.appends,
            counts_.events, spent.count() / 1000, spent.count() % 1000);
        if (resumed_) {
            text += fmt::format("; {} lines were in before",
                progress_.lines - counts_.appends);
        }
        return text + "\n";
    }
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.import/1");
    writer.key("appends").number(counts_.appends).key("events").number(counts_.events);
    writer.key("lines").number(progress_.lines).key("resumed").boolean(resumed_);
    writer.key("known").number(counts_.known);
    writer.key("session").number(progress_.session.value);
    writer.key("seconds").fixed(spent.count(), 3).end_object();
    return text + "\n";
}

int Import::run(const std::string& input) {
    if (!take_lock()) {
        return fail(options_, exit_environment,
            fmt::format("{}.lock: another import of this file is running, or cannot be written",
                progress_file_));
    }
    Lines lines(input);
    int code = begin(lines);
    if (code != exit_ok) {
        return code;
    }
    code = bring_in(lines);
    if (const Result<void> saved = save(); !saved && code == exit_ok) {
        code = fail(options_, exit_environment, saved.error());
    }
    if (code == exit_ok) {
        say(summary());
    }
    return code;
}

}  // namespace

int command_import(const CtlOptions& options, const ImportOptions& import) {
    const Loaded loaded = load(options);
    if (!loaded.cluster) {
        return loaded.code;
    }
    std::ifstream file(import.file, std::ios::binary);
    if (!file) {
        return fail(options, exit_not_found, import.file + ": cannot be read");
    }
    const std::string input((std::istreambuf_iterator<char>(file)), {});
    const std::string progress =
        import.progress.empty() ? import.file + ".progress" : import.progress;
    return Import(options, *loaded.cluster, progress).run(input);
}

}  // namespace ledger::node::asio
