#include "sim/disk_file.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

std::ptrdiff_t at(std::uint64_t offset) {
    return static_cast<std::ptrdiff_t>(offset);
}

void put(ByteVector& image, std::uint64_t offset, ByteSpan data) {
    LEDGER_ASSERT(offset <= image.size());
    const std::uint64_t over = std::min<std::uint64_t>(data.size(), image.size() - offset);
    std::copy_n(data.begin(), over, image.begin() + at(offset));
    image.insert(image.end(), data.begin() + at(over), data.end());
}

}  // namespace

void DiskFile::save(std::uint64_t from, std::uint64_t to) {
    if (from < to) {
        LEDGER_ASSERT(to <= cached_.size());
        saved_.insert(saved_.end(), cached_.begin() + at(from), cached_.begin() + at(to));
    }
}

void DiskFile::write(std::uint64_t offset, ByteSpan data, std::uint64_t issued) {
    LEDGER_ASSERT(operations_.empty() || operations_.back().issued < issued);
    const std::uint64_t size = cached_.size();
    operations_.push_back({.kind = UnsyncedOperation::Kind::write,
        .issued = issued,
        .offset = offset,
        .bytes = data.size(),
        .size_before = size,
        .saved_at = saved_.size()});
    save(offset, std::min<std::uint64_t>(offset + data.size(), size));
    if (offset > size) {
        cached_.resize(offset);
    }
    put(cached_, offset, data);
}

void DiskFile::resize(std::uint64_t bytes, std::uint64_t issued) {
    LEDGER_ASSERT(operations_.empty() || operations_.back().issued < issued);
    operations_.push_back({.kind = UnsyncedOperation::Kind::resize,
        .issued = issued,
        .offset = bytes,
        .size_before = cached_.size(),
        .saved_at = saved_.size()});
    save(bytes, cached_.size());
    cached_.resize(bytes);
}

std::optional<std::uint64_t> DiskFile::sync() {
    if (operations_.empty()) {
        return std::nullopt;
    }
    std::uint64_t changed = operations_.front().first_changed();
    for (const UnsyncedOperation& operation : operations_) {
        changed = std::min(changed, operation.first_changed());
    }
    if (diverged_) {
        // Only what was written after the failed sync reaches the disk; the rest stays lost.
        UnsyncedFile file = unsynced(UINT64_MAX);
        for (const UnsyncedOperation& operation : file.operations) {
            if (operation.kind == UnsyncedOperation::Kind::resize) {
                file.durable.resize(operation.offset);
                continue;
            }
            if (operation.offset > file.durable.size()) {
                file.durable.resize(operation.offset);
            }
            put(file.durable, operation.offset,
                ByteSpan(file.data).subspan(operation.saved_at, operation.bytes));
        }
        diverged_ = std::move(file.durable);
    }
    if (remembered_ > 0 || !media.empty()) {
        for (const UnsyncedOperation& operation : operations_) {
            media.written(operation.changed(), cached_.size());
            remember(operation);
        }
        media.cut(cached_.size());
    }
    changed_from_ = std::min(changed_from_, changed);
    operations_.clear();
    saved_.clear();
    return changed;
}

void DiskFile::sync_failed() {
    if (!operations_.empty()) {
        diverged_ = durable();
        operations_.clear();
        saved_.clear();
    }
}

void DiskFile::undo(ByteVector& image, const UnsyncedOperation& operation) const {
    image.resize(operation.size_before);
    if (operation.offset >= operation.size_before) {
        return;
    }
    const std::uint64_t to = operation.kind == UnsyncedOperation::Kind::resize
                                 ? operation.size_before
                                 : std::min(operation.end(), operation.size_before);
    std::copy_n(saved_.begin() + at(operation.saved_at), to - operation.offset,
        image.begin() + at(operation.offset));
}

ByteVector DiskFile::durable() const {
    if (diverged_) {
        return *diverged_;
    }
    ByteVector image = cached_;
    for (auto operation = operations_.rbegin(); operation != operations_.rend(); ++operation) {
        undo(image, *operation);
    }
    return image;
}

