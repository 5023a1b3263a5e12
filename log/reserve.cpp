#include "log/reserve.h"

#include <algorithm>
#include <utility>

#include "log/base/sometimes.h"

namespace ledger::log {

namespace {

bool is_no_space(const Error& error) {
    return error.code == make_error_code(Errc::no_space);
}

// Null if there is none.
Result<std::unique_ptr<File>> open_reserve(FileSystem& files, const std::string& path) {
    auto file = files.open(path);
    if (!file && file.error().code == make_error_code(Errc::not_found)) {
        return std::unique_ptr<File>();
    }
    return file;
}

}  // namespace

// ---- whoever writes

class ReservedFiles::Handle final : public File {
  public:
    Handle(ReservedFiles& files, std::unique_ptr<File> file)
        : files_(files), file_(std::move(file)) {}

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return file_->read(offset, into);
    }
    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        LEDGER_CHECK(files_.admit());
        return files_.with_reserve([&] { return file_->write(offset, data); });
    }
    // Whatever it fails of: nothing is known of the pages any more (trap T1).
    Result<void> sync() override { return file_->sync(); }
    Result<void> resize(std::uint64_t bytes) override {
        return files_.with_reserve([&] { return file_->resize(bytes); });
    }
    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    ReservedFiles& files_;
    const std::unique_ptr<File> file_;
};

ReservedFiles::ReservedFiles(FileSystem& files, const Options& options, ReserveShare share)
    : files_(files), path_(path_in(options.directory, reserve_name)),
      lower_half_(share == ReserveShare::all ? 0 : options.reserve_bytes / 2), share_(share) {}

template <typename Operation>
auto ReservedFiles::with_reserve(Operation operation) -> decltype(operation()) {
    auto done = operation();
    if (done || !is_no_space(done.error())) {
        return done;
    }
    LEDGER_TRY(const bool given, give_up());
    if (given) {
        return operation();
    }
    return done;
}

// True if there is more space now. The file stays, shorter: whoever has it open sees by its length
// that it was given up, and making it again needs no new name.
Result<bool> ReservedFiles::give_up() {
    LEDGER_TRY(const auto file, open_reserve(files_, path_));
    if (!file) {
        return false;
    }
    LEDGER_TRY(const std::uint64_t bytes, file->size());
    if (bytes <= lower_half_) {
        return false;
    }
    LEDGER_SOMETIMES(share_ == ReserveShare::all, "log.reserve_given_up");
    LEDGER_CHECK(file->resize(lower_half_));
    LEDGER_CHECK(file->sync());  // some file systems reuse the blocks only then
    return true;
}

Result<void> ReservedFiles::admit() {
    if (lower_half_ == 0) {
        return {};
    }
    LEDGER_TRY(const auto file, open_reserve(files_, path_));
    std::uint64_t bytes = 0;
    if (file) {
        LEDGER_TRY(bytes, file->size());
    }
    if (bytes < lower_half_) {
        LEDGER_SOMETIMES(true, "log.reserve_is_for_the_log");
        return failure(Errc::no_space, path_ + ": what is left is for the log");
    }
    return {};
}

Result<std::unique_ptr<File>> ReservedFiles::open(const std::string& name) {
    LEDGER_TRY(auto file, files_.open(name));
    return std::unique_ptr<File>(std::make_unique<Handle>(*this, std::move(file)));
}

Result<std::unique_ptr<File>> ReservedFiles::create(const std::string& name) {
    LEDGER_CHECK(admit());
    LEDGER_TRY(auto file, with_reserve([&] { return files_.create(name); }));
    return std::unique_ptr<File>(std::make_unique<Handle>(*this, std::move(file)));
}

Result<std::vector<std::string>> ReservedFiles::list(const std::string& directory) {
    return files_.list(directory);
}

Result<void> ReservedFiles::make_directory(const std::string& directory) {
    return files_.make_directory(directory);
}

