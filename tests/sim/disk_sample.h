#pragma once
// DiskSample: short forms for tests of the simulated disk, and crashes that follow a script.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "log/base/choice.h"
#include "sim/disk.h"

namespace ledger::sim {

inline constexpr NodeId node{3};

// Catch2 would want to print a Result.
template <typename T>
bool ok(const Result<T>& result) {
    return static_cast<bool>(result);
}

inline std::string text(ByteSpan bytes) {
    return std::string(as_text(bytes));
}

inline ByteVector filled(std::uint64_t bytes, char with) {
    return ByteVector(bytes, static_cast<std::byte>(with));
}

inline std::unique_ptr<log::File> made(Disk& disk, const std::string& name) {
    auto file = disk.create(name);
    REQUIRE(ok(file));
    return std::move(*file);
}

inline std::unique_ptr<log::File> opened(Disk& disk, const std::string& name) {
    auto file = disk.open(name);
    REQUIRE(ok(file));
    return std::move(*file);
}

// A file whose name and whose content are durable.
inline std::unique_ptr<log::File> synced(Disk& disk, const std::string& name, ByteSpan content) {
    auto file = made(disk, name);
    REQUIRE(ok(file->write(0, content)));
    REQUIRE(ok(file->sync()));
    REQUIRE(ok(disk.sync_directory("")));
    return file;
}

inline std::string content(Disk& disk, const std::string& name) {
    auto file = opened(disk, name);
    ByteVector bytes(*file->size());
    REQUIRE(*file->read(0, bytes) == bytes.size());
    return text(bytes);
}

// Answers that a test wrote down, by site, in order; beyond them the harmless 0.
class Script final : public ChoiceSource {
  public:
    explicit Script(std::map<Site, std::vector<std::uint64_t>> answers)
        : answers_(std::move(answers)) {}
    std::uint64_t choose(Site site, std::uint64_t, std::uint64_t, std::uint64_t domain) override {
        std::vector<std::uint64_t>& queue = answers_[site];
        if (queue.empty()) {
            return 0;
        }
        const std::uint64_t answer = std::min(queue.front(), domain - 1);
        queue.erase(queue.begin());
        return answer;
    }

  private:
    std::map<Site, std::vector<std::uint64_t>> answers_;
};

inline constexpr std::uint64_t strikes = UINT64_MAX;  // the harmful end of every question

}  // namespace ledger::sim
