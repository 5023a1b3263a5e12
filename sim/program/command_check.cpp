#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sim/check/errc.h"
#include "sim/check/json.h"
#include "sim/program/check_limits.h"
#include "sim/program/commands.h"
#include "sim/program/input.h"
#include "sim/program/known_models.h"
#include "sim/program/live_log.h"
#include "sim/program/mapped_file.h"

namespace ledger::sim {
namespace {

using check::JsonWriter;
using check::Verdict;

// FILE, or FILE#CASE unless there is a file of the whole name.
struct Place {
    std::string file;
    std::optional<std::string> one_case;
};

Place place_of(const std::string& history) {
    struct stat about{};
    const std::size_t hash = history.rfind('#');
    if (hash == std::string::npos || hash == 0 || ::stat(history.c_str(), &about) == 0) {
        return {history, std::nullopt};
    }
    return {history.substr(0, hash), history.substr(hash + 1)};
}

std::uint64_t number_in(std::string_view& text, std::string_view before) {
    std::uint64_t number = 0;
    if (text.starts_with(before)) {
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data() + before.size(), end, number);
        if (error == std::errc{}) {
            text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
        }
    }
    return number;
}

// "history.edn:3:17: expected ... (line 3, column 17)" out of "line 3, column 17: expected ...".
struct Complaint {
    std::string text;
    std::uint64_t line = 0;  // 0 = it concerns no line
    std::uint64_t column = 0;
};

Complaint complaint_of(const std::string& file, const Error& error) {
    Complaint out;
    std::string_view rest = error.place;
    out.line = number_in(rest, "line ");
    out.column = number_in(rest, ", column ");
    if (out.line == 0) {
        out.text = error.place;
        return out;
    }
    if (rest.starts_with(": ")) {
        rest.remove_prefix(2);
    }
    const std::string name = file == "-" ? "standard input" : file;
    out.text = out.column == 0 ? fmt::format("{}:{}: {} (line {})", name, out.line, rest, out.line)
                               : fmt::format("{}:{}:{}: {} (line {}, column {})", name, out.line,
                                     out.column, rest, out.line, out.column);
    return out;
}

int complain_of(const Complaint& complaint, bool json) {
    std::fprintf(stderr, "ledgersim: %s\n", complaint.text.c_str());
    if (!json) {
        return exit_usage;
    }
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    writer.key("schema").text("ledger.error/1");
    writer.key("exit_code").number(exit_usage);
    writer.key("message").text(complaint.text);
    if (complaint.line != 0) {
        writer.key("line").number(complaint.line);
    }
    if (complaint.column != 0) {
        writer.key("column").number(complaint.column);
    }
    writer.end_object();
    return answer(out + "\n", exit_usage);
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string out;
    for (const std::string_view word : words) {
        out += (out.empty() ? "" : ", ") + std::string(word);
    }
    return out;
}

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> out;
    for (const KnownModel& known : known_models()) {
        out.insert(out.end(), known.names.begin(), known.names.end());
    }
    return out;
}

constexpr check::HistoryFormat formats[] = {check::HistoryFormat::native_log,
    check::HistoryFormat::edn, check::HistoryFormat::json, check::HistoryFormat::jepsen_log,
    check::HistoryFormat::kv_text, check::HistoryFormat::start_finish,
    check::HistoryFormat::list_append_cases, check::HistoryFormat::kafka_cases};

std::vector<std::string_view> format_names() {
    std::vector<std::string_view> out;
    for (const check::HistoryFormat format : formats) {
        out.push_back(check::format_name(format));
    }
    return out;
}

// What was judged, and how the command was asked to.
struct Told {
    std::string file;
    std::string one_case;
    std::string format;
    std::string repro;
    std::uint64_t wall_microseconds = 0;
};

void write_operation(JsonWriter& writer, const check::PageOperation& operation) {
    writer.begin_object();
    writer.key("id").number(operation.id);
    writer.key("client").text(operation.lane);
    writer.key("text").text(operation.text);
    writer.key("outcome").text(to_text(operation.outcome));
    writer.key("line");
    if (operation.line == 0) {
        writer.null();
    } else {
        writer.number(operation.line);
    }
    writer.end_object();
}

