#include "sim/explore/sector_image.h"

#include <algorithm>
#include <cstring>

#include "log/base/assert.h"
#include "log/cut_store.h"

namespace ledger::sim {
namespace {

// SplitMix64's finaliser: a bijection that mixes all bits.
constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

std::uint64_t sectors_of(std::uint64_t bytes) {
    return (bytes + image_sector_bytes - 1) / image_sector_bytes;
}

}  // namespace

// Four lanes, since each addition waits for the one before it.
void Block::seal() {
    std::array<Hash128, 4> lanes;
    for (std::size_t at = 0; at < bytes.size(); at += 32) {
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
            lanes[lane].add(load_little_endian<std::uint64_t>(bytes.data() + at + 8 * lane));
        }
    }
    hash = Hash128();
    for (const Hash128& lane : lanes) {
        hash.add(lane.high());
        hash.add(lane.low());
    }
}

const Block& zero_block() {
    static const Block zeros = [] {
        Block block;
        block.seal();
        return block;
    }();
    return zeros;
}

FilePart part_of(std::string_view name) {
    const bool cuts = log::cut_of_file(name) || name == "manifest.new";
    return cuts ? FilePart::cuts : FilePart::log;
}

Block& BlockArena::make(const Block& content) {
    if (used_ == chunks_.size() * chunk_blocks) {
        chunks_.push_back(std::make_unique<std::array<Block, chunk_blocks>>());
    }
    auto& chunk = *chunks_[static_cast<std::size_t>(used_ / chunk_blocks)];
    Block& block = chunk[static_cast<std::size_t>(used_ % chunk_blocks)];
    ++used_;
    block.bytes = content.bytes;
    return block;
}

std::optional<NameNumber> SectorImage::find_name(std::string_view name) const {
    for (NameNumber number = 0; number < names_.size(); ++number) {
        if (names_[number].text == name) {
            return number;
        }
    }
    return std::nullopt;
}

NameNumber SectorImage::name_number(std::string_view name) {
    if (const auto known = find_name(name)) {
        return *known;
    }
    names_.push_back({std::string(name), part_of(name), no_file});
    return names() - 1;
}

FileNumber SectorImage::make_file() {
    files_.emplace_back();
    return static_cast<FileNumber>(files_.size() - 1);
}

const Block& SectorImage::sector(FileNumber file, std::uint64_t number) const {
    const auto& sectors = files_[file].sectors;
    return number < sectors.size() ? *sectors[static_cast<std::size_t>(number)] : zero_block();
}

std::uint64_t SectorImage::read(
    FileNumber number, std::uint64_t offset, std::span<std::byte> into) const {
    const FileImage& file = files_[number];
    const std::uint64_t from = std::min(offset, file.size);
    const std::uint64_t end = from + std::min<std::uint64_t>(into.size(), file.size - from);
    std::byte* out = into.data();
    for (std::uint64_t at = from; at < end;) {
        const std::uint64_t within = at % image_sector_bytes;
        const std::uint64_t count = std::min(image_sector_bytes - within, end - at);
        const Block& block = *file.sectors[static_cast<std::size_t>(at / image_sector_bytes)];
        std::memcpy(out, block.bytes.data() + within, static_cast<std::size_t>(count));
        out += count;
        at += count;
    }
    return end - from;
}

void SectorImage::replace(FileImage& file, std::uint64_t number, const Block& block) {
    const auto add = [&](const Block* content, std::uint64_t sign) {
        if (content != &zero_block()) {
            const std::uint64_t place = (number + 1) * golden;
            file.high += sign * mix(content->hash.high() ^ place);
            file.low += sign * mix(content->hash.low() + place);
        }
    };
    const Block*& slot = file.sectors[static_cast<std::size_t>(number)];
    // Equal content is the same content: hashes are over bytes, not over addresses.
    add(slot, UINT64_MAX);
    slot = block.hash == zero_block().hash ? &zero_block() : &block;
    add(slot, 1);
}

void SectorImage::set_sector(FileNumber number, std::uint64_t sector, const Block& block) {
    FileImage& file = files_[number];
    if (sector >= file.sectors.size()) {
        file.sectors.resize(static_cast<std::size_t>(sector) + 1, &zero_block());
    }
    const Block* before = file.sectors[static_cast<std::size_t>(sector)];
    if (before == &block) {
        return;
    }
    journal_.push_back({Change::Kind::sector, number, sector, before});
    replace(file, sector, block);
}

void SectorImage::set_size(FileNumber number, std::uint64_t bytes) {
    FileImage& file = files_[number];
    if (file.size == bytes) {
        return;
    }
    for (std::uint64_t sector = sectors_of(bytes); sector < sectors_of(file.size); ++sector) {
        set_sector(number, sector, zero_block());
    }
    journal_.push_back({Change::Kind::size, number, file.size, nullptr});
    file.size = bytes;
    if (sectors_of(bytes) > file.sectors.size()) {
        file.sectors.resize(static_cast<std::size_t>(sectors_of(bytes)), &zero_block());
    }
}

void SectorImage::link(NameNumber name, FileNumber file) {
    if (names_[name].file != file) {
        journal_.push_back({Change::Kind::link, name, names_[name].file, nullptr});
        names_[name].file = file;
    }
}

Hash128 SectorImage::sum_of(const FileImage& file) {
    return {file.high + mix(file.size + golden), file.low + mix(file.size ^ golden)};
}

std::array<Hash128, file_parts> SectorImage::part_hashes() const {
    std::array<std::uint64_t, file_parts> high{};
    std::array<std::uint64_t, file_parts> low{};
    for (NameNumber number = 0; number < names_.size(); ++number) {
        const Name& name = names_[number];
        if (name.file != no_file) {
            const Hash128 content = sum_of(files_[name.file]);
            const std::uint64_t place = (number + 1) * golden;
            const auto part = static_cast<std::size_t>(name.part);
            high[part] += mix(content.high() ^ place);
            low[part] += mix(content.low() + place);
        }
    }
    return {Hash128(high[0], low[0]), Hash128(high[1], low[1])};
}

Hash128 SectorImage::hash() const {
    const auto parts = part_hashes();
    return {parts[0].high() + parts[1].high(), parts[0].low() + parts[1].low()};
}

std::uint64_t SectorImage::bytes() const {
    std::uint64_t sum = 0;
    for (const Name& name : names_) {
        sum += name.file == no_file ? 0 : files_[name.file].size;
    }
    return sum;
}

void SectorImage::rollback(std::uint64_t mark) {
    LEDGER_ASSERT(mark <= journal_.size());
    while (journal_.size() > mark) {
        const Change& change = journal_.back();
        switch (change.kind) {
            case Change::Kind::sector:
                replace(files_[change.number], change.at, *change.block);
                break;
            case Change::Kind::size: files_[change.number].size = change.at; break;
            case Change::Kind::link:
                names_[change.number].file = static_cast<FileNumber>(change.at);
                break;
        }
        journal_.pop_back();
    }
}

}  // namespace ledger::sim
