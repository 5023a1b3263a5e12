#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "log/base/format.h"
#include "node/asio/ctl_client.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_input.h"
#include "node/asio/import_batch.h"
#include "node/asio/import_progress.h"
#include "node/asio/line_reader.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

constexpr auto save_interval = std::chrono::milliseconds(500);
constexpr auto report_interval = std::chrono::seconds(5);

struct Counts {
    std::uint64_t appends = 0;  // of the input: one line each
    std::uint64_t events = 0;
    std::uint64_t batches = 0;  // appends of ours
    std::uint64_t known = 0;    // lines that an earlier run had brought in unnoticed
};

// A file of progress that is older than the truth (it is written now and then) asks for sequences
// that were acknowledged: those lines are in. A sequence that was refused is never among them,
// because the refusal is noted before anything that acknowledges it is sent.
class Import {
  public:
    Import(const CtlOptions& options, const CtlCluster& cluster, const ImportOptions& import,
        LineReader reader)
        : options_(options), cluster_(cluster),
          progress_file_(import.progress.empty() ? import.file + ".progress" : import.progress),
          batch_wished_(import.batch), reader_(std::move(reader)) {}
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;
    ~Import() {
        if (lock_ >= 0) {
            ::close(lock_);
        }
    }

    int run();

  private:
    // The lines that go in next.
    struct Gathered {
        ImportBatch batch;
        bool plain = false;  // where it ends follows from its lines, or is noted already
    };

    int take_lock();
    int begin();
    int go_on(const ImportProgress& known);
    int open_session();
    int bring_in();
    Gathered gather();
    bool look_ahead();
    Result<std::optional<std::string_view>> next_line();
    int send(const ImportBatch& batch);
    int send_one_by_one(const ImportBatch& batch);
    int note_next(const ImportBatch& batch);
    void note_done(const ImportBatch& batch, bool known);
    Result<void> save();
    void report_now_and_then();
    std::string summary() const;

    const CtlOptions& options_;
    const CtlCluster& cluster_;
    const std::string progress_file_;
    const std::optional<std::uint32_t> batch_wished_;
    int lock_ = -1;

    LineReader reader_;
    std::uint64_t lines_read_ = 0;
    Sha256 read_;                      // over the lines that were read, with their ends
    std::optional<ImportLine> ahead_;  // read, but not sent yet
    std::optional<Error> wrong_;       // what ends the input before its end

    ImportProgress progress_;
    Sha256 done_;  // over the lines that are done
    bool resumed_ = false;
    std::optional<CtlClient> client_;
    Counts counts_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point saved_ = started_;
    std::chrono::steady_clock::time_point reported_ = started_;
};

// --- Where it stands ---

// Two imports of one file at a time would both believe to be the only one in the session.
int Import::take_lock() {
    const std::string name = progress_file_ + ".lock";
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        return fail(options_, exit_environment,
            fmt::format("{} cannot be written: {}", name, std::strerror(errno)));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        return fail(options_, exit_environment,
            fmt::format("{}: another import of this file is running", name));
    }
    return exit_ok;
}

int Import::begin() {
    const Result<std::optional<ImportProgress>> known = load_progress(progress_file_);
    if (!known) {
        return fail(options_, exit_usage, known.error());
    }
    if (*known) {
        return go_on(**known);
    }
    constexpr std::uint32_t batch_default = 64;
    progress_.cluster = to_text(cluster_.id);
    progress_.batch = batch_wished_.value_or(batch_default);
    return open_session();
}

