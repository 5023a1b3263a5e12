#include "node/asio/recording_file.h"

#include <utility>

#include "log/file_system.h"

namespace ledger::node::asio {

namespace {

constexpr std::uint64_t gathered_bytes = 256u << 10;

}  // namespace

RecordingFile::RecordingFile(std::ofstream file, const RecordingHeader& header)
    : file_(std::move(file)), recorder_(header, pending_) {}

RecordingFile::~RecordingFile() {
    static_cast<void>(flush());
}

Result<std::unique_ptr<RecordingFile>> RecordingFile::create(
    const std::string& name, const RecordingHeader& header) {
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    if (!file) {
        return failure(log::Errc::io_error, name + " cannot be written");
    }
    std::unique_ptr<RecordingFile> recording(new RecordingFile(std::move(file), header));
    if (!recording->flush()) {
        return failure(log::Errc::io_error, name + " takes no bytes");
    }
    return recording;
}

bool RecordingFile::stepped() {
    return pending_.size() < gathered_bytes || flush();
}

bool RecordingFile::flush() {
    file_.write(reinterpret_cast<const char*>(pending_.data()),
        static_cast<std::streamsize>(pending_.size()));
    file_.flush();
    pending_.clear();
    return file_.good();
}

}  // namespace ledger::node::asio
