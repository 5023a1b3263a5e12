// LogAppendBench: groups of entries through log::Storage onto a real disk, beside a probe that writes
// the same file bytes per group with one fdatasync each, and beside RocksDB. `log_append_bench DIR
// SECONDS` prints one line of JSON for each size; SECONDS is of each system for each size, in turns
// of a fraction of a second, so that all of them meet the same disk. Ours is there twice: in the
// steady state of a ledger that gives up its oldest segments and uses their files again, and as one
// that only grows. The counting build counts allocations of ours instead.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "log/posix_file_system.h"
#include "log/segment.h"
#include "log/storage.h"
#include "tests/bench/counting.h"
#include "tests/bench/group_log.h"
#include "tests/bench/load.h"

namespace ledger::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t body_sizes[] = {128, 1024, 16'384};
constexpr std::uint64_t group_sizes[] = {1, 16, 256};
constexpr double turn_seconds = 0.2;
// No case writes more of one system's files than this.
constexpr std::uint64_t file_bytes_max = 1ull << 30;
// The part of a body that is hashed; the rest is payload.
constexpr std::uint64_t envelope_bytes = 64;

template <typename T>
T must(Result<T>&& result) {
    if (!result) {
        give_up(result.error().code.message() + ": " + result.error().place);
    }
    return std::move(*result);
}
void check(const Result<void>& result) {
    if (!result) {
        give_up(result.error().code.message() + ": " + result.error().place);
    }
}

// Counts what is written through it.
class CountingFiles final : public log::FileSystem {
  public:
    explicit CountingFiles(const std::string& root) : files_(log::make_posix_file_system(root)) {}

    std::uint64_t written() const { return written_; }

    Result<std::unique_ptr<log::File>> open(const std::string& name) override {
        return counted(files_->open(name));
    }
    Result<std::unique_ptr<log::File>> create(const std::string& name) override {
        return counted(files_->create(name));
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
    class CountedFile final : public log::File {
      public:
        CountedFile(std::uint64_t& written, std::unique_ptr<log::File> file)
            : written_(written), file_(std::move(file)) {}
        Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
            return file_->read(offset, into);
        }
        Result<void> write(std::uint64_t offset, ByteSpan data) override {
            written_ += data.size();
            return file_->write(offset, data);
        }
        Result<void> sync() override { return file_->sync(); }
        Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
        Result<std::uint64_t> size() override { return file_->size(); }

      private:
        std::uint64_t& written_;
        const std::unique_ptr<log::File> file_;
    };

    Result<std::unique_ptr<log::File>> counted(Result<std::unique_ptr<log::File>>&& file) {
        if (!file) {
            return file.error();
        }
        return std::unique_ptr<log::File>(
            std::make_unique<CountedFile>(written_, std::move(*file)));
    }

    const std::unique_ptr<log::FileSystem> files_;
    std::uint64_t written_ = 0;
};

// Bytes of the log that one group takes.
std::uint64_t group_file_bytes(const GroupShape& shape) {
    const std::uint64_t records =
        shape.entries * log::record_bytes(envelope_bytes, shape.body_bytes - envelope_bytes);
    return log::sector_ceiling(records) + log::identity_block_bytes(shape.entries);
}

enum class Life { growing, recycling };

class OurLog final : public GroupLog {
  public:
    OurLog(const std::string& directory, const GroupShape& shape, Life life)
        : shape_(shape), life_(life), files_(directory) {
        const log::Identity identity{{1, 2}, NodeId{1}, Incarnation{3}};
        check(log::format(files_, options_, identity));
        storage_ = must(log::open(files_, options_, identity)).storage;
        begin();
        if (life == Life::recycling) {
            fill_spares();
        }
        body_ = body_of(shape_);
    }

    void prepare() override {
        group_.commit = last_;
        group_.entries.clear();
        for (std::uint64_t i = 0; i < shape_.entries; ++i) {
            add(body_);
        }
    }
    void append() override {
        check(storage_->write(group_));
        check(storage_->sync());
        appended_ += group_file_bytes(shape_);
        if (life_ == Life::recycling && appended_ >= options_.segment_bytes) {
            appended_ = 0;
            check(storage_->discard(last_));
        }
    }
    std::uint64_t file_bytes() const override { return files_.written(); }

