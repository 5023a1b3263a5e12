#include "sim/program/workers.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/base/sometimes.h"
#include "sim/program/result_record.h"
#include "sim/program/supervise.h"

namespace ledger::sim {
namespace {

constexpr std::uint32_t jobs_max = 64;

struct Shared {
    std::atomic<std::uint64_t> next_position;
    std::atomic<bool> stop;
    Progress progress[jobs_max];
};

enum class Frame : std::uint8_t { result = 1, mark = 2 };

void send_frame(int to, Frame kind, const ByteVector& body) {
    ByteVector frame;
    ByteWriter writer(frame);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.sized(body);
    send_all(to, frame);
}

// What marks have been hit since the last time.
class Marks {
  public:
    void send(int to) {
        std::size_t place = 0;
        for (const SometimesMark* mark = first_sometimes_mark(); mark != nullptr;
             mark = mark->next, ++place) {
            const bool first = place == told_.size();
            if (first) {
                told_.push_back(0);
            }
            if (first || mark->hits > told_[place]) {
                ByteVector body;
                ByteWriter writer(body);
                writer.u64(mark->hits - told_[place]);
                writer.bytes(as_bytes(mark->name));
                send_frame(to, Frame::mark, body);
                told_[place] = mark->hits;
            }
        }
    }

  private:
    std::vector<std::uint64_t> told_;  // by place in the list
};

// The most memory that this process has had.
std::uint64_t resident_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// Too much memory is a finding, if nothing else was found: of the run that took it.
void judge_memory(RunResult& result, std::uint64_t before) {
    const std::uint64_t resident = resident_bytes();
    if (resident > resident_bytes_max && resident > before && !result.violation) {
        result.verdict = check::Verdict::violated;
        result.violation = check::Violation{.check = "bounded_memory",
            .kind = check::Kind::resource,
            .step = result.steps,
            .time = Instant{} + result.virtual_time,
            .sentence = fmt::format("the run's process has had {} MiB of memory", resident >> 20)};
    }
}

[[noreturn]] void worker(const WorkOrder& order, Shared& shared, Progress& progress, int to) {
    // Who ends a campaign this way ends its parent, and that ends us. Otherwise it would look as if
    // the run had died.
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
        std::signal(signal, SIG_IGN);
    }
    ByteVector body;
    Marks marks;
    while (!shared.stop) {
        const std::uint64_t position = shared.next_position.fetch_add(1);
        if (position >= order.shard.seeds()) {
            break;
        }
        if (order.skip && order.skip(position)) {
            continue;
        }
        const std::uint64_t seed = order.shard.seed_at(position);
        progress = {.seed = seed, .step = 0, .time_nanoseconds = 0};
        ProgressObserver observer(progress, nullptr);
        const std::uint64_t begin = wall_clock_microseconds();
        const std::uint64_t resident = resident_bytes();
        RunResult result = order.run(seed, observer);
        judge_memory(result, resident);
        marks.send(to);
        body.clear();
        ByteWriter(body).u64(wall_clock_microseconds() - begin);
        encode_result(result, body);
        send_frame(to, Frame::result, body);
    }
    ::_exit(0);
}

class Team {
  public:
    Team(const WorkOrder& order, Shared& shared) : order_(order), shared_(shared) {
        for (std::uint32_t job = 0; job < order.jobs; ++job) {
            workers_.emplace_back();
            start(job);
        }
    }

    void run() {
        const std::uint64_t deadline =
            order_.seconds == 0 ? UINT64_MAX
                                : wall_clock_microseconds() + order_.seconds * 1'000'000;
        while (running_ > 0) {
            std::vector<pollfd> waiting;
            for (const Worker& worker : workers_) {
                for (const int from : {worker.results, worker.errors}) {
                    waiting.push_back({.fd = from, .events = POLLIN, .revents = 0});
                }
            }
            ::poll(waiting.data(), waiting.size(), 100);
            if (wall_clock_microseconds() >= deadline) {
                shared_.stop = true;
            }
            for (std::uint32_t job = 0; job < workers_.size(); ++job) {
                if (waiting[2 * job + 1].revents != 0) {
                    read_errors(workers_[job]);
                }
                if (waiting[2 * job].revents != 0) {
                    read_results(job);
                }
            }
        }
    }

