#include "node/asio/ctl_replica_copy.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>

#include "node/asio/data_directory.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

namespace fs = std::filesystem;

const log::Identity identity{{1, 2}, NodeId{3}, Incarnation{7}};

// A node that is running: it has its directory and goes on writing.
class RunningNode {
  public:
    explicit RunningNode(const std::string& path) {
        auto taken =
            DataDirectory::take({.path = path, .identity = identity, .segment_bytes = 8192});
        REQUIRE(taken.has_value());
        directory_ = std::move(*taken);
        REQUIRE(directory_->format(identity.incarnation).has_value());
        auto opened = directory_->open();
        REQUIRE(opened.has_value());
        storage_ = std::move(opened->storage);
    }

    void append(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            log::Group group;
            if (entries.empty()) {
                group.hard_state = HardState{Term{1}, NodeId{}};
            }
            EntryRef entry;
            entry.index = Index{entries.size() + 1};
            entry.term = Term{1};
            entry.kind = EntryKind::command;
            entry.handle = EntryHandle::make(as_bytes("envelope"), ByteVector(700, std::byte(i)));
            entry.bytes = entry.handle->size();
            const Digest previous = entries.empty() ? Digest{} : entries.back().hash;
            entries.push_back({entry, entry_hash(previous, entry)});
            group.entries = {entries.back()};
            group.commit = entry.index.previous();
            REQUIRE(storage_->write(group).has_value());
            REQUIRE(storage_->sync().has_value());
        }
    }
    void discard(Index upto) { REQUIRE(storage_->discard(upto).has_value()); }

    std::vector<HashedEntry> entries;

  private:
    std::unique_ptr<DataDirectory> directory_;
    std::unique_ptr<log::Storage> storage_;
};

std::map<std::string, std::string> image(const std::string& directory) {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(directory)) {
        std::ifstream file(entry.path(), std::ios::binary);
        all[entry.path().filename().string()].assign(std::istreambuf_iterator<char>(file), {});
    }
    return all;
}

CtlReplicaCopy must_copy(const CtlFolder& folder) {
    auto copy = CtlReplicaCopy::make(folder.path(), folder.file("node/log"), identity);
    REQUIRE(copy.has_value());
    return std::move(*copy);
}

std::vector<HashedEntry> read(CtlReplicaCopy& copy, Index first, Index last) {
    std::vector<HashedEntry> all;
    REQUIRE(copy.read_from(first, last, [&all](const HashedEntry& entry) {
        all.push_back(entry);
        return Result<void>();
    }).has_value());
    return all;
}

}  // namespace

TEST_CASE("ctl_replica_copy: has what the node had, and changes nothing of it", "[ctl]") {
    const CtlFolder folder;
    RunningNode node(folder.file("node"));
    node.append(40);
    const auto before = image(folder.file("node/log"));
    REQUIRE(before.size() > 4);
    {
        CtlReplicaCopy copy = must_copy(folder);
        CHECK(copy.last() == Index{40});
        CHECK(copy.start().id == LogId{});
        CHECK(read(copy, Index{1}, Index{40}) == node.entries);
        CHECK(image(folder.file("node/log")) == before);
        // Sealed segments are the node's own files.
        CHECK(fs::hard_link_count(folder.file("node/log/00000001.segment")) == 2);
    }
    CHECK(fs::hard_link_count(folder.file("node/log/00000001.segment")) == 1);
    CHECK(image(folder.file("node/log")) == before);
}

TEST_CASE("ctl_replica_copy: what the node gives up meanwhile is still there", "[ctl]") {
    const CtlFolder folder;
    RunningNode node(folder.file("node"));
    node.append(40);
    CtlReplicaCopy copy = must_copy(folder);
    node.discard(Index{30});
    node.append(20);
    CHECK_FALSE(fs::exists(folder.file("node/log/00000001.segment")));
    const std::vector<HashedEntry> first(node.entries.begin(), node.entries.begin() + 40);
    CHECK(read(copy, Index{1}, Index{40}) == first);

    // The next copy begins later, and says after what.
    CtlReplicaCopy later = must_copy(folder);
    const Index begin = later.recovered().first;
    CHECK(begin > Index{1});
    const HashedEntry& previous = node.entries[begin.value - 2];
    CHECK(later.start().id == previous.entry.id());
    CHECK(later.start().hash == previous.hash);
    const std::vector<HashedEntry> rest(
        node.entries.begin() + static_cast<std::ptrdiff_t>(begin.value - 1), node.entries.end());
    CHECK(read(later, begin, Index{60}) == rest);
    // What there was before could only be known from a cut, and there is none.
    const auto events = later.read_events(Index{60}, [](const state::RecordedEvent&) {});
    REQUIRE_FALSE(events.has_value());
    CHECK(events.error().code == make_error_code(log::Errc::out_of_range));
}

TEST_CASE("ctl_replica_copy: damage is an error, and leaves no copy behind", "[ctl]") {
    const CtlFolder folder;
    RunningNode node(folder.file("node"));
    node.append(40);
    {
        std::fstream file(folder.file("node/log/00000001.segment"),
            std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(1200);
        file.put('\x5a');
    }
    {
        CtlReplicaCopy copy = must_copy(folder);
        const auto damaged = copy.read_from(
            Index{1}, Index{40}, [](const HashedEntry&) { return Result<void>(); });
        REQUIRE_FALSE(damaged.has_value());
        CHECK(damaged.error().code == make_error_code(log::Errc::faulty_entry));
    }
    CHECK_FALSE(CtlReplicaCopy::make(folder.path(), folder.file("node/log"), {{9, 9}, NodeId{3}})
                    .has_value());
    CHECK_FALSE(
        CtlReplicaCopy::make(folder.path(), folder.file("nowhere"), identity).has_value());
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

}  // namespace ledger::node::asio
