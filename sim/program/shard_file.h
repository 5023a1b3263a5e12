#pragma once
// ShardFile: what a shard of a campaign has found, appended part by part, to be gone on with and
// merged.
//
//   header   u32 "ELsh", u32 version, u32 length of the body, body, u32 CRC-32C of all before it
//            body: what campaign it is (CampaignIdentity)
//   record   u32 length of the body, u32 CRC-32C of length and body, body
//            body: u8 finished, u64 count of ranges, of each first and last position run (u64),
//            totals of these seeds alone (encode_totals)
//
// Numbers are little-endian. Nothing is ever changed but the end: whoever dies leaves whole records
// and perhaps a part of one, which the next to open the file cuts off. The seeds of that one are
// run again; since a seed is the same run everywhere, nothing is lost but their time.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/base/result.h"
#include "log/base/sha256.h"
#include "sim/program/campaign_totals.h"
#include "sim/program/runner.h"
#include "sim/program/shard.h"

namespace ledger::sim {

enum class ShardErrc { damaged = 1, cut, foreign };
const boost::system::error_category& shard_category();
boost::system::error_code make_error_code(ShardErrc errc);

struct CampaignIdentity {
    Digest build;               // SHA-256 of the program's file
    std::string build_name;     // for people
    std::string scenario;       // its whole text, as check::print_scenario
    ScenarioChoice choice;      // as it was named; only whether there was a file is compared
    std::uint64_t seconds = 0;  // 0 = all seeds; else only whether it is 0 is compared
    Shard shard;
};
// Of this program. Errors: its file cannot be read.
Result<Digest> own_build();
// How `other` is not of the same campaign as `own`, whatever shard of it; empty if it is.
std::string difference(const CampaignIdentity& own, const CampaignIdentity& other);

// How far it had come when, from its beginning.
struct Pace {
    std::uint64_t microseconds = 0;
    std::uint64_t steps = 0;
};

struct ShardContents {
    CampaignIdentity identity;
    CampaignTotals totals;  // `expected` too: of the shard
    SeedSet done;           // positions
    bool finished = false;  // it has nothing more to do
    std::vector<Pace> pace;
    std::uint64_t whole_bytes = 0;  // up to the end of the last whole record
    bool cut = false;               // behind them there is a part of a record
};
// Errors name the byte.
Result<ShardContents> read_shard(ByteSpan bytes);

class ShardFile {
  public:
    enum class Begin { anew, anew_or_go_on, go_on };
    // Only one process has it open; others wait until that one is gone. Errors begin with the path.
    static Result<std::unique_ptr<ShardFile>> open(
        const std::string& path, const CampaignIdentity& identity, Begin begin);
    ~ShardFile();
    ShardFile(const ShardFile&) = delete;
    ShardFile& operator=(const ShardFile&) = delete;

    // What was there when it was opened.
    const ShardContents& contents() const { return contents_; }
    // Durable when it returns. After an error the file is as before.
    Result<void> append(const CampaignTotals& totals, const SeedSet& positions, bool finished);

  private:
    ShardFile(int file, std::string path) : file_(file), path_(std::move(path)) {}
    Result<void> lock() const;
    Result<void> take_up(const CampaignIdentity& identity, Begin begin);
    Result<void> write(ByteSpan bytes);
    Error failed(const char* what) const;

    const int file_;
    const std::string path_;
    ShardContents contents_;
    std::uint64_t size_ = 0;
};

}  // namespace ledger::sim

template <>
struct boost::system::is_error_code_enum<ledger::sim::ShardErrc> : std::true_type {};
