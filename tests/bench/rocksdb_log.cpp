// RocksDB as a GroupLog: its write-ahead log, with what a put costs beside it.

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include "tests/bench/group_log.h"
#include "tests/bench/load.h"

namespace ledger::bench {
namespace {

// The memtable takes all puts of a measurement, so that nothing is ever flushed or compacted.
constexpr std::size_t memtable_bytes = std::size_t{8} << 30;

void check(const rocksdb::Status& status) {
    if (!status.ok()) {
        give_up("rocksdb: " + status.ToString());
    }
}

class RocksDbLog final : public GroupLog {
  public:
    RocksDbLog(const std::string& directory, const GroupShape& shape)
        : shape_(shape), body_(shape.body_bytes, 'b') {
        rocksdb::Options options;
        options.create_if_missing = true;
        options.compression = rocksdb::kNoCompression;
        options.write_buffer_size = memtable_bytes;
        options.statistics = statistics_ = rocksdb::CreateDBStatistics();
        rocksdb::DB* opened = nullptr;
        check(rocksdb::DB::Open(options, directory, &opened));
        database_.reset(opened);
    }

    void prepare() override {
        batch_.Clear();
        for (std::uint64_t i = 0; i < shape_.entries; ++i) {
            // In order, as the indexes of a log are.
            const std::uint64_t key = __builtin_bswap64(++entries_);
            check(batch_.Put({reinterpret_cast<const char*>(&key), sizeof key}, body_));
        }
    }
    void append() override {
        rocksdb::WriteOptions options;
        options.sync = true;
        check(database_->Write(options, &batch_));
    }
    std::uint64_t file_bytes() const override {
        return statistics_->getTickerCount(rocksdb::WAL_FILE_BYTES);
    }

  private:
    const GroupShape shape_;
    const std::string body_;
    std::shared_ptr<rocksdb::Statistics> statistics_;
    std::unique_ptr<rocksdb::DB> database_;
    rocksdb::WriteBatch batch_;
    std::uint64_t entries_ = 0;
};

}  // namespace

std::unique_ptr<GroupLog> make_rocksdb(const std::string& directory, const GroupShape& shape) {
    return std::make_unique<RocksDbLog>(directory, shape);
}

}  // namespace ledger::bench
