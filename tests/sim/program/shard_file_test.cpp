#include "sim/program/shard_file.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "log/base/crc32c.h"
#include "sim/program/input.h"

namespace ledger::sim {
namespace {

using Begin = ShardFile::Begin;

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "shard_file_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

CampaignIdentity identity(std::uint32_t index = 2, std::uint32_t count = 3) {
    return {.build = sha256(as_bytes("this build")),
        .build_name = "this build",
        .scenario = "scenario 1\n",
        .choice = {"a.scenario", 0},
        .seconds = 0,
        .shard = {.first = 10, .last = 99, .index = index, .count = count}};
}

CampaignTotals runs(const Shard& shard, std::uint64_t first, std::uint64_t last) {
    CampaignTotals totals;
    for (std::uint64_t position = first; position <= last; ++position) {
        RunResult run;
        run.verdict = check::Verdict::ok;
        run.seed = shard.seed_at(position);
        run.steps = 100 + position;
        run.checks = {{"agreement", check::CheckResult::Verdict::ok, 5}};
        totals.add(run, 1);
    }
    return totals;
}

Result<void> append(
    ShardFile& file, std::uint64_t first, std::uint64_t last, bool finished = false) {
    SeedSet positions;
    positions.add(first, last);
    return file.append(runs(file.contents().identity.shard, first, last), positions, finished);
}

std::unique_ptr<ShardFile> opened(const std::string& path, Begin begin = Begin::anew_or_go_on) {
    Result<std::unique_ptr<ShardFile>> file = ShardFile::open(path, identity(), begin);
    REQUIRE(file.has_value());
    return std::move(*file);
}

std::string bytes_of(const std::string& path) {
    const Result<std::string> text = read_file(path);
    REQUIRE(text.has_value());
    return *text;
}

std::string place(const Result<std::unique_ptr<ShardFile>>& result) {
    return result ? "opened" : result.error().place;
}

// A shard of three records that is finished.
std::string whole_shard(const Folder& folder) {
    const std::string path = folder.file("whole.state");
    {
        const auto file = opened(path, Begin::anew);
        REQUIRE(append(*file, 0, 9).has_value());
        REQUIRE(append(*file, 20, 29).has_value());
        REQUIRE(append(*file, 10, 19, true).has_value());
    }
    return bytes_of(path);
}

}  // namespace

TEST_CASE("shard file: what was appended is there when it is opened again", "[sim]") {
    const Folder folder;
    const std::string path = folder.file("a.state");
    {
        const auto file = opened(path);
        CHECK(file->contents().totals.seeds == 0);
        CHECK(file->contents().totals.expected == 30);
        REQUIRE(append(*file, 0, 4).has_value());
        REQUIRE(append(*file, 7, 9).has_value());
    }
    {
        const auto file = opened(path);
        CHECK(file->contents().totals.seeds == 8);
        CHECK(file->contents().done.ranges() ==
              std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 4}, {7, 9}});
        CHECK_FALSE(file->contents().finished);
        CHECK_FALSE(file->contents().cut);
        REQUIRE(append(*file, 5, 6, true).has_value());
    }
    const auto file = opened(path, Begin::go_on);
    CHECK(file->contents().finished);
    CHECK(file->contents().totals.sum.steps == runs(identity().shard, 0, 9).sum.steps);
    CHECK(file->contents().identity.choice.file == "a.scenario");
    CHECK(file->contents().pace.size() == 3);
}

TEST_CASE("shard file: whoever dies while writing leaves something to go on with", "[sim]") {
    const Folder folder;
    const std::string whole = whole_shard(folder);
    const std::string path = folder.file("b.state");
    const std::size_t first_record = whole.size() / 2;
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        CAPTURE(length);
        const Result<ShardContents> read = read_shard(as_bytes(whole).first(length));
        REQUIRE((read.has_value() || length < first_record));
        if (read) {
            CHECK(read->totals.seeds == read->done.size());
            CHECK(read->cut == (read->whole_bytes < length));
        }
        if (length % 17 != 0 && length != whole.size()) {
            continue;  // files take longer
        }
        REQUIRE(write_file(path, whole.substr(0, length)).has_value());
        const auto file = opened(path);
        const ShardContents& contents = file->contents();
        const std::uint64_t seeds = contents.totals.seeds;
        REQUIRE(seeds % 10 == 0);
        REQUIRE(contents.finished == (length == whole.size()));
        // What is missing is done again, and nothing is there twice.
        for (std::uint64_t first : {0u, 20u, 10u}) {
            if (!contents.done.contains(first)) {
                REQUIRE(append(*file, first, first + 9, first == 10).has_value());
            }
        }
        REQUIRE(bytes_of(path) == whole);
    }
}

TEST_CASE("shard file: zeros where a machine died are no damage", "[sim]") {
    const Folder folder;
    const std::string whole = whole_shard(folder);
    const std::string path = folder.file("c.state");
    REQUIRE(write_file(path, whole + std::string(5000, '\0')).has_value());
    {
        const auto file = opened(path);
        CHECK(file->contents().cut);
        CHECK(file->contents().totals.seeds == 30);
    }
    CHECK(bytes_of(path) == whole);
}

