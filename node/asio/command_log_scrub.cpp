#include <chrono>

#include <fmt/format.h>

#include "log/base/format.h"
#include "log/examination.h"
#include "log/mending.h"
#include "node/asio/ctl_commands.h"
#include "node/asio/ctl_log_directory.h"
#include "node/asio/paced_file_system.h"
#include "sim/check/json.h"

namespace ledger::node::asio {
namespace {

using Clock = std::chrono::steady_clock;

struct Scrubbed {
    log::Examination seen;  // after the mending, if there was any
    std::vector<log::Finding> mended;
    std::uint64_t bytes = 0;  // read, all in all
    std::int64_t milliseconds = 0;
};

Result<Scrubbed> scrub(log::FileSystem& files, const ScrubOptions& what) {
    const auto begin = Clock::now();
    PacedFileSystem paced(files, what.bytes_per_second);
    const log::Watch watch{.record = {}, .progress = progress_on_terminal(1u << 20, "MiB")};
    Scrubbed done;
    LEDGER_TRY(done.seen, log::examine(paced, "", watch));
    if (what.repair) {
        LEDGER_TRY(done.mended, log::mend(paced, "", done.seen));
    }
    if (!done.mended.empty()) {
        LEDGER_TRY(done.seen, log::examine(paced, "", watch));
    }
    done.bytes = paced.bytes_read();
    done.milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
    return done;
}

std::string text_of(const Scrubbed& done) {
    std::string text;
    for (const log::Finding& finding : done.mended) {
        text += "mended: " + to_text(finding) + "\n";
    }
    text += fmt::format("read {} bytes in {}\n", done.bytes,
        to_text(milliseconds(done.milliseconds)));
    return text + text_of_examination(done.seen);
}

std::string json_of(
    const Scrubbed& done, const ScrubOptions& what, const std::string& directory) {
    std::string text;
    check::JsonWriter writer(text);
    writer.begin_object().key("schema").text("ledger.log-scrub/1");
    writer.key("rate").number(what.bytes_per_second);
    writer.key("read_bytes").number(done.bytes);
    writer.key("seconds").fixed(done.milliseconds, 3);
    writer.key("repair").boolean(what.repair).key("mended").begin_array();
    for (const log::Finding& finding : done.mended) {
        write_finding(writer, finding);
    }
    writer.end_array();
    write_examination(writer, done.seen, directory);
    writer.end_object();
    return text + "\n";
}

}  // namespace

int command_log_scrub(const CtlOptions& options, const ScrubOptions& what) {
    using Access = CtlLogDirectory::Access;
    Result<CtlLogDirectory> directory =
        CtlLogDirectory::take(what.directory, what.repair ? Access::change : Access::read);
    if (!directory) {
        return fail_to_look(options, what.directory, directory.error());
    }
    const Result<Scrubbed> done = scrub(directory->files(), what);
    if (!done) {
        return fail_to_look(options, what.directory, done.error());
    }
    say(options.json ? json_of(*done, what, directory->path()) : text_of(*done));
    return exit_code_of(done->seen);
}

}  // namespace ledger::node::asio
