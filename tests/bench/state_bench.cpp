// StateBench: how many commands per second one core encodes and applies. Not a test.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "log/state/ledger.h"

namespace ledger::state {
namespace {

constexpr std::uint64_t streams = 1000;
constexpr std::uint64_t sessions = 64;
constexpr std::uint64_t payload_bytes = 128;

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Append append_number(std::uint64_t i) {
    Append append;
    append.session = SessionId{1 + i % sessions};
    append.sequence = Sequence{1 + i / sessions};
    append.acknowledged_through = append.sequence.previous();
    append.streams = {{"customers/" + std::to_string(i % streams) + "/orders", {}}};
    NewEvent event;
    event.id = {i, i};
    event.type = "order-placed";
    event.salt = {i, ~i};
    event.payload.assign(payload_bytes, std::byte{7});
    append.events.push_back(std::move(event));
    return append;
}

EntryRef entry_of(std::uint64_t index, EntryHandle body) {
    EntryRef entry;
    entry.index = Index{index};
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.bytes = body->size();
    entry.cluster_time = {static_cast<std::int64_t>(index)};
    entry.handle = std::move(body);
    return entry;
}

void print(const char* what, std::uint64_t count, double seconds) {
    std::printf("%-8s %9.0f per second, %5.0f ns each\n", what,
        static_cast<double>(count) / seconds, seconds * 1e9 / static_cast<double>(count));
}

void run(std::uint64_t count) {
    std::vector<Append> appends;
    std::vector<EntryRef> entries;
    for (std::uint64_t i = 0; i < sessions; ++i) {
        entries.push_back(entry_of(entries.size() + 1, encode_command(RegisterSession{})));
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        appends.push_back(append_number(i));
    }
    const auto encoding = std::chrono::steady_clock::now();
    for (const Append& append : appends) {
        entries.push_back(entry_of(entries.size() + 1, encode_command(append)));
    }
    print("encode", count, seconds_since(encoding));

    const auto verifying = std::chrono::steady_clock::now();
    std::uint64_t verified = 0;
    for (const EntryRef& entry : entries) {
        verified += verify_commitments(*entry.handle).has_value() ? 1u : 0u;
    }
    print("verify", verified, seconds_since(verifying));

    Ledger ledger;
    ByteVector outcome;
    const auto applying = std::chrono::steady_clock::now();
    for (const EntryRef& entry : entries) {
        outcome.clear();
        ledger.apply(entry, {}, outcome);
    }
    print("apply", entries.size(), seconds_since(applying));
    std::printf("length %llu, digest %016llx\n",
        static_cast<unsigned long long>(ledger.length().value),
        static_cast<unsigned long long>(ledger.digest().high()));
}

}  // namespace
}  // namespace ledger::state

int main(int argc, char** argv) {
    const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200'000;
    ledger::state::run(count);
    return 0;
}