std::uint64_t DiskFile::unsynced_bytes() const {
    std::uint64_t bytes = 0;
    for (const UnsyncedOperation& operation : operations_) {
        const bool resize = operation.kind == UnsyncedOperation::Kind::resize;
        const auto [low, high] = std::minmax(operation.offset, operation.size_before);
        bytes += resize ? high - low : operation.bytes;
    }
    return bytes;
}

void DiskFile::append_issued(std::vector<std::uint64_t>& issued) const {
    for (const UnsyncedOperation& operation : operations_) {
        issued.push_back(operation.issued);
    }
}

UnsyncedFile DiskFile::unsynced(std::uint64_t issued_last) const {
    UnsyncedFile file;
    ByteVector image = cached_;
    // Backwards, the cache passes through every state it had: each write's data can be picked up
    // just before the write is undone.
    for (auto operation = operations_.rbegin(); operation != operations_.rend(); ++operation) {
        if (operation->issued <= issued_last) {
            UnsyncedOperation& kept = file.operations.emplace_back(*operation);
            kept.saved_at = file.data.size();
            const auto from = image.begin() + at(operation->offset);
            if (operation->bytes > 0) {
                file.data.insert(file.data.end(), from, from + at(operation->bytes));
            }
        }
        undo(image, *operation);
    }
    std::reverse(file.operations.begin(), file.operations.end());
    file.durable = diverged_ ? *diverged_ : std::move(image);
    return file;
}

void DiskFile::landed(std::span<const Landing> landings) {
    for (const UnsyncedOperation& operation : operations_) {
        const ByteRange changed = operation.changed();
        for (const auto& [range, issued] : landings) {
            if (operation.issued <= issued) {
                media.written({std::max(changed.from, range.from), std::min(changed.to, range.to)},
                    cached_.size());
            }
        }
    }
}

void DiskFile::replace(ByteVector image, std::vector<FaultMark> marks) {
    cached_ = std::move(image);
    marks_ = std::move(marks);
    operations_.clear();
    saved_.clear();
    diverged_.reset();
    media.cut(cached_.size());
    past_.clear();
    changed_from_ = 0;
    LEDGER_ASSERT(clean());
}

void DiskFile::consume(std::uint64_t from, std::uint64_t to, FaultCounts& counts) {
    std::erase_if(marks_, [&](const FaultMark& mark) {
        const bool touched = from < mark.to && mark.from < to;
        if (touched) {
            counts.consume(mark.fault);
        }
        return touched;
    });
}

DiskMedia::Sight DiskFile::look(std::uint64_t offset, std::span<std::byte> into) const {
    std::vector<ByteRange> hidden;
    for (const UnsyncedOperation& operation : operations_) {
        hidden.push_back(operation.changed());
    }
    return media.look(offset, into, hidden, cached_.size());
}

bool DiskFile::at_rest(std::uint64_t from, std::uint64_t to) const {
    return !diverged_ && to <= cached_.size() &&
           std::none_of(operations_.begin(), operations_.end(),
               [&](const UnsyncedOperation& each) { return each.changed().touches(from, to); });
}

void DiskFile::remember(const UnsyncedOperation& operation) {
    const ByteRange changed = operation.changed();
    std::erase_if(past_, [&](const PastWrite& past) { return changed.touches(past.offset, past.end()); });
    if (operation.kind == UnsyncedOperation::Kind::resize || remembered_ == 0) {
        return;
    }
    if (past_.size() == remembered_) {
        past_.erase(past_.begin());
    }
    const std::uint64_t to = std::min(operation.end(), operation.size_before);
    const std::uint64_t replaced = to > operation.offset ? to - operation.offset : 0;
    const auto before = saved_.begin() + at(operation.saved_at);
    past_.push_back({.offset = operation.offset,
        .bytes = operation.bytes,
        .before = ByteVector(before, before + at(replaced))});
}

}  // namespace ledger::sim
