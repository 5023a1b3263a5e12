#include "node/event_codec.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/base/format.h"
#include "node/frame.h"

// An event's bytes: the version of this layout (8), the event's number, its fields in the order in
// which fields() below names them, with nothing between them.
//
//   number, identifier     its fixed width: 4 bytes for nodes, groups and parts, 8 for all others
//   feature version        4 bytes
//   flag                   1 byte, 0 or 1
//   entry kind             1 byte, the number of log/base/entry.h
//   read level, verb of    1 byte, the number of node/message.h
//   a membership change,
//   result of a fetch
//   priority               1 byte
//   one of several         1 byte, from 1, in the order of the variant; then that one's fields
//   bytes, text            4 bytes of length, then the bytes
//   list                   4 bytes of count, then the elements
//   optional               a flag, then the value if there is one
//   entry body             4 bytes of envelope length, 4 of erasable length, envelope, erasable;
//                          a length of 2^32 - 1: the erasable part is not there any more; with its
//                          highest bit set: some of it is not
//
// Numbers: 1 Start, 2 Message, 3 Stored, 4 StoreFailed, 5 Loaded, 6 Time, 7 Client, 8 PeerUp,
// 9 PeerDown, 10 CutStored, 11 ChunkLoaded. The golden files of tests/golden/node hold one of each and pin all of this.
namespace ledger::node {

namespace {

constexpr std::uint8_t layout_version = 8;

// The fields of every struct, once: the writer, the reader and the hash all walk these lists, so
// that they cannot disagree. `visit` takes any number of fields, in order.
template <typename Visitor, typename Struct>
void fields(Visitor& visit, Struct& it) {
    using T = std::remove_const_t<Struct>;
    if constexpr (std::is_same_v<T, ClusterId>) {
        visit(it.high, it.low);
    } else if constexpr (std::is_same_v<T, LogId>) {
        visit(it.term, it.index);
    } else if constexpr (std::is_same_v<T, TermRun>) {
        visit(it.first, it.term);
    } else if constexpr (std::is_same_v<T, HardState>) {
        visit(it.term, it.vote, it.trimmed);
    } else if constexpr (std::is_same_v<T, HashedEntry>) {
        visit(it.entry, it.hash);
    } else if constexpr (std::is_same_v<T, raft::PreVoteRequest>) {
        visit(it.term, it.proposed, it.last, it.attempt, it.addressee);
    } else if constexpr (std::is_same_v<T, raft::PreVoteResponse>) {
        visit(it.term, it.proposed, it.attempt, it.granted, it.removed);
    } else if constexpr (std::is_same_v<T, raft::VoteRequest>) {
        visit(it.term, it.last, it.transfer, it.addressee);
    } else if constexpr (std::is_same_v<T, raft::ReadRequest>) {
        visit(it.term, it.number);
    } else if constexpr (std::is_same_v<T, raft::ReadResponse>) {
        visit(it.term, it.number, it.index);
    } else if constexpr (std::is_same_v<T, raft::SnapshotOffer>) {
        visit(it.term, it.cut, it.cluster_time, it.wall_time, it.configuration);
    } else if constexpr (std::is_same_v<T, raft::SnapshotStatus>) {
        visit(it.term, it.cut, it.held);
    } else if constexpr (std::is_same_v<T, raft::TimeoutNow>) {
        visit(it.term);
    } else if constexpr (std::is_same_v<T, raft::VoteResponse>) {
        visit(it.term, it.granted);
    } else if constexpr (std::is_same_v<T, raft::AppendRequest>) {
        visit(it.term, it.previous, it.commit, it.sequence, it.entries, it.addressee,
            it.trimmed);
    } else if constexpr (std::is_same_v<T, raft::AppendResponse>) {
        visit(it.term, it.sequence, it.accepted, it.match, it.previous, it.hint, it.trimmed,
            it.crowded);
    } else if constexpr (std::is_same_v<T, raft::Heartbeat>) {
        visit(it.term, it.commit, it.round);
    } else if constexpr (std::is_same_v<T, raft::HeartbeatResponse>) {
        visit(it.term, it.round, it.crowded);
    } else if constexpr (std::is_same_v<T, CutRequest>) {
        visit(it.cut, it.part);
    } else if constexpr (std::is_same_v<T, CutPart>) {
        visit(it.cut, it.part, it.bytes);
    } else if constexpr (std::is_same_v<T, FetchEntry>) {
        visit(it.term, it.entry, it.crc);
    } else if constexpr (std::is_same_v<T, FetchedEntry>) {
        visit(it.term, it.entry, it.result, it.cut, it.copy, it.whole);
    } else if constexpr (std::is_same_v<T, PeerMessage>) {
        visit(it.cluster, it.group, it.from, it.to, it.incarnation, it.features, it.body);
    } else if constexpr (std::is_same_v<T, Command>) {
        visit(it.body);
    } else if constexpr (std::is_same_v<T, Finalise>) {
        visit(it.most);
    } else if constexpr (std::is_same_v<T, Query>) {
        visit(it.question, it.level);
    } else if constexpr (std::is_same_v<T, Subscribe>) {
        visit(it.now, it.from, it.stream, it.window);
    } else if constexpr (std::is_same_v<T, Grant>) {
        visit(it.subscription, it.bytes);
    } else if constexpr (std::is_same_v<T, Unsubscribe>) {
        visit(it.subscription);
    } else if constexpr (std::is_same_v<T, ChangeMembership>) {
        visit(it.verb, it.node, it.replaced, it.priority);
    } else if constexpr (std::is_same_v<T, TransferLeadership>) {
        visit(it.target);
    } else if constexpr (std::is_same_v<T, ClientRequest>) {
        visit(it.id, it.operation);
    } else if constexpr (std::is_same_v<T, log::Recovered>) {
        visit(it.incarnation, it.hard_state, it.previous, it.first, it.last, it.terms, it.commit,
            it.commit_hash, it.tail, it.configuration, it.faulty_configuration,
            it.last_cluster_time, it.last_wall_time, it.faulty, it.unsealed, it.crowded,
            it.torn_bytes, it.torn_entries);
    } else if constexpr (std::is_same_v<T, log::EntryIdentity>) {
        visit(it.index, it.term, it.envelope_bytes, it.erasable_bytes, it.envelope_crc, it.kind,
            it.flags);
    } else if constexpr (std::is_same_v<T, Start>) {
        visit(it.recovered, it.wall, it.cuts);
    } else if constexpr (std::is_same_v<T, log::CutManifest>) {
        visit(it.id, it.cluster_time, it.wall_time, it.entry_hash, it.configuration, it.control,
            it.chunks, it.bytes);
    } else if constexpr (std::is_same_v<T, CutStored>) {
        visit(it.request, it.chunks, it.failed, it.no_space);
    } else if constexpr (std::is_same_v<T, ChunkLoaded>) {
        visit(it.request, it.bytes, it.failed);
    } else if constexpr (std::is_same_v<T, Time>) {
        visit(it.wall);
    } else if constexpr (std::is_same_v<T, Message>) {
        visit(it.message);
    } else if constexpr (std::is_same_v<T, Stored>) {
        visit(it.ticket, it.damaged, it.crowded);
    } else if constexpr (std::is_same_v<T, StoreFailed>) {
        visit(it.ticket);
    } else if constexpr (std::is_same_v<T, Loaded>) {
        visit(it.request, it.entries, it.failed, it.damaged);
    } else if constexpr (std::is_same_v<T, Client>) {
        visit(it.client, it.request);
    } else if constexpr (std::is_same_v<T, PeerUp> || std::is_same_v<T, PeerDown>) {
        visit(it.peer);
    } else {
        static_assert(
            std::is_same_v<T, StatusQuery>, "a struct whose fields are not listed");
    }
}

std::uint32_t envelope_bytes(const EntryHandle& body) {
    return body ? body->envelope_size() : 0;
}

std::uint32_t erasable_bytes(const EntryHandle& body) {
    return body ? body->erasable_size() : 0;
}

// In the place of a size.
constexpr std::uint32_t erased_mark = UINT32_MAX;
constexpr std::uint32_t partly_erased_bit = 1u << 31;
static_assert(entry_bytes_max < partly_erased_bit);

std::uint32_t erasable_mark(const EntryHandle& body) {
    switch (body.erasure()) {
        case Erasure::none: return erasable_bytes(body);
        case Erasure::part: return erasable_bytes(body) | partly_erased_bit;
        case Erasure::whole: break;
    }
    return erased_mark;
}

class EventWriter {
  public:
    explicit EventWriter(ByteVector& out) : out_(out) {}

