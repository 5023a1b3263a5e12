#include "node/asio/writer_thread.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>

#include "log/posix_file_system.h"
#include "node/asio/reader_thread.h"
#include "tests/log/sample.h"
#include "tests/node/asio/test_nodes.h"

namespace ledger::node::asio::test {

namespace {

// A place where a thread waits while it is shut, and where others see it wait.
class Gate {
  public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    void set_open(bool open) {
        const std::lock_guard lock(mutex_);
        open_ = open;
        changed_.notify_all();
    }
    // Somebody waits, or will until the gate is opened. False if nobody came for too long.
    bool somebody_waits() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(
            lock, std::chrono::seconds(30), [this] { return !open_ && waiting_ > 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
    int waiting_ = 0;
};

// Real files behind gates. A shut gate stands for a disk that takes as long as it likes.
class GatedFiles final : public log::FileSystem {
  public:
    explicit GatedFiles(std::string root) : files_(log::make_posix_file_system(std::move(root))) {}

    Gate syncs;
    Gate reads;
    // The next read that passes the gate fails.
    void fail_reads(int count) { failing_reads_ = count; }

    Result<std::unique_ptr<log::File>> open(const std::string& name) override {
        return gated(files_->open(name));
    }
    Result<std::unique_ptr<log::File>> create(const std::string& name) override {
        return gated(files_->create(name));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_->list(directory);
    }
    Result<void> make_directory(const std::string& directory) override {
        return files_->make_directory(directory);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return files_->rename(from, to);
    }
    Result<void> remove(const std::string& name) override { return files_->remove(name); }
    Result<void> sync_directory(const std::string& directory) override {
        return files_->sync_directory(directory);
    }
    Result<std::uint64_t> free_bytes(const std::string& directory) override {
        return files_->free_bytes(directory);
    }
    Result<bool> has_other_names(const std::string& name) override {
        return files_->has_other_names(name);
    }

  private:
    class GatedFile final : public log::File {
      public:
        GatedFile(GatedFiles& files, std::unique_ptr<log::File> file)
            : files_(files), file_(std::move(file)) {}
        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            files_.reads.pass();
            if (files_.failing_reads_ > 0) {
                --files_.failing_reads_;
                return failure(log::Errc::io_error, "a read that was to fail");
            }
            return file_->read(offset, into);
        }
        Result<void> write(std::uint64_t offset, ByteSpan data) override {
            return file_->write(offset, data);
        }
        Result<void> sync() override {
            files_.syncs.pass();
            return file_->sync();
        }
        Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
        Result<std::uint64_t> size() override { return file_->size(); }

      private:
        GatedFiles& files_;
        const std::unique_ptr<log::File> file_;
    };

    Result<std::unique_ptr<log::File>> gated(Result<std::unique_ptr<log::File>> file) {
        if (!file) {
            return file;
        }
        return std::unique_ptr<log::File>(std::make_unique<GatedFile>(*this, std::move(*file)));
    }

    const std::unique_ptr<log::FileSystem> files_;
    std::atomic<int> failing_reads_ = 0;
};

// A log with both of its threads; the test is the loop.
class DiskThreads final : private WriterThread::Port, private ReaderThread::Port {
  public:
    DiskThreads() {
        REQUIRE(log::format(files_, options_, log::sample_identity()));
        auto opened = log::open(files_, options_, log::sample_identity());
        REQUIRE(opened);
        reader_.emplace(
            loop_, files_, options_.directory, static_cast<ReaderThread::Port&>(*this));
        reader_->publish(opened->storage->published());
        writer_.emplace(loop_, std::move(opened->storage), *reader_,
            static_cast<WriterThread::Port&>(*this));
    }
    ~DiskThreads() override {
        files_.syncs.set_open(true);
        files_.reads.set_open(true);
    }

    // The group lives until it is stored.
    void store(const log::Group& group) {
        groups_.push_back(std::make_unique<log::Group>(group));
        writer_->store({stored_ticket_ + groups_.size(), groups_.back().get()});
        twin.apply(group);
    }
    bool has_answered_all() const { return answers_ == requests_; }
    bool has_stored() const { return groups_.empty(); }
    void store_now(const log::Group& group) {
        store(group);
        REQUIRE(run_until([this] { return has_stored(); }));
    }
    void load(Index first, Index last, std::uint64_t bytes_max = UINT64_MAX) {
        reader_->load({++requests_, first, last, bytes_max});
    }
    Loaded load_now(Index first, Index last) {
        load(first, last);
        REQUIRE(run_until([this] { return !loaded.empty(); }));
        Loaded one = std::move(loaded.front());
        loaded.pop_front();
        return one;
    }
    bool run_until(const std::function<bool()>& done) {
        const auto end = Clock::now() + std::chrono::seconds(30);
        while (!done() && Clock::now() < end) {
            loop_.run_one_until(end);
        }
        return done();
    }

    GatedFiles& disk() { return files_; }

    log::TwinLog twin;
    std::deque<Loaded> loaded;
    std::deque<std::string> errors;

  private:
    void on_stored(Ticket ticket, std::vector<Index>, bool) override {
        CHECK(ticket == stored_ticket_.next());
        stored_ticket_ = ticket;
        groups_.pop_front();
    }
    void on_store_failed(Ticket, const Error& error) override { FAIL(error.place); }
    void on_loaded(Loaded&& one, const Error& error) override {
        ++answers_;
        errors.push_back(error.place);
        loaded.push_back(std::move(one));
    }