  private:
    struct Worker {
        pid_t process = -1;
        int results = -1;  // -1 = gone; poll() ignores it
        int errors = -1;
        ByteVector received;
        std::string last_words;
        // Of the run that it is at.
        std::vector<std::pair<std::string, std::uint64_t>> marks;
    };

    void start(std::uint32_t job) {
        int results[2];
        int errors[2];
        if (::pipe(results) != 0 || ::pipe(errors) != 0) {
            throw std::runtime_error("cannot make a pipe");
        }
        std::fflush(nullptr);
        const pid_t process = ::fork();
        if (process < 0) {
            throw std::runtime_error("cannot start a worker process");
        }
        if (process == 0) {
            end_with_parent();
            ::dup2(errors[1], STDERR_FILENO);
            worker(order_, shared_, shared_.progress[job], results[1]);
        }
        ::close(results[1]);
        ::close(errors[1]);
        workers_[job] = {process, results[0], errors[0], {}, {}, {}};
        ++running_;
    }

    void read_errors(Worker& worker) {
        char buffer[4096];
        const ssize_t count = ::read(worker.errors, buffer, sizeof buffer);
        if (count > 0) {
            worker.last_words.append(buffer, static_cast<std::size_t>(count));
            return;
        }
        ::close(worker.errors);
        worker.errors = -1;
    }

    void read_results(std::uint32_t job) {
        Worker& worker = workers_[job];
        char buffer[65536];
        const ssize_t count = ::read(worker.results, buffer, sizeof buffer);
        if (count > 0) {
            const auto* bytes = reinterpret_cast<const std::byte*>(buffer);
            worker.received.insert(worker.received.end(), bytes, bytes + count);
            take_frames(worker);
            return;
        }
        ::close(worker.results);
        worker.results = -1;
        while (worker.errors >= 0) {
            read_errors(worker);
        }
        int status = 0;
        ::waitpid(worker.process, &status, 0);
        --running_;
        if (WIFSIGNALED(status)) {
            if (WTERMSIG(status) == SIGKILL) {
                ::sleep(1);  // perhaps everything here is being killed, and it was no fault of the run
            }
            report_death(job, WTERMSIG(status));
            if (!shared_.stop) {
                start(job);
            }
        }
    }

    void take_frames(Worker& worker) {
        std::size_t used = 0;
        while (true) {
            ByteReader reader(ByteSpan(worker.received).subspan(used));
            const auto kind = static_cast<Frame>(reader.u8());
            const ByteSpan body = reader.sized();
            if (!reader.ok()) {
                break;
            }
            used += static_cast<std::size_t>(reader.offset());
            if (kind == Frame::result) {
                ByteReader timed(body);
                const std::uint64_t microseconds = timed.u64();
                if (auto result = decode_result(body.subspan(timed.ok() ? 8 : body.size()))) {
                    finished({std::move(*result), microseconds, std::exchange(worker.marks, {})});
                }
            } else if (body.size() >= 8) {
                worker.marks.emplace_back(std::string(as_text(body.subspan(8))),
                    load_little_endian<std::uint64_t>(body.data()));
            }
        }
        worker.received.erase(worker.received.begin(),
            worker.received.begin() + static_cast<std::ptrdiff_t>(used));
    }

    void report_death(std::uint32_t job, int signal) {
        const Progress& progress = shared_.progress[job];
        RunResult died;
        died.seed = progress.seed;
        died.verdict = check::Verdict::violated;
        died.steps = progress.step;
        died.violation = crash_violation(
            {.exit_code = 0, .signal = signal, .last_words = workers_[job].last_words}, progress);
        finished({std::move(died), 0, {}});
    }

    void finished(const Finding& finding) {
        if (!order_.done(finding)) {
            shared_.stop = true;
        }
    }

    const WorkOrder& order_;
    Shared& shared_;
    std::vector<Worker> workers_;
    std::uint32_t running_ = 0;
};

}  // namespace

void work(const WorkOrder& order) {
    auto* shared = new (share_memory(sizeof(Shared))) Shared{};
    Team(order, *shared).run();
}

}  // namespace ledger::sim