    template <typename... Fields>
    void operator()(const Fields&... all) {
        (one(all), ...);
    }

  private:
    void one(std::uint64_t number) { out_.u64(number); }
    void one(std::uint32_t number) { out_.u32(number); }
    void one(bool flag) { out_.u8(flag ? 1 : 0); }
    void one(EntryKind kind) { out_.u8(static_cast<std::uint8_t>(kind)); }
    void one(ReadLevel level) { out_.u8(static_cast<std::uint8_t>(level)); }
    void one(MembershipVerb verb) { out_.u8(static_cast<std::uint8_t>(verb)); }
    void one(FetchResult result) { out_.u8(static_cast<std::uint8_t>(result)); }
    void one(std::uint8_t number) { out_.u8(number); }
    void one(Feature version) { out_.u32(static_cast<std::uint32_t>(version)); }
    void one(ClusterTime time) { out_.i64(time.nanoseconds); }
    void one(WallTime time) { out_.i64(time.nanoseconds); }
    void one(const Digest& digest) { out_.bytes(digest.span()); }
    void one(const ByteVector& bytes) { out_.sized(bytes); }
    void one(const std::string& text) { out_.sized(as_bytes(text)); }
    template <typename Tag>
    void one(Ordinal<Tag> id) {
        out_.u64(id.value);
    }
    template <typename Tag>
    void one(Strong<Tag> id) {
        out_.u64(id.value);
    }
    template <typename Tag>
    void one(Strong<Tag, std::uint32_t> id) {
        out_.u32(id.value);
    }
    void one(const EntryHandle& body) {
        out_.u32(envelope_bytes(body));
        out_.u32(erasable_mark(body));
        out_.bytes(body.envelope());
        out_.bytes(body.erasable());
    }
    void one(const EntryRef& entry) {
        LEDGER_ASSERT(entry.bytes == envelope_bytes(entry.handle) + erasable_bytes(entry.handle));
        (*this)(
            entry.index, entry.term, entry.kind, entry.cluster_time, entry.wall_time, entry.handle);
    }
    template <typename Element>
    void one(const std::vector<Element>& list) {
        LEDGER_ASSERT(list.size() <= UINT32_MAX);
        out_.u32(static_cast<std::uint32_t>(list.size()));
        for (const Element& element : list) {
            one(element);
        }
    }
    template <typename Value>
    void one(const std::optional<Value>& value) {
        one(value.has_value());
        if (value) {
            one(*value);
        }
    }
    template <typename... Alternatives>
    void one(const std::variant<Alternatives...>& choice) {
        out_.u8(static_cast<std::uint8_t>(choice.index() + 1));
        std::visit([this](const auto& alternative) { this->one(alternative); }, choice);
    }
    template <typename Struct>
    void one(const Struct& it) {
        fields(*this, it);
    }

