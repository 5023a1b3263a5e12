#include "sim/check/slice_hash.h"

#include "log/base/assert.h"
#include "log/base/choice.h"

namespace ledger::check {
namespace {

std::uint64_t multiply_modulo_prime(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    const std::uint64_t sum = static_cast<std::uint64_t>(product & slice_prime) +
                              static_cast<std::uint64_t>(product >> 61);
    return sum >= slice_prime ? sum - slice_prime : sum;
}

}  // namespace

std::uint64_t slice_digit(const EventId& id) {
    const std::uint64_t mixed = keyed_bits(0, Site{0}, id.high, id.low) % slice_prime;
    return mixed == 0 ? 1 : mixed;
}

std::uint64_t slice_extended(std::uint64_t hash, std::uint64_t digit) {
    const std::uint64_t sum = multiply_modulo_prime(hash, slice_base) + digit;
    return sum >= slice_prime ? sum - slice_prime : sum;
}

void SlicePrefixes::push(std::uint64_t digit) {
    prefixes_.push_back(slice_extended(prefixes_.back(), digit));
    powers_.push_back(multiply_modulo_prime(powers_.back(), slice_base));
}

std::uint64_t SlicePrefixes::hash(std::uint64_t from, std::uint64_t count) const {
    LEDGER_ASSERT(from <= length());
    LEDGER_ASSERT(count <= length() - from);
    // prefix(to) = prefix(from) * base^count + hash of the slice.
    const std::uint64_t before = multiply_modulo_prime(prefixes_[from], powers_[count]);
    const std::uint64_t upto = prefixes_[from + count];
    return upto >= before ? upto - before : upto + slice_prime - before;
}

}  // namespace ledger::check