TEST_CASE("shard file: what was changed is refused, and named", "[sim]") {
    const Folder folder;
    const std::string whole = whole_shard(folder);
    rc::prop("a bit of it", [&] {
        std::string damaged = whole;
        const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << *rc::gen::inRange(0, 8)));
        const Result<ShardContents> read = read_shard(as_bytes(damaged));
        // Of the last record, or where the length of a record is beyond the end, it may look cut
        // off.
        const bool cut = read && read->cut && read->totals.seeds < 30 && !read->finished;
        const bool named = !read && !read.error().place.empty();
        RC_ASSERT(cut || named);
    });
    std::string damaged = whole;
    damaged[whole.size() / 2] ^= 1;
    const std::string path = folder.file("d.state");
    REQUIRE(write_file(path, damaged).has_value());
    const auto file = ShardFile::open(path, identity(), Begin::anew_or_go_on);
    REQUIRE_FALSE(file.has_value());
    CHECK(file.error().code == make_error_code(ShardErrc::damaged));
    CHECK(file.error().place.find(path + ": the record at byte ") == 0);
    CHECK(bytes_of(path) == damaged);
}

TEST_CASE("shard file: a record of seeds that are there already is refused", "[sim]") {
    const Folder folder;
    const std::string path = folder.file("e.state");
    {
        const auto file = opened(path);
        REQUIRE(append(*file, 0, 4).has_value());
        REQUIRE(append(*file, 4, 9).has_value());
    }
    const std::string twice = place(ShardFile::open(path, identity(), Begin::go_on));
    CHECK(twice.find("does not follow what is before it") != std::string::npos);
}

TEST_CASE("shard file: results of another campaign are refused, and left alone", "[sim]") {
    const Folder folder;
    const std::string path = folder.file("f.state");
    REQUIRE(append(*opened(path), 0, 4).has_value());
    const std::string before = bytes_of(path);
    const auto refused = [&](const std::string& how, auto change) {
        CampaignIdentity other = identity();
        change(other);
        const auto file = ShardFile::open(path, other, Begin::anew_or_go_on);
        REQUIRE_FALSE(file.has_value());
        CHECK(file.error().code == make_error_code(ShardErrc::foreign));
        CHECK(file.error().place.find(path) == 0);
        CHECK_THAT(file.error().place, Catch::Contains(how));
    };
    refused("another build", [](CampaignIdentity& other) { other.build = sha256(as_bytes("x")); });
    refused("another scenario", [](CampaignIdentity& other) { other.scenario += "\n"; });
    refused("another scenario", [](CampaignIdentity& other) { other.choice.nodes = 5; });
    refused("another scenario", [](CampaignIdentity& other) { other.choice.file.clear(); });
    refused("other seeds", [](CampaignIdentity& other) { other.shard.last = 100; });
    refused("other seeds", [](CampaignIdentity& other) { other.seconds = 5; });
    refused("one of 3 shards", [](CampaignIdentity& other) { other.shard.count = 4; });
    refused("shard 2, expected 1", [](CampaignIdentity& other) { other.shard.index = 1; });
    CHECK(bytes_of(path) == before);
    // Where the scenario lay makes no difference.
    CampaignIdentity moved = identity();
    moved.choice.file = "elsewhere/a.scenario";
    CHECK(place(ShardFile::open(path, moved, Begin::go_on)) == "opened");
    REQUIRE(write_file(path, "{\"schema\": \"something else\"}\n").has_value());
    CHECK_THAT(place(ShardFile::open(path, identity(), Begin::anew_or_go_on)),
        Catch::Contains("does not begin like"));
    CHECK_THAT(place(ShardFile::open(folder.file("absent"), identity(), Begin::go_on)),
        Catch::Contains("absent"));
    REQUIRE(ShardFile::open(path, identity(), Begin::anew).has_value());
    CHECK(opened(path)->contents().totals.seeds == 0);
}

TEST_CASE("shard file: any bytes are read or refused", "[sim]") {
    const Folder folder;
    const std::string whole = whole_shard(folder);
    rc::prop("pieces of a good one", [&] {
        std::string text;
        for (int left = *rc::gen::inRange(0, 6); left > 0; --left) {
            const auto from = *rc::gen::inRange<std::size_t>(0, whole.size());
            text += whole.substr(from, *rc::gen::inRange<std::size_t>(0, whole.size()));
        }
        const Result<ShardContents> read = read_shard(as_bytes(text));
        const bool told = read || !read.error().place.empty();
        RC_ASSERT(told);
    });
}

TEST_CASE("shard file: any record with a valid checksum is read or refused", "[sim]") {
    const Folder folder;
    const std::string path = folder.file("g.state");
    REQUIRE(opened(path) != nullptr);
    const std::string header = bytes_of(path);
    REQUIRE(append(*opened(path), 0, 9).has_value());
    const std::string body = bytes_of(path).substr(header.size() + 8);
    rc::prop("forged", [&] {
        std::string forged = body.substr(0, *rc::gen::inRange<std::size_t>(1, body.size() + 1));
        for (int left = *rc::gen::inRange(0, 4); left > 0; --left) {
            forged[*rc::gen::inRange<std::size_t>(0, forged.size())] = *rc::gen::arbitrary<char>();
        }
        ByteVector record;
        ByteWriter writer(record);
        writer.u32(static_cast<std::uint32_t>(forged.size()));
        writer.u32(crc32c(as_bytes(forged), crc32c(record)));
        writer.bytes(as_bytes(forged));
        const std::string text = header + std::string(as_text(record));
        const Result<ShardContents> read = read_shard(as_bytes(text));
        const bool told = read ? read->totals.seeds == read->done.size()
                               : read.error().code == make_error_code(ShardErrc::damaged);
        RC_ASSERT(told);
    });
}

}  // namespace ledger::sim
