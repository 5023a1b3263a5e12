#include "sim/disk.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"

namespace ledger::sim {
namespace {

std::string_view parent(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
}

constexpr std::size_t name_bytes_max = 255;  // of each part, as file systems have it
constexpr std::uint64_t offset_max = INT64_MAX;

template <typename Names>
std::uint32_t number_in(const Names& names, std::string_view name) {
    const auto at = names.find(name);
    return at == names.end() ? 0 : at->second;
}

}  // namespace

// Refers to its file by number, so that a crash can take the file away under it.
class Disk::OpenFile final : public log::File {
  public:
    OpenFile(Disk& disk, std::uint32_t number) : disk_(disk), number_(number), life_(disk.life_) {}
    ~OpenFile() override { disk_.closed(number_, life_); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    Result<std::uint64_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        LEDGER_ASSERT(life_ == disk_.life_);
        return disk_.read(number_, offset, into);
    }
    Result<void> write(std::uint64_t offset, ByteSpan data) override {
        LEDGER_ASSERT(life_ == disk_.life_);
        return disk_.write(number_, offset, data);
    }
    Result<void> sync() override {
        LEDGER_ASSERT(life_ == disk_.life_);
        return disk_.sync(number_);
    }
    Result<void> resize(std::uint64_t bytes) override {
        LEDGER_ASSERT(life_ == disk_.life_);
        return disk_.resize(number_, bytes);
    }
    Result<std::uint64_t> size() override {
        LEDGER_ASSERT(life_ == disk_.life_);
        return disk_.size(number_);
    }

