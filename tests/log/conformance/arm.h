#pragma once
// Arm: a file system on which the cases run: a simulated disk, or a real directory.

#include <map>
#include <memory>
#include <string>

#include "log/file_system.h"

namespace ledger::log::conformance {

class Arm {
  public:
    virtual ~Arm() = default;

    virtual const char* name() const = 0;
    virtual FileSystem& files() = 0;
    // The machine stops and goes on; whatever was opened before must be gone. A simulated disk
    // loses everything that was not synced, a real one nothing: where both look the same
    // afterwards, everything was synced that had to be.
    virtual void lose_power() = 0;
};

// Both are empty.
std::unique_ptr<Arm> make_simulated_arm();
std::unique_ptr<Arm> make_real_arm();

// The files of one directory, by name.
using Image = std::map<std::string, ByteVector>;

Result<ByteVector> read_file(FileSystem& files, const std::string& name);
Result<Image> read_image(FileSystem& files, const std::string& directory);
// Replaces the file, or makes it; its bytes are durable when it returns.
Result<void> put_file(FileSystem& files, const std::string& name, ByteSpan bytes);
// The same with all of these files, but nothing of it is durable.
Result<void> put_image(FileSystem& files, const std::string& directory, const Image& image);

}  // namespace ledger::log::conformance
