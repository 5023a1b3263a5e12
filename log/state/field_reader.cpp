#include "log/state/field_reader.h"

#include <limits>
#include <string>

#include "log/base/assert.h"

namespace ledger::state {

bool FieldReader::boolean(const char* field) {
    const std::uint8_t value = u8(field);
    require(value <= 1, Errc::malformed, field);
    return value == 1;
}

std::string_view FieldReader::text(std::uint32_t limit, const char* field) {
    const std::uint16_t size = u16(field);
    require(size <= limit, Errc::beyond_limit, field);
    return as_text(bytes(size, field));
}

ByteSpan FieldReader::blob(std::uint32_t limit, const char* field) {
    const std::uint32_t size = u32(field);
    require(size <= limit, Errc::beyond_limit, field);
    return bytes(size, field);
}

void FieldReader::version(std::uint8_t known) {
    const std::uint8_t version = u8("version");
    require(!ok() || version == known, Errc::unsupported_version, "version");
}

void FieldReader::finish() {
    field_at_ = in_.offset();
    require(in_.remaining() == 0, Errc::malformed, "end of message");
}

void FieldReader::fail(Errc errc, const char* field) {
    if (wrong_ == nullptr) {
        wrong_ = field;
        wrong_at_ = field_at_;
        errc_ = errc;
        // Reading on gives zeros, so that a loop over a wrong count ends with the bytes.
        in_.bytes(std::numeric_limits<std::uint64_t>::max());
    }
    LEDGER_ASSERT(!in_.ok());
}

Error FieldReader::error() const {
    LEDGER_ASSERT(!ok());
    return failure(errc_, std::string(wrong_) + " at byte " + std::to_string(wrong_at_));
}

}  // namespace ledger::state