void write_anomaly(JsonWriter& writer, const check::Anomaly& anomaly, const Judged& judged) {
    writer.begin_object();
    writer.key("name").text(anomaly.name);
    writer.key("sentence").text(anomaly.sentence);
    writer.key("steps").begin_array();
    for (const std::string& step : anomaly.steps) {
        writer.text(step);
    }
    writer.end_array();
    writer.key("operations").begin_array();
    for (const std::uint64_t id : anomaly.operations) {
        if (id < judged.operations) {
            write_operation(writer, judged.operation(id));
        }
    }
    writer.end_array();
    writer.end_object();
}

void write_partial(JsonWriter& writer, const check::PartialOrder& partial, const Judged& judged) {
    writer.begin_object();
    writer.key("part").text(partial.part);
    writer.key("before").text(partial.before);
    writer.key("steps").begin_array();
    for (const auto& step : partial.steps) {
        writer.begin_object();
        writer.key("operation").number(step.operation);
        writer.key("text").text(judged.operation(step.operation).text);
        writer.key("state").text(step.state);
        writer.end_object();
    }
    writer.end_array();
    writer.key("refused").begin_array();
    for (const auto& refused : partial.refused) {
        writer.begin_object();
        writer.key("operation").number(refused.operation);
        writer.key("text").text(judged.operation(refused.operation).text);
        writer.key("why").text(refused.why);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
}

std::string json_of(const Judged& judged, const Told& told) {
    const check::Judgement& judgement = judged.judgement;
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    writer.key("schema").text("ledger.check/1");
    writer.key("verdict").text(to_text(judgement.verdict));
    writer.key("history").text(told.file);
    if (!told.one_case.empty()) {
        writer.key("case").text(told.one_case);
    }
    writer.key("format").text(told.format);
    writer.key("model").text(judgement.model);
    writer.key("level").text(judgement.level);
    writer.key("operations").number(judged.operations);
    writer.key("coverage").begin_object();
    for (const auto& [name, count] : judgement.coverage) {
        writer.key(name).number(count);
    }
    writer.end_object();
    writer.key("anomalies_total").number(judgement.anomalies_total);
    writer.key("anomalies").begin_array();
    for (const check::Anomaly& anomaly : judgement.anomalies) {
        write_anomaly(writer, anomaly, judged);
    }
    writer.end_array();
    writer.key("partial").begin_array();
    for (const check::PartialOrder& partial : judgement.partial) {
        write_partial(writer, partial, judged);
    }
    writer.end_array();
    if (!judgement.strongest_held.empty()) {
        writer.key("strongest_held").text(judgement.strongest_held);
    }
    if (!judgement.weakest_violated.empty()) {
        writer.key("weakest_violated").text(judgement.weakest_violated);
    }
    writer.key("reason").text(judgement.reason);
    writer.key("repro").text(told.repro);
    writer.key("wall_seconds").fixed(static_cast<std::int64_t>(told.wall_microseconds), 6);
    writer.end_object();
    return out + "\n";
}

check::HistoryPage page_of(const Judged& judged, const Told& told) {
    check::HistoryPage page;
    page.file = told.one_case.empty() ? told.file : told.file + "#" + told.one_case;
    page.repro = told.repro;
    page.judgement = &judged.judgement;
    page.operations = judged.operations;
    page.operation = judged.operation;
    page.annotations = judged.annotations;
    page.floor = judged.floor;
    return page;
}

// As a shell takes it.
std::string quoted(const std::string& word) {
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_./=+:,@%").find(c) != std::string_view::npos;
    });
    if (plain) {
        return word;
    }
    std::string out = "'";
    for (const char c : word) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

Error unknown_model(const std::string& model) {
    return failure(check::Errc::unknown_option,
        fmt::format("there is no model {}; did you mean {}? There are {}", model,
            most_like(model, all_names()), joined(all_names())));
}

class Checking {
  public:
    Checking(const CheckOptions& options, const CheckLimits& limits)
        : options_(options),
          budget_(limits),
          place_(place_of(options.history)),
          watchdog_(limits, [this](const std::string& reason) { return gave_up(reason); }) {}

    int run();