    const TemporaryDirectory directory_;
    const log::Options options_{.directory = "log", .segment_bytes = 16384};
    GatedFiles files_{directory_ / "data"};
    net::io_context loop_{1};
    const net::executor_work_guard<net::io_context::executor_type> work_{loop_.get_executor()};
    std::deque<std::unique_ptr<log::Group>> groups_;
    Ticket stored_ticket_;
    std::uint64_t requests_ = 0;
    std::uint64_t answers_ = 0;
    std::optional<ReaderThread> reader_;
    std::optional<WriterThread> writer_;
};

}  // namespace

TEST_CASE("disk threads: a cold read waits for no flush", "[asio]") {
    DiskThreads node;
    for (std::uint64_t i = 0; i < 50; ++i) {
        node.store_now(node.twin.group(i, 40, 400));
    }
    const std::vector<HashedEntry> before = node.twin.entries;
    const Index last = node.twin.last();
    node.disk().syncs.set_open(false);
    node.store(node.twin.group(100, 3, 400, last - 5));
    REQUIRE(node.disk().syncs.somebody_waits());
    // The whole log, while the writer stands in its flush; the truncation is not durable yet.
    std::vector<HashedEntry> read;
    while (read.size() < before.size()) {
        const Loaded page = node.load_now(Index{read.size() + 1}, last);
        REQUIRE(!page.failed);
        REQUIRE(!page.entries.empty());
        read.insert(read.end(), page.entries.begin(), page.entries.end());
    }
    CHECK(read == before);
    CHECK(!node.has_stored());
    node.disk().syncs.set_open(true);
    REQUIRE(node.run_until([&] { return node.has_stored(); }));
    const Loaded now = node.load_now(Index{1}, last);
    REQUIRE(now.entries.size() == last.value - 2);
    CHECK(now.entries == node.twin.entries);
}

TEST_CASE("disk threads: a commit waits for no read", "[asio]") {
    DiskThreads node;
    node.store_now(node.twin.group(1, 40, 400));
    node.disk().reads.set_open(false);
    node.load(Index{1}, Index{40});
    REQUIRE(node.disk().reads.somebody_waits());
    for (std::uint64_t i = 2; i < 20; ++i) {
        node.store_now(node.twin.group(i, 40, 400));
    }
    CHECK(node.loaded.empty());
    node.disk().reads.set_open(true);
    REQUIRE(node.run_until([&] { return !node.loaded.empty(); }));
    CHECK(node.loaded.front().entries.size() == 40);
}

TEST_CASE("disk threads: reads are answered in order", "[asio]") {
    DiskThreads node;
    node.store_now(node.twin.group(1, 40, 400));
    for (std::uint64_t i = 1; i <= 40; ++i) {
        node.load(Index{i}, Index{i});
    }
    REQUIRE(node.run_until([&] { return node.loaded.size() == 40; }));
    for (std::uint64_t i = 1; i <= 40; ++i) {
        CHECK(node.loaded[i - 1].request == i);
        CHECK(node.loaded[i - 1].entries.front() == node.twin.entries[i - 1]);
    }
}

TEST_CASE("disk threads: a failed read is believed only if the newest map says so too", "[asio]") {
    DiskThreads node;
    node.store_now(node.twin.group(1, 10, 400));
    node.disk().reads.set_open(false);
    node.disk().fail_reads(3);  // of all ten, of the first one, of its header
    node.load(Index{1}, Index{10});
    REQUIRE(node.disk().reads.somebody_waits());
    SECTION("a newer one is tried") {
        node.store_now(node.twin.group(2, 1, 400));
        node.disk().reads.set_open(true);
        REQUIRE(node.run_until([&] { return !node.loaded.empty(); }));
        CHECK(!node.loaded.front().failed);
        CHECK(node.loaded.front().entries.size() == 10);
    }
    SECTION("without one it is the answer") {
        node.disk().fail_reads(100);
        node.disk().reads.set_open(true);
        REQUIRE(node.run_until([&] { return !node.loaded.empty(); }));
        CHECK(node.loaded.front().failed);
        CHECK(node.loaded.front().damaged == Index{1});
        CHECK(node.errors.front().find("the device does not read it") != std::string::npos);
    }
}

TEST_CASE("disk threads: reading while groups are written and taken back", "[asio]") {
    DiskThreads node;
    // Everything that ever stood in the log.
    std::map<std::pair<Index, Term>, Digest> written;
    const auto check_loaded = [&] {
        while (!node.loaded.empty()) {
            const Loaded& one = node.loaded.front();
            // A range that was taken back before the read began is not there.
            CHECK((!one.failed || node.errors.front().find("the log holds") != std::string::npos));
            for (const HashedEntry& hashed : one.entries) {
                CHECK(written.at({hashed.entry.index, hashed.entry.term}) == hashed.hash);
            }
            node.loaded.pop_front();
            node.errors.pop_front();
        }
    };
    for (std::uint64_t i = 1; i <= 300; ++i) {
        const Index last = node.twin.last();
        node.twin.hard_state.term = Term{i};
        std::optional<Index> truncate_to;
        if (i % 5 == 0) {
            truncate_to = last - std::min<std::uint64_t>(last.value, i % 23);
        }
        const log::Group group = node.twin.group(i, i % 7, 300, truncate_to);
        for (const HashedEntry& hashed : group.entries) {
            written[{hashed.entry.index, hashed.entry.term}] = hashed.hash;
        }
        if (last > Index{0}) {
            const Index first = last - std::min<std::uint64_t>(last.value - 1, (i * 37) % 200);
            node.load(first, last, 20'000);
        }
        node.store_now(group);
        check_loaded();
    }
    REQUIRE(node.run_until([&] { return node.has_answered_all(); }));
    check_loaded();
}

}  // namespace ledger::node::asio::test
