#include "sim/cut_audit.h"

#include "log/cut_store.h"

namespace ledger::sim {
namespace {

bool is_whole(log::CutStore& store, const log::CutManifest& manifest) {
    for (std::uint32_t number = 0; number < manifest.chunks.size(); ++number) {
        const Result<ByteVector> chunk = store.read(manifest.id, number);
        if (!chunk || sha256(*chunk) != manifest.chunks[number]) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::vector<WholeCut> whole_cuts(
    const Disk& disk, const log::Options& options, const log::Identity& identity) {
    Disk copy(identity.node);
    DiskImage image{.files = {}, .directories = {options.directory}};
    for (const std::string& name : disk.durable_files()) {
        if (name.ends_with(".cut") || name.ends_with(".chunks")) {
            image.files.push_back({name, disk.durable(name)});
        }
    }
    copy.restore(image);
    Result<log::CutStore> store = log::CutStore::open(copy, options, identity);
    std::vector<WholeCut> whole;
    if (!store) {
        return whole;
    }
    for (const log::CutManifest& manifest : store->cuts()) {
        if (is_whole(*store, manifest)) {
            whole.push_back({manifest.id, manifest.root()});
        }
    }
    return whole;
}

}  // namespace ledger::sim