  private:
    Result<void> read();
    Result<void> read_stream(int descriptor);
    Result<void> go_live();
    Result<void> choose_format();
    Error unreadable(int number) const {
        return failure(check::Errc::malformed_history,
            fmt::format("{}: {}", place_.file == "-" ? "standard input" : place_.file,
                std::strerror(number)));
    }
    bool is_live(int descriptor) const;
    Result<Judged> judge(const CheckedText& text);
    Result<void> choose_model(const CheckedText& text);
    int judge_cases();
    int tell(const Judged& judged, const CheckedText& text);
    int fail(const Error& error) {
        watchdog_.disarm();
        return complain_of(complaint_of(place_.file, error), options_.json);
    }
    int gave_up(const std::string& reason) const;
    Told told(const std::string& one_case) const;

    const CheckOptions& options_;
    ClockBudget budget_;
    const Place place_;
    std::string from_standard_input_;
    std::optional<LiveLog> live_;  // then nothing is kept of the text
    std::optional<MappedFile> file_;
    std::string_view text_;
    check::HistoryFormat format_ = check::HistoryFormat::edn;
    std::string model_;
    std::string gave_up_;  // while reading: why; empty otherwise
    const KnownModel* known_ = nullptr;
    CheckWatchdog watchdog_;
};

Told Checking::told(const std::string& one_case) const {
    Told out;
    out.file = place_.file;
    out.one_case = one_case;
    out.format = check::format_name(format_);
    const std::string history = one_case.empty() ? place_.file : place_.file + "#" + one_case;
    out.repro = "ledgersim check " + quoted(history);
    out.repro += model_.empty() ? "" : " --model " + quoted(model_);
    out.repro += options_.level.empty() ? "" : " --level " + quoted(options_.level);
    out.repro += options_.format.empty() ? "" : " --format " + quoted(options_.format);
    out.wall_microseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(budget_.passed()).count());
    return out;
}

// The watchdog's last words: nothing of what was going on can be used any more.
int Checking::gave_up(const std::string& reason) const {
    if (options_.json) {
        Judged nothing;
        nothing.judgement.model = options_.model;
        nothing.judgement.level = options_.level;
        nothing.judgement.reason = reason;
        Told about;
        about.file = place_.file;
        about.one_case = place_.one_case.value_or("");
        about.wall_microseconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(budget_.passed()).count());
        return answer(json_of(nothing, about), exit_inconclusive);
    }
    return answer("inconclusive: " + reason + "\n", exit_inconclusive);
}

Result<void> Checking::read() {
    if (place_.file == "-") {
        return read_stream(STDIN_FILENO);
    }
    struct stat about{};
    if (::stat(place_.file.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
        const int descriptor = ::open(place_.file.c_str(), O_RDONLY | O_CLOEXEC);
        const int number = errno;
        const auto got = descriptor < 0 ? Result<void>(unreadable(number)) : read_stream(descriptor);
        ::close(descriptor);
        return got;
    }
    auto file = MappedFile::open(place_.file);
    if (!file) {
        return file.error();
    }
    file_.emplace(std::move(*file));
    text_ = std::string_view(
        reinterpret_cast<const char*>(file_->bytes().data()), file_->bytes().size());
    return choose_format();
}

// Takes what is there and does not wait for more than that: who writes may be a living cluster.
Result<void> Checking::read_stream(int descriptor) {
    std::string chunk(std::size_t{1} << 16, '\0');
    bool decided = false;
    for (;;) {
        const ::ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return unreadable(errno);
        }
        if (count == 0) {
            break;
        }
        const std::string_view come(chunk.data(), static_cast<std::size_t>(count));
        if (live_) {
            LEDGER_CHECK(live_->more(come));
            if (budget_.spent(live_->bytes())) {
                gave_up_ = budget_.why();
                return {};
            }
            continue;
        }
        from_standard_input_ += come;
        // A whole line shows the format.
        if (!decided && from_standard_input_.find('\n') != std::string::npos) {
            decided = true;
            text_ = from_standard_input_;
            LEDGER_CHECK(choose_format());
            if (is_live(descriptor)) {
                LEDGER_CHECK(go_live());
            }
        }
    }
    if (live_) {
        LEDGER_CHECK(live_->end());
        if (options_.timeout.empty()) {
            budget_.restart();
            watchdog_.restart();
        }
        return {};
    }
    text_ = from_standard_input_;
    return choose_format();
}

// Lines of a log that come through a pipe are judged as they come.
bool Checking::is_live(int descriptor) const {
    struct stat about{};
    const bool file = ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    return !file && format_ == check::HistoryFormat::native_log && check::is_in_lines(text_) &&
           (options_.model.empty() || is_log_model(options_.model)) &&
           log_options(options_.level).has_value();
}

