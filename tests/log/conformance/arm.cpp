#include "tests/log/conformance/arm.h"

#include "log/base/choice.h"
#include "log/posix_file_system.h"
#include "sim/disk.h"
#include "tests/log/temporary_directory.h"

namespace ledger::log::conformance {
namespace {

class SimulatedArm final : public Arm {
  public:
    const char* name() const override { return "sim::Disk"; }
    FileSystem& files() override { return disk_; }
    void lose_power() override {
        SeededChoices choices(1);  // nothing is left to chance where everything is lost
        disk_.crash(choices, sim::lose_everything);
    }

  private:
    sim::Disk disk_{NodeId{1}};
};

class RealArm final : public Arm {
  public:
    const char* name() const override { return "PosixFileSystem"; }
    FileSystem& files() override { return *files_; }
    void lose_power() override {}

  private:
    const TemporaryDirectory root_;
    const std::unique_ptr<FileSystem> files_ = make_posix_file_system(root_.path());
};

}  // namespace

std::unique_ptr<Arm> make_simulated_arm() {
    return std::make_unique<SimulatedArm>();
}

std::unique_ptr<Arm> make_real_arm() {
    return std::make_unique<RealArm>();
}

Result<ByteVector> read_file(FileSystem& files, const std::string& name) {
    LEDGER_TRY(const auto file, files.open(name));
    LEDGER_TRY(const std::uint64_t size, file->size());
    ByteVector bytes(static_cast<std::size_t>(size));
    LEDGER_TRY(const std::uint64_t read, file->read(0, bytes));
    bytes.resize(static_cast<std::size_t>(read));
    return bytes;
}

Result<Image> read_image(FileSystem& files, const std::string& directory) {
    LEDGER_TRY(const auto names, files.list(directory));
    Image image;
    for (const std::string& name : names) {
        LEDGER_TRY(image[name], read_file(files, path_in(directory, name)));
    }
    return image;
}

namespace {

Result<std::unique_ptr<File>> put_unsynced(
    FileSystem& files, const std::string& name, ByteSpan bytes) {
    auto file = files.open(name);
    if (!file && file.error().code == make_error_code(Errc::not_found)) {
        file = files.create(name);
    }
    if (file) {
        LEDGER_CHECK((*file)->resize(bytes.size()));
        LEDGER_CHECK((*file)->write(0, bytes));
    }
    return file;
}

}  // namespace

Result<void> put_file(FileSystem& files, const std::string& name, ByteSpan bytes) {
    LEDGER_TRY(const auto file, put_unsynced(files, name, bytes));
    return file->sync();
}

Result<void> put_image(FileSystem& files, const std::string& directory, const Image& image) {
    LEDGER_CHECK(files.make_directory(directory));
    for (const auto& [name, bytes] : image) {
        LEDGER_TRY(const auto file, put_unsynced(files, path_in(directory, name), bytes));
    }
    return {};
}

}  // namespace ledger::log::conformance
