// Recordings and their events, and the bodies of entries that are no commands.
#include <algorithm>

#include "node/cut_entries.h"
#include "node/event_codec.h"
#include "node/recording.h"
#include "raft/configuration_body.h"
#include "tests/fuzz/target.h"
#include "tests/node/recorded_life.h"
#include "tests/node/samples.h"

namespace ledger::fuzz {
namespace {

Verdict judge_event(ByteSpan bytes) {
    const auto event = node::decode_event(bytes);
    if (!event) {
        return {{}, event.error().place.empty() ? "an error without a place" : ""};
    }
    ByteVector again;
    node::encode_event(*event, again);
    const bool same = std::ranges::equal(again, bytes);
    return {again, same ? "" : "an event has two forms"};
}

std::vector<ByteVector> event_seeds() {
    std::vector<ByteVector> seeds;
    for (const node::test::NamedEvent& sample : node::test::sample_events()) {
        node::encode_event(sample.event, seeds.emplace_back());
    }
    return seeds;
}

Verdict judge_recording(ByteSpan bytes) {
    const auto replayed = node::replay_recording(bytes);
    if (!replayed) {
        return {{}, replayed.error().place.empty() ? "an error without a place" : ""};
    }
    if (replayed->differs_at) {
        return {{}, "a damaged step was taken for another one"};
    }
    ByteVector meaning;
    ByteWriter(meaning).u64(replayed->steps);
    return {meaning, replayed->torn_bytes > bytes.size() ? "more is torn than there is" : ""};
}

std::vector<ByteVector> recording_seeds() {
    node::test::RecordedLife life(node::test::header_of_one());
    life.live();
    return {life.bytes};
}

Verdict judge_configuration(ByteSpan bytes) {
    const auto configuration = raft::decode_configuration(bytes);
    if (!configuration) {
        return {};
    }
    ByteVector again;
    raft::encode_configuration(*configuration, again);
    const bool same = std::ranges::equal(again, bytes);
    return {again, same ? "" : "a configuration has two forms"};
}

std::vector<ByteVector> configuration_seeds() {
    std::vector<ByteVector> seeds;
    raft::Configuration configuration;
    configuration.voters.insert(NodeId{1});
    raft::encode_configuration(configuration, seeds.emplace_back());
    for (const std::uint32_t node : {2u, 3u}) {
        configuration.voters.insert(NodeId{node});
        configuration.outgoing.insert(NodeId{node + 1});
    }
    configuration.learners.insert(NodeId{7});
    raft::encode_configuration(configuration, seeds.emplace_back());
    return seeds;
}

Verdict judge_control(ByteSpan bytes) {
    const auto control = node::decode_control(bytes);
    if (!control) {
        return {};
    }
    ByteVector again;
    node::encode_control(*control, again);
    const bool same = std::ranges::equal(again, bytes);
    return {again, same ? "" : "a control has two forms"};
}

std::vector<ByteVector> control_seeds() {
    node::CutControl control;
    std::vector<ByteVector> seeds;
    node::encode_control(control, seeds.emplace_back());
    control.last_cut = Index{90};
    control.retained = Index{20};
    control.agreed = {{{Term{1}, Index{20}}, sha256(as_bytes("one"))},
        {{Term{2}, Index{60}}, sha256(as_bytes("two"))}};
    node::encode_control(control, seeds.emplace_back());
    return seeds;
}

// The bodies of what is logged about cuts.
Verdict judge_cut_entry(ByteSpan bytes) {
    EntryRef entry;
    entry.kind = EntryKind::cut_root;
    entry.handle = EntryHandle::make(bytes, {});
    entry.bytes = entry.handle->size();
    std::optional<EntryRef> again;
    if (const auto agreed = node::agreed_cut_of(entry)) {
        again = node::cut_root_entry(*agreed);
    }
    entry.kind = EntryKind::retain;
    if (const auto upto = node::retained_of(entry)) {
        again = node::retain_entry(*upto);
    }
    if (!again) {
        return {};
    }
    const ByteSpan body = again->handle.envelope();
    const bool same = std::ranges::equal(body, bytes);
    return {ByteVector(body.begin(), body.end()), same ? "" : "a body has two forms"};
}

std::vector<ByteVector> cut_entry_seeds() {
    std::vector<ByteVector> seeds;
    for (const EntryRef& entry :
        {node::cut_root_entry({{Term{1}, Index{20}}, sha256(as_bytes("one"))}),
            node::retain_entry(Index{20})}) {
        const ByteSpan body = entry.handle.envelope();
        seeds.emplace_back(body.begin(), body.end());
    }
    return seeds;
}

}  // namespace

std::vector<Target> node_targets() {
    return {
        {"event", false, event_seeds(), judge_event},
        // A replica asserts on events that cannot have happened to it.
        {"recording", false, recording_seeds(), judge_recording, true},
        {"configuration", false, configuration_seeds(), judge_configuration},
        {"cut_control", false, control_seeds(), judge_control},
        {"cut_entry", false, cut_entry_seeds(), judge_cut_entry},
    };
}

}  // namespace ledger::fuzz
