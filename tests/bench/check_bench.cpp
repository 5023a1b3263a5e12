// How fast recorded histories are judged: all files of a folder together, and single ones.
//
//   check_bench MODEL FILE...    one line of JSON: files, operations, milliseconds (median of 5
//   rounds,
//                                the text already in memory, reading it counted), verdicts

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/check/json.h"
#include "sim/check/recorded/import.h"
#include "sim/check/search/object_models.h"

namespace ledger::check {
namespace {

class NoLimit final : public Budget {
  public:
    bool spent(std::uint64_t bytes) override {
        most_bytes_ = std::max(most_bytes_, bytes);
        return false;
    }
    std::string why() const override { return {}; }
    std::uint64_t most_bytes() const { return most_bytes_; }

  private:
    std::uint64_t most_bytes_ = 0;
};

constexpr int rounds = 5;

int run(const std::string& model, const std::vector<std::string>& files) {
    std::vector<std::string> texts;
    for (const std::string& file : files) {
        std::ifstream in(file, std::ios::binary);
        std::stringstream out;
        out << in.rdbuf();
        texts.push_back(out.str());
    }
    std::vector<std::int64_t> microseconds;
    std::uint64_t counts[4] = {};
    std::uint64_t operations = 0;
    std::uint64_t slowest = 0;
    NoLimit budget;
    for (int round = 0; round < rounds; ++round) {
        const auto began = std::chrono::steady_clock::now();
        std::fill(std::begin(counts), std::end(counts), 0);
        operations = 0;
        for (const std::string& text : texts) {
            const auto one = std::chrono::steady_clock::now();
            const auto history = import_history(text);
            const auto judged = history ? judge_object(*history, {model, ""}, budget)
                                        : Result<Judgement>(history.error());
            if (!judged) {
                std::fprintf(stderr, "check_bench: %s\n", judged.error().place.c_str());
                return 1;
            }
            operations += history->operations.size();
            ++counts[static_cast<std::uint64_t>(judged->verdict)];
            const auto passed = std::chrono::steady_clock::now() - one;
            slowest = std::max(slowest,
                static_cast<std::uint64_t>(
                    std::chrono::duration_cast<std::chrono::microseconds>(passed).count()));
        }
        microseconds.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - began)
                .count());
    }
    std::sort(microseconds.begin(), microseconds.end());
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    writer.key("model").text(model);
    writer.key("files").number(files.size());
    writer.key("operations").number(operations);
    writer.key("milliseconds").fixed(microseconds[rounds / 2], 3);
    writer.key("slowest_file_milliseconds").fixed(static_cast<std::int64_t>(slowest), 3);
    writer.key("checker_bytes_max").number(budget.most_bytes());
    for (const Verdict verdict : {Verdict::ok, Verdict::violated, Verdict::inconclusive}) {
        writer.key(to_text(verdict)).number(counts[static_cast<std::uint64_t>(verdict)]);
    }
    writer.end_object();
    std::printf("%s\n", out.c_str());
    return 0;
}

}  // namespace
}  // namespace ledger::check

int main(int count, char** words) {
    if (count < 3) {
        std::fprintf(stderr, "usage: check_bench MODEL FILE...\n");
        return 2;
    }
    return ledger::check::run(words[1], std::vector<std::string>(words + 2, words + count));
}
