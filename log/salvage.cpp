#include "log/salvage.h"

#include <algorithm>

#include "log/segment.h"

namespace ledger::log {

namespace {

constexpr std::uint64_t read_bytes = 1u << 20;

class Salvage {
  public:
    Salvage(File& file, std::uint64_t refusals_max, Salvaged& out)
        : file_(file), refusals_max_(refusals_max), out_(out) {}

    Result<void> run() {
        LEDGER_TRY(const std::uint64_t size, file_.size());
        out_.bytes.resize(static_cast<std::size_t>(size));
        out_.unreadable.clear();
        for (std::uint64_t at = 0; at < size; at += read_bytes) {
            LEDGER_CHECK(read(at, std::min(size, at + read_bytes)));
        }
        return {};
    }

  private:
    // At most log2(read_bytes / sector_bytes) deep.
    Result<void> read(std::uint64_t from, std::uint64_t to) {
        const auto into = std::span(out_.bytes).subspan(
            static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
        const Result<std::uint64_t> got = file_.read(from, into);
        if (got) {
            // Less than the size only if the file has just been cut.
            std::fill(into.begin() + static_cast<std::ptrdiff_t>(*got), into.end(), std::byte{0});
            return {};
        }
        if (to - from > sector_bytes) {
            const std::uint64_t middle = from + sector_ceiling((to - from) / 2);
            LEDGER_CHECK(read(from, middle));
            return read(middle, to);
        }
        std::fill(into.begin(), into.end(), std::byte{0});
        out_.unreadable.push_back(from);
        if (out_.unreadable.size() > refusals_max_) {
            return got.error();
        }
        return {};
    }

    File& file_;
    const std::uint64_t refusals_max_;
    Salvaged& out_;
};

}  // namespace

Result<Salvaged> salvage(File& file, std::uint64_t refusals_max) {
    Salvaged out;
    LEDGER_CHECK(salvage(file, refusals_max, out));
    return out;
}

Result<void> salvage(File& file, std::uint64_t refusals_max, Salvaged& into) {
    return Salvage(file, refusals_max, into).run();
}

}  // namespace ledger::log
