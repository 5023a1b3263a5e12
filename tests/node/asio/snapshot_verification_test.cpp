#include "node/asio/snapshot_verification.h"

#include <catch2/catch.hpp>

#include "log/base/format.h"
#include "log/posix_file_system.h"
#include "log/state/ledger.h"
#include "node/cut_entries.h"
#include "raft/configuration_body.h"
#include "tests/node/asio/ctl_folder.h"

namespace ledger::node::asio {
namespace {

// A cut of an empty ledger at index 1, a log behind it, and what can be wrong with both although every
// checksum holds: somebody made it so.
struct Made {
    std::vector<HashedEntry> entries;
    log::CutManifest cut;
    std::vector<ByteVector> chunks;

    Made() {
        state::Ledger ledger;
        append(cut_entry());
        ByteVector outcome;
        ledger.apply(entries[0].entry, entries[0].hash, outcome);
        cut.id = entries[0].entry.id();
        cut.entry_hash = entries[0].hash;
        raft::Configuration members;
        members.voters.insert(NodeId{1});
        raft::encode_configuration(members, cut.configuration);
        set_control(Index{1});
        ledger.freeze();
        ByteVector chunk;
        while (ledger.next_chunk(64u << 10, chunk)) {
            add_chunk(chunk);
            chunk.clear();
        }
        ledger.thaw();
    }

    void append(EntryRef entry) {
        entry.index = Index{entries.size() + 1};
        entry.term = Term{1};
        const Digest previous = entries.empty() ? Digest{} : entries.back().hash;
        const Digest hash = entry_hash(previous, entry);
        entries.push_back({std::move(entry), hash});
    }
    void add_chunk(const ByteVector& chunk) {
        chunks.push_back(chunk);
        cut.chunks.push_back(sha256(chunk));
        cut.bytes += chunk.size();
    }
    void set_control(Index last_cut, std::vector<AgreedCut> agreed = {}) {
        CutControl control;
        control.last_cut = last_cut;
        control.agreed = std::move(agreed);
        cut.control.clear();
        encode_control(control, cut.control);
    }

    Result<VerifiedSnapshot> verify() const {
        const CtlFolder folder;
        const auto files = log::make_posix_file_system(folder.path());
        auto file = files->create("snapshot");
        REQUIRE(file.has_value());
        const log::SnapshotHead head{.cluster = {1, 1}, .node = NodeId{1}, .saved_at = {},
            .start = {entries[0].entry.id(), entries[0].hash, {}, {}},
            .last = entries.back().entry.id(), .last_hash = entries.back().hash};
        auto writer = log::SnapshotWriter::begin(**file, head);
        REQUIRE(writer.has_value());
        REQUIRE(writer->write(cut).has_value());
        for (const ByteVector& chunk : chunks) {
            REQUIRE(writer->write_chunk(chunk).has_value());
        }
        for (std::size_t i = 1; i < entries.size(); ++i) {
            REQUIRE(writer->write(entries[i]).has_value());
        }
        REQUIRE(writer->finish().has_value());
        return verify_snapshot(**file);
    }
    std::string refusal() const {
        const Result<VerifiedSnapshot> verified = verify();
        REQUIRE_FALSE(verified.has_value());
        CHECK(verified.error().code == make_error_code(log::Errc::corrupt_record));
        return verified.error().place;
    }
};

bool says(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("snapshot_verification: says whether the members had agreed upon the cut", "[ctl]") {
    Made made;
    made.append({});
    CHECK_FALSE(made.verify()->cut_is_agreed);
    made.append(cut_root_entry({made.cut.id, made.cut.root()}));
    REQUIRE(made.verify().has_value());
    CHECK(made.verify()->cut_is_agreed);
    CHECK(made.verify()->length == Position{0});
}

TEST_CASE("snapshot_verification: a cut that the log contradicts is none", "[ctl]") {
    Made made;
    made.append(cut_root_entry({made.cut.id, sha256(as_bytes("another state"))}));
    CHECK(says(made.refusal(), "the cut at 1 is not the one that entry 2 speaks of"));
}

TEST_CASE("snapshot_verification: chunks that are no state, or not all of it", "[ctl]") {
    Made noise;
    noise.add_chunk(ByteVector(40, std::byte{0xee}));
    CHECK(says(noise.refusal(), "chunk"));
    Made nothing;
    nothing.chunks.clear();
    nothing.cut.chunks.clear();
    nothing.cut.bytes = 0;
    CHECK(says(nothing.refusal(), "no whole state"));
}

TEST_CASE("snapshot_verification: notes about what is not yet, or about nobody", "[ctl]") {
    Made ahead;
    ahead.set_control(Index{2});
    CHECK(says(ahead.refusal(), "no membership or no notes"));
    Made agreed;
    agreed.set_control(Index{1}, {{{Term{1}, Index{5}}, {}}});
    agreed.append(retain_entry(Index{5}));
    CHECK(says(agreed.refusal(), "no membership or no notes"));
    Made nobody;
    nobody.cut.configuration = {std::byte{9}};
    CHECK(says(nobody.refusal(), "no membership or no notes"));
}

}  // namespace ledger::node::asio
