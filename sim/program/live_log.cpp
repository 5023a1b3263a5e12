#include "sim/program/live_log.h"

#include <cstdio>

#include <fmt/format.h>

#include "sim/check/json.h"

namespace ledger::sim {
namespace {

// One fault can make every later answer wrong: so many are told one by one, all are judged at the
// end.
constexpr std::uint64_t told_max = 100;

void say(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

LiveLog::LiveLog(const check::LogOptions& options, bool json)
    : json_(json), feed_(std::make_shared<check::LogFeed>(options)) {}

Result<void> LiveLog::more(std::string_view text) {
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        if (begun_.empty()) {
            LEDGER_CHECK(line(text.substr(0, end)));
        } else {
            begun_ += text.substr(0, end);
            LEDGER_CHECK(line(begun_));
            begun_.clear();
        }
        text.remove_prefix(end + 1);
    }
    begun_ += text;
    return {};
}

Result<void> LiveLog::end() {
    if (!begun_.empty()) {
        LEDGER_CHECK(line(begun_));
        begun_.clear();
    }
    if (feed_->history().operations.empty()) {
        return failure(
            check::Errc::malformed_json, "line 1, column 1: the history has no operation");
    }
    return {};
}

Result<void> LiveLog::line(std::string_view text) {
    ++lines_;
    LEDGER_TRY(const std::vector<check::Anomaly> news, feed_->line(text));
    for (const check::Anomaly& anomaly : news) {
        if (told_ < told_max) {
            tell(anomaly);
        }
        ++told_;
    }
    if (!feed_->stopped().empty() && !told_stop_) {
        told_stop_ = true;
        tell_stop();
    }
    return {};
}

void LiveLog::tell(const check::Anomaly& anomaly) {
    if (!json_) {
        return say(fmt::format(
            "violated so far (line {}): {}: {}\n", lines_, anomaly.name, anomaly.sentence));
    }
    std::string out;
    check::JsonWriter writer(out);
    writer.begin_object();
    writer.key("schema").text("ledger.check.so_far/1");
    writer.key("verdict").text("violated");
    writer.key("line").number(lines_);
    writer.key("name").text(anomaly.name);
    writer.key("sentence").text(anomaly.sentence);
    writer.key("lines").begin_array();
    for (const std::uint64_t place : anomaly.operations) {
        writer.number(feed_->history().operations[place].line);
    }
    writer.end_array();
    writer.end_object();
    say(out + "\n");
}

void LiveLog::tell_stop() {
    const std::string why =
        fmt::format("{}: from here on it is judged at the end of the input", feed_->stopped());
    if (!json_) {
        return say("ledgersim: " + why + "\n");
    }
    std::string out;
    check::JsonWriter writer(out);
    writer.begin_object();
    writer.key("schema").text("ledger.check.note/1");
    writer.key("line").number(lines_);
    writer.key("note").text(why);
    writer.end_object();
    say(out + "\n");
}

std::uint64_t LiveLog::bytes() const {
    return feed_->bytes();
}

std::shared_ptr<const check::LogHistory> LiveLog::history() const {
    return {feed_, &feed_->history()};
}

}  // namespace ledger::sim
