#include "log/base/format.h"

namespace ledger {

std::string to_hex(ByteSpan bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::byte b : bytes) {
        text.push_back(digits[static_cast<unsigned>(b) >> 4]);
        text.push_back(digits[static_cast<unsigned>(b) & 15]);
    }
    return text;
}

std::string to_hex(const Digest& digest) {
    return to_hex(digest.span());
}

std::string to_text(Duration duration) {
    const std::int64_t n = duration.nanoseconds;
    const auto scaled = [n](std::int64_t unit, std::string_view name) {
        const std::int64_t whole = n / unit;
        const std::int64_t thousandths = (n % unit) * 1000 / unit;
        if (thousandths == 0) {
            return fmt::format("{}{}", whole, name);
        }
        std::string text = fmt::format("{}.{:03}", whole, thousandths);
        while (text.back() == '0') {
            text.pop_back();
        }
        return text + std::string(name);
    };
    if (n >= 1'000'000'000) {
        return scaled(1'000'000'000, "s");
    }
    if (n >= 1'000'000) {
        return scaled(1'000'000, "ms");
    }
    if (n >= 1'000) {
        return scaled(1'000, "us");
    }
    return fmt::format("{}ns", n);
}

std::string_view to_text(EntryKind kind) {
    switch (kind) {
        case EntryKind::noop: return "noop";
        case EntryKind::command: return "command";
        case EntryKind::configuration: return "configuration";
        case EntryKind::cut: return "cut";
        case EntryKind::cut_root: return "cut_root";
        case EntryKind::retain: return "retain";
        case EntryKind::feature: return "feature";
        case EntryKind::recovery: return "recovery";
    }
    return "unknown";
}

std::string to_text(const ClusterId& cluster) {
    return fmt::format("{:016x}{:016x}", cluster.high, cluster.low);
}

}  // namespace ledger
