#pragma once
// Mending: a copy that is damaged is written anew from the other one, which stands.

#include <string>
#include <vector>

#include "log/examination.h"

namespace ledger::log {

// What the log keeps twice: a slot of the hard state, the header and the footer of a segment, the
// manifest of a cut. True if `finding` is of one such copy and nothing is lost with it.
bool is_mendable(const Finding& finding);

// Writes anew what is mendable of `seen`, which was just found in these files by examine(), and
// returns it; each is durable before the next is begun. The copy that stands is never written to, nor
// its file shortened, so that a crash leaves what there was, or less damage. What turns out not to be
// what the finding says stays as it is, and so does all the rest: peers may know, or an operator. The
// caller has the directory for itself. Errors: of the files; then nothing is known about the disk.
Result<std::vector<Finding>> mend(
    FileSystem& files, const std::string& directory, const Examination& seen);

}  // namespace ledger::log
