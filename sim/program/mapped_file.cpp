#include "sim/program/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/program/input.h"

namespace ledger::sim {

Result<MappedFile> MappedFile::open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    void* memory = MAP_FAILED;
    const bool found = file >= 0 && ::fstat(file, &about) == 0;
    const auto size = static_cast<std::size_t>(about.st_size);
    if (found && size > 0) {
        memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    const int number = errno;
    if (file >= 0) {
        ::close(file);
    }
    if (!found || (size > 0 && memory == MAP_FAILED)) {
        return failure(InputErrc::unreadable, path + ": " + std::strerror(number));
    }
    if (size == 0) {
        return MappedFile(ByteSpan());
    }
    ::madvise(memory, size, MADV_SEQUENTIAL);
    return MappedFile(ByteSpan(static_cast<const std::byte*>(memory), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, ByteSpan())) {}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) {
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
}

}  // namespace ledger::sim