  private:
    Disk& disk_;
    const std::uint32_t number_;
    const std::uint64_t life_;
};

// ---- files ----

DiskFile& Disk::file(std::uint32_t number) {
    LEDGER_ASSERT(number < files_.size());
    LEDGER_ASSERT(files_[number] != nullptr);
    return *files_[number];
}

const DiskFile& Disk::file(std::uint32_t number) const {
    LEDGER_ASSERT(number < files_.size());
    LEDGER_ASSERT(files_[number] != nullptr);
    return *files_[number];
}

std::uint32_t Disk::new_file() {
    files_.push_back(std::make_unique<DiskFile>());
    files_.back()->remember(remembered_writes_);
    return static_cast<std::uint32_t>(files_.size() - 1);
}

std::unique_ptr<log::File> Disk::opened(std::uint32_t number) {
    ++file(number).handles;
    return std::make_unique<OpenFile>(*this, number);
}

void Disk::closed(std::uint32_t number, std::uint64_t life) {
    if (life == life_) {
        LEDGER_ASSERT(file(number).handles > 0);
        --file(number).handles;
    }
}

std::string Disk::name_of(std::uint32_t number) const {
    for (const auto& [name, of] : names_) {
        if (of == number) {
            return name;
        }
    }
    return "a removed file";
}

Error Disk::refusal(const Injection& injection, std::string_view what) const {
    return failure(injection.error, "simulated disk of node " + std::to_string(node_.value) + ", " +
                                        std::string(what) +
                                        (powered_off_ ? ": the power is off" : ""));
}

std::optional<Injection> Disk::obstacle(DiskOperation operation) {
    if (!power_budget_ && !powered_off_ && injections_.empty()) {
        return std::nullopt;
    }
    return armed_obstacle(operation);
}

std::optional<Injection> Disk::armed_obstacle(DiskOperation operation) {
    const bool changes = operation != DiskOperation::read;
    if (changes && power_budget_) {
        powered_off_ = *power_budget_ == 0;
        power_budget_ = powered_off_ ? std::nullopt : std::optional(*power_budget_ - 1);
    }
    if (powered_off_) {
        return Injection{.operation = operation};
    }
    for (auto at = injections_.begin(); at != injections_.end(); ++at) {
        if (at->operation == operation && at->after-- == 0) {
            Injection injection = *at;
            injections_.erase(at);
            return injection;
        }
    }
    return std::nullopt;
}

void Disk::keep_power() {
    LEDGER_ASSERT(!powered_off_);
    power_budget_.reset();
}

bool Disk::fits(std::uint64_t growth) {
    if (growth == 0 || (!capacity_ && !room_)) {
        return true;
    }
    return fits_beside_others(growth) && (!capacity_ || used_bytes() + growth <= *capacity_);
}

Result<std::uint64_t> Disk::free_bytes(const std::string&) {
    if (powered_off_) {
        return failure(log::Errc::io_error, "free space: the power is off");
    }
    if (!capacity_ && !room_) {
        return std::uint64_t{UINT64_MAX};
    }
    const std::uint64_t most =
        std::min(capacity_.value_or(UINT64_MAX), room_.value_or(UINT64_MAX));
    return most - std::min(most, used_bytes());
}

Result<std::uint64_t> Disk::read(
    std::uint32_t number, std::uint64_t offset, std::span<std::byte> into) {
    if (const auto injection = obstacle(DiskOperation::read)) {
        return refusal(*injection, name_of(number) + ": read failed");
    }
    if (offset > offset_max) {
        return failure(log::Errc::invalid_argument, name_of(number) + ": no file is so long");
    }
    DiskFile& from = file(number);
    if (from.marked() && !into.empty()) {
        from.consume(offset, offset + into.size(), faults_);
    }
    if (!from.media.empty()) {
        return read_harmed(number, offset, into);
    }
    const ByteSpan cached = from.cached();
    if (offset >= cached.size()) {
        return std::uint64_t{0};
    }
    const std::uint64_t bytes = std::min<std::uint64_t>(into.size(), cached.size() - offset);
    std::copy_n(cached.begin() + static_cast<std::ptrdiff_t>(offset), bytes, into.begin());
    return bytes;
}

Result<void> Disk::write(std::uint32_t number, std::uint64_t offset, ByteSpan data) {
    DiskFile& into = file(number);
    if (const auto injection = obstacle(DiskOperation::write)) {
        const std::uint64_t done = std::min<std::uint64_t>(injection->bytes_done, data.size());
        if (done > 0) {
            into.write(offset, data.first(done), ++issued_);
            faults_.fire(Fault::disk_short_write, done < data.size() ? 1 : 0);
            faults_.consume(Fault::disk_short_write, done < data.size() ? 1 : 0);
        }
        return refusal(*injection, name_of(number) + ": write failed");
    }
    if (offset > offset_max - data.size()) {
        return failure(log::Errc::invalid_argument, name_of(number) + ": no file is so long");
    }
    const std::uint64_t end = offset + data.size();
    const std::uint64_t size = into.cached().size();
    if (!fits(end > size ? end - size : 0)) {
        return refusal({.error = log::Errc::no_space}, name_of(number) + ": the disk is full");
    }
    if (!data.empty()) {
        into.write(offset, data, ++issued_);
    }
    return {};
}

Result<void> Disk::resize(std::uint32_t number, std::uint64_t bytes) {
    DiskFile& into = file(number);
    if (const auto injection = obstacle(DiskOperation::write)) {
        return refusal(*injection, name_of(number) + ": resize failed");
    }
    if (bytes > offset_max) {
        return failure(log::Errc::invalid_argument, name_of(number) + ": no file is so long");
    }
    const std::uint64_t size = into.cached().size();
    if (!fits(bytes > size ? bytes - size : 0)) {
        return refusal({.error = log::Errc::no_space}, name_of(number) + ": the disk is full");
    }
    if (bytes != size) {
        into.resize(bytes, ++issued_);
    }
    return {};
}

Result<void> Disk::sync(std::uint32_t number) {
    DiskFile& synced = file(number);
    if (const auto injection = obstacle(DiskOperation::sync)) {
        if (!powered_off_) {
            synced.sync_failed();  // storage trap T1: dropped, yet clean
        }
        return refusal(*injection, name_of(number) + ": sync failed");
    }
    ++issued_;
    if (const std::optional<std::uint64_t> from = synced.sync()) {
        changed(number, *from);
    }
    return {};
}

Result<std::uint64_t> Disk::size(std::uint32_t number) {
    if (const auto injection = obstacle(DiskOperation::read)) {
        return refusal(*injection, name_of(number) + ": size failed");
    }
    DiskFile& of = file(number);
    const std::uint64_t bytes = of.cached().size();
    if (of.marked()) {
        of.consume(bytes, UINT64_MAX, faults_);  // what is missing at the end is felt here
    }
    return bytes;
}

// ---- names ----

bool Disk::directory_exists(std::string_view directory) const {
    return directory.empty() || directories_.contains(directory);
}

std::optional<Error> Disk::wrong_directory(std::string_view directory) const {
    if (directory_exists(directory)) {
        return std::nullopt;
    }
    for (std::string_view at = directory; !at.empty(); at = parent(at)) {
        const std::string_view above = parent(at);
        const std::size_t last = at.size() - (above.empty() ? 0 : above.size() + 1);
        if (names_.contains(at) || last > name_bytes_max) {
            return failure(log::Errc::invalid_argument, std::string(at) + ": no directory");
        }
    }
    return failure(log::Errc::not_found, std::string(directory) + ": no such directory");
}

std::optional<Error> Disk::wrong_name(std::string_view name) const {
    if (auto wrong = wrong_directory(parent(name))) {
        return wrong;
    }
    const std::size_t slash = name.rfind('/');
    const std::size_t last = name.size() - (slash == std::string_view::npos ? 0 : slash + 1);
    if (last > name_bytes_max || directory_exists(name)) {
        return failure(log::Errc::invalid_argument, std::string(name) + ": no name of a file");
    }
    return std::nullopt;
}

void Disk::touch_entry(std::string_view name) {
    if (const auto at = harmed_names_.find(name); at != harmed_names_.end()) {
        faults_.consume(at->second);
        harmed_names_.erase(at);
    }
}

Result<std::unique_ptr<log::File>> Disk::open(const std::string& name) {
    if (const auto injection = obstacle(DiskOperation::read)) {
        return refusal(*injection, name + ": open failed");
    }
    touch_entry(name);
    if (auto wrong = wrong_name(name)) {
        return *wrong;
    }
    const std::uint32_t number = number_in(names_, name);
    if (number == 0) {
        return failure(log::Errc::not_found, name);
    }
    return opened(number);
}

Result<std::unique_ptr<log::File>> Disk::create(const std::string& name) {
    if (const auto injection = obstacle(DiskOperation::entry)) {
        return refusal(*injection, name + ": create failed");
    }
    touch_entry(name);
    if (names_.contains(name) || directory_exists(name)) {
        return failure(log::Errc::already_exists, name);
    }
    if (auto wrong = wrong_name(name)) {
        return *wrong;
    }
    const std::uint32_t number = new_file();
    names_.emplace(name, number);
    entries_.push_back({.kind = EntryOperation::Kind::create,
        .number = number,
        .issued = ++issued_,
        .name = name});
    return opened(number);
}

Result<std::vector<std::string>> Disk::list(const std::string& directory) {
    if (const auto injection = obstacle(DiskOperation::read)) {
        return refusal(*injection, directory + ": list failed");
    }
    std::erase_if(harmed_names_, [&](const auto& harmed) {
        const bool seen = parent(harmed.first) == directory;
        if (seen) {
            faults_.consume(harmed.second);
        }
        return seen;
    });
    if (auto wrong = wrong_directory(directory)) {
        if (wrong->code != make_error_code(log::Errc::not_found)) {
            return *wrong;
        }
    }
    std::vector<std::string> found;
    const std::string prefix = directory.empty() ? "" : directory + "/";
    for (auto at = names_.lower_bound(prefix); at != names_.end(); ++at) {
        if (!at->first.starts_with(prefix)) {
            break;
        }
        if (parent(at->first) == directory) {
            found.push_back(at->first.substr(prefix.size()));
        }
    }
    return found;
}

Result<void> Disk::make_directory(const std::string& directory) {
    if (const auto injection = obstacle(DiskOperation::entry)) {
        return refusal(*injection, directory + ": make_directory failed");
    }
    auto wrong = wrong_directory(directory);
    if (wrong && wrong->code != make_error_code(log::Errc::not_found)) {
        return *wrong;
    }
    ++issued_;
    for (std::string_view at = directory; !at.empty(); at = parent(at)) {
        directories_.emplace(at);
    }
    return {};
}

Result<void> Disk::rename(const std::string& from, const std::string& to) {
    if (const auto injection = obstacle(DiskOperation::entry)) {
        return refusal(*injection, from + ": rename failed");
    }
    for (const std::string& name : {from, to}) {
        if (auto wrong = wrong_name(name)) {
            return *wrong;
        }
    }
    const std::uint32_t number = number_in(names_, from);
    if (number == 0) {
        return failure(log::Errc::not_found, from);
    }
    if (from == to) {
        return {};
    }
    entries_.push_back({.kind = EntryOperation::Kind::rename,
        .number = number,
        .issued = ++issued_,
        .name = to,
        .from = from});
    apply(names_, entries_.back());
    return {};
}

Result<void> Disk::remove(const std::string& name) {
    if (const auto injection = obstacle(DiskOperation::entry)) {
        return refusal(*injection, name + ": remove failed");
    }
    if (auto wrong = wrong_name(name)) {
        return *wrong;
    }
    const std::uint32_t number = number_in(names_, name);
    if (number == 0) {
        return failure(log::Errc::not_found, name);
    }
    entries_.push_back({.kind = EntryOperation::Kind::remove,
        .number = number,
        .issued = ++issued_,
        .name = name});
    apply(names_, entries_.back());
    return {};
}

void Disk::apply(Names& names, const EntryOperation& operation) {
    using Kind = EntryOperation::Kind;
    const std::string& old_name = operation.kind == Kind::rename ? operation.from : operation.name;
    if (operation.kind != Kind::create && number_in(names, old_name) == operation.number) {
        names.erase(old_name);
    }
    if (operation.kind != Kind::remove && !operation.to_durable) {
        names[operation.name] = operation.number;
    }
}

Result<void> Disk::sync_directory(const std::string& directory) {
    if (const auto injection = obstacle(DiskOperation::sync)) {
        return refusal(*injection, directory + ": sync_directory failed");
    }
    if (auto wrong = wrong_directory(directory)) {
        return *wrong;
    }
    ++issued_;
    bool any = false;
    std::erase_if(entries_, [&](EntryOperation& operation) {
        const bool rename = operation.kind == EntryOperation::Kind::rename;
        const bool here = parent(operation.name) == directory;
        // The end of the old name brings the new one along: a rename never loses the file.
        const bool done = rename ? parent(operation.from) == directory : here;
        if (done) {
            apply(durable_names_, operation);
        } else if (here && !operation.to_durable) {
            durable_names_[operation.name] = operation.number;
            operation.to_durable = true;
        }
        any = any || done || here;
        return done;
    });
    if (any) {
        changed(0, 0);
        drop_unreachable();
    }
    return {};
}

std::vector<bool> Disk::reachable() const {
    std::vector<bool> found(files_.size(), false);
    for (const auto& [name, number] : names_) {
        found[number] = true;
    }
    for (const auto& [name, number] : durable_names_) {
        found[number] = true;
    }
    for (const EntryOperation& operation : entries_) {
        found[operation.number] = true;
    }
    return found;
}

void Disk::drop_unreachable() {
    const std::vector<bool> found = reachable();
    for (std::size_t number = 1; number < files_.size(); ++number) {
        if (!found[number] && files_[number] != nullptr && files_[number]->handles == 0) {
            files_[number].reset();
        }
    }
}

// ---- what a sync has to cover ----

std::uint64_t Disk::unsynced_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& each : files_) {
        bytes += each != nullptr ? each->unsynced_bytes() : 0;
    }
    return bytes;
}

