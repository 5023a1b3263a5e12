#pragma once
// Erasing: forms of sample entries that have lost something, and the search for what they lost.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "log/log_map.h"
#include "log/reader.h"
#include "tests/log/memory_file_system.h"
#include "tests/log/sample.h"

namespace ledger::log {

// Every erasable part is like no other bytes anywhere: those of sample entries begin like the
// envelope of the next one.
inline Group with_own_payloads(Group group) {
    for (HashedEntry& hashed : group.entries) {
        const ByteSpan erasable = hashed.entry.handle.erasable();
        if (!erasable.empty()) {
            hashed.entry.handle = EntryHandle::make(hashed.entry.handle.envelope(),
                sample_bytes(hashed.hash.truncated(), erasable.size()));
        }
    }
    return group;
}

inline EntryRef erased_form(EntryRef entry) {
    entry.handle = entry.handle.erased();
    entry.bytes = entry.handle ? entry.handle->size() : 0;
    return entry;
}

// The last bytes are what is left of it; itself if there are too few.
inline EntryRef partly_erased_form(EntryRef entry) {
    const ByteSpan erasable = entry.handle.erasable();
    if (erasable.size() >= 2) {
        entry.handle = EntryHandle::make_partly_erased(
            entry.handle.envelope(), erasable.last(erasable.size() / 2));
        entry.bytes = entry.handle->size();
    }
    return entry;
}

// What `form` has lost of `entry`, if it can be told from chance.
inline ByteVector marker_of(const EntryRef& entry, const EntryRef& form) {
    const ByteSpan erasable = entry.handle.erasable();
    const std::size_t left = std::min(form.handle.erasable().size(), erasable.size());
    const ByteSpan lost = erasable.first(erasable.size() - left);
    return lost.size() < 12 ? ByteVector{} : ByteVector(lost.begin(), lost.begin() + 12);
}

// The file in which the bytes stand, or nothing.
inline std::string file_with(const std::map<std::string, ByteVector>& image, ByteSpan marker) {
    for (const auto& [name, bytes] : image) {
        const auto at = std::search(bytes.begin(), bytes.end(), marker.begin(), marker.end());
        if (!marker.empty() && at != bytes.end()) {
            return name;
        }
    }
    return {};
}

// A byte of the record is another one from now on, also after a crash.
inline void damage_record(MemoryFileSystem& files, const Place& place, std::uint64_t at = 20) {
    const auto file = files.open("wal/" + segment_name(place.segment));
    REQUIRE(file);
    std::byte byte{};
    REQUIRE((*file)->read(place.offset + at, std::span(&byte, 1)));
    byte ^= std::byte{0x40};
    REQUIRE((*file)->write(place.offset + at, std::span(&byte, 1)));
    REQUIRE((*file)->sync());
}

}  // namespace ledger::log
