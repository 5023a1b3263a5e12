#include "sim/program/shard_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "log/base/crc32c.h"
#include "sim/program/input.h"
#include "sim/program/mapped_file.h"

namespace ledger::sim {
namespace {

constexpr std::uint32_t magic = 0x68734c45;  // "ELsh"
constexpr std::uint32_t version = 1;
constexpr std::size_t record_front = 8;   // length, CRC
constexpr std::size_t crc_bytes = 4;

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.shard"; }
    std::string message(int value) const override {
        switch (static_cast<ShardErrc>(value)) {
            case ShardErrc::damaged: return "damaged results of a shard";
            case ShardErrc::cut: return "results of a shard that were cut off";
            case ShardErrc::foreign: return "results of something else";
        }
        return "unknown shard error";
    }
};

std::uint32_t number_at(ByteSpan bytes, std::size_t at) {
    return load_little_endian<std::uint32_t>(bytes.data() + at);
}

ByteVector encode_identity(const CampaignIdentity& identity) {
    ByteVector body;
    ByteWriter writer(body);
    writer.bytes(identity.build.span());
    writer.sized(as_bytes(identity.build_name));
    writer.sized(as_bytes(identity.scenario));
    writer.sized(as_bytes(identity.choice.file));
    writer.u32(identity.choice.nodes);
    writer.u64(identity.seconds);
    writer.u64(identity.shard.first);
    writer.u64(identity.shard.last);
    writer.u32(identity.shard.index);
    writer.u32(identity.shard.count);
    return body;
}

std::optional<CampaignIdentity> decode_identity(ByteSpan body) {
    ByteReader reader(body);
    CampaignIdentity identity;
    const ByteSpan build = reader.bytes(identity.build.bytes.size());
    std::copy(build.begin(), build.end(), identity.build.bytes.begin());
    identity.build_name = as_text(reader.sized());
    identity.scenario = as_text(reader.sized());
    identity.choice.file = as_text(reader.sized());
    identity.choice.nodes = reader.u32();
    identity.seconds = reader.u64();
    identity.shard.first = reader.u64();
    identity.shard.last = reader.u64();
    identity.shard.index = reader.u32();
    identity.shard.count = reader.u32();
    const Shard& shard = identity.shard;
    const bool valid = 1 <= shard.index && shard.index <= shard.count &&
                       shard.count <= shards_max && shard.first <= shard.last;
    return reader.ok() && reader.at_end() && valid ? std::optional(std::move(identity))
                                                   : std::nullopt;
}

ByteVector encode_header(const CampaignIdentity& identity) {
    ByteVector bytes;
    ByteWriter writer(bytes);
    writer.u32(magic);
    writer.u32(version);
    writer.sized(encode_identity(identity));
    writer.u32(crc32c(bytes));
    return bytes;
}

// Takes the header; gives where it ends.
Result<std::uint64_t> read_header(ByteSpan bytes, CampaignIdentity& identity) {
    if (bytes.size() >= crc_bytes && number_at(bytes, 0) != magic) {
        return failure(ShardErrc::foreign, "it does not begin like results of a campaign");
    }
    if (bytes.size() >= 8 && number_at(bytes, 4) != version) {
        return failure(ShardErrc::foreign,
            fmt::format("its version is {}, expected {}", number_at(bytes, 4), version));
    }
    ByteReader reader(bytes);
    reader.bytes(8);
    const ByteSpan body = reader.sized();
    const std::uint64_t end = reader.offset();
    const std::uint32_t crc = reader.u32();
    if (!reader.ok()) {
        return failure(
            ShardErrc::cut, fmt::format("it ends at byte {}, inside its header", bytes.size()));
    }
    std::optional<CampaignIdentity> read;
    if (crc == crc32c(bytes.first(static_cast<std::size_t>(end)))) {
        read = decode_identity(body);
    }
    if (!read) {
        return failure(ShardErrc::damaged, fmt::format("the header, bytes 0 to {}", end));
    }
    identity = std::move(*read);
    return end + crc_bytes;
}

std::uint32_t record_crc(ByteSpan length, ByteSpan body) {
    return crc32c(body, crc32c(length));
}

// Adds a record to what is before it; false if it cannot come after that.
bool take_record(ByteSpan body, ShardContents& contents) {
    ByteReader reader(body);
    const std::uint8_t finished = reader.u8();
    const std::uint64_t seeds = contents.identity.shard.seeds();
    const std::uint64_t before = contents.done.size();
    for (std::uint64_t left = reader.u64(); left > 0; --left) {
        const std::uint64_t first = reader.u64();
        const std::uint64_t last = reader.u64();
        if (!reader.ok() || first > last || last >= seeds || !contents.done.add(first, last)) {
            return false;
        }
    }
    const std::optional<CampaignTotals> part = decode_totals(reader.bytes(reader.remaining()));
    if (!reader.ok() || finished > 1 || !part || part->seeds != contents.done.size() - before) {
        return false;
    }
    contents.totals.add(*part);
    contents.finished = finished == 1;
    contents.pace.push_back({contents.totals.wall_microseconds, contents.totals.sum.steps});
    return true;
}

std::string hex(const Digest& digest) {
    return fmt::format("{:016x}", digest.truncated());
}

std::string scenario_hash(const CampaignIdentity& identity) {
    return hex(sha256(as_bytes(identity.scenario)));
}

std::string seeds_of(const CampaignIdentity& identity) {
    return identity.seconds > 0 ? std::string("--for some time")
                                : fmt::format("{}..{}", identity.shard.first, identity.shard.last);
}

}  // namespace

