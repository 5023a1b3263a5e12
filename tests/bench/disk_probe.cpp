// disk_probe: what the disk allows: writes groups of the given size to a file that is preallocated
// and already written, with one fdatasync each. `disk_probe FILE GROUP_BYTES SECONDS`; several of
// them at once are the yardstick of a cluster on one machine.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/bench/load.h"

namespace ledger::bench {
namespace {

constexpr std::uint64_t file_bytes = 64u << 20;

int prepare(const std::string& name) {
    const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const std::vector<char> zeros(1u << 20);
    for (std::uint64_t at = 0; file >= 0 && at < file_bytes; at += zeros.size()) {
        if (::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) !=
            static_cast<ssize_t>(zeros.size())) {
            give_up("cannot fill " + name);
        }
    }
    if (file < 0 || ::fsync(file) != 0) {
        give_up("cannot make " + name);
    }
    return file;
}

void run(const std::string& name, std::uint64_t group_bytes, double seconds) {
    const int file = prepare(name);
    const std::vector<char> group(group_bytes, 'g');
    // All probes begin when the last one is ready: the caller closes its end of our input.
    char ignored = 0;
    fmt::print("ready\n");
    std::fflush(stdout);
    while (::read(STDIN_FILENO, &ignored, 1) > 0) {
    }
    const std::uint64_t begin = now_nanoseconds();
    const auto end = begin + static_cast<std::uint64_t>(seconds * 1e9);
    std::uint64_t groups = 0;
    std::uint64_t at = 0;
    std::uint64_t now = begin;
    while (now < end) {
        if (at + group_bytes > file_bytes) {
            at = 0;
        }
        if (::pwrite(file, group.data(), group.size(), static_cast<off_t>(at)) !=
                static_cast<ssize_t>(group.size()) ||
            ::fdatasync(file) != 0) {
            give_up("cannot write " + name);
        }
        at += group_bytes;
        ++groups;
        now = now_nanoseconds();
    }
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    const double took = static_cast<double>(now - begin) / 1e9;
    fmt::print(R"({{"groups_per_second":{:.1f},"group_bytes":{},"seconds":{:.3f}}})"
               "\n",
        static_cast<double>(groups) / took, group_bytes, took);
    ::close(file);
}

}  // namespace
}  // namespace ledger::bench

int main(int argc, char** argv) {
    if (argc != 4) {
        ledger::bench::give_up("usage: disk_probe FILE GROUP_BYTES SECONDS");
    }
    const std::uint64_t group_bytes = std::strtoull(argv[2], nullptr, 10);
    if (group_bytes == 0 || group_bytes > ledger::bench::file_bytes) {
        ledger::bench::give_up("a group has 1 byte to 64 MiB");
    }
    ledger::bench::run(argv[1], group_bytes, std::strtod(argv[3], nullptr));
    return 0;
}