std::uint64_t Disk::unsynced_operations() const {
    std::uint64_t operations = entries_.size();
    for (const auto& each : files_) {
        operations += each != nullptr ? each->unsynced_operations() : 0;
    }
    return operations;
}

std::uint64_t Disk::used_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& each : files_) {
        bytes += each != nullptr ? each->cached().size() : 0;
    }
    return bytes;
}

void Disk::changed(std::uint32_t number, std::uint64_t from) {
    names_changed_ = names_changed_ || number == 0;
    recent_changes_[changes_ % remembered_changes] = {number, from};
    ++changes_;
}

std::optional<DurableChange> Disk::change(std::uint64_t i) const {
    LEDGER_ASSERT(i < changes_);
    if (changes_ - i > remembered_changes) {
        return std::nullopt;
    }
    return recent_changes_[i % remembered_changes];
}

// ---- the durable image ----

std::vector<std::string> Disk::durable_files() const {
    std::vector<std::string> found;
    for (const auto& [name, number] : durable_names_) {
        found.push_back(name);
    }
    return found;
}

bool Disk::durable_exists(const std::string& name) const {
    return durable_names_.contains(name);
}

std::uint32_t Disk::durable_number(const std::string& name) const {
    return number_in(durable_names_, name);
}

ByteVector Disk::durable(const std::string& name) const {
    const std::uint32_t number = durable_number(name);
    return number == 0 ? ByteVector{} : file(number).durable();
}

