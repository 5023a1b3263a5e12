#include "sim/disk_crash.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

using Kind = UnsyncedOperation::Kind;

// Never-written sectors get one answer for so many of them at most.
constexpr std::uint64_t garbage_run_sectors = 64;

std::ptrdiff_t at(std::uint64_t offset) {
    return static_cast<std::ptrdiff_t>(offset);
}

std::uint64_t sectors_of(std::uint64_t bytes) {
    return (bytes + sector_bytes - 1) / sector_bytes;
}

class FileCrash {
  public:
    FileCrash(const UnsyncedFile& file, Questions& questions, const CrashProfile& profile)
        : file_(file),
          questions_(questions),
          profile_(profile),
          unit_(profile.whole_pages ? device_page_bytes : sector_bytes),
          cache_(file.durable),
          disk_(file.durable),
          size_(file.durable.size()),
          written_(sectors_of(file.durable.size()), std::uint8_t{1}) {
        disk_.resize(written_.size() * sector_bytes);
    }

    CrashedFile run();

  private:
    enum class Fate { kept, lost, torn };
    // What became of the pieces of one operation.
    struct Pieces {
        bool kept = false;
        bool lost = false;
        bool garbage = false;
    };

    void issue(const UnsyncedOperation& operation);
    Fate choose_fate();
    bool survives();
    Pieces settle(const UnsyncedOperation& operation, Fate fate);
    Pieces settle_resize(const UnsyncedOperation& operation, Fate fate);
    void write_back(std::uint64_t unit, std::uint64_t end);
    void write_back_sector(std::uint64_t sector);
    void extend(std::uint64_t to);
    void settle_size();
    void fill_never_written();
    void garbage(std::uint64_t from, std::uint64_t to);
    void judge();
    bool differs(std::uint64_t from, std::uint64_t to) const;

    const UnsyncedFile& file_;
    Questions& questions_;
    const CrashProfile& profile_;
    const std::uint64_t unit_;  // bytes that the device writes whole
    ByteVector cache_;  // as the node saw it after the operations so far
    ByteVector disk_;   // as the crash leaves it: whole sectors, which may reach beyond size_
    std::uint64_t size_;
    std::uint64_t issued_ = 0;  // the operation at hand; after the last one the last
    std::vector<std::uint8_t> written_;  // per sector of disk_: has it ever had content?
    std::vector<Pieces> pieces_;
    CrashedFile out_;
};

CrashedFile FileCrash::run() {
    for (const UnsyncedOperation& operation : file_.operations) {
        issue(operation);
        const Fate fate = choose_fate();
        pieces_.push_back(operation.kind == Kind::resize ? settle_resize(operation, fate)
                                                         : settle(operation, fate));
    }
    settle_size();
    fill_never_written();
    LEDGER_ASSERT(size_ <= disk_.size());
    disk_.resize(size_);
    judge();
    out_.image = std::move(disk_);
    return std::move(out_);
}

// The page cache takes every operation, whatever the disk does.
void FileCrash::issue(const UnsyncedOperation& operation) {
    issued_ = operation.issued;
    if (operation.kind == Kind::resize) {
        cache_.resize(operation.offset);
        return;
    }
    cache_.resize(std::max<std::uint64_t>(cache_.size(), operation.end()));
    std::copy_n(file_.data.begin() + at(operation.saved_at), operation.bytes,
        cache_.begin() + at(operation.offset));
}

FileCrash::Fate FileCrash::choose_fate() {
    if (!questions_.strikes(Site::disk_crash_keep, 1'000'000 - profile_.together)) {
        return survives() ? Fate::kept : Fate::lost;
    }
    return Fate::torn;
}

bool FileCrash::survives() {
    return !questions_.strikes(Site::disk_crash_keep, 1'000'000 - profile_.keep);
}

