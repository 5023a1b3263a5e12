// A libFuzzer program of one target, whose name is LEDGER_FUZZ_TARGET. A corpus directory that is
// named on the command line gets the target's seeds first.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tests/fuzz/target.h"

namespace {

const ledger::fuzz::Target& target() {
    static const ledger::fuzz::Target found = [] {
        for (ledger::fuzz::Target& one : ledger::fuzz::all_targets()) {
            if (one.name == LEDGER_FUZZ_TARGET) {
                return std::move(one);
            }
        }
        std::fprintf(stderr, "no target %s\n", LEDGER_FUZZ_TARGET);
        std::abort();
    }();
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
    for (int i = 1; i < *count; ++i) {
        const std::string_view word = (*words)[i];
        if (word.starts_with('-') || !std::filesystem::is_directory(word)) {
            continue;
        }
        for (std::size_t seed = 0; seed < target().seeds.size(); ++seed) {
            const auto name =
                std::filesystem::path(word) / ("seed-" + std::to_string(seed));
            const std::string_view bytes = ledger::as_text(target().seeds[seed]);
            std::ofstream(name, std::ios::binary)
                .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        }
        break;
    }
    if (target().trusts_checksums) {
        static char no_help[] = "-use_cmp=0";
        static std::vector<char*> more(*words, *words + *count);
        more.push_back(no_help);
        more.push_back(nullptr);
        *words = more.data();
        ++*count;
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    const ledger::fuzz::Verdict verdict =
        target().judge(std::as_bytes(std::span(bytes, count)));
    if (!verdict.wrong.empty()) {
        std::fprintf(stderr, "%s: %s\n", LEDGER_FUZZ_TARGET, verdict.wrong.c_str());
        std::abort();
    }
    return 0;
}
