#include "node/asio/recording_file.h"

#include <utility>

#include <fmt/format.h>

#include "log/file_system.h"

namespace ledger::node::asio {

namespace {

constexpr std::uint64_t gathered_bytes = 256u << 10;

}  // namespace

RecordingFile::RecordingFile(const std::string& name, std::ofstream file,
    const RecordingHeader& header, std::uint64_t bytes_max)
    : name_(name), bytes_max_(bytes_max), file_(std::move(file)), recorder_(header, pending_) {}

RecordingFile::~RecordingFile() {
    static_cast<void>(flush());
}

Result<std::unique_ptr<RecordingFile>> RecordingFile::create(
    const std::string& name, const RecordingHeader& header, std::uint64_t bytes_max) {
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    if (!file) {
        return failure(log::Errc::io_error, name + " cannot be written");
    }
    std::unique_ptr<RecordingFile> recording(
        new RecordingFile(name, std::move(file), header, bytes_max));
    if (!recording->flush()) {
        return failure(log::Errc::io_error, name + " takes no bytes");
    }
    return recording;
}

bool RecordingFile::stepped() {
    const bool full = bytes_ + pending_.size() >= bytes_max_;
    return (pending_.size() < gathered_bytes && !full) || (flush() && !full);
}

bool RecordingFile::flush() {
    file_.write(reinterpret_cast<const char*>(pending_.data()),
        static_cast<std::streamsize>(pending_.size()));
    file_.flush();
    bytes_ += pending_.size();
    pending_.clear();
    return file_.good();
}

std::string RecordingFile::text() const {
    return fmt::format("recorded {} steps in {} bytes, hash {:016x}{:016x}, in {}",
        recorder_.steps(), bytes_, recorder_.hash().high(), recorder_.hash().low(), name_);
}

}  // namespace ledger::node::asio