Result<void> Checking::go_live() {
    if (options_.timeout.empty()) {
        watchdog_.pause();
    }
    LEDGER_TRY(const check::LogOptions options, log_options(options_.level));
    live_.emplace(options, options_.json);
    const auto begun = live_->more(from_standard_input_);
    from_standard_input_ = {};
    text_ = {};
    return begun;
}

Result<void> Checking::choose_format() {
    if (options_.format.empty()) {
        format_ = check::detect_format(text_);
        return {};
    }
    const auto format = check::format_of(options_.format);
    if (!format) {
        return failure(check::Errc::unknown_option,
            fmt::format("there is no format {}; did you mean {}? There are {}", options_.format,
                most_like(options_.format, format_names()), joined(format_names())));
    }
    format_ = *format;
    return {};
}

Result<void> Checking::choose_model(const CheckedText& text) {
    model_ = options_.model;
    if (model_.empty()) {
        const auto obvious = obvious_model(text);
        if (!obvious) {
            return failure(check::Errc::unknown_option,
                fmt::format("say what was recorded: --model NAME, which is one of {}",
                    joined(all_names())));
        }
        model_ = *obvious;
    }
    known_ = find_model(model_);
    if (known_ == nullptr) {
        return unknown_model(model_);
    }
    // "monotonic-reads+read-your-writes": each by itself; behind = stands a number of one's own.
    const auto levels = known_->levels(model_);
    std::string_view rest = options_.level;
    while (!rest.empty()) {
        const std::string_view level = rest.substr(0, rest.find('+'));
        const auto is_asked = [level](std::string_view known) {
            const std::size_t equals = known.find('=');
            return equals == std::string_view::npos
                       ? known == level
                       : level.starts_with(known.substr(0, equals + 1));
        };
        if (std::none_of(levels.begin(), levels.end(), is_asked)) {
            return failure(check::Errc::unknown_option,
                fmt::format("the model {} does not know the level {}; did you mean {}? It knows {}",
                    model_, level, most_like(level, levels), joined(levels)));
        }
        rest.remove_prefix(std::min(rest.size(), level.size() + 1));
    }
    return {};
}

Result<Judged> Checking::judge(const CheckedText& text) {
    return known_->judge(text, model_, options_.level, budget_);
}

int Checking::tell(const Judged& judged, const CheckedText& text) {
    watchdog_.disarm();
    const Told about = told(text.one_case == nullptr ? "" : text.one_case->id);
    const check::HistoryPage page = page_of(judged, about);
    if (!options_.html.empty()) {
        if (const auto written = write_file(options_.html, check::history_page_html(page));
            !written) {
            return complain(written.error(), exit_environment);
        }
    }
    if (!options_.edn.empty()) {
        const auto history = text.one_case == nullptr
                                 ? check::import_history(text.text, text.format)
                                 : Result<check::RecordedHistory>(text.one_case->history);
        if (!history) {
            return fail(history.error());
        }
        if (const auto written = write_file(options_.edn, check::export_edn(*history)); !written) {
            return complain(written.error(), exit_environment);
        }
    }
    const int code = check::exit_code(judged.judgement.verdict);
    return answer(options_.json ? json_of(judged, about) : check::history_page_text(page), code);
}

