#pragma once
// MappedFile: a large file as bytes that need no memory of ours: the system drops what was read.

#include <string>

#include "log/base/bytes.h"
#include "log/base/result.h"

namespace ledger::sim {

class MappedFile {
  public:
    // An error names the file and the reason. It must not shrink while it is mapped.
    static Result<MappedFile> open(const std::string& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&&) = delete;
    ~MappedFile();

    ByteSpan bytes() const { return bytes_; }

  private:
    explicit MappedFile(ByteSpan bytes) : bytes_(bytes) {}
    ByteSpan bytes_;
};

}  // namespace ledger::sim
