#pragma once
// RecordingFile: a node's recording on its way into a file.

#include <fstream>
#include <memory>
#include <string>

#include "node/recording.h"

namespace ledger::node::asio {

class RecordingFile {
  public:
    // A file that is there already is replaced: a recording is one life.
    static Result<std::unique_ptr<RecordingFile>> create(
        const std::string& name, const RecordingHeader& header);
    RecordingFile(const RecordingFile&) = delete;
    RecordingFile& operator=(const RecordingFile&) = delete;
    ~RecordingFile();

    Recorder& recorder() { return recorder_; }
    // After a step: writes if enough has gathered. False: the file can take no more.
    [[nodiscard]] bool stepped();
    // Writes what there is. A process that is killed loses only what came after.
    [[nodiscard]] bool flush();

  private:
    RecordingFile(std::ofstream file, const RecordingHeader& header);

    std::ofstream file_;
    ByteVector pending_;
    Recorder recorder_;
};

}  // namespace ledger::node::asio
