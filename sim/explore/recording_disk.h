#pragma once
// RecordingDisk: a log::FileSystem over a SectorImage that remembers every change in order, with
// the sectors that it wrote, so that crashes between the changes can be tried.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/file_system.h"
#include "sim/explore/sector_image.h"

namespace ledger::sim {

// One change of the disk, or a sync.
struct RecordedOperation {
    enum class Kind : std::uint8_t { write, resize, sync, create, rename, remove, sync_directory };

    Kind kind = Kind::write;
    FileNumber file = no_file;
    NameNumber name = 0;  // the new one of a rename; of a file, the one it was opened by
    NameNumber from = 0;  // the old one of a rename
    std::uint64_t size_before = 0;  // of write and resize
    std::uint64_t size_after = 0;
    // Sectors as the page cache held them after the operation: those that a write touched, or the
    // one that a resize cut.
    std::uint64_t first_sector = 0;
    std::uint32_t blocks_at = 0;  // into OperationLog::blocks
    std::uint32_t blocks = 0;

    bool changes_names() const {
        return kind == Kind::create || kind == Kind::rename || kind == Kind::remove;
    }
};

// "write 00000002.segment [1024, 2048)".
std::string to_text(const RecordedOperation& operation, const SectorImage& image);

struct OperationLog {
    std::vector<RecordedOperation> operations;
    std::vector<const Block*> blocks;

    const Block& block(const RecordedOperation& operation, std::uint64_t number) const {
        return *blocks[static_cast<std::size_t>(operation.blocks_at + number)];
    }
    void clear() {
        operations.clear();
        blocks.clear();
    }
    // Of the operations from `first` on: equal for two lists that do the same.
    Hash128 hash() const;
};

// Image and arena are the page cache; both outlive the disk. There is one directory, "". A disk for
// one part alone shows no other names, and nobody may ask it for one.
class RecordingDisk final : public log::FileSystem {
  public:
    RecordingDisk(SectorImage& image, BlockArena& arena, OperationLog& record,
        std::optional<FilePart> part = std::nullopt)
        : image_(image), arena_(arena), record_(record), part_(part) {}

    Result<std::unique_ptr<log::File>> open(const std::string& name) override;
    Result<std::unique_ptr<log::File>> create(const std::string& name) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directory(const std::string& directory) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& name) override;
    Result<void> sync_directory(const std::string& directory) override;
    Result<std::uint64_t> free_bytes(const std::string& directory) override;
    Result<bool> has_other_names(const std::string&) override { return false; }

  private:
    class Handle;

    bool shows(NameNumber name) const { return !part_ || image_.part(name) == *part_; }
    NameNumber number_of(const std::string& name);
    void write(RecordedOperation operation, std::uint64_t offset, ByteSpan data);
    void resize(RecordedOperation operation, std::uint64_t bytes);
    const Block& overlay(
        FileNumber file, std::uint64_t sector, std::uint64_t offset, ByteSpan data);

    SectorImage& image_;
    BlockArena& arena_;
    OperationLog& record_;
    const std::optional<FilePart> part_;
};

}  // namespace ledger::sim
