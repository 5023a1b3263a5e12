#pragma once
// Result: a value, or what the world did instead (disk, peer, input bytes) and where.

#include <string>
#include <utility>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace ledger {

// What went wrong. `code` is for programs (one enum and category per layer), `place` names the
// file, line, offset or field and what was expected, for people.
struct Error {
    boost::system::error_code code;
    std::string place;
};

// Test with `if (!result)` before `*result`. Never call value(): the core has no exceptions.
template <typename T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
  public:
    using boost::system::result<T, Error>::result;
};

// Builds the error of a layer: `return failure(Errc::corrupt_record, "segment 3 at byte 512")`.
template <typename Errc>
Error failure(Errc errc, std::string place) {
    return Error{make_error_code(errc), std::move(place)};
}

}  // namespace ledger

#define LEDGER_CONCATENATE_(a, b) a##b
#define LEDGER_CONCATENATE(a, b) LEDGER_CONCATENATE_(a, b)

// LEDGER_TRY(auto header, read_header(file)): the value, or return the error to the caller.
#define LEDGER_TRY(declaration, expression)                                        \
    auto LEDGER_CONCATENATE(result_at_, __LINE__) = (expression);                  \
    if (!LEDGER_CONCATENATE(result_at_, __LINE__)) {                               \
        return LEDGER_CONCATENATE(result_at_, __LINE__).error();                   \
    }                                                                              \
    declaration = std::move(*LEDGER_CONCATENATE(result_at_, __LINE__))

// LEDGER_CHECK(file.sync()): for results without a value.
#define LEDGER_CHECK(expression)                                                   \
    do {                                                                           \
        if (auto ledger_check_result = (expression); !ledger_check_result) {       \
            return ledger_check_result.error();                                    \
        }                                                                          \
    } while (false)
