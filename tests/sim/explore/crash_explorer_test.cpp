#include "sim/explore/crash_explorer.h"

#include <utility>

#include <catch2/catch.hpp>

namespace ledger::sim {
namespace {

// Passes everything on but syncs of one kind, which it answers and forgets.
class Forgetful final : public log::FileSystem {
  public:
    enum class Forgets { files, directories };
    Forgetful(log::FileSystem& files, Forgets forgets) : files_(files), forgets_(forgets) {}

    Result<std::unique_ptr<log::File>> open(const std::string& name) override {
        return wrap(files_.open(name));
    }
    Result<std::unique_ptr<log::File>> create(const std::string& name) override {
        return wrap(files_.create(name));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_.list(directory);
    }
    Result<void> make_directory(const std::string& directory) override {
        return files_.make_directory(directory);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return files_.rename(from, to);
    }
    Result<void> remove(const std::string& name) override { return files_.remove(name); }
    Result<void> sync_directory(const std::string& directory) override {
        return forgets_ == Forgets::directories ? Result<void>{}
                                                : files_.sync_directory(directory);
    }
    Result<std::uint64_t> free_bytes(const std::string& directory) override {
        return files_.free_bytes(directory);
    }
    Result<bool> has_other_names(const std::string& name) override {
        return files_.has_other_names(name);
    }

  private:
    class Handle final : public log::File {
      public:
        explicit Handle(std::unique_ptr<log::File> file) : file_(std::move(file)) {}
        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            return file_->read(offset, into);
        }
        Result<void> write(std::uint64_t offset, ByteSpan data) override {
            return file_->write(offset, data);
        }
        Result<void> sync() override { return {}; }
        Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
        Result<std::uint64_t> size() override { return file_->size(); }

      private:
        const std::unique_ptr<log::File> file_;
    };

    Result<std::unique_ptr<log::File>> wrap(Result<std::unique_ptr<log::File>> file) const {
        if (file && forgets_ == Forgets::files) {
            return std::unique_ptr<log::File>(std::make_unique<Handle>(std::move(*file)));
        }
        return file;
    }

    log::FileSystem& files_;
    const Forgets forgets_;
};

FileSystemWrap forgetting(Forgetful::Forgets forgets) {
    return [forgets](log::FileSystem& files) -> std::unique_ptr<log::FileSystem> {
        return std::make_unique<Forgetful>(files, forgets);
    };
}

// The first seed that finds something, with its counts.
ExploredSeed first_violated(const ExploreOptions& options) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        ExploredSeed explored = explore_crashes(seed, options);
        if (explored.counts.violations > 0) {
            return explored;
        }
    }
    return {};
}

}  // namespace

TEST_CASE("crash explorer: no crash of the log leaves what is not allowed", "[explore]") {
    ExploreCounts sum;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const ExploredSeed explored = explore_crashes(seed, {});
        for (const CrashFinding& finding : explored.findings) {
            UNSCOPED_INFO("seed " << seed << " at " << finding.place.point << " subset "
                                  << finding.place.subset << ": " << finding.sentence);
        }
        REQUIRE(explored.counts.violations == 0);
        REQUIRE(explored.counts.operations == explored_operations_max);
        sum.add(explored.counts);
    }
    CHECK(sum.covered > 10 * sum.operations);
    CHECK(sum.booted > 1000);
    CHECK(sum.booted < sum.covered);
    CHECK(sum.booted_in_recovery > 1000);
    CHECK(sum.recoveries > 100);
    CHECK(sum.bytes_max > explored_bytes_min);
    CHECK(sum.segments_max >= 3);
    CHECK(sum.unsynced_max >= 4);
}

TEST_CASE("crash explorer: the same seed explores the same states", "[explore]") {
    const ExploreOptions options{.operations_max = 30};
    const ExploreCounts first = explore_crashes(5, options).counts;
    const ExploreCounts second = explore_crashes(5, options).counts;
    CHECK(first.covered == second.covered);
    CHECK(first.booted == second.booted);
    CHECK(first.recoveries == second.recoveries);
    CHECK(first.bytes_max == second.bytes_max);
    CHECK(first.operations == 30);
    const ExploreCounts other = explore_crashes(6, options).counts;
    CHECK((other.covered != first.covered || other.booted != first.booted));
}

TEST_CASE("crash explorer: a point and a subset of it are a part of the whole", "[explore]") {
    const ExploreCounts all = explore_crashes(3, {}).counts;
    std::uint64_t sum = 0;
    for (std::uint64_t point = 0; point <= all.operations; ++point) {
        const ExploredSeed part = explore_crashes(3, {.point = point});
        CHECK(part.counts.covered > 0);
        sum += part.counts.covered - part.counts.covered_in_recovery;
    }
    CHECK(sum == all.covered - all.covered_in_recovery);
    // Everything lost is one state.
    const ExploredSeed none = explore_crashes(3, {.point = 5, .subset = 0});
    CHECK(none.counts.covered - none.counts.covered_in_recovery == 1);
}

TEST_CASE("crash explorer: a disk that forgets a sync is found out", "[explore]") {
    for (const auto forgets : {Forgetful::Forgets::files, Forgetful::Forgets::directories}) {
        ExploreOptions options{.wrap = forgetting(forgets)};
        const ExploredSeed explored = first_violated(options);
        REQUIRE(explored.counts.violations > 0);
        REQUIRE(!explored.findings.empty());
        const CrashFinding& finding = explored.findings.front();
        CHECK(!finding.sentence.empty());
        CHECK(!finding.after.empty());
        // What a finding names is enough to find it again.
        if (finding.place.point > 0) {
            options.point = finding.place.point;
            options.subset = finding.place.subset;
            const ExploredSeed again = explore_crashes(finding.seed, options);
            REQUIRE(!again.findings.empty());
            CHECK(again.findings.front().sentence == finding.sentence);
            CHECK(again.counts.covered < explored.counts.covered);
        }
    }
}

}  // namespace ledger::sim
