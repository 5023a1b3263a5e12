#include "node/asio/line_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "node/asio/ctl_cluster.h"

namespace ledger::node::asio {
namespace {

constexpr std::size_t read_bytes = 256u << 10;

}  // namespace

Result<LineReader> LineReader::open(const std::string& name) {
    const int file =
        name == "-" ? ::dup(STDIN_FILENO) : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return failure(
            CtlErrc::bad_input, fmt::format("{} cannot be read: {}", name, std::strerror(errno)));
    }
    return LineReader(name, file);
}

LineReader::LineReader(LineReader&& other) noexcept
    : name_(std::move(other.name_)), file_(std::exchange(other.file_, -1)),
      buffer_(std::move(other.buffer_)), begin_(other.begin_), lines_(other.lines_) {}

LineReader::~LineReader() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

Result<std::optional<std::string_view>> LineReader::next() {
    std::size_t searched = begin_;
    std::size_t end = buffer_.find('\n', searched);
    while (end == std::string::npos) {
        searched = buffer_.size() - begin_;  // read_more() moves the rest to the front
        LEDGER_TRY(const bool more, read_more());
        if (!more) {
            break;
        }
        end = buffer_.find('\n', searched);
    }
    if (end == std::string::npos && begin_ == buffer_.size()) {
        return std::optional<std::string_view>();
    }
    const std::size_t length = std::min(end, buffer_.size()) - begin_;
    const std::string_view line = std::string_view(buffer_).substr(begin_, length);
    begin_ = std::min(begin_ + length + 1, buffer_.size());
    ++lines_;
    return std::optional(line);
}

Result<bool> LineReader::read_more() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.size() > line_bytes_max) {
        return failure(CtlErrc::bad_input,
            fmt::format("line {} of {} has more than {} bytes", lines_ + 1, name_,
                line_bytes_max));
    }
    const std::size_t before = buffer_.size();
    buffer_.resize(before + read_bytes);
    ssize_t taken = -1;
    do {
        taken = ::read(file_, buffer_.data() + before, read_bytes);
    } while (taken < 0 && errno == EINTR);
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(taken, 0)));
    if (taken < 0) {
        return failure(CtlErrc::bad_input,
            fmt::format("{} cannot be read: {}", name_, std::strerror(errno)));
    }
    return taken > 0;
}

}  // namespace ledger::node::asio
