#pragma once
// Reserve: space that a file of zeros keeps for what must be written on a full disk too.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/storage.h"

namespace ledger::log {

inline constexpr char reserve_name[] = "reserve";

// Who may give up how much of it.
enum class ReserveShare : std::uint8_t {
    all,         // the log: terms, no-ops, truncations, footers, new segments
    upper_half,  // cuts and repaired copies, which can be made later
};

// Another file system, for one thread. What finds no space (create, write, resize, rename) is done once
// more after the reserve has been given up, which is safe since nothing has been promised of it. A
// sync is never tried again. Whoever has only the upper half creates and writes nothing while the
// lower one is not there: or else a cut would take what the log has just been given.
class ReservedFiles final : public FileSystem {
  public:
    // `files` outlives this, and this outlives the files that it opens.
    ReservedFiles(FileSystem& files, const Options& options, ReserveShare share);

    Result<std::unique_ptr<File>> open(const std::string& name) override;
    Result<std::unique_ptr<File>> create(const std::string& name) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directory(const std::string& directory) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& name) override;
    Result<void> sync_directory(const std::string& directory) override;
    Result<std::uint64_t> free_bytes(const std::string& directory) override;
    Result<bool> has_other_names(const std::string& name) override;

  private:
    class Handle;

    template <typename Operation>
    auto with_reserve(Operation operation) -> decltype(operation());
    Result<void> admit();
    Result<bool> give_up();

    FileSystem& files_;
    const std::string path_;
    const std::uint64_t lower_half_;
    const ReserveShare share_;
};

// How much room there is: looked at by the writer's thread after each group.
class Reserve {
  public:
    // `files` outlives this.
    Reserve(FileSystem& files, const Options& options);

    // Makes the reserve if it is not whole and there is room for it twice: a temporary of zeros,
    // synced, then renamed, so that a file of the right length has all its blocks. Then judges the
    // free space. Errors are the device's; no space is none.
    Result<void> look();
    // As of the last look(): there is less free than the soft limit, or no reserve. It ends only
    // when an eighth more than the limit is free, so that it does not come and go with every group.
    bool crowded() const { return crowded_; }

  private:
    bool is_whole();
    Result<void> make_if_there_is_room(std::uint64_t free);
    Result<void> make();

    FileSystem& files_;
    Options options_;
    std::unique_ptr<File> file_;  // none: it was not there when it was looked for last
    bool crowded_ = false;
    // Where more is said to be free than one may have (quotas), an attempt fails each time: the next
    // one is made after so many looks, twice as many after each failure.
    std::uint32_t pause_ = 0;
    std::uint32_t pause_left_ = 0;
};

}  // namespace ledger::log