    ByteWriter out_;
};

// Fewest bytes of one element: a count larger than what is left can hold is not believed.
template <typename Element>
constexpr std::uint32_t element_bytes_min = 0;
template <>
constexpr std::uint32_t element_bytes_min<EntryRef> = 41;
template <>
constexpr std::uint32_t element_bytes_min<HashedEntry> = 41 + 32;
template <>
constexpr std::uint32_t element_bytes_min<TermRun> = 16;
template <>
constexpr std::uint32_t element_bytes_min<Index> = 8;
template <>
constexpr std::uint32_t element_bytes_min<log::EntryIdentity> = 30;
template <>
constexpr std::uint32_t element_bytes_min<Digest> = 32;
template <>
constexpr std::uint32_t element_bytes_min<log::CutManifest> = 84;

// After the first wrong field everything reads as zero or empty, and nothing is built any more.
class EventReader {
  public:
    explicit EventReader(ByteSpan in) : in_(in) {}

    template <typename... Fields>
    void operator()(Fields&... all) {
        (one(all), ...);
    }
    void require(bool holds, const char* expected) {
        if (!holds && expected_ == nullptr) {
            expected_ = expected;
            wrong_at_ = in_.offset();
        }
    }
    std::uint8_t byte() { return in_.u8(); }
    bool ok() const { return expected_ == nullptr && in_.ok(); }
    bool at_end() const { return in_.at_end(); }
    std::string place() const {
        if (expected_ == nullptr) {
            return fmt::format("event ends early at byte {}", in_.offset());
        }
        return fmt::format("event before byte {}: expected {}", wrong_at_, expected_);
    }

