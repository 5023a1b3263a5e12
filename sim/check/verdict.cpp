#include "sim/check/verdict.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::check {

CheckResult Tally::result() const {
    using Of = CheckResult::Verdict;
    const Of verdict = violations_ > 0 ? Of::violated : examined_ > 0 ? Of::ok : Of::idle;
    return {std::string(name_), verdict, examined_};
}

Verdict overall(std::span<const CheckResult> checks, bool violated,
    std::span<const std::string_view> required) {
    const auto is_violated = [](const CheckResult& check) {
        return check.verdict == CheckResult::Verdict::violated;
    };
    if (violated || std::any_of(checks.begin(), checks.end(), is_violated)) {
        return Verdict::violated;
    }
    const auto has_passed = [&](std::string_view name) {
        return std::any_of(checks.begin(), checks.end(), [&](const CheckResult& check) {
            return check.name == name && check.verdict == CheckResult::Verdict::ok;
        });
    };
    const bool all_passed = std::all_of(required.begin(), required.end(), has_passed);
    return all_passed ? Verdict::ok : Verdict::inconclusive;
}

int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return 0;
        case Verdict::violated: return 1;
        case Verdict::inconclusive: return 3;
    }
    LEDGER_ASSERT(false);
    return 70;
}

std::string_view to_text(Kind kind) {
    switch (kind) {
        case Kind::safety: return "safety";
        case Kind::liveness: return "liveness";
        case Kind::crash: return "crash";
        case Kind::determinism: return "determinism";
        case Kind::resource: return "resource";
    }
    return "unknown";
}

std::string_view to_text(CheckResult::Verdict verdict) {
    switch (verdict) {
        case CheckResult::Verdict::ok: return "ok";
        case CheckResult::Verdict::violated: return "violated";
        case CheckResult::Verdict::idle: return "idle";
    }
    return "unknown";
}

std::string_view to_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "ok";
        case Verdict::violated: return "violated";
        case Verdict::inconclusive: return "inconclusive";
    }
    return "unknown";
}

}  // namespace ledger::check