  private:
    static EntryHandle body_of(const GroupShape& shape) {
        const ByteVector body(shape.body_bytes, std::byte{'b'});
        return EntryHandle::make(
            ByteSpan(body).first(envelope_bytes), ByteSpan(body).subspan(envelope_bytes));
    }
    void begin() {
        log::Group first;
        first.hard_state = HardState{Term{1}, NodeId{1}};
        check(storage_->write(first));
        check(storage_->sync());
    }
    void add(const EntryHandle& body) {
        EntryRef entry;
        entry.index = last_ = last_.next();
        entry.term = Term{1};
        entry.kind = EntryKind::command;
        entry.bytes = body->size();
        entry.handle = body;
        hash_ = entry_hash(hash_, entry);
        group_.entries.push_back({std::move(entry), hash_});
    }
    // As many segments as there can be spares, and the one that lives.
    void fill_spares() {
        const GroupShape large{.body_bytes = 1u << 20, .entries = 4};
        const EntryHandle body = body_of(large);
        const std::uint64_t segments = options_.spare_segments + 2;
        for (std::uint64_t written = 0; written < segments * options_.segment_bytes;
             written += group_file_bytes(large)) {
            group_.commit = last_;
            group_.entries.clear();
            for (std::uint64_t i = 0; i < large.entries; ++i) {
                add(body);
            }
            check(storage_->write(group_));
            check(storage_->sync());
        }
        check(storage_->discard(last_));
    }

    const log::Options options_{.directory = "log"};
    const GroupShape shape_;
    const Life life_;
    CountingFiles files_;
    std::unique_ptr<log::Storage> storage_;
    EntryHandle body_;
    log::Group group_;
    Index last_;
    Digest hash_;
    std::uint64_t appended_ = 0;  // since the last discard
};

// A file that is there and has been written, over and over: what the disk allows.
class Probe final : public GroupLog {
  public:
    Probe(const std::string& directory, std::uint64_t group_bytes)
        : bytes_(std::max<std::uint64_t>(64u << 20, 4 * group_bytes)), group_(group_bytes, 'g') {
        const std::string name = directory + "/probe";
        file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        const std::vector<char> zeros(1u << 20);
        for (std::uint64_t at = 0; file_ >= 0 && at < bytes_; at += zeros.size()) {
            put(zeros, at);
        }
        if (file_ < 0 || ::fsync(file_) != 0) {
            give_up("cannot make " + name);
        }
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() override { ::close(file_); }

    void prepare() override { at_ = at_ + group_.size() > bytes_ ? 0 : at_; }
    void append() override {
        put(group_, at_);
        if (::fdatasync(file_) != 0) {
            give_up("the probe cannot flush");
        }
        at_ += group_.size();
        written_ += group_.size();
    }
    std::uint64_t file_bytes() const override { return written_; }

  private:
    void put(const std::vector<char>& data, std::uint64_t at) const {
        if (::pwrite(file_, data.data(), data.size(), static_cast<off_t>(at)) !=
            static_cast<ssize_t>(data.size())) {
            give_up("the probe cannot write");
        }
    }

    const std::uint64_t bytes_;
    const std::vector<char> group_;
    int file_ = -1;
    std::uint64_t at_ = 0;
    std::uint64_t written_ = 0;
};

// One system in one case.
struct Measured {
    std::unique_ptr<GroupLog> log;
    std::uint64_t groups = 0;
    std::uint64_t nanoseconds = 0;  // of its appends
    std::uint64_t bytes_at_begin = 0;
    Counts counted;