  private:
    void one(std::uint64_t& number) { number = in_.u64(); }
    void one(std::uint32_t& number) { number = in_.u32(); }
    void one(bool& flag) {
        const std::uint8_t number = in_.u8();
        require(number <= 1, "a flag of 0 or 1");
        flag = number == 1;
    }
    void one(EntryKind& kind) {
        const std::uint8_t number = in_.u8();
        require(!in_.ok() || known_entry_kind(number), "a known kind of entry");
        kind = ok() ? static_cast<EntryKind>(number) : EntryKind::noop;
    }
    void one(ReadLevel& level) {
        const std::uint8_t number = in_.u8();
        require(known_read_level(number), "a known read level");
        level = ok() ? static_cast<ReadLevel>(number) : ReadLevel::linearizable;
    }
    void one(MembershipVerb& verb) {
        const std::uint8_t number = in_.u8();
        require(!in_.ok() || known_membership_verb(number), "a known verb of a membership change");
        verb = ok() ? static_cast<MembershipVerb>(number) : MembershipVerb::add_learner;
    }
    void one(FetchResult& result) {
        const std::uint8_t number = in_.u8();
        require(!in_.ok() || known_fetch_result(number), "a known result of a fetch");
        result = ok() ? static_cast<FetchResult>(number) : FetchResult::faulty;
    }
    void one(std::uint8_t& number) { number = in_.u8(); }
    void one(Feature& version) { version = Feature{in_.u32()}; }
    void one(ClusterTime& time) { time.nanoseconds = in_.i64(); }
    void one(WallTime& time) { time.nanoseconds = in_.i64(); }
    void one(Digest& digest) {
        const ByteSpan bytes = in_.bytes(digest.bytes.size());
        std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
    }
    void one(ByteVector& bytes) {
        const ByteSpan found = in_.sized();
        bytes.assign(found.begin(), found.end());
    }
    void one(std::string& text) { text = as_text(in_.sized()); }
    template <typename Tag>
    void one(Ordinal<Tag>& id) {
        id.value = in_.u64();
    }
    template <typename Tag>
    void one(Strong<Tag>& id) {
        id.value = in_.u64();
    }
    template <typename Tag>
    void one(Strong<Tag, std::uint32_t>& id) {
        id.value = in_.u32();
    }
    void one(EntryHandle& body) {
        const std::uint64_t envelope_size = in_.u32();
        const std::uint32_t mark = in_.u32();
        const Erasure erasure = mark == erased_mark              ? Erasure::whole
                                : (mark & partly_erased_bit) != 0 ? Erasure::part
                                                                  : Erasure::none;
        const std::uint64_t erasable_size =
            erasure == Erasure::whole ? 0 : mark & ~partly_erased_bit;
        require(envelope_size + erasable_size <= entry_bytes_max, "a body within entry_bytes_max");
        require(erasure != Erasure::part || erasable_size > 0, "a part that is left");
        if (!ok() || (envelope_size + erasable_size == 0 && erasure == Erasure::none)) {
            return;
        }
        const ByteSpan envelope = in_.bytes(envelope_size);
        const ByteSpan erasable = in_.bytes(erasable_size);
        if (in_.ok()) {
            body = EntryHandle::make(envelope, erasable, erasure);
        }
    }
    void one(EntryRef& entry) {
        (*this)(
            entry.index, entry.term, entry.kind, entry.cluster_time, entry.wall_time, entry.handle);
        entry.bytes = envelope_bytes(entry.handle) + erasable_bytes(entry.handle);
    }
    template <typename Element>
    void one(std::vector<Element>& list) {
        static_assert(element_bytes_min<Element> > 0);
        const std::uint64_t count = in_.u32();
        require(!in_.ok() || count * element_bytes_min<Element> <= in_.remaining(),
            "a count that the rest of the event can hold");
        if (!ok()) {
            return;
        }
        list.reserve(count);
        while (ok() && list.size() < count) {
            one(list.emplace_back());
        }
    }
    template <typename Value>
    void one(std::optional<Value>& value) {
        bool there = false;
        one(there);
        if (ok() && there) {
            one(value.emplace());
        }
    }
    template <typename... Alternatives>
    void one(std::variant<Alternatives...>& choice) {
        const std::uint8_t number = in_.u8();
        require(!in_.ok() || (number >= 1 && number <= sizeof...(Alternatives)),
            "the number of a known alternative");
        if (ok()) {
            using Choice = std::variant<Alternatives...>;
            using Read = void (*)(EventReader&, Choice&);
            static constexpr Read reads[] = {&EventReader::choose<Alternatives, Choice>...};
            reads[number - 1](*this, choice);
        }
    }
    template <typename Alternative, typename Choice>
    static void choose(EventReader& reader, Choice& choice) {
        reader.one(choice.template emplace<Alternative>());
    }
    template <typename Struct>
    void one(Struct& it) {
        fields(*this, it);
    }

