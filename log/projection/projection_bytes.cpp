#include "log/base/assert.h"
#include "log/projection/projection.h"
#include "log/state/command.h"
#include "log/state/field_reader.h"

// Little-endian, nothing between the fields:
//
//    0     1  version = 1
//    1     4  size of the definition, <= 16 KiB
//    5     .  definition, as text_of writes it
//    .    40  next 8, folded 8, redacted 8, cluster_time 8, wall_time 8
//    .     4  number of groups <= 1 000 000
//    .     .  groups, by ascending keys: the values of the key, then a cell per fold:
//               count: 8; set: 4 number of values, the values, ascending; others: a value
//
//    value: 1 type (0 nothing, 1 false, 2 true, 3 number, 4 text), then of a number its high and low
//           halves, 8 each, of a text its size, 2, and its bytes

namespace ledger::projection {
namespace {

constexpr std::uint8_t format_version = 1;

void encode_cell(const Fold& fold, const Cell& cell, ByteVector& out) {
    ByteWriter writer(out);
    if (fold.kind == Fold::Kind::count) {
        writer.u64(cell.count);
    } else if (fold.kind == Fold::Kind::set) {
        writer.u32(static_cast<std::uint32_t>(cell.values.size()));
        for (const Value& value : cell.values) {
            encode_value(value, out);
        }
    } else {
        encode_value(cell.value, out);
    }
}

Cell decode_cell(const Fold& fold, state::FieldReader& in) {
    Cell cell;
    if (fold.kind == Fold::Kind::count) {
        cell.count = in.u64("count");
        return cell;
    }
    if (fold.kind != Fold::Kind::set) {
        cell.value = decode_value(in);
        const bool is_sum = fold.kind == Fold::Kind::sum;
        in.require(!is_sum || is_nothing(cell.value) || std::holds_alternative<Number>(cell.value),
            state::Errc::malformed, "sum");
        return cell;
    }
    const std::uint32_t count = in.u32("size of a set");
    in.require(count <= in.remaining(), state::Errc::malformed, "size of a set");
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        Value value = decode_value(in);
        const bool ascends = cell.values.empty() || *cell.values.rbegin() < value;
        in.require(ascends && !is_nothing(value), state::Errc::malformed, "order of a set");
        cell.values.insert(std::move(value));
    }
    return cell;
}

Key decode_key(std::size_t count, state::FieldReader& in) {
    Key key;
    for (std::size_t i = 0; i < count; ++i) {
        key.push_back(decode_value(in));
    }
    return key;
}

Group decode_group(const Definition& definition, state::FieldReader& in) {
    Group group;
    for (const Fold& fold : definition.folds) {
        group.push_back(decode_cell(fold, in));
    }
    return group;
}

}  // namespace

void Projection::encode(ByteVector& out) const {
    ByteWriter writer(out);
    writer.u8(format_version);
    writer.sized(as_bytes(text_of(definition_)));
    writer.u64(standing_.next.value);
    writer.u64(standing_.folded);
    writer.u64(standing_.redacted);
    writer.i64(standing_.cluster_time.nanoseconds);
    writer.i64(standing_.wall_time.nanoseconds);
    writer.u32(static_cast<std::uint32_t>(groups_.size()));
    for (const auto& [key, group] : groups_) {
        for (const Value& value : key) {
            encode_value(value, out);
        }
        for (std::size_t i = 0; i < group.size(); ++i) {
            encode_cell(definition_.folds[i], group[i], out);
        }
    }
}

Result<Projection> Projection::decode(ByteSpan bytes) {
    state::FieldReader in(bytes);
    in.version(format_version);
    const ByteSpan text = in.blob(definition_bytes_max, "definition");
    if (!in.ok()) {
        return in.error();
    }
    LEDGER_TRY(Definition definition, parse_definition(as_text(text)));
    in.require(text_of(definition) == as_text(text), state::Errc::malformed, "definition");
    Projection projection(std::move(definition));
    Standing& standing = projection.standing_;
    standing.next = Position{in.u64("next")};
    standing.folded = in.u64("folded");
    standing.redacted = in.u64("redacted");
    standing.cluster_time = ClusterTime{in.i64("cluster time")};
    standing.wall_time = WallTime{in.i64("wall time")};
    const std::uint32_t count = in.u32("number of groups");
    in.require(count <= groups_max, state::Errc::beyond_limit, "number of groups");
    in.require(count <= in.remaining(), state::Errc::malformed, "number of groups");
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        Key key = decode_key(projection.definition_.keys.size(), in);
        Group group = decode_group(projection.definition_, in);
        const bool ascends =
            projection.groups_.empty() || projection.groups_.rbegin()->first < key;
        in.require(ascends, state::Errc::malformed, "order of the groups");
        projection.groups_.insert_or_assign(std::move(key), std::move(group));
    }
    in.finish();
    if (!in.ok()) {
        return in.error();
    }
    projection.bytes_ = projection.measured();
    return projection;
}

}  // namespace ledger::projection
