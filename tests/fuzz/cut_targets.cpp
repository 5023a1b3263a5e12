// Manifests and chunks of cuts, alone and as the files of one cut.
#include "log/base/assert.h"
#include "log/cut_store.h"
#include "tests/fuzz/target.h"
#include "tests/log/conformance/damage_sample.h"

namespace ledger::fuzz {
namespace {

using log::conformance::DamageSample;

Verdict judge_manifest(ByteSpan bytes) {
    const auto manifest = log::decode_manifest(bytes);
    if (!manifest) {
        return {{}, manifest.error().place.empty() ? "an error without a place" : ""};
    }
    ByteVector again;
    log::encode_manifest(*manifest, again);
    const bool same = std::ranges::equal(again, bytes);
    return {again, same ? "" : "a manifest has two forms"};
}

std::vector<ByteVector> manifest_seeds() {
    std::vector<ByteVector> seeds;
    for (const std::size_t chunks : {0u, 2u}) {
        log::CutManifest manifest{.id = {Term{5}, Index{40}},
            .cluster_time = {12},
            .wall_time = {34},
            .entry_hash = sha256(as_bytes("forty")),
            .configuration = log::sample_bytes(1, 20),
            .control = log::sample_bytes(2, 3),
            .chunks = {},
            .bytes = chunks * 3};
        manifest.chunks.assign(chunks, sha256(as_bytes("one")));
        log::encode_manifest(manifest, seeds.emplace_back());
    }
    return seeds;
}

// u32 bytes of the manifest's file, then that file, then the chunks'.
Verdict judge_files(ByteSpan bytes) {
    ByteReader in(bytes);
    const ByteSpan manifest = in.sized();
    if (!in.ok()) {
        return {};
    }
    const ByteSpan chunks = in.bytes(in.remaining());
    const DamageSample& sample = log::conformance::damage_sample(true);
    const auto arm = log::conformance::make_simulated_arm();
    log::FileSystem& files = arm->files();
    const log::Options options = log::sample_options();
    const auto bytes_of = [](ByteSpan span) { return ByteVector(span.begin(), span.end()); };
    LEDGER_ASSERT(log::conformance::put_image(files, options.directory,
        {{sample.manifest, bytes_of(manifest)}, {sample.chunks, bytes_of(chunks)}}));
    const auto looked = log::look_at_cut(files, options.directory, Index{4});
    auto store = log::CutStore::open(files, options, log::sample_identity());
    if (!store) {
        return {{}, store.error().place.empty() ? "an error without a place" : ""};
    }
    if (store->cuts().empty()) {
        return {};
    }
    const log::CutManifest cut = store->cuts()[0];
    for (std::uint32_t number = 0; number < cut.chunks.size(); ++number) {
        const auto chunk = store->read(cut.id, number);
        if (chunk && sha256(*chunk) != cut.chunks[number]) {
            return {{}, "a chunk is another one than its manifest says"};
        }
    }
    Verdict verdict{ByteVector{}, looked ? "" : "it is a cut and cannot be looked at"};
    log::encode_manifest(cut, *verdict.meaning);
    const auto resumed = store->resume(cut);
    if (resumed && *resumed > cut.chunks.size()) {
        verdict.wrong = "more chunks are here than there are";
    }
    return verdict;
}

std::vector<ByteVector> files_seeds() {
    const DamageSample& sample = log::conformance::damage_sample(true);
    ByteVector seed;
    ByteWriter out(seed);
    out.sized(sample.image.find(sample.manifest)->second);
    out.bytes(sample.image.find(sample.chunks)->second);
    return {seed};
}

}  // namespace

std::vector<Target> cut_targets() {
    return {
        {"manifest", false, manifest_seeds(), judge_manifest},
        {"cut_files", true, files_seeds(), judge_files},
    };
}

}  // namespace ledger::fuzz
