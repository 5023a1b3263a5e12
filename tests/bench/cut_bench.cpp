// CutBench: the longest single step of a ledger with very many streams while it is filled, cut,
// restored and trimmed, in CPU time of its thread, since others may use the machine. Not a test.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "log/state/ledger.h"

namespace ledger::state {
namespace {

constexpr std::uint64_t chunk_bytes_max = 64u << 10;
constexpr double bar_ms = 5.0;

double cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// How long the calls of one kind took.
struct Calls {
    const char* what;
    std::uint64_t count = 0;
    double longest_ms = 0;
    double all_ms = 0;
};

// Runs it once and takes its time.
template <typename Call>
auto timed(Calls& calls, Call call) {
    const double begin = cpu_ms();
    const auto result = call();
    const double spent = cpu_ms() - begin;
    ++calls.count;
    calls.all_ms += spent;
    calls.longest_ms = std::max(calls.longest_ms, spent);
    return result;
}

void print(const Calls& calls) {
    std::printf("%-34s %9llu calls  longest %7.3f ms%s  all %9.1f ms\n", calls.what,
        static_cast<unsigned long long>(calls.count), calls.longest_ms,
        calls.longest_ms > bar_ms ? " > 5" : "    ", calls.all_ms);
}

struct Size {
    std::uint64_t streams;
    std::uint64_t events;
    std::uint64_t sessions;
};

// The n-th command of a load that touches every stream and every session again and again. A third
// of the events go to one stream, which becomes very long.
EntryHandle body_of(const Size& size, std::uint64_t n) {
    Append append;
    append.session = SessionId{1 + n % size.sessions};
    append.sequence = Sequence{1 + n / size.sessions};
    append.acknowledged_through = append.sequence.previous();
    const std::uint64_t stream = n % 3 == 2 ? 0 : n * 2 / 3 % size.streams;
    append.streams = {{"customers/" + std::to_string(stream) + "/orders", {}}};
    append.events.resize(1);
    append.events[0].id = {n, n};
    append.events[0].type = "order-placed";
    return encode_command(append);
}

class Bench {
  public:
    explicit Bench(const Size& size) : size_(size) {}

    int run();

  private:
    void apply(Calls& calls, EntryHandle body);
    void fill();
    void cut();
    void restore();
    void trim();

    const Size size_;
    Ledger ledger_;
    Ledger other_;
    ByteVector outcome_;
    std::vector<ByteVector> chunks_;
    std::uint64_t next_ = 0;  // command
    double longest_ms_ = 0;

    void report(const Calls& calls) {
        print(calls);
        longest_ms_ = std::max(longest_ms_, calls.longest_ms);
    }
};

void Bench::apply(Calls& calls, EntryHandle body) {
    EntryRef entry;
    entry.index = ledger_.applied().next();
    entry.term = Term{1};
    entry.kind = EntryKind::command;
    entry.bytes = body->size();
    entry.cluster_time = {static_cast<std::int64_t>(entry.index.value)};
    entry.handle = std::move(body);
    outcome_.clear();
    timed(calls, [&] {
        ledger_.apply(entry, {}, outcome_);
        return 0;
    });
}

void Bench::fill() {
    Calls opening{"apply, opening a session"};
    for (std::uint64_t i = 0; i < size_.sessions; ++i) {
        apply(opening, encode_command(RegisterSession{}));
    }
    report(opening);
    Calls filling{"apply, nothing frozen"};
    for (; next_ < size_.events; ++next_) {
        apply(filling, body_of(size_, next_));
    }
    report(filling);
}

void Bench::cut() {
    Calls freezing{"freeze"};
    Calls emitting{"next_chunk"};
    Calls applying{"apply, while chunks are emitted"};
    Calls thawing{"thaw"};
    timed(freezing, [&] { return ledger_.freeze(), 0; });
    for (bool more = true; more;) {
        ByteVector chunk;
        more = timed(emitting, [&] { return ledger_.next_chunk(chunk_bytes_max, chunk); });
        if (more) {
            chunks_.push_back(std::move(chunk));
        }
        for (std::uint64_t i = 0; i < 100; ++i, ++next_) {
            apply(applying, body_of(size_, next_));
        }
    }
    timed(thawing, [&] { return ledger_.thaw(), 0; });
    // Another one, with every session set aside before the walk, given up at once.
    timed(freezing, [&] { return ledger_.freeze(), 0; });
    for (std::uint64_t i = 0; i < size_.sessions; ++i, ++next_) {
        apply(applying, body_of(size_, next_));
    }
    timed(thawing, [&] { return ledger_.thaw(), 0; });
    Calls after{"apply, after that"};
    for (std::uint64_t i = 0; i < size_.sessions; ++i, ++next_) {
        apply(after, body_of(size_, next_));
    }
    for (const Calls& calls : {freezing, emitting, applying, thawing, after}) {
        report(calls);
    }
}

void Bench::restore() {
    Calls beginning{"begin_restore"};
    Calls restoring{"restore_chunk"};
    Calls ending{"end_restore"};
    std::uint64_t bytes = 0;
    bool ok = true;
    // Several times, so that full states are replaced, and those freed to the end.
    for (int round = 0; round < 4; ++round) {
        timed(beginning, [&] { return other_.begin_restore(), 0; });
        for (const ByteVector& chunk : chunks_) {
            ok = timed(restoring, [&] { return other_.restore_chunk(chunk).has_value(); }) && ok;
            bytes += round == 0 ? chunk.size() : 0;
        }
        ok = timed(ending, [&] { return other_.end_restore().has_value(); }) && ok;
    }
    for (const Calls& calls : {beginning, restoring, ending}) {
        report(calls);
    }
    std::printf("cut of %llu streams, %llu events, %llu sessions: %.1f MB in %llu chunks%s\n",
        static_cast<unsigned long long>(size_.streams),
        static_cast<unsigned long long>(size_.events),
        static_cast<unsigned long long>(size_.sessions), static_cast<double>(bytes) / 1e6,
        static_cast<unsigned long long>(chunks_.size()), ok ? "" : ", NOT RESTORED");
    if (!ok) {
        std::exit(1);
    }
}

void Bench::trim() {
    Calls retaining{"retain"};
    Calls applying{"apply, while expired positions go"};
    timed(retaining, [&] { return ledger_.retain(ledger_.applied() - 1000), 0; });
    for (std::uint64_t i = 0; i < 100'000; ++i, ++next_) {
        apply(applying, body_of(size_, next_));
    }
    report(retaining);
    report(applying);
}

int Bench::run() {
    fill();
    cut();
    restore();
    trim();
    std::printf("longest call %.3f ms, bar %.1f ms\n", longest_ms_, bar_ms);
    return 0;
}

}  // namespace
}  // namespace ledger::state

int main(int argc, char** argv) {
    const auto number = [&](int at, std::uint64_t otherwise) {
        return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
    };
    const ledger::state::Size size{
        number(1, 1'000'000), number(2, 2'000'000), number(3, 65'536)};
    return ledger::state::Bench(size).run();
}