// Every case of the file, and then how many were what. The worst verdict is the command's.
int Checking::judge_cases() {
    const auto cases = check::import_cases(text_, format_);
    if (!cases) {
        return fail(cases.error());
    }
    if (place_.one_case) {
        for (const check::RecordedCase& one : *cases) {
            if (one.id == *place_.one_case) {
                const CheckedText text{text_, format_, &one};
                if (const auto chosen = choose_model(text); !chosen) {
                    return fail(chosen.error());
                }
                const auto judged = judge(text);
                return judged ? tell(*judged, text) : fail(judged.error());
            }
        }
        std::vector<std::string_view> ids;
        for (const check::RecordedCase& one : *cases) {
            ids.push_back(one.id);
        }
        return fail(failure(check::Errc::unknown_option,
            fmt::format("there is no case {}; did you mean {}? There are {}", *place_.one_case,
                most_like(*place_.one_case, ids), joined(ids))));
    }
    if (!options_.html.empty() || !options_.edn.empty()) {
        return fail(failure(check::Errc::unknown_option,
            "--html and --edn are for one history: name the case, as in FILE#CASE"));
    }
    std::string out;
    std::vector<std::string> by_verdict[4];
    for (const check::RecordedCase& one : *cases) {
        const CheckedText text{text_, format_, &one};
        if (const auto chosen = choose_model(text); !chosen) {
            return fail(chosen.error());
        }
        const auto judged = judge(text);
        if (!judged) {
            return fail(judged.error());
        }
        const Told about = told(one.id);
        out += options_.json ? json_of(*judged, about)
                             : fmt::format("{}: {}\n", one.id,
                                   check::history_page_text(page_of(*judged, about)));
        by_verdict[static_cast<std::uint64_t>(judged->judgement.verdict)].push_back(one.id);
    }
    watchdog_.disarm();
    const auto of = [&](Verdict verdict) -> const std::vector<std::string>& {
        return by_verdict[static_cast<std::uint64_t>(verdict)];
    };
    const Verdict worst = !of(Verdict::violated).empty()       ? Verdict::violated
                          : !of(Verdict::inconclusive).empty() ? Verdict::inconclusive
                                                               : Verdict::ok;
    if (options_.json) {
        JsonWriter writer(out);
        writer.begin_object();
        writer.key("schema").text("ledger.check.cases/1");
        writer.key("verdict").text(to_text(worst));
        writer.key("cases").number(cases->size());
        for (const Verdict verdict : {Verdict::violated, Verdict::inconclusive}) {
            writer.key(to_text(verdict)).begin_array();
            for (const std::string& id : of(verdict)) {
                writer.text(id);
            }
            writer.end_array();
        }
        writer.end_object();
        out += "\n";
    } else {
        out += fmt::format("{}: {} cases, {} ok, {} violated, {} inconclusive\n", to_text(worst),
            cases->size(), of(Verdict::ok).size(), of(Verdict::violated).size(),
            of(Verdict::inconclusive).size());
    }
    return answer(out, check::exit_code(worst));
}

int Checking::run() {
    if (!options_.model.empty() && find_model(options_.model) == nullptr) {
        return fail(unknown_model(options_.model));
    }
    if (const auto got = read(); !got) {
        return fail(got.error());
    }
    if (!gave_up_.empty()) {
        watchdog_.disarm();
        return gave_up(gave_up_);
    }
    if (format_ == check::HistoryFormat::list_append_cases ||
        format_ == check::HistoryFormat::kafka_cases) {
        return judge_cases();
    }
    if (place_.one_case) {
        return fail(failure(check::Errc::unknown_option,
            fmt::format("{} is one history and has no case {}", place_.file, *place_.one_case)));
    }
    CheckedText text{text_, format_, nullptr};
    if (live_) {
        text.log = live_->history();
    }
    if (const auto chosen = choose_model(text); !chosen) {
        return fail(chosen.error());
    }
    const auto judged = judge(text);
    return judged ? tell(*judged, text) : fail(judged.error());
}

}  // namespace

std::string check_help() {
    std::string out = "\nModels, with arguments in brackets as in cas-register(init=nil):\n";
    for (const KnownModel& known : known_models()) {
        out += fmt::format("  {}\n    {}\n", joined(known.names), known.about);
        out += fmt::format("    levels: {}\n", joined(known.levels(known.names.front())));
    }
    out += fmt::format("Formats: {}.\n", joined(format_names()));
    out +=
        "Exit codes: 0 ok; 1 violated; 2 usage, unreadable history; 3 inconclusive, as when a "
        "limit "
        "is reached.\n";
    return out;
}

int command_check(const CheckOptions& options) {
    CheckLimits limits;
    const auto time = parse_time_limit(options.timeout.empty() ? check_timeout : options.timeout);
    const auto bytes = parse_size(options.memory);
    if (!time || !bytes) {
        Complaint complaint;
        complaint.text =
            !time ? "--timeout: expected a time as 500ms, 10s or 5m, found " + options.timeout
                  : "--memory: expected a size as 512MiB or 4GiB, found " + options.memory;
        return complain_of(complaint, options.json);
    }
    limits.time = *time;
    limits.bytes = *bytes;
    const int code = Checking(options, limits).run();
    if (code == exit_inconclusive) {
        // A limit that was reached must not be waited for again while much memory is given back.
        std::fflush(nullptr);
        std::_Exit(code);
    }
    return code;
}

}  // namespace ledger::sim
