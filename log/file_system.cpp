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

Result<void> write_new(FileSystem& files, const std::string& name, ByteSpan bytes) {
    LEDGER_TRY(const auto file, files.create(name));
    LEDGER_CHECK(file->write(0, bytes));
    return file->sync();
}

}  // namespace

Result<void> replace_file(FileSystem& files, const std::string& directory, const std::string& name,
    ByteSpan bytes) {
    const std::string temporary = path_in(directory, name + std::string(temporary_suffix));
    LEDGER_CHECK(remove_if_there(files, temporary));
    if (auto written = write_new(files, temporary, bytes); !written) {
        if (written.error().code == make_error_code(Errc::no_space)) {
            LEDGER_CHECK(remove_if_there(files, temporary));
        }
        return written;
    }
    LEDGER_CHECK(files.rename(temporary, path_in(directory, name)));
    return files.sync_directory(directory);
}

}  // namespace ledger::log
