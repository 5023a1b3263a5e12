#include "sim/explore/recording_disk.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "log/base/assert.h"

namespace ledger::sim {

using Kind = RecordedOperation::Kind;
using log::Errc;

class RecordingDisk::Handle final : public log::File {
  public:
    Handle(RecordingDisk& disk, NameNumber name, FileNumber file)
        : disk_(disk), name_(name), file_(file) {}

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return disk_.image_.read(file_, offset, into);
    }
    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        disk_.write(operation(Kind::write), offset, data);
        return {};
    }
    Result<void> sync() override {
        disk_.record_.operations.push_back(operation(Kind::sync));
        return {};
    }
    Result<void> resize(std::uint64_t bytes) override {
        disk_.resize(operation(Kind::resize), bytes);
        return {};
    }
    Result<std::uint64_t> size() override { return disk_.image_.size(file_); }

  private:
    RecordedOperation operation(Kind kind) const {
        return {.kind = kind, .file = file_, .name = name_};
    }

    RecordingDisk& disk_;
    const NameNumber name_;
    const FileNumber file_;
};

NameNumber RecordingDisk::number_of(const std::string& name) {
    const NameNumber number = image_.name_number(name);
    LEDGER_ASSERT(shows(number));
    return number;
}

Result<std::unique_ptr<log::File>> RecordingDisk::open(const std::string& name) {
    const NameNumber number = number_of(name);
    const FileNumber file = image_.file_of(number);
    if (file == no_file) {
        return failure(Errc::not_found, "open " + name);
    }
    return std::unique_ptr<log::File>(std::make_unique<Handle>(*this, number, file));
}

Result<std::unique_ptr<log::File>> RecordingDisk::create(const std::string& name) {
    const NameNumber number = number_of(name);
    if (image_.file_of(number) != no_file) {
        return failure(Errc::already_exists, "create " + name);
    }
    const FileNumber file = image_.make_file();
    record_.operations.push_back({.kind = Kind::create, .file = file, .name = number});
    image_.link(number, file);
    return open(name);
}

Result<std::vector<std::string>> RecordingDisk::list(const std::string& directory) {
    LEDGER_ASSERT(directory.empty());
    std::vector<std::string> found;
    for (NameNumber number = 0; number < image_.names(); ++number) {
        if (image_.file_of(number) != no_file && shows(number)) {
            found.push_back(image_.name(number));
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<void> RecordingDisk::make_directory(const std::string&) {
    return {};
}

Result<void> RecordingDisk::rename(const std::string& from, const std::string& to) {
    const NameNumber old_name = number_of(from);
    const NameNumber new_name = number_of(to);
    const FileNumber file = image_.file_of(old_name);
    if (file == no_file) {
        return failure(Errc::not_found, "rename " + from);
    }
    record_.operations.push_back(
        {.kind = Kind::rename, .file = file, .name = new_name, .from = old_name});
    image_.link(new_name, file);
    image_.link(old_name, no_file);
    return {};
}

Result<void> RecordingDisk::remove(const std::string& name) {
    const NameNumber number = number_of(name);
    const FileNumber file = image_.file_of(number);
    if (file == no_file) {
        return failure(Errc::not_found, "remove " + name);
    }
    record_.operations.push_back({.kind = Kind::remove, .file = file, .name = number});
    image_.link(number, no_file);
    return {};
}

Result<void> RecordingDisk::sync_directory(const std::string&) {
    record_.operations.push_back({.kind = Kind::sync_directory});
    return {};
}

// Never full: what a full disk does is tried elsewhere (tests/log/reserve_test.cpp).
Result<std::uint64_t> RecordingDisk::free_bytes(const std::string&) {
    return std::uint64_t{UINT64_MAX};
}

// The sector with what falls into it of `data`, which is written at `offset` of the file.
const Block& RecordingDisk::overlay(
    FileNumber file, std::uint64_t sector, std::uint64_t offset, ByteSpan data) {
    const std::uint64_t begin = sector * image_sector_bytes;
    const std::uint64_t from = std::max(begin, offset);
    const std::uint64_t to = std::min(begin + image_sector_bytes, offset + data.size());
    LEDGER_ASSERT(from < to);
    Block& block = arena_.make(image_.sector(file, sector));
    std::memcpy(block.bytes.data() + (from - begin), data.data() + (from - offset),
        static_cast<std::size_t>(to - from));
    block.seal();
    return block;
}

void RecordingDisk::write(RecordedOperation operation, std::uint64_t offset, ByteSpan data) {
    if (data.empty()) {
        return;
    }
    const FileNumber file = operation.file;
    const std::uint64_t end = offset + data.size();
    operation.size_before = image_.size(file);
    operation.size_after = std::max(operation.size_before, end);
    operation.first_sector = offset / image_sector_bytes;
    operation.blocks_at = static_cast<std::uint32_t>(record_.blocks.size());
    const std::uint64_t sectors = (end - 1) / image_sector_bytes + 1 - operation.first_sector;
    operation.blocks = static_cast<std::uint32_t>(sectors);
    record_.operations.push_back(operation);
    image_.set_size(file, operation.size_after);
    for (std::uint64_t i = 0; i < sectors; ++i) {
        const Block& block = overlay(file, operation.first_sector + i, offset, data);
        record_.blocks.push_back(&block);
        image_.set_sector(file, operation.first_sector + i, block);
    }
}

void RecordingDisk::resize(RecordedOperation operation, std::uint64_t bytes) {
    const FileNumber file = operation.file;
    operation.size_before = image_.size(file);
    operation.size_after = bytes;
    operation.first_sector = bytes / image_sector_bytes;
    operation.blocks_at = static_cast<std::uint32_t>(record_.blocks.size());
    const std::uint64_t within = bytes % image_sector_bytes;
    operation.blocks = bytes < operation.size_before && within > 0 ? 1 : 0;
    record_.operations.push_back(operation);
    if (operation.blocks > 0) {
        Block& block = arena_.make(image_.sector(file, operation.first_sector));
        std::memset(block.bytes.data() + within, 0, image_sector_bytes - within);
        block.seal();
        record_.blocks.push_back(&block);
        image_.set_sector(file, operation.first_sector, block);
    }
    image_.set_size(file, bytes);
}

Hash128 OperationLog::hash() const {
    Hash128 hash;
    for (const RecordedOperation& operation : operations) {
        hash.add(static_cast<std::uint64_t>(operation.kind));
        hash.add(operation.file);
        hash.add(std::uint64_t{operation.name} << 32 | operation.from);
        hash.add(operation.size_before);
        hash.add(operation.size_after);
        hash.add(operation.first_sector);
        for (std::uint32_t i = 0; i < operation.blocks; ++i) {
            hash.add(block(operation, i).hash.low());
        }
    }
    return hash;
}

std::string to_text(const RecordedOperation& operation, const SectorImage& image) {
    switch (operation.kind) {
        case Kind::write: {
            const std::uint64_t from = operation.first_sector * image_sector_bytes;
            return fmt::format("write {} [{}, {})", image.name(operation.name), from,
                from + operation.blocks * image_sector_bytes);
        }
        case Kind::resize:
            return fmt::format("resize {} from {} to {}", image.name(operation.name),
                operation.size_before, operation.size_after);
        case Kind::sync: return "sync " + image.name(operation.name);
        case Kind::create: return "create " + image.name(operation.name);
        case Kind::rename:
            return "rename " + image.name(operation.from) + " to " + image.name(operation.name);
        case Kind::remove: return "remove " + image.name(operation.name);
        case Kind::sync_directory: return "sync the directory";
    }
    return {};
}

}  // namespace ledger::sim