    double seconds() const { return static_cast<double>(nanoseconds) / 1e9; }
    double groups_per_second() const { return static_cast<double>(groups) / seconds(); }
    std::uint64_t file_bytes() const { return log->file_bytes() - bytes_at_begin; }
    double file_bytes_per_group() const {
        return static_cast<double>(file_bytes()) / static_cast<double>(groups);
    }
    bool is_full() const { return file_bytes() >= file_bytes_max; }
};

void append_one(Measured& one) {
    one.log->prepare();
    const Counts before = counts();
    const std::uint64_t begin = now_nanoseconds();
    one.log->append();
    one.nanoseconds += now_nanoseconds() - begin;
    one.counted.add(counts(), before);
    ++one.groups;
}

void take_turn(Measured& one) {
    const auto end = one.nanoseconds + static_cast<std::uint64_t>(turn_seconds * 1e9);
    while (one.nanoseconds < end && !one.is_full()) {
        append_one(one);
    }
}

// Caches are filled and files begun; nothing of it is counted.
void warm_up(Measured& one) {
    for (int i = 0; i < 20; ++i) {
        append_one(one);
    }
    one.groups = 0;
    one.nanoseconds = 0;
    one.counted = {};
    one.bytes_at_begin = one.log->file_bytes();
}

Measured begin(std::unique_ptr<GroupLog> log) {
    Measured one{.log = std::move(log)};
    if (one.log) {
        warm_up(one);
    }
    return one;
}

std::string json_of(const GroupShape& shape, const Measured& one) {
    const double groups = one.groups_per_second();
    return fmt::format(R"({{"groups_per_second":{:.1f},"entries_per_second":{:.1f},)"
                       R"("file_bytes_per_group":{:.1f},"file_bytes_per_second":{:.0f}}})",
        groups, groups * static_cast<double>(shape.entries), one.file_bytes_per_group(),
        groups * one.file_bytes_per_group());
}

std::string make_folder(const std::string& directory, const char* name) {
    const std::string folder = directory + "/" + name;
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
}

void count(const std::string& directory, const GroupShape& shape) {
    Measured ours = begin(
        std::make_unique<OurLog>(make_folder(directory, "ours"), shape, Life::recycling));
    for (std::uint64_t groups = std::max<std::uint64_t>(20, 2'000 / shape.entries); groups > 0;
         --groups) {
        append_one(ours);
    }
    const auto entries = static_cast<double>(ours.groups * shape.entries);
    fmt::print(R"({{"body_bytes":{},"entries_per_group":{},"allocations_per_entry":{:.4f},)"
               R"("allocated_bytes_per_entry":{:.1f},"copied_bytes_per_entry":{:.1f}}})"
               "\n",
        shape.body_bytes, shape.entries, static_cast<double>(ours.counted.allocations) / entries,
        static_cast<double>(ours.counted.allocated_bytes) / entries,
        static_cast<double>(ours.counted.copied_bytes) / entries);
}

void measure(const std::string& directory, const GroupShape& shape, double seconds) {
    Measured ours = begin(
        std::make_unique<OurLog>(make_folder(directory, "ours"), shape, Life::recycling));
    Measured growing = begin(
        std::make_unique<OurLog>(make_folder(directory, "growing"), shape, Life::growing));
    Measured probe = begin(
        std::make_unique<Probe>(make_folder(directory, "probe"), group_file_bytes(shape)));
    Measured rocksdb = begin(make_rocksdb(make_folder(directory, "rocksdb"), shape));
    while (ours.seconds() < seconds && !ours.is_full()) {
        take_turn(ours);
        take_turn(growing);
        take_turn(probe);
        if (rocksdb.log) {
            take_turn(rocksdb);
        }
    }
    fmt::print(R"({{"body_bytes":{},"entries_per_group":{},"ours":{},"growing":{},"probe":{},)"
               R"("rocksdb":{}}})"
               "\n",
        shape.body_bytes, shape.entries, json_of(shape, ours), json_of(shape, growing),
        json_of(shape, probe), rocksdb.log ? json_of(shape, rocksdb) : "null");
}

}  // namespace
}  // namespace ledger::bench

int main(int argc, char** argv) {
    namespace bench = ledger::bench;
    const double seconds = argc == 3 ? std::strtod(argv[2], nullptr) : 0;
    if (seconds <= 0) {
        bench::give_up("usage: log_append_bench DIR SECONDS");
    }
    const std::string directory = bench::make_folder(argv[1], "log_append");
    for (const std::uint64_t body_bytes : bench::body_sizes) {
        for (const std::uint64_t entries : bench::group_sizes) {
            if (bench::counting()) {
                bench::count(directory, {body_bytes, entries});
            } else {
                bench::measure(directory, {body_bytes, entries}, seconds);
            }
            std::fflush(stdout);
        }
    }
    std::filesystem::remove_all(directory);
    return 0;
}