    ByteReader in_;
    const char* expected_ = nullptr;
    std::uint64_t wrong_at_ = 0;
};

// Every field enters as 64 bits, whatever its width. The envelope of a body enters by its digest,
// which exists already; the erasable part by its checksum.
class EventHasher {
  public:
    explicit EventHasher(Hash128& hash) : hash_(hash) {}

    template <typename... Fields>
    void operator()(const Fields&... all) {
        (one(all), ...);
    }

  private:
    void one(std::uint64_t number) { hash_.add(number); }
    void one(std::uint32_t number) { hash_.add(number); }
    void one(bool flag) { hash_.add(flag ? 1 : 0); }
    void one(EntryKind kind) { hash_.add(static_cast<std::uint64_t>(kind)); }
    void one(ReadLevel level) { hash_.add(static_cast<std::uint64_t>(level)); }
    void one(MembershipVerb verb) { hash_.add(static_cast<std::uint64_t>(verb)); }
    void one(FetchResult result) { hash_.add(static_cast<std::uint64_t>(result)); }
    void one(std::uint8_t number) { hash_.add(number); }
    void one(Feature version) { hash_.add(static_cast<std::uint64_t>(version)); }
    void one(ClusterTime time) { hash_.add(static_cast<std::uint64_t>(time.nanoseconds)); }
    void one(WallTime time) { hash_.add(static_cast<std::uint64_t>(time.nanoseconds)); }
    void one(const Digest& digest) {
        for (std::uint32_t at = 0; at < digest.bytes.size(); at += 8) {
            hash_.add(load_little_endian<std::uint64_t>(digest.bytes.data() + at));
        }
    }
    void one(const ByteVector& bytes) { hash_.add_bytes(bytes); }
    void one(const std::string& text) { hash_.add_bytes(as_bytes(text)); }
    template <typename Tag>
    void one(Ordinal<Tag> id) {
        hash_.add(id.value);
    }
    template <typename Tag, typename Rep>
    void one(Strong<Tag, Rep> id) {
        hash_.add(id.value);
    }
    void one(const EntryHandle& body) {
        hash_.add(envelope_bytes(body));
        hash_.add(erasable_mark(body));
        one(body.envelope_digest());
        hash_.add(crc32c(body.erasable()));
    }
    void one(const EntryRef& entry) {
        (*this)(
            entry.index, entry.term, entry.kind, entry.cluster_time, entry.wall_time, entry.handle);
    }
    template <typename Element>
    void one(const std::vector<Element>& list) {
        hash_.add(std::uint64_t{list.size()});
        for (const Element& element : list) {
            one(element);
        }
    }
    template <typename Value>
    void one(const std::optional<Value>& value) {
        one(value.has_value());
        if (value) {
            one(*value);
        }
    }
    template <typename... Alternatives>
    void one(const std::variant<Alternatives...>& choice) {
        hash_.add(std::uint64_t{choice.index()} + 1);
        std::visit([this](const auto& alternative) { this->one(alternative); }, choice);
    }
    template <typename Struct>
    void one(const Struct& it) {
        fields(*this, it);
    }

    Hash128& hash_;
};

}  // namespace

void encode_event(const Event& event, ByteVector& out) {
    out.push_back(std::byte{layout_version});
    EventWriter writer(out);
    writer(event);
}

Result<Event> decode_event(ByteSpan bytes) {
    EventReader reader(bytes);
    const std::uint8_t version = reader.byte();
    if (reader.ok() && version != layout_version) {
        return failure(CodecErrc::unsupported_version,
            fmt::format("event byte 0: layout {}, this build reads {}", version, layout_version));
    }
    Event event;
    reader(event);
    reader.require(reader.at_end() || !reader.ok(), "the end of the event");
    if (!reader.ok()) {
        return failure(CodecErrc::malformed, reader.place());
    }
    return event;
}

void hash_event(const Event& event, Hash128& hash) {
    EventHasher hasher(hash);
    hasher(event);
}

}  // namespace ledger::node