const boost::system::error_category& shard_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(ShardErrc errc) {
    return {static_cast<int>(errc), shard_category()};
}

Result<Digest> own_build() {
    LEDGER_TRY(const MappedFile program, MappedFile::open("/proc/self/exe"));
    return sha256(program.bytes());
}

std::string difference(const CampaignIdentity& own, const CampaignIdentity& other) {
    if (other.build != own.build) {
        return fmt::format("made by another build, {} ({}), expected {} ({})", other.build_name,
            hex(other.build), own.build_name, hex(own.build));
    }
    const bool same_choice = other.choice.file.empty() == own.choice.file.empty() &&
                             other.choice.nodes == own.choice.nodes;
    if (other.scenario != own.scenario || !same_choice) {
        const auto name = [](const CampaignIdentity& identity) {
            return identity.choice.file.empty() ? "default" : identity.choice.file;
        };
        return fmt::format(
            "made with another scenario, {} ({}, {} nodes), expected {} ({}, {} nodes)",
            name(other), scenario_hash(other), other.choice.nodes, name(own), scenario_hash(own),
            own.choice.nodes);
    }
    if (other.shard.first != own.shard.first || other.shard.last != own.shard.last ||
        (other.seconds > 0) != (own.seconds > 0)) {
        return fmt::format("of other seeds, {}, expected {}", seeds_of(other), seeds_of(own));
    }
    if (other.shard.count != own.shard.count) {
        return fmt::format(
            "one of {} shards, expected one of {}", other.shard.count, own.shard.count);
    }
    return {};
}

Result<ShardContents> read_shard(ByteSpan bytes) {
    ShardContents contents;
    LEDGER_TRY(std::uint64_t at, read_header(bytes, contents.identity));
    contents.totals.expected = contents.identity.seconds > 0 ? 0 : contents.identity.shard.seeds();
    while (at < bytes.size()) {
        const ByteSpan rest = bytes.subspan(static_cast<std::size_t>(at));
        const std::uint64_t length = rest.size() < record_front ? 0 : number_at(rest, 0);
        const bool to_the_end = rest.size() <= record_front || rest.size() - record_front <= length;
        const bool whole = length > 0 && rest.size() - record_front >= length;
        const ByteSpan body =
            whole ? rest.subspan(record_front, static_cast<std::size_t>(length)) : ByteSpan();
        if (whole && number_at(rest, 4) == record_crc(rest.first(4), body)) {
            if (!take_record(body, contents)) {
                return failure(ShardErrc::damaged,
                    fmt::format("what is at byte {} does not follow what is before it", at));
            }
            at += record_front + length;
            continue;
        }
        // What a machine that died has left of the last record may also be zeros, or partly so.
        const bool zeros = std::all_of(
            rest.begin(), rest.end(), [](std::byte byte) { return byte == std::byte{0}; });
        if (!to_the_end && !zeros) {
            return failure(ShardErrc::damaged, fmt::format("the record at byte {}", at));
        }
        contents.cut = true;
        break;
    }
    contents.whole_bytes = at;
    return contents;
}