// Skips what is done; it must be what was done, the rest may have been mended or come since.
int Import::go_on(const ImportProgress& known) {
    progress_ = known;
    resumed_ = true;
    if (known.batch != batch_wished_.value_or(known.batch)) {
        return fail(options_, exit_usage,
            fmt::format("{} was begun with --batch {} and goes on so", progress_file_,
                known.batch));
    }
    while (lines_read_ < known.lines) {
        const Result<std::optional<std::string_view>> line = next_line();
        if (!line) {
            return fail(options_, exit_usage, line.error());
        }
        if (!*line) {
            break;
        }
    }
    done_ = read_;
    const bool same_input = to_hex(Sha256(done_).finish()) == known.input;
    if (!same_input || known.cluster != to_text(cluster_.id)) {
        return fail(options_, exit_usage,
            fmt::format("{} belongs to another {}; move it away to import anew", progress_file_,
                same_input ? "cluster" : "input"));
    }
    client_.emplace(cluster_, CtlClient::Resume{known.session, known.sequence});
    return exit_ok;
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

Result<void> Import::save() {
    progress_.input = to_hex(Sha256(done_).finish());
    saved_ = std::chrono::steady_clock::now();
    return save_progress(progress_file_, progress_);
}

// --- Reading ---

Result<std::optional<std::string_view>> Import::next_line() {
    LEDGER_TRY(const std::optional<std::string_view> line, reader_.next());
    if (line) {
        read_.update(as_bytes(*line)).update(as_bytes("\n"));
        ++lines_read_;
    }
    return line;
}

// Whether there is one more append; blank lines are none.
bool Import::look_ahead() {
    while (!ahead_ && !wrong_) {
        const Result<std::optional<std::string_view>> line = next_line();
        if (!line) {
            wrong_ = line.error();
        } else if (!*line) {
            return false;
        } else if ((*line)->find_first_not_of(" \t\r") != std::string_view::npos) {
            Result<state::Append> append = parse_append_line(**line, lines_read_);
            if (append) {
                ahead_ = ImportLine{std::move(*append), lines_read_, read_};
            } else {
                wrong_ = append.error();
            }
        }
    }
    return ahead_.has_value();
}

Import::Gathered Import::gather() {
    Gathered gathered{ImportBatch(progress_.batch), progress_.next_lines > 0};
    ImportBatch& batch = gathered.batch;
    const std::uint64_t last =
        gathered.plain ? progress_.lines + progress_.next_lines : UINT64_MAX;
    while (!batch.full() && look_ahead() && ahead_->number <= last && batch.fits(*ahead_)) {
        batch.add(std::move(*ahead_));
        ahead_.reset();
    }
    gathered.plain = gathered.plain || batch.full() || ahead_;
    return gathered;
}

// --- Sending ---

int Import::bring_in() {
    while (true) {
        const Gathered gathered = gather();
        if (gathered.batch.empty()) {
            break;
        }
        if (!gathered.plain) {
            if (const int code = note_next(gathered.batch); code != exit_ok) {
                return code;
            }
        }
        if (const int code = send(gathered.batch); code != exit_ok) {
            return code;
        }
        if (std::chrono::steady_clock::now() - saved_ >= save_interval) {
            if (const Result<void> saved = save(); !saved) {
                return fail(options_, exit_environment, saved.error());
            }
        }
        report_now_and_then();
    }
    if (wrong_) {
        return fail(options_, exit_usage, *wrong_);
    }
    progress_.lines = lines_read_;  // blank ones at the end
    done_ = read_;
    return exit_ok;
}

std::string place_of(const ImportBatch& batch) {
    const std::uint64_t first = batch.lines().front().number;
    const std::uint64_t last = batch.lines().back().number;
    return first == last ? fmt::format("line {}", first)
                         : fmt::format("lines {} to {}", first, last);
}

int Import::send(const ImportBatch& batch) {
    const client::Done done = client_->run(batch.merged(), options_.timeout);
    const bool too_old =
        done.outcome && std::holds_alternative<state::SequenceTooOld>(*done.outcome);
    if (done.ending == client::Ending::unknown && !too_old) {
        return fail(options_, exit_indeterminate,
            fmt::format("{}: {}; the same import again goes on and brings it in once",
                place_of(batch), sentence_of(done)));
    }
    progress_.sequence = done.sequence != Sequence{} ? done.sequence : progress_.sequence;
    if (done.ending == client::Ending::done || too_old) {
        note_done(batch, too_old);
        return exit_ok;
    }
    if (done.outcome && batch.lines().size() > 1) {
        return send_one_by_one(batch);
    }
    return fail(options_, exit_code_of(done),
        fmt::format("{}: {}", place_of(batch), sentence_of(done)));
}

// The batch was refused, so one of its lines will be: those before it go in.
int Import::send_one_by_one(const ImportBatch& batch) {
    for (const ImportLine& line : batch.lines()) {
        ImportBatch single(1);
        single.add(ImportLine(line));
        int code = note_next(single);
        if (code == exit_ok) {
            code = send(single);
        }
        if (code != exit_ok) {
            return code;
        }
    }
    return exit_ok;
}

int Import::note_next(const ImportBatch& batch) {
    progress_.next_lines = batch.lines().back().number - progress_.lines;
    const Result<void> saved = save();
    return saved ? exit_ok : fail(options_, exit_environment, saved.error());
}

void Import::note_done(const ImportBatch& batch, bool known) {
    counts_.batches += known ? 0u : 1u;
    counts_.known += known ? batch.lines().size() : 0;
    counts_.appends += known ? 0 : batch.lines().size();
    counts_.events += known ? 0 : batch.events();
    progress_.lines = batch.lines().back().number;
    progress_.next_lines = 0;
    done_ = batch.lines().back().through;
}

void Import::report_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ >= report_interval) {
        reported_ = now;
        std::fprintf(stderr, "ledgerctl: %s lines in\n", std::to_string(progress_.lines).c_str());
    }
}

// --- The whole ---

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
    writer.key("batches").number(counts_.batches);
    writer.key("lines").number(progress_.lines).key("resumed").boolean(resumed_);
    writer.key("known").number(counts_.known);
    writer.key("session").number(progress_.session.value);
    writer.key("seconds").fixed(spent.count(), 3).end_object();
    return text + "\n";
}

int Import::run() {
    int code = take_lock();
    if (code == exit_ok) {
        code = begin();
    }
    if (code != exit_ok) {
        return code;
    }
    code = bring_in();
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
    if (import.file == "-" && import.progress.empty()) {
        return fail(options, exit_usage,
            "import from standard input needs --progress FILE, where the place reached is kept");
    }
    Result<LineReader> reader = LineReader::open(import.file);
    if (!reader) {
        const bool there = import.file == "-" || std::filesystem::exists(import.file);
        return fail(
            options, there ? exit_environment : exit_not_found, reader.error().place);
    }
    return Import(options, *loaded.cluster, import, std::move(*reader)).run();
}

}  // namespace ledger::node::asio
