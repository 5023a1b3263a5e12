#include "log/base/entry.h"

#include <cstring>
#include <new>

#include "log/base/assert.h"

namespace ledger {

bool known_entry_kind(std::uint8_t number) {
    return number >= static_cast<std::uint8_t>(EntryKind::noop) &&
           number <= static_cast<std::uint8_t>(EntryKind::recovery);
}

EntryHandle EntryHandle::without_digest(ByteSpan envelope, ByteSpan erasable) {
    LEDGER_ASSERT(envelope.size() + erasable.size() <= entry_bytes_max);
    void* memory = ::operator new(sizeof(EntryBody) + envelope.size() + erasable.size());
    auto* body = new (memory) EntryBody;
    body->envelope_size_ = static_cast<std::uint32_t>(envelope.size());
    body->erasable_size_ = static_cast<std::uint32_t>(erasable.size());
    auto* data = reinterpret_cast<std::byte*>(body + 1);
    if (!envelope.empty()) {
        std::memcpy(data, envelope.data(), envelope.size());
    }
    if (!erasable.empty()) {
        std::memcpy(data + envelope.size(), erasable.data(), erasable.size());
    }
    EntryHandle handle;
    handle.body_ = body;
    return handle;
}

EntryHandle EntryHandle::make(ByteSpan envelope, ByteSpan erasable) {
    EntryHandle handle = without_digest(envelope, erasable);
    handle.body_->envelope_digest_ = sha256(envelope);
    return handle;
}

EntryHandle EntryHandle::make(ByteSpan envelope, ByteSpan erasable, Erasure erasure) {
    LEDGER_ASSERT(erasure != Erasure::whole || erasable.empty());
    LEDGER_ASSERT(erasure != Erasure::part || !erasable.empty());
    EntryHandle handle = make(envelope, erasable);
    handle.body_->erasure_ = erasure;
    return handle;
}

EntryHandle EntryHandle::make_erased(ByteSpan envelope) {
    return make(envelope, {}, Erasure::whole);
}

EntryHandle EntryHandle::make_partly_erased(ByteSpan envelope, ByteSpan erasable) {
    return make(envelope, erasable, Erasure::part);
}

EntryHandle EntryHandle::erased() const {
    if (erasable().empty()) {
        return *this;
    }
    EntryHandle handle = without_digest(envelope(), {});
    handle.body_->envelope_digest_ = body_->envelope_digest_;
    handle.body_->erasure_ = Erasure::whole;
    LEDGER_ASSERT(handle.body_->erasable_size_ == 0);
    return handle;
}

void EntryHandle::release() {
    if (body_ != nullptr && --body_->references_ == 0) {
        body_->~EntryBody();
        ::operator delete(body_);
    }
}

const Digest& EntryHandle::envelope_digest() const {
    static const Digest of_nothing = sha256({});
    return body_ ? body_->envelope_digest() : of_nothing;
}

bool operator==(const EntryRef& a, const EntryRef& b) {
    const auto same = [](ByteSpan x, ByteSpan y) {
        return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0);
    };
    return a.index == b.index && a.term == b.term && a.kind == b.kind && a.bytes == b.bytes &&
           a.cluster_time == b.cluster_time && a.wall_time == b.wall_time &&
           a.handle.erasure() == b.handle.erasure() &&
           same(a.handle.envelope(), b.handle.envelope()) &&
           same(a.handle.erasable(), b.handle.erasable());
}

Digest entry_hash(const Digest& previous, const EntryRef& entry) {
    // previous 32 | index 8 | term 8 | cluster_time 8 | wall_time 8 | kind 1 | envelope size 4 |
    // envelope digest 32: 101 bytes, two SHA-256 blocks.
    std::byte fields[101];
    std::byte* at = fields;
    std::memcpy(at, previous.bytes.data(), 32);
    store_little_endian(at + 32, entry.index.value);
    store_little_endian(at + 40, entry.term.value);
    store_little_endian(at + 48, static_cast<std::uint64_t>(entry.cluster_time.nanoseconds));
    store_little_endian(at + 56, static_cast<std::uint64_t>(entry.wall_time.nanoseconds));
    store_little_endian(at + 64, static_cast<std::uint8_t>(entry.kind));
    store_little_endian(
        at + 65, entry.handle ? entry.handle->envelope_size() : std::uint32_t{0});
    std::memcpy(at + 69, entry.handle.envelope_digest().bytes.data(), 32);
    return sha256(fields);
}

}  // namespace ledger
