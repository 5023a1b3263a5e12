// Faults of real files: `damage` flips bits and cuts files short in a directory, `full_disk` fills a
// small file system of its own. Either says why and ends with 77 where it has not got the means.
#define CATCH_CONFIG_RUNNER
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

#include <catch2/catch.hpp>

#include "log/cut_store.h"
#include "log/examination.h"
#include "log/posix_file_system.h"
#include "log/reserve.h"
#include "tests/log/conformance/damage_sample.h"
#include "tests/log/temporary_directory.h"

namespace ledger::log::conformance {
namespace {

constexpr int skipped = 77;
constexpr std::uint64_t full_disk_bytes = 1u << 20;

const std::string& directory() {
    static const std::string name = sample_options().directory;
    return name;
}

// --- damage --------------------------------------------------------------------------------------

bool names_place(const Examination& examined, const std::string& file, std::uint64_t offset) {
    return std::any_of(
        examined.findings.begin(), examined.findings.end(), [&](const Finding& finding) {
            return finding.file == file && finding.offset <= offset &&
                   offset < finding.offset + finding.bytes;
        });
}

// Whatever is read is what was written.
void check_entries(Storage& storage, const Recovered& found, const TwinLog& twin) {
    REQUIRE(found.first == twin.first());
    REQUIRE(found.last <= twin.last());
    for (Index index = found.first; index <= found.last; index = index.next()) {
        const auto entry = storage.read(index, index, UINT64_MAX);
        CHECK((!entry || entry->front() == twin.at(index)));
    }
}

void damage_place(const DamageSample& sample, const std::string& name, std::uint64_t offset) {
    const TemporaryDirectory root;
    const auto files = make_posix_file_system(root.path());
    Image image = sample.image;
    image[name][static_cast<std::size_t>(offset)] ^= std::byte{0x04};
    REQUIRE(put_image(*files, directory(), image));
    const auto looking = make_read_only_posix_file_system(root.path());
    const auto examined = examine(*looking, directory());
    REQUIRE(examined);
    INFO(name << " byte " << offset);
    CHECK(names_place(*examined, name, offset));
    const auto opened =
        open(*files, sample_options(damage_segment_bytes), sample_identity());
    if (opened) {
        // Everything was sealed: none of it is cut for one bit.
        CHECK(opened->recovered.last == sample.twin.last());
        check_entries(*opened->storage, opened->recovered, sample.twin);
    }
}

}  // namespace

TEST_CASE("damage: a bit in every sector of every file is named, and no entry is lost for it",
    "[damage]") {
    const DamageSample& sample = damage_sample(true);
    std::uint64_t flipped = 0;
    for (const auto& [name, bytes] : sample.image) {
        for (std::uint64_t sector = 0; sector < bytes.size(); sector += sector_bytes) {
            // Another byte in each.
            const std::uint64_t offset =
                sector + (sector / sector_bytes * 61 + 17) % sector_bytes;
            if (offset < bytes.size()) {
                damage_place(sample, name, offset);
                ++flipped;
            }
        }
    }
    CHECK(flipped > 80);
}

TEST_CASE("damage: a log that is cut short holds nothing but what was written", "[damage]") {
    const bool sealed = GENERATE(true, false);
    const DamageSample& sample = damage_sample(sealed);
    for (const auto& [name, bytes] : sample.image) {
        for (std::uint64_t keep = 0; keep < bytes.size(); keep += 900) {
            const TemporaryDirectory root;
            const auto files = make_posix_file_system(root.path());
            Image image = sample.image;
            image[name].resize(static_cast<std::size_t>(keep));
            REQUIRE(put_image(*files, directory(), image));
            INFO(name << " cut to " << keep);
            REQUIRE(examine(*files, directory()));
            const auto opened =
                open(*files, sample_options(damage_segment_bytes), sample_identity());
            if (opened) {
                check_entries(*opened->storage, opened->recovered, sample.twin);
            }
        }
    }
}

// --- a full disk ---------------------------------------------------------------------------------

namespace {

std::string mounted;  // where the small file system is

// The small file system, empty but for a file that takes all but `free_bytes` of it.
class FullDisk {
  public:
    explicit FullDisk(std::uint64_t free_bytes)
        : files_(make_posix_file_system(mounted)) {
        REQUIRE(files_->make_directory(""));
        auto ballast = files_->create("ballast");
        REQUIRE(ballast);
        const ByteVector page(4096, std::byte{0x55});
        for (std::uint64_t at = 0; at + free_bytes < full_disk_bytes; at += page.size()) {
            REQUIRE((*ballast)->write(at, page));
        }
    }
    ~FullDisk() { std::filesystem::remove_all(mounted); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

    FileSystem& files() { return *files_; }
    void drop_ballast() { std::filesystem::remove(mounted + "/ballast"); }

  private:
    const std::unique_ptr<FileSystem> files_;
};

const Options options = sample_options(16u << 10);

// Writes groups until one fails; returns how many were promised.
std::uint64_t write_until_full(FileSystem& files, TwinLog& twin) {
    std::uint64_t promised = 0;
    if (!format(files, options, sample_identity())) {
        return 0;
    }
    auto opened = open(files, options, sample_identity());
    if (!opened) {
        CHECK(opened.error().code == make_error_code(Errc::no_space));
        return 0;
    }
    for (std::uint64_t i = 1;; ++i) {
        Group group = twin.group(i * 37, 3, 1500);
        group.commit = twin.last();
        if (i % 5 == 1) {
            group.hard_state = HardState{twin.hard_state.term.next(), NodeId{1}};
        }
        const Result<void> written = opened->storage->write(group);
        const Result<void> stored = written ? opened->storage->sync() : written;
        if (!stored) {
            CHECK(stored.error().code == make_error_code(Errc::no_space));
            // From then on nothing is taken.
            CHECK_FALSE(opened->storage->write(twin.group(7, 1, 100)));
            CHECK_FALSE(opened->storage->sync());
            return promised;
        }
        twin.apply(group);
        ++promised;
    }
}

// The hard state of the group that failed may be there, and its entries.
void check_promised(FileSystem& files, const TwinLog& twin) {
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    const Recovered& found = opened->recovered;
    CHECK(found.hard_state.term >= twin.hard_state.term);
    REQUIRE(found.last >= twin.last());
    CHECK(found.last <= twin.last() + 3);
    if (twin.last() >= twin.first()) {
        const auto all = opened->storage->read(twin.first(), twin.last(), UINT64_MAX);
        REQUIRE(all);
        CHECK(*all == twin.entries);
    }
    const auto examined = examine(files, directory());
    REQUIRE(examined);
    for (const Finding& finding : examined->findings) {
        INFO(to_text(finding));
        CHECK(finding.covered);  // a footer of which one copy had space
    }
}

}  // namespace

TEST_CASE("full disk: nothing that was promised is lost, wherever the space ends", "[full_disk]") {
    std::uint64_t promised = 0;
    std::uint64_t empty = 0;
    for (std::uint64_t free = 4096; free <= 40 * 4096; free += 4096) {
        FullDisk disk(free);
        TwinLog twin;
        const std::uint64_t groups = write_until_full(disk.files(), twin);
        promised += groups;
        empty += groups == 0 ? 1u : 0u;
        INFO(free << " bytes free, " << groups << " groups");
        disk.drop_ballast();
        if (groups == 0 && !open(disk.files(), options, sample_identity())) {
            // Not even the format went through: it does once there is space.
            REQUIRE(format(disk.files(), options, sample_identity()));
        }
        check_promised(disk.files(), twin);
    }
    CHECK(promised > 200);
    CHECK(empty > 0);
}

TEST_CASE("full disk: opened while it is full, the log is the same or waits", "[full_disk]") {
    for (std::uint64_t free = 6 * 4096; free <= 20 * 4096; free += 2 * 4096) {
        FullDisk disk(free);
        TwinLog twin;
        write_until_full(disk.files(), twin);
        INFO(free << " bytes free");
        for (int i = 0; i < 3; ++i) {
            const auto opened = open(disk.files(), options, sample_identity());
            if (opened) {
                CHECK(opened->recovered.last >= twin.last());
            } else {
                CHECK(opened.error().code == make_error_code(Errc::no_space));
            }
        }
        disk.drop_ballast();
        check_promised(disk.files(), twin);
    }
}

TEST_CASE("full disk: a cut is complete or not there", "[full_disk]") {
    std::uint64_t complete = 0;
    std::uint64_t refused = 0;
    for (std::uint64_t free = 6 * 4096; free <= 24 * 4096; free += 4096) {
        FullDisk disk(free);
        if (!format(disk.files(), options, sample_identity())) {
            continue;
        }
        CutManifest manifest{.id = {Term{1}, Index{4}},
            .cluster_time = {5},
            .wall_time = {6},
            .entry_hash = sha256(as_bytes("entry")),
            .configuration = {std::byte{1}},
            .control = {},
            .chunks = {}};
        const auto make = [&] {
            auto store = CutStore::open(disk.files(), options, sample_identity());
            REQUIRE(store);
            manifest.chunks.clear();
            manifest.bytes = 0;
            for (std::uint32_t number = 0; number < 5; ++number) {
                const ByteVector chunk = sample_bytes(number, 9000);
                manifest.chunks.push_back(sha256(chunk));
                manifest.bytes += chunk.size();
                if (const auto written = store->write(manifest.id, number, chunk); !written) {
                    return written;
                }
            }
            return store->complete(manifest);
        };
        INFO(free << " bytes free");
        const Result<void> made = make();
        CHECK((made || made.error().code == make_error_code(Errc::no_space)));
        (made ? complete : refused) += 1;
        auto store = CutStore::open(disk.files(), options, sample_identity());
        REQUIRE(store);
        CHECK(store->cuts().size() == (made ? 1u : 0u));
        disk.drop_ballast();
        REQUIRE(make());
        store = CutStore::open(disk.files(), options, sample_identity());
        REQUIRE(store);
        REQUIRE(store->cuts().size() == 1);
        CHECK(store->read(manifest.id, 4));
    }
    CHECK(complete > 0);
    CHECK(refused > 0);
}

TEST_CASE("full disk: the log is crowded before it ends, and ends only without a reserve",
    "[full_disk]") {
    Options reserving = options;
    reserving.reserve_bytes = 64u << 10;
    reserving.soft_limit_bytes = 96u << 10;
    const std::string reserve = mounted + "/" + directory() + "/" + reserve_name;
    for (std::uint64_t free = 60 * 4096; free <= 100 * 4096; free += 4 * 4096) {
        INFO(free << " bytes free");
        FullDisk disk(free);
        REQUIRE(format(disk.files(), reserving, sample_identity()));
        CHECK(std::filesystem::file_size(reserve) == reserving.reserve_bytes);
        TwinLog twin;
        std::uint64_t crowded = 0;
        {
            auto opened = open(disk.files(), reserving, sample_identity());
            REQUIRE(opened);
            CHECK_FALSE(opened->recovered.crowded);
            Result<void> stored;
            for (std::uint64_t i = 1; stored; ++i) {
                Group group = twin.group(i * 37, 3, 1500);
                group.commit = twin.last();
                stored = opened->storage->write(group);
                stored = stored ? opened->storage->sync() : stored;
                if (stored) {
                    twin.apply(group);
                    crowded += opened->storage->crowded() ? 1u : 0u;
                }
            }
            CHECK(stored.error().code == make_error_code(Errc::no_space));
            CHECK(std::filesystem::file_size(reserve) == 0);
            CHECK(crowded > 10);  // of both: the soft limit, and the reserve
        }
        disk.drop_ballast();
        check_promised(disk.files(), twin);
        const auto again = open(disk.files(), reserving, sample_identity());
        REQUIRE(again);
        CHECK_FALSE(again->recovered.crowded);
        CHECK(std::filesystem::file_size(reserve) == reserving.reserve_bytes);
    }
}

TEST_CASE("full disk: term and vote are written when there is no byte left", "[full_disk]") {
    FullDisk disk(40 * 4096);
    Options reserving = options;
    reserving.reserve_bytes = 32u << 10;
    REQUIRE(format(disk.files(), reserving, sample_identity()));
    auto opened = open(disk.files(), reserving, sample_identity());
    REQUIRE(opened);
    {
        auto other = disk.files().create("other");
        REQUIRE(other);
        const ByteVector page(4096, std::byte{0x33});
        std::uint64_t at = 0;
        while ((*other)->write(at, page)) {
            at += page.size();
        }
    }
    for (std::uint64_t term = 1; term <= 20; ++term) {
        Group group;
        group.hard_state = HardState{Term{term}, NodeId{1}};
        REQUIRE(opened->storage->write(group));
        REQUIRE(opened->storage->sync());
    }
    opened = open(disk.files(), reserving, sample_identity());
    REQUIRE(opened);
    CHECK(opened->recovered.hard_state.term == Term{20});
}

}  // namespace ledger::log::conformance

namespace {

// In a mount namespace of this process alone: nobody else sees it, and it ends with the process.
bool mount_small(const std::string& at) {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=1m") == 0;
}

}  // namespace

int main(int count, char** words) {
    using ledger::log::conformance::skipped;
    const std::string which = count > 1 ? words[1] : "";
    if (which != "damage" && which != "full_disk") {
        std::cerr << "usage: " << words[0] << " damage|full_disk\n";
        return 2;
    }
    std::error_code error;
    const std::filesystem::path temporary = std::filesystem::temp_directory_path(error);
    if (error || ::access(temporary.c_str(), W_OK) != 0) {
        std::cout << "skipped: no directory for temporary files\n";
        return skipped;
    }
    const ledger::log::TemporaryDirectory at;
    if (which == "full_disk") {
        if (!mount_small(at.path())) {
            std::cout << "skipped: no small file system: " << std::strerror(errno) << "\n";
            return skipped;
        }
        ledger::log::conformance::mounted = at.path() + "/files";
    }
    Catch::Session session;
    session.configData().testsOrTags = {"[" + which + "]"};
    const int failed = session.run();
    if (which == "full_disk") {
        ::umount(at.path().c_str());
    }
    return failed == 0 ? 0 : 1;
}
