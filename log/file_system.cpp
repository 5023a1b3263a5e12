#include "log/file_system.h"

namespace ledger::log {

namespace {

const char* describe(Errc errc) {
    switch (errc) {
        case Errc::io_error: return "input or output failed";
        case Errc::not_found: return "not found";
        case Errc::already_exists: return "already exists";
        case Errc::no_space: return "no space left";
        case Errc::permission_denied: return "permission denied";
        case Errc::corrupt_record: return "corrupt record";
        case Errc::wrong_identity: return "data of another cluster or node";
        case Errc::unsupported: return "unsupported format version";
        case Errc::faulty_entry: return "an entry that may have been promised cannot be read";
        case Errc::out_of_range: return "index outside the log";
        case Errc::invalid_argument: return "invalid argument";
    }
    return "unknown error of the log";
}

class LogCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.log"; }
    std::string message(int code) const override { return describe(static_cast<Errc>(code)); }
};

}  // namespace

std::string path_in(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

const boost::system::error_category& log_category() {
    static const LogCategory category;
    return category;
}

boost::system::error_code make_error_code(Errc errc) {
    return {static_cast<int>(errc), log_category()};
}

namespace {

Result<void> remove_if_there(FileSystem& files, const std::string& name) {
    auto removed = files.remove(name);
    if (!removed && removed.error().code == make_error_code(Errc::not_found)) {
        return {};
    }
    return removed;
}

}  // namespace

Replacement::Replacement(
    FileSystem& files, const std::string& directory, const std::string& name)
    : files_(&files), directory_(directory), name_(path_in(directory, name)),
      temporary_(name_ + std::string(temporary_suffix)) {}

Result<Replacement> Replacement::begin(
    FileSystem& files, const std::string& directory, const std::string& name) {
    Replacement made(files, directory, name);
    LEDGER_CHECK(remove_if_there(files, made.temporary_));
    LEDGER_TRY(made.file_, files.create(made.temporary_));
    return made;
}

Result<void> Replacement::unless_full(Result<void> done) {
    if (!done && done.error().code == make_error_code(Errc::no_space)) {
        LEDGER_CHECK(abandon());
    }
    return done;
}

Result<void> Replacement::write(std::uint64_t offset, ByteSpan bytes) {
    return unless_full(file_->write(offset, bytes));
}

Result<void> Replacement::commit() {
    LEDGER_CHECK(unless_full(file_->sync()));
    LEDGER_CHECK(unless_full(files_->rename(temporary_, name_)));
    auto synced = files_->sync_directory(directory_);
    if (!synced && synced.error().code == make_error_code(Errc::no_space)) {
        // The name leads to the new file by now: this is not as if nothing had changed.
        return failure(Errc::io_error, synced.error().place);
    }
    return synced;
}

Result<void> Replacement::abandon() {
    file_.reset();
    return remove_if_there(*files_, temporary_);
}

Result<void> replace_file(FileSystem& files, const std::string& directory, const std::string& name,
    ByteSpan bytes) {
    LEDGER_TRY(Replacement replacement, Replacement::begin(files, directory, name));
    LEDGER_CHECK(replacement.write(0, bytes));
    return replacement.commit();
}

}  // namespace ledger::log
