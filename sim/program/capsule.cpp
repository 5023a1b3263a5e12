#include "sim/program/capsule.h"

#include <charconv>

#include <fmt/format.h>

#include "log/base/crc32c.h"
#include "sim/check/fingerprint.h"
#include "sim/profile.h"
#include "sim/program/output.h"

namespace ledger::sim {
namespace {

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.capsule"; }
    std::string message(int value) const override {
        switch (static_cast<CapsuleErrc>(value)) {
            case CapsuleErrc::damaged: return "damaged capsule";
            case CapsuleErrc::unsupported: return "capsule of an unknown version";
        }
        return "unknown capsule error";
    }
};

constexpr std::string_view crc_key = "crc ";

// Takes "key value\n" off the front of `text`.
Result<std::string> take_line(
    std::string_view& text, std::string_view key, std::uint64_t& line_number) {
    ++line_number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos || line.substr(0, key.size()) != key ||
        line.size() <= key.size() || line[key.size()] != ' ') {
        return failure(CapsuleErrc::damaged,
            fmt::format("line {}: expected \"{} ...\"", line_number, key));
    }
    text.remove_prefix(end + 1);
    return std::string(line.substr(key.size() + 1));
}

Result<std::uint64_t> to_number(std::string_view text, int base, std::uint64_t line) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return failure(CapsuleErrc::damaged,
            fmt::format("line {}: expected a number, found \"{}\"", line, text));
    }
    return value;
}

}  // namespace

const boost::system::error_category& capsule_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(CapsuleErrc errc) {
    return {static_cast<int>(errc), capsule_category()};
}

Capsule capsule_of(const check::Scenario& scenario, const RunResult& result, bool died) {
    Capsule capsule{.scenario = scenario,
        .seed = result.seed,
        .verdict = std::string(check::to_text(result.verdict)),
        .trace_hash = died ? "-" : hash_text(result.trace_hash)};
    if (result.violation) {
        capsule.check = result.violation->check;
        capsule.kind = check::to_text(result.violation->kind);
        capsule.fingerprint = check::fingerprint(*result.violation);
        capsule.sentence = result.violation->sentence;
    }
    return capsule;
}

std::optional<std::string> foreign(const Capsule& capsule, const std::string& path) {
    if (capsule.guest.empty()) {
        return std::nullopt;
    }
    return fmt::format(
        "{} is a run of the machine \"{}\", which only the program that found it knows: run that with "
        "LEDGER_CAPSULE={}",
        path, capsule.guest, path);
}

std::string print_capsule(const Capsule& capsule) {
    std::string text = fmt::format(
        "capsule 2\nseed {}\n{}input {} {}\nverdict {}\ncheck {}\nkind {}\nfingerprint {}\nhash {}\n"
        "sentence {}\n{}",
        capsule.seed, capsule.guest.empty() ? "" : fmt::format("guest {}\n", capsule.guest),
        capsule.input_hash.empty() ? "-" : capsule.input_hash,
        capsule.input.empty() ? "-" : capsule.input, capsule.verdict, capsule.check.empty() ? "-" : capsule.check,
        capsule.kind.empty() ? "-" : capsule.kind,
        capsule.fingerprint.empty() ? "-" : capsule.fingerprint,
        capsule.trace_hash.empty() ? "-" : capsule.trace_hash,
        capsule.sentence.empty() ? "-" : capsule.sentence,
        check::print_scenario(capsule.scenario));
    if (text.back() != '\n') {
        text.push_back('\n');
    }
    text += fmt::format("{}{:08x}\n", crc_key, crc32c(as_bytes(text)));
    return text;
}

Result<Capsule> parse_capsule(std::string_view text) {
    const std::size_t crc_at = text.rfind(crc_key);
    if (crc_at == std::string_view::npos || (crc_at > 0 && text[crc_at - 1] != '\n') ||
        text.empty() || text.back() != '\n') {
        return failure(CapsuleErrc::damaged, "the last line: expected \"crc XXXXXXXX\"");
    }
    const std::string_view digits =
        text.substr(crc_at + crc_key.size(), text.size() - 1 - crc_at - crc_key.size());
    std::string_view body = text.substr(0, crc_at);
    LEDGER_TRY(const std::uint64_t crc, to_number(digits, 16, 0));
    if (crc != crc32c(as_bytes(body))) {
        return failure(CapsuleErrc::damaged,
            fmt::format("the checksum says {}, the text has {:08x}: it was changed or cut",
                digits, crc32c(as_bytes(body))));
    }
    std::uint64_t line = 0;
    LEDGER_TRY(const std::string version, take_line(body, "capsule", line));
    LEDGER_TRY(const std::uint64_t version_number, to_number(version, 10, line));
    if (version_number != 2) {
        return failure(
            CapsuleErrc::unsupported, fmt::format("line 1: version {}, expected 2", version));
    }
    Capsule capsule;
    LEDGER_TRY(const std::string seed, take_line(body, "seed", line));
    LEDGER_TRY(capsule.seed, to_number(seed, 10, line));
    if (body.starts_with("guest ")) {
        LEDGER_TRY(capsule.guest, take_line(body, "guest", line));
    }
    LEDGER_TRY(const std::string input, take_line(body, "input", line));
    const std::size_t space = input.find(' ');
    if (space == std::string::npos) {
        return failure(CapsuleErrc::damaged,
            fmt::format("line {}: expected the input's hash and name", line));
    }
    capsule.input_hash = input.substr(0, space);
    capsule.input = input.substr(space + 1);
    LEDGER_TRY(capsule.verdict, take_line(body, "verdict", line));
    LEDGER_TRY(capsule.check, take_line(body, "check", line));
    LEDGER_TRY(capsule.kind, take_line(body, "kind", line));
    LEDGER_TRY(capsule.fingerprint, take_line(body, "fingerprint", line));
    LEDGER_TRY(capsule.trace_hash, take_line(body, "hash", line));
    LEDGER_TRY(capsule.sentence, take_line(body, "sentence", line));
    LEDGER_TRY(capsule.scenario, check::parse_scenario(body, scenario_keys()));
    return capsule;
}

}  // namespace ledger::sim