Result<void> ReservedFiles::rename(const std::string& from, const std::string& to) {
    return with_reserve([&] { return files_.rename(from, to); });
}

Result<void> ReservedFiles::remove(const std::string& name) {
    return files_.remove(name);
}

Result<void> ReservedFiles::sync_directory(const std::string& directory) {
    return files_.sync_directory(directory);
}

Result<std::uint64_t> ReservedFiles::free_bytes(const std::string& directory) {
    return files_.free_bytes(directory);
}

Result<bool> ReservedFiles::has_other_names(const std::string& name) {
    return files_.has_other_names(name);
}

// ---- whoever looks after it

Reserve::Reserve(FileSystem& files, const Options& options) : files_(files), options_(options) {}

Result<void> Reserve::look() {
    if (options_.reserve_bytes == 0 && options_.soft_limit_bytes == 0) {
        return {};
    }
    const bool was_whole = is_whole();
    Result<std::uint64_t> free = files_.free_bytes(options_.directory);
    if (free && !was_whole) {
        LEDGER_CHECK(make_if_there_is_room(*free));
        free = files_.free_bytes(options_.directory);
    }
    const std::uint64_t limit = options_.soft_limit_bytes;
    const std::uint64_t enough = crowded_ ? limit + limit / 8 : limit;
    // Who cannot tell how much is free finds out by writing: the reserve is shorter then.
    crowded_ = !is_whole() || (free && *free < enough);
    LEDGER_SOMETIMES(crowded_ && is_whole(), "log.crowded_with_reserve");
    return {};
}

bool Reserve::is_whole() {
    if (options_.reserve_bytes == 0) {
        return true;
    }
    if (!file_) {
        auto found = open_reserve(files_, path_in(options_.directory, reserve_name));
        file_ = found ? std::move(*found) : nullptr;
    }
    const Result<std::uint64_t> bytes = file_ ? file_->size() : std::uint64_t{0};
    return bytes && *bytes >= options_.reserve_bytes;
}

Result<void> Reserve::make_if_there_is_room(std::uint64_t free) {
    constexpr std::uint32_t pause_max = 1024;
    if (pause_left_ > 0) {
        --pause_left_;
        return {};
    }
    if (free / 2 < options_.reserve_bytes) {
        return {};
    }
    const Result<void> made = make();
    if (!made && !is_no_space(made.error())) {
        return made;
    }
    pause_ = made ? 0 : std::clamp<std::uint32_t>(2 * pause_, 1, pause_max);
    pause_left_ = pause_;
    return {};
}

Result<void> Reserve::make() {
    constexpr std::uint64_t piece_bytes = 256u << 10;
    const std::string name = path_in(options_.directory, reserve_name);
    const std::string temporary = name + std::string(temporary_suffix);
    const Result<void> removed = files_.remove(temporary);
    if (!removed && removed.error().code != make_error_code(Errc::not_found)) {
        return removed;
    }
    LEDGER_TRY(auto file, files_.create(temporary));
    const ByteVector zeros(
        static_cast<std::size_t>(std::min(piece_bytes, options_.reserve_bytes)));
    for (std::uint64_t at = 0; at < options_.reserve_bytes; at += zeros.size()) {
        const auto bytes = std::min<std::uint64_t>(zeros.size(), options_.reserve_bytes - at);
        const Result<void> written =
            file->write(at, ByteSpan(zeros).first(static_cast<std::size_t>(bytes)));
        if (!written && is_no_space(written.error())) {
            file.reset();
            LEDGER_CHECK(files_.remove(temporary));
        }
        if (!written) {
            return written;
        }
    }
    LEDGER_CHECK(file->sync());
    LEDGER_CHECK(files_.rename(temporary, name));
    LEDGER_CHECK(files_.sync_directory(options_.directory));
    LEDGER_SOMETIMES(file_ != nullptr, "log.reserve_made_again");
    file_ = std::move(file);
    return {};
}

}  // namespace ledger::log