FileCrash::Pieces FileCrash::settle(const UnsyncedOperation& operation, Fate fate) {
    Pieces pieces;
    for (std::uint64_t from = operation.offset; from < operation.end();) {
        const std::uint64_t unit = from / unit_;
        const std::uint64_t to = std::min((unit + 1) * unit_, operation.end());
        // Sectors, or pages, of one write reach the disk in any order (storage trap T4).
        const bool kept = fate == Fate::kept || (fate == Fate::torn && survives());
        if (kept) {
            write_back(unit, to);
            pieces.kept = true;
        } else if (fate == Fate::torn && questions_.strikes(Site::disk_garbage, profile_.tear)) {
            extend(to);
            garbage(from, to);
            pieces.garbage = true;
        } else {
            pieces.lost = true;
        }
        from = to;
    }
    return pieces;
}

FileCrash::Pieces FileCrash::settle_resize(const UnsyncedOperation& operation, Fate fate) {
    if (fate == Fate::lost) {
        return {.lost = true};
    }
    std::uint64_t target = operation.offset;
    if (fate == Fate::torn && target < size_) {
        // A truncation may have been applied in part.
        const std::uint64_t steps = (size_ - target) / unit_ + 1;
        target += questions_.choose(Site::disk_crash_tear, steps) * unit_;
    }
    if (target > size_) {
        extend(target);
    } else {
        // Sectors behind the new end stay as they are until something grows over them; the one
        // that it cuts is written back with zeros.
        size_ = target;
        if (target == operation.offset && target % sector_bytes != 0) {
            write_back(target / unit_, target);
        }
    }
    return {.kept = true, .lost = target != operation.offset};
}

// What the file has of the unit becomes what the cache holds now; `end` is where the operation ends
// in it.
void FileCrash::write_back(std::uint64_t unit, std::uint64_t end) {
    extend(end);
    const std::uint64_t last = std::min((unit + 1) * unit_, std::max(size_, end));
    for (std::uint64_t from = unit * unit_; from < last; from += sector_bytes) {
        write_back_sector(from / sector_bytes);
    }
}

// With zeros behind the cached end.
void FileCrash::write_back_sector(std::uint64_t sector) {
    const std::uint64_t from = sector * sector_bytes;
    const std::uint64_t to = from + sector_bytes;
    const std::uint64_t cached = std::clamp<std::uint64_t>(cache_.size(), from, to);
    LEDGER_ASSERT(to <= disk_.size());
    std::copy(cache_.begin() + at(from), cache_.begin() + at(cached), disk_.begin() + at(from));
    std::fill(disk_.begin() + at(cached), disk_.begin() + at(to), std::byte{0});
    written_[sector] = 1;
    out_.landed.push_back({{from, to}, issued_});
}

// The file grows on the disk: new sectors have a place but no content yet.
void FileCrash::extend(std::uint64_t to) {
    if (to <= size_) {
        return;
    }
    const std::uint64_t sectors = std::max<std::uint64_t>(sectors_of(to), written_.size());
    written_.resize(sectors, std::uint8_t{0});
    disk_.resize(sectors * sector_bytes);
    for (std::uint64_t sector = sectors_of(size_); sector < sectors_of(to); ++sector) {
        std::fill_n(disk_.begin() + at(sector * sector_bytes), sector_bytes, std::byte{0});
        written_[sector] = 0;
    }
    size_ = to;
}

// Length and data are separate writes of the file system; either may come first.
void FileCrash::settle_size() {
    const std::uint64_t natural = size_;
    const std::uint64_t durable = file_.durable.size();
    const std::uint64_t cached = cache_.size();
    const bool size_can_lead = cached > natural;
    const bool data_can_lead = natural != durable;
    if (!size_can_lead && !data_can_lead) {
        return;
    }
    if (!questions_.strikes(Site::disk_crash_size, profile_.split_size)) {
        return;
    }
    const bool choice = size_can_lead && data_can_lead;
    const bool size_leads =
        choice ? questions_.choose(Site::disk_crash_size, 2) == 0 : size_can_lead;
    if (size_leads) {
        extend(cached);
        out_.marks.push_back({Fault::disk_size_before_data, natural, cached});
        return;
    }
    // A truncation that did not make it shows the old bytes again: they were never freed.
    size_ = durable;
    const auto [low, high] = std::minmax(natural, durable);
    out_.marks.push_back({Fault::disk_data_before_size, low, high});
    LEDGER_ASSERT(disk_.size() >= durable);
}

