#include "node/asio/ctl_leftovers.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

// Whoever has its number now counts as the process itself: then a leftover stays a while longer.
bool is_dead(pid_t process) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
}

bool is_left_over(const std::string& name, const std::string& prefix) {
    const std::string begin = prefix + ".";
    if (!name.starts_with(begin)) {
        return false;
    }
    pid_t process = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + begin.size(), end, process);
    const bool ours = error == std::errc{} && process > 0 && (stop == end || *stop == '.');
    return ours && is_dead(process);
}

}  // namespace

std::string name_of_this_process(const std::string& prefix) {
    return fmt::format("{}.{}", prefix, ::getpid());
}

void remove_leftovers(const std::string& directory, const std::string& prefix) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_left_over(entry->path().filename().string(), prefix)) {
            found.push_back(entry->path());
        }
    }
    for (const fs::path& path : found) {
        fs::remove_all(path, error);
    }
}

}  // namespace ledger::node::asio
