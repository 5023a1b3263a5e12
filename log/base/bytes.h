#pragma once
// Bytes: fixed-width little-endian fields written to and read from byte strings.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace ledger {

using ByteSpan = std::span<const std::byte>;
using ByteVector = std::vector<std::byte>;

inline ByteSpan as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Little-endian load and store. Copying whole words is one move where the machine is
// little-endian; the loop form is not recognised by every compiler we use.
template <typename Integer>
Integer load_little_endian(const std::byte* from) {
    Integer value = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&value, from, sizeof(Integer));
    } else {
        for (std::size_t i = sizeof(Integer); i-- > 0;) {
            value = static_cast<Integer>((value << 8) | static_cast<Integer>(from[i]));
        }
    }
    return value;
}

template <typename Integer>
void store_little_endian(std::byte* to, Integer value) {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(to, &value, sizeof(Integer));
    } else {
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            to[i] = static_cast<std::byte>(value >> (8 * i));
        }
    }
}

// Appends fields to a byte vector that the caller owns.
class ByteWriter {
  public:
    explicit ByteWriter(ByteVector& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
    void u16(std::uint16_t value) { integer(value); }
    void u32(std::uint32_t value) { integer(value); }
    void u64(std::uint64_t value) { integer(value); }
    void i64(std::int64_t value) { integer(static_cast<std::uint64_t>(value)); }
    void bytes(ByteSpan data) { out_.insert(out_.end(), data.begin(), data.end()); }
    // Length as u32, then the bytes.
    void sized(ByteSpan data) {
        u32(static_cast<std::uint32_t>(data.size()));
        bytes(data);
    }
    void zeros(std::size_t count) { out_.resize(out_.size() + count); }
    std::size_t size() const { return out_.size(); }

  private:
    template <typename Integer>
    void integer(Integer value) {
        std::byte buffer[sizeof(Integer)];
        store_little_endian(buffer, value);
        out_.insert(out_.end(), buffer, buffer + sizeof(Integer));
    }

    ByteVector& out_;
};

// Reads fields from bytes of unknown origin. A read past the end makes the reader fail: every
// later field is 0 or empty and ok() is false. Test ok() once, after the last field.
class ByteReader {
  public:
    explicit ByteReader(ByteSpan in) : in_(in) {}

    std::uint8_t u8() { return integer<std::uint8_t>(); }
    std::uint16_t u16() { return integer<std::uint16_t>(); }
    std::uint32_t u32() { return integer<std::uint32_t>(); }
    std::uint64_t u64() { return integer<std::uint64_t>(); }
    std::int64_t i64() { return static_cast<std::int64_t>(integer<std::uint64_t>()); }
    ByteSpan bytes(std::uint64_t count) {
        if (count > remaining()) {
            failed_ = true;
            return {};
        }
        ByteSpan out = in_.subspan(at_, static_cast<std::size_t>(count));
        at_ += static_cast<std::size_t>(count);
        return out;
    }
    ByteSpan sized() {
        const std::uint32_t count = u32();
        return bytes(count);
    }

    bool ok() const { return !failed_; }
    bool at_end() const { return at_ == in_.size(); }
    std::uint64_t offset() const { return at_; }
    std::uint64_t remaining() const { return failed_ ? 0 : in_.size() - at_; }

  private:
    template <typename Integer>
    Integer integer() {
        const ByteSpan field = bytes(sizeof(Integer));
        return field.empty() ? Integer{0} : load_little_endian<Integer>(field.data());
    }

    ByteSpan in_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace ledger
