#pragma once
// FieldReader: reads fields of foreign bytes and remembers the first that was wrong, and where.

#include <cstdint>
#include <string_view>

#include "log/base/bytes.h"
#include "log/base/result.h"
#include "log/state/command.h"

namespace ledger::state {

// After the first failure every field is 0 or empty; test ok() before a loop relies on a count.
// Field names are string literals.
class FieldReader {
  public:
    explicit FieldReader(ByteSpan in) : in_(in) {}

    std::uint8_t u8(const char* field) { return integer<std::uint8_t>(field); }
    std::uint16_t u16(const char* field) { return integer<std::uint16_t>(field); }
    std::uint32_t u32(const char* field) { return integer<std::uint32_t>(field); }
    std::uint64_t u64(const char* field) { return integer<std::uint64_t>(field); }
    std::int64_t i64(const char* field) { return static_cast<std::int64_t>(u64(field)); }
    // 0 or 1, nothing else.
    bool boolean(const char* field);
    ByteSpan bytes(std::uint64_t count, const char* field) {
        field_at_ = in_.offset();
        const ByteSpan out = in_.bytes(count);
        if (!in_.ok()) [[unlikely]] {
            fail(Errc::malformed, field);
        }
        return out;
    }
    // A u16 length of at most `limit`, then the bytes.
    std::string_view text(std::uint32_t limit, const char* field);
    // A u32 length of at most `limit`, then the bytes.
    ByteSpan blob(std::uint32_t limit, const char* field);
    // The version byte of a message; `known` is the only one we speak.
    void version(std::uint8_t known);

    // Fails at the field read last unless `condition` holds.
    void require(bool condition, Errc errc, const char* field) {
        if (!condition) [[unlikely]] {
            fail(errc, field);
        }
    }
    // Fails unless every byte was read.
    void finish();

    bool ok() const { return wrong_ == nullptr; }
    std::uint64_t offset() const { return in_.offset(); }
    std::uint64_t remaining() const { return in_.remaining(); }
    // The first failure: "FIELD at byte N". Only if !ok().
    Error error() const;

  private:
    template <typename Integer>
    Integer integer(const char* field) {
        const ByteSpan raw = bytes(sizeof(Integer), field);
        return raw.empty() ? Integer{0} : load_little_endian<Integer>(raw.data());
    }
    void fail(Errc errc, const char* field);

    ByteReader in_;
    std::uint64_t field_at_ = 0;  // where the field read last begins
    const char* wrong_ = nullptr;
    std::uint64_t wrong_at_ = 0;
    Errc errc_ = Errc::malformed;
};

}  // namespace ledger::state
