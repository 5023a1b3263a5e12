#pragma once
// RecordingFile: a node's recording on its way into a file of bounded size.

#include <fstream>
#include <memory>
#include <string>

#include "node/recording.h"

namespace ledger::node::asio {

class RecordingFile {
  public:
    // A file that is there already is replaced: a recording is one life. It ends with the step that
    // reaches `bytes_max`.
    static Result<std::unique_ptr<RecordingFile>> create(
        const std::string& name, const RecordingHeader& header, std::uint64_t bytes_max);
    RecordingFile(const RecordingFile&) = delete;
    RecordingFile& operator=(const RecordingFile&) = delete;
    ~RecordingFile();

    Recorder& recorder() { return recorder_; }
    // After a step: writes if enough has gathered. False: the file takes no more.
    [[nodiscard]] bool stepped();
    // Writes what there is. A process that is killed loses only what came after.
    [[nodiscard]] bool flush();
    // For people: how long it is and where.
    std::string text() const;

  private:
    RecordingFile(const std::string& name, std::ofstream file, const RecordingHeader& header,
        std::uint64_t bytes_max);

    const std::string name_;
    const std::uint64_t bytes_max_;
    std::uint64_t bytes_ = 0;  // written
    std::ofstream file_;
    ByteVector pending_;
    Recorder recorder_;
};

}  // namespace ledger::node::asio
