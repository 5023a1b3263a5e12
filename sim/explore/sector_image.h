#pragma once
// SectorImage: the files of a disk as immutable sectors shared between images, with a rolling hash
// and a journal: a crash is tried by changing some sectors, and taken back.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/base/bytes.h"
#include "log/base/hash128.h"

namespace ledger::sim {

// What the disk writes at once; no crash tears it.
inline constexpr std::uint64_t image_sector_bytes = 512;

// The content of one sector: never changes once it is in an image.
struct Block {
    std::array<std::byte, image_sector_bytes> bytes{};
    Hash128 hash;  // of the bytes

    void seal();  // computes the hash
};

// The sector of zeros that every file begins with.
const Block& zero_block();

// Owns blocks, whose addresses stay. Those made after a mark can be given back at once.
class BlockArena {
  public:
    // A copy of `content`, not yet sealed.
    Block& make(const Block& content);
    std::uint64_t mark() const { return used_; }
    void release(std::uint64_t mark) { used_ = mark; }

  private:
    static constexpr std::uint64_t chunk_blocks = 256;
    std::vector<std::unique_ptr<std::array<Block, chunk_blocks>>> chunks_;
    std::uint64_t used_ = 0;
};

// Numbers of files and names are given in the order of first use, for as long as the image lives.
using FileNumber = std::uint32_t;
using NameNumber = std::uint32_t;
inline constexpr FileNumber no_file = UINT32_MAX;

// Whose files they are: the log's or the cut store's, which do not touch each other's.
enum class FilePart : std::uint8_t { log, cuts };
inline constexpr std::size_t file_parts = 2;
FilePart part_of(std::string_view name);

// One flat directory. Bytes of the last sector behind a file's end are zeros.
class SectorImage {
  public:
    NameNumber name_number(std::string_view name);  // a new one for a new name
    std::optional<NameNumber> find_name(std::string_view name) const;
    const std::string& name(NameNumber number) const { return names_[number].text; }
    std::uint32_t names() const { return static_cast<std::uint32_t>(names_.size()); }
    FileNumber make_file();

    FileNumber file_of(NameNumber name) const { return names_[name].file; }
    std::uint64_t size(FileNumber file) const { return files_[file].size; }
    const Block& sector(FileNumber file, std::uint64_t number) const;
    // Copies what there is of `into.size()` bytes from `offset` on; returns how many these are.
    std::uint64_t read(FileNumber file, std::uint64_t offset, std::span<std::byte> into) const;

    void set_sector(FileNumber file, std::uint64_t number, const Block& block);
    // Sectors that lie wholly behind the new end become zeros; the caller sets the one it cuts.
    void set_size(FileNumber file, std::uint64_t bytes);
    void link(NameNumber name, FileNumber file);  // no_file = the name is free

    // Of the names of each part that are in use and what their files hold; not of the numbers of
    // files.
    std::array<Hash128, file_parts> part_hashes() const;
    Hash128 hash() const;
    FilePart part(NameNumber name) const { return names_[name].part; }
    // Of all files that have a name.
    std::uint64_t bytes() const;

    std::uint64_t mark() const { return journal_.size(); }
    // Takes back every change since the mark.
    void rollback(std::uint64_t mark);
    // Changes so far cannot be taken back any more.
    void settle() { journal_.clear(); }

  private:
    struct Name {
        std::string text;
        FilePart part = FilePart::log;
        FileNumber file = no_file;
    };
    struct FileImage {
        std::vector<const Block*> sectors;
        std::uint64_t size = 0;
        // Sums over the sectors that are not zeros, of mixed (number, hash).
        std::uint64_t high = 0;
        std::uint64_t low = 0;
    };
    struct Change {
        enum class Kind : std::uint8_t { sector, size, link };
        Kind kind = Kind::sector;
        std::uint32_t number = 0;  // of the file or the name
        std::uint64_t at = 0;      // sector; the size or file before
        const Block* block = nullptr;
    };

    void replace(FileImage& file, std::uint64_t number, const Block& block);
    static Hash128 sum_of(const FileImage& file);

    std::vector<Name> names_;
    std::vector<FileImage> files_;
    std::vector<Change> journal_;
};

}  // namespace ledger::sim