Result<std::unique_ptr<ShardFile>> ShardFile::open(
    const std::string& path, const CampaignIdentity& identity, Begin begin) {
    const int create = begin == Begin::go_on ? 0 : O_CREAT;
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | create, 0666);
    if (file < 0) {
        return failure(InputErrc::unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    std::unique_ptr<ShardFile> shard(new ShardFile(file, path));
    Result<void> taken = shard->lock();
    if (taken) {
        taken = shard->take_up(identity, begin);
    }
    if (!taken) {
        return taken.error();
    }
    return shard;
}

ShardFile::~ShardFile() {
    ::close(file_);
}

Error ShardFile::failed(const char* what) const {
    return failure(
        InputErrc::unreadable, fmt::format("{}: {}: {}", path_, what, std::strerror(errno)));
}

// The lock is gone with the last process that has the file from us, however that ends.
Result<void> ShardFile::lock() const {
    constexpr int told_after = 20;
    for (int tries = 0; ::flock(file_, LOCK_EX | LOCK_NB) != 0; ++tries) {
        if (errno == ENOSYS || errno == ENOTSUP || errno == EOPNOTSUPP || errno == ENOLCK) {
            std::fprintf(stderr,
                "ledgersim: %s: files cannot be locked here; nobody else may run this shard now\n",
                path_.c_str());
            return {};
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return failed("cannot lock it");
        }
        if (tries == told_after) {
            std::fprintf(
                stderr, "ledgersim: %s: another process works on it; waiting\n", path_.c_str());
        }
        ::usleep(50'000);
    }
    return {};
}

Result<void> ShardFile::take_up(const CampaignIdentity& identity, Begin begin) {
    const ByteVector header = encode_header(identity);
    LEDGER_TRY(const std::string text, read_file(path_));
    const ByteSpan there = as_bytes(text);
    // Who died while writing it has left a part of the header.
    const bool begun =
        there.size() < header.size() && std::equal(there.begin(), there.end(), header.begin());
    if (begin == Begin::anew || (begin == Begin::anew_or_go_on && begun)) {
        if (::ftruncate(file_, 0) != 0) {
            return failed("cannot empty it");
        }
        contents_.identity = identity;
        contents_.totals.expected = identity.seconds > 0 ? 0 : identity.shard.seeds();
        return write(header);
    }
    Result<ShardContents> read = read_shard(there);
    if (!read) {
        Error error = read.error();
        error.place = path_ + ": " + error.place;
        return error;
    }
    std::string other = difference(identity, read->identity);
    if (other.empty() && read->identity.shard.index != identity.shard.index) {
        other =
            fmt::format("shard {}, expected {}", read->identity.shard.index, identity.shard.index);
    }
    if (!other.empty()) {
        return failure(ShardErrc::foreign, path_ + ": " + other);
    }
    contents_ = std::move(*read);
    size_ = contents_.whole_bytes;
    return ::ftruncate(file_, static_cast<off_t>(size_)) == 0 ? Result<void>()
                                                              : failed("cannot cut its end off");
}

Result<void> ShardFile::append(
    const CampaignTotals& totals, const SeedSet& positions, bool finished) {
    ByteVector body;
    ByteWriter writer(body);
    writer.u8(finished ? 1 : 0);
    writer.u64(positions.ranges().size());
    for (const auto& [first, last] : positions.ranges()) {
        writer.u64(first);
        writer.u64(last);
    }
    encode_totals(totals, body);
    ByteVector record;
    ByteWriter framed(record);
    framed.u32(static_cast<std::uint32_t>(body.size()));
    framed.u32(record_crc(record, body));
    framed.bytes(body);
    return write(record);
}

Result<void> ShardFile::write(ByteSpan bytes) {
    std::uint64_t at = size_;
    bool good = true;
    for (ByteSpan left = bytes; good && !left.empty();) {
        const ssize_t count = ::pwrite(file_, left.data(), left.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        good = count > 0;
        left = left.subspan(good ? static_cast<std::size_t>(count) : 0);
        at += good ? static_cast<std::uint64_t>(count) : 0;
    }
    if (!good || ::fdatasync(file_) != 0) {
        const Error error = failed("cannot write");
        // If not even this succeeds, the next to open the file does it.
        return ::ftruncate(file_, static_cast<off_t>(size_)) == 0 ? error : failed("cannot write");
    }
    size_ = at;
    return {};
}

}  // namespace ledger::sim
