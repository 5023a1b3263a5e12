#include <catch2/catch.hpp>

#include <map>

#include "log/log_map.h"
#include "log/storage.h"
#include "tests/log/sample.h"
#include "tests/log/state/allocations.h"

namespace ledger::log {

namespace {

using state::allocations;

// Files of a fixed size in memory that is there from the beginning: what allocates is not the disk.
class FixedFiles final : public FileSystem {
  public:
    Result<std::unique_ptr<File>> open(const std::string& name) override {
        const auto found = contents_.find(name);
        if (found == contents_.end()) {
            return failure(Errc::not_found, name);
        }
        return std::unique_ptr<File>(std::make_unique<FixedFile>(*found->second));
    }
    Result<std::unique_ptr<File>> create(const std::string& name) override {
        contents_[name] = std::make_unique<Content>();
        contents_[name]->bytes.reserve(bytes_max);
        return open(name);
    }
    Result<std::vector<std::string>> list(const std::string&) override {
        std::vector<std::string> names;
        for (const auto& [name, content] : contents_) {
            names.push_back(name.substr(name.find('/') + 1));
        }
        return names;
    }
    Result<void> make_directory(const std::string&) override { return {}; }
    Result<void> rename(const std::string& from, const std::string& to) override {
        contents_[to] = std::move(contents_[from]);
        contents_.erase(from);
        return {};
    }
    Result<void> remove(const std::string& name) override {
        contents_.erase(name);
        return {};
    }
    Result<void> sync_directory(const std::string&) override { return {}; }
    Result<std::uint64_t> free_bytes(const std::string&) override { return UINT64_MAX; }
    Result<bool> has_other_names(const std::string&) override { return false; }

  private:
    static constexpr std::size_t bytes_max = 16u << 20;

    struct Content {
        ByteVector bytes;
    };
    class FixedFile final : public File {
      public:
        explicit FixedFile(Content& content) : bytes_(content.bytes) {}
        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            const std::uint64_t from = std::min<std::uint64_t>(offset, bytes_.size());
            const std::uint64_t count = std::min<std::uint64_t>(into.size(), bytes_.size() - from);
            std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(from), count, into.begin());
            return count;
        }
        Result<void> write(std::uint64_t offset, ByteSpan data) override {
            const std::uint64_t end = offset + data.size();
            REQUIRE(end <= bytes_max);
            bytes_.resize(std::max<std::size_t>(bytes_.size(), end));
            std::copy(data.begin(), data.end(),
                bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
            return {};
        }
        Result<void> sync() override { return {}; }
        Result<void> resize(std::uint64_t bytes) override {
            bytes_.resize(bytes);
            return {};
        }
        Result<std::uint64_t> size() override { return bytes_.size(); }

      private:
        ByteVector& bytes_;
    };

    std::map<std::string, std::unique_ptr<Content>> contents_;
};

}  // namespace

TEST_CASE("storage: a group that is written, synced and published allocates nothing", "[log]") {
    const auto entries = GENERATE(as<std::uint64_t>(), 1, 16);
    FixedFiles files;
    const Options options = {.directory = "wal"};
    REQUIRE(format(files, options, sample_identity()));
    auto opened = open(files, options, sample_identity());
    REQUIRE(opened);
    Storage& storage = *opened->storage;
    TwinLog twin;
    SharedMap reader;  // some thread always has the newest
    Group group;
    const auto store = [&] {
        REQUIRE(storage.write(group));
        REQUIRE(storage.sync());
        reader = storage.published();
    };
    // Tables that grow by doubling have just grown, and hashes are forgotten now and then.
    constexpr std::uint64_t warm = 2200;
    constexpr std::uint64_t counted = 100;
    std::uint64_t allocated = 0;
    for (std::uint64_t step = 0; step < warm / entries + counted; ++step) {
        group = twin.group(step, entries, 100);
        group.commit = twin.last();
        const std::uint64_t before = allocations();
        store();
        allocated += step < warm / entries ? 0 : allocations() - before;
        twin.apply(group);
    }
    CHECK(reader->last() == twin.last());
    // What is left is the arrays of the map, which double.
    CHECK(allocated <= 4);
}

}  // namespace ledger::log
