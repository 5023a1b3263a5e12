#pragma once
// TemporaryDirectory: a fresh directory of the real file system, gone with everything in it.

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "log/base/assert.h"

namespace ledger::log {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
        LEDGER_ASSERT(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace ledger::log