void FileCrash::fill_never_written() {
    const std::uint64_t sectors = sectors_of(size_);
    for (std::uint64_t first = 0; first < sectors;) {
        if (written_[first] != 0) {
            ++first;
            continue;
        }
        std::uint64_t last = first;
        while (last < sectors && written_[last] == 0 && last - first < garbage_run_sectors) {
            ++last;
        }
        if (questions_.strikes(Site::disk_garbage, profile_.tear)) {
            garbage(first * sector_bytes, std::min(last * sector_bytes, size_));
        }
        first = last;
    }
}

void FileCrash::garbage(std::uint64_t from, std::uint64_t to) {
    LEDGER_ASSERT(from < to);
    LEDGER_ASSERT(to <= disk_.size());
    const std::uint64_t seed = questions_.choose(Site::disk_garbage, std::uint64_t{1} << 32);
    for (std::uint64_t i = from; i < to; ++i) {
        const std::uint64_t word = keyed_bits(seed, Site::disk_garbage, i / 8, 0);
        disk_[i] = static_cast<std::byte>(word >> (8 * (i % 8)));
    }
    for (std::uint64_t sector = from / sector_bytes; sector < sectors_of(to); ++sector) {
        written_[sector] = 1;
    }
    out_.landed.push_back({{from, to}, issued_});
    out_.marks.push_back({Fault::disk_garbage_sector, from, to});
}

bool FileCrash::differs(std::uint64_t from, std::uint64_t to) const {
    const std::uint64_t both = std::min<std::uint64_t>(cache_.size(), disk_.size());
    const std::uint64_t longer = std::max<std::uint64_t>(cache_.size(), disk_.size());
    if (std::max(from, both) < std::min(to, longer)) {
        return true;  // a byte of the range exists in one of them only
    }
    const std::uint64_t end = std::min(to, both);
    return from < end && !std::equal(cache_.begin() + at(from), cache_.begin() + at(end),
                             disk_.begin() + at(from));
}

// Compares with "everything arrived": a fault has fired only if it made a difference.
void FileCrash::judge() {
    std::erase_if(
        out_.marks, [this](const FaultMark& mark) { return !differs(mark.from, mark.to); });
    const Fault torn_fault = profile_.whole_pages ? Fault::disk_torn_page : Fault::disk_torn_write;
    std::uint64_t changed = cache_.size();
    for (std::uint64_t i = 0; i < file_.operations.size(); ++i) {
        const UnsyncedOperation& operation = file_.operations[i];
        const Pieces& pieces = pieces_[i];
        const bool resize = operation.kind == Kind::resize;
        const std::uint64_t from = resize ? operation.first_changed() : operation.offset;
        const std::uint64_t to =
            resize ? std::max(operation.offset, operation.size_before) : operation.end();
        const bool harmed = (pieces.lost || pieces.garbage) && differs(from, to);
        out_.fates.push_back({operation.issued, from, to, pieces.kept, harmed});
        if (harmed) {
            const bool torn = pieces.kept || pieces.garbage;
            out_.marks.push_back(
                {torn ? torn_fault : Fault::disk_lost_write, from, to});
        }
        changed = std::min(changed, operation.first_changed());
    }
    for (std::uint64_t i = changed; i < cache_.size(); ++i) {
        out_.lost_bytes += i >= disk_.size() || disk_[i] != cache_[i] ? 1u : 0u;
    }
}

}  // namespace

CrashedFile crash_file(
    const UnsyncedFile& file, Questions& questions, const CrashProfile& profile) {
    return FileCrash(file, questions, profile).run();
}

}  // namespace ledger::sim