ByteSpan Disk::durable_view(const std::string& name, ByteVector& scratch) const {
    const std::uint32_t number = durable_number(name);
    return number == 0 ? ByteSpan{} : durable_view(number, scratch);
}

ByteSpan Disk::durable_view(std::uint32_t number, ByteVector& scratch) const {
    if (file(number).clean()) {
        return file(number).cached();
    }
    scratch = file(number).durable();
    return scratch;
}

bool Disk::read_durable(
    const std::string& name, std::uint64_t offset, std::span<std::byte> into) const {
    const std::uint32_t number = durable_number(name);
    return number == 0 ? offset == 0 && into.empty() : read_durable(number, offset, into);
}

bool Disk::read_durable(
    std::uint32_t number, std::uint64_t offset, std::span<std::byte> into) const {
    ByteVector scratch;
    const ByteSpan bytes = durable_view(number, scratch);
    if (offset > bytes.size() || bytes.size() - offset < into.size()) {
        return false;
    }
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return true;
}

Hash128 Disk::hash() const {
    Hash128 hash;
    for (const std::string& directory : directories_) {
        hash.add_bytes(as_bytes(directory));
    }
    ByteVector scratch;
    for (const auto& [name, number] : durable_names_) {
        hash.add_bytes(as_bytes(name));
        hash.add_bytes(durable_view(name, scratch));
    }
    return hash;
}

DiskImage Disk::snapshot() const {
    DiskImage image;
    image.directories.assign(directories_.begin(), directories_.end());
    for (const auto& [name, number] : durable_names_) {
        image.files.push_back({name, file(number).durable()});
    }
    return image;
}

void Disk::restore(const DiskImage& image) {
    durable_names_.clear();
    directories_.clear();
    directories_.insert(image.directories.begin(), image.directories.end());
    for (const DiskImage::File& each : image.files) {
        const std::uint32_t number = new_file();
        file(number).replace(each.bytes, {});
        durable_names_.emplace(each.name, number);
    }
    harmed_names_.clear();
    start_new_life();
}

}  // namespace ledger::sim
