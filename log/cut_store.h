#pragma once
// CutStore: one replica's cuts on disk: complete ones, and one that is being made or received.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/cut.h"
#include "log/file_system.h"
#include "log/reserve.h"
#include "log/storage.h"

namespace ledger::log {

// For one thread. Its files lie in the log's directory (log/README.md) and are nobody else's.
class CutStore {
  public:
    // After log::open. Cuts whose manifest cannot be read are passed over; what a crash left of an
    // unfinished one stays for resume(). Errors: wrong_identity, unsupported, io_error. The file
    // system must outlive the store.
    static Result<CutStore> open(
        FileSystem& files, const Options& options, const Identity& identity);

    // Complete ones, ascending by index.
    std::span<const CutManifest> cuts() const { return manifests_; }

    // The next chunk of the unfinished cut; the first one begins it, and ends any other: an
    // unfinished one, and a complete one at the same index. Chunks are numbered from 0 without a
    // gap. Durable with complete(). With no_space, which says that the upper half of the reserve did
    // not help, the unfinished cut is gone: it can be begun again.
    Result<void> write(LogId cut, std::uint32_t number, ByteSpan chunk);
    // All chunks are written: the cut is durable and complete when this returns. Nothing happens if
    // it was complete before. With no_space as write().
    Result<void> complete(const CutManifest& manifest);
    // How many leading chunks of this cut are here and are right; the next write() follows them.
    // What else is unfinished goes. A complete cut at the same index stays only if it is this one,
    // whole.
    Result<std::uint32_t> resume(const CutManifest& manifest);

    // A chunk of a complete cut. Errors: corrupt_record (names cut and chunk), out_of_range.
    Result<ByteVector> read(LogId cut, std::uint32_t number);
    // Writes a chunk of a complete cut that is damaged once more, in its place: no other lies in its
    // sectors, so a crash leaves it damaged at worst. Durable when it returns. Nothing happens if the
    // cut is gone. Errors: corrupt_record if the manifest has another chunk there.
    Result<void> mend(LogId cut, std::uint32_t number, ByteSpan chunk);
    // Complete cuts below `index`, and what is left of unfinished ones, are gone when this returns.
    Result<void> remove_before(Index index);

  private:
    struct Complete {
        Index index;
        std::unique_ptr<File> chunks;
        std::vector<std::uint64_t> offsets;  // of each chunk, and the end
    };
    struct Unfinished {
        LogId cut;
        std::unique_ptr<File> chunks;
        std::vector<std::uint32_t> sizes;  // of the chunks so far
        std::uint64_t end = 0;             // where the next one goes
    };

    CutStore(FileSystem& files, const Options& options, const Identity& identity);
    Result<void> find();
    Result<void> find_complete(const std::string& name);
    Result<void> begin(LogId cut);
    Result<void> write_chunk(LogId cut, std::uint32_t number, ByteSpan chunk);
    Result<void> complete_unfinished(const CutManifest& manifest);
    Result<void> give_up_without_space(const Error& error, Index index);
    Result<void> make_way(Index index);
    bool holds(const CutManifest& manifest) const;
    void forget(Index index);
    static Result<Unfinished> read_leading(
        const CutManifest& manifest, std::unique_ptr<File> chunks);
    Result<void> write_manifest(const CutManifest& manifest);
    Result<void> remove_if_there(const std::string& name);
    std::string path(const std::string& name) const;
    void add(const CutManifest& manifest, std::unique_ptr<File> chunks,
        std::span<const std::uint32_t> sizes);

    std::unique_ptr<ReservedFiles> files_;
    std::string directory_;
    Identity identity_;
    std::vector<CutManifest> manifests_;  // Invariant: as long as complete_, in the same order
    std::vector<Complete> complete_;
    std::optional<Unfinished> unfinished_;
    // Who has files here but is not complete: the unfinished one, and what crashes have left.
    std::vector<Index> strays_;
};

// One copy of a manifest, or one chunk, as it lies in its file.
struct CutPlace {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    const char* damage = nullptr;  // null = every byte is as it was written
};

// The files of one cut, each place by itself.
struct CutFiles {
    std::string manifest_name;
    std::string chunks_name;
    std::optional<Identity> identity;     // as the manifest says
    std::optional<CutManifest> manifest;  // of a copy that is intact
    std::vector<CutPlace> copies;
    std::vector<CutPlace> chunks;         // those of the manifest, then what does not belong
    std::uint64_t bytes = 0;              // of both files
    bool has_manifest = false;            // the files are there
    bool has_chunks = false;
};

// The index in the name of a manifest or of chunks.
std::optional<Index> cut_of_file(std::string_view name);
// Reads every byte of the files of the cut at `index` and changes nothing. Errors: of the files.
Result<CutFiles> look_at_cut(FileSystem& files, const std::string& directory, Index index);
// Writes both copies of the manifest of the cut at `index` anew, from the one that stands; durable
// when it returns. False, nothing changed: none stands, or they are of different manifests.
Result<bool> mend_manifest(FileSystem& files, const std::string& directory, Index index);

}  // namespace ledger::log
