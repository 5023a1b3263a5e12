#include <algorithm>
#include <charconv>
#include <sstream>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "tests/log/conformance/case.h"
#include "tests/log/conformance/describe.h"

namespace ledger::log::conformance {
namespace {

// Steps are separated by " | ", their words by spaces:
//   create H NAME, open H NAME   H names the file from now on     close H
//   write H OFFSET TEXT          TEXT is "x*5" for five x          read H OFFSET BYTES
//   size H   resize H BYTES   sync H
//   make D   list D   rename FROM TO   remove NAME   settle D (sync_directory)   power (is lost)
// "-" is the root. Errors and values are said, in order; steps that merely succeed are not.
class Script {
  public:
    explicit Script(Arm& arm) : arm_(arm) {}

    std::string run(const std::string& steps) {
        std::istringstream in(steps);
        std::vector<std::string> words;
        for (std::string word; in >> word;) {
            if (word != "|") {
                words.push_back(std::move(word));
                continue;
            }
            step(words);
            words.clear();
        }
        step(words);
        return said_.empty() ? "ok" : said_;
    }

  private:
    static std::uint64_t number(const std::string& word) {
        std::uint64_t value = 0;
        const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
        LEDGER_ASSERT(parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size());
        return value;
    }
    static std::string name(const std::string& word) { return word == "-" ? "" : word; }
    static std::string bytes(const std::string& word) {
        const std::size_t star = word.find('*');
        return star == std::string::npos
                   ? word
                   : std::string(static_cast<std::size_t>(number(word.substr(star + 1))), word[0]);
    }

    // A run of more than three equal bytes as "x*5"; 0 is ".".
    static std::string shown(ByteSpan bytes) {
        std::string text;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto end = std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                bytes.end(), [&](std::byte b) { return b != bytes[at]; });
            const auto count = static_cast<std::size_t>(end - bytes.begin()) - at;
            const char byte = bytes[at] == std::byte{0} ? '.' : static_cast<char>(bytes[at]);
            text += count > 3 ? fmt::format("{}*{} ", byte, count) : std::string(count, byte);
            at += count;
        }
        while (text.ends_with(' ')) {
            text.pop_back();
        }
        return "'" + text + "'";
    }

    void say(const std::string& what) { said_ += (said_.empty() ? "" : " | ") + what; }
    void say(const Result<void>& result) {
        if (!result) {
            say(describe(result.error()));
        }
    }

    File& file(const std::string& handle) {
        LEDGER_ASSERT(handles_.contains(handle));
        return *handles_[handle];
    }
    void keep(const std::string& handle, Result<std::unique_ptr<File>>&& file) {
        if (!file) {
            say(describe(file.error()));
            return;
        }
        handles_[handle] = std::move(*file);
    }

    void read(const std::vector<std::string>& words) {
        ByteVector into(static_cast<std::size_t>(number(words[3])), std::byte{'?'});
        const auto read = file(words[1]).read(number(words[2]), into);
        say(read ? shown(ByteSpan(into).first(static_cast<std::size_t>(*read)))
                 : describe(read.error()));
    }
    void list(const std::string& directory) {
        const auto names = arm_.files().list(directory);
        if (!names) {
            say(describe(names.error()));
            return;
        }
        std::string text;
        for (const std::string& name : *names) {
            text += (text.empty() ? "" : " ") + name;
        }
        say("[" + text + "]");
    }

    void step(const std::vector<std::string>& words) {
        FileSystem& files = arm_.files();
        const std::string& verb = words[0];
        if (verb == "create") {
            keep(words[1], files.create(name(words[2])));
        } else if (verb == "open") {
            keep(words[1], files.open(name(words[2])));
        } else if (verb == "close") {
            handles_.erase(words[1]);
        } else if (verb == "write") {
            say(file(words[1]).write(number(words[2]), as_bytes(bytes(words[3]))));
        } else if (verb == "read") {
            read(words);
        } else if (verb == "size") {
            const auto size = file(words[1]).size();
            say(size ? std::to_string(*size) : describe(size.error()));
        } else if (verb == "resize") {
            say(file(words[1]).resize(number(words[2])));
        } else if (verb == "sync") {
            say(file(words[1]).sync());
        } else if (verb == "make") {
            say(files.make_directory(name(words[1])));
        } else if (verb == "list") {
            list(name(words[1]));
        } else if (verb == "rename") {
            say(files.rename(name(words[1]), name(words[2])));
        } else if (verb == "remove") {
            say(files.remove(name(words[1])));
        } else if (verb == "settle") {
            say(files.sync_directory(name(words[1])));
        } else {
            LEDGER_ASSERT(verb == "power");
            handles_.clear();
            arm_.lose_power();
        }
    }

    Arm& arm_;
    std::map<std::string, std::unique_ptr<File>> handles_;
    std::string said_;
};

struct Row {
    const char* name;
    std::string steps;
    const char* words;
};

std::vector<Row> rows() {
    const std::string long_name(255, 'n');
    const std::string too_long(256, 'n');
    return {
        // names
        {"a new file is empty", "create a f | size a | read a 0 10 | list -", "0 | '' | [f]"},
        {"what is not there cannot be opened", "open a f | list -", "not found | []"},
        {"a name is taken once", "create a f | write a 0 old | create b f | read a 0 9",
            "already exists | 'old'"},
        {"a name is free again", "create a f | write a 0 old | remove f | create b f | size b",
            "0"},
        {"opening changes nothing", "create a f | write a 0 old | open b f | read b 0 9 | size b",
            "'old' | 3"},
        {"a file needs its directory", "create a d/f | list d", "not found | []"},
        {"a file in a directory", "make d | create a d/f | list d | list -", "[f] | []"},
        {"directories in directories", "make a/b/c | create x a/b/c/f | list a/b/c | list a/b",
            "[f] | []"},
        {"a directory may be made twice", "make d | create a d/f | make d | list d", "[f]"},
        {"the root is there", "make - | list -", "[]"},
        {"the parents of a directory are directories", "make a/b | create x a/f | list a", "[f]"},
        {"lists are sorted by bytes",
            "create a b | create a B | create a a10 | create a a2 | create a .h | create a _ | list -",
            "[.h B _ a10 a2 b]"},
        {"a list names files only", "make d/e | create a d/f | list d", "[f]"},
        {"a list is of one directory",
            "make d | make dd | create a d/x | create a dd/y | create a z | list d | list dd | list -",
            "[x] | [y] | [z]"},
        {"no directory, no files", "list none | list none/neither", "[] | []"},
        {"equal names in two directories",
            "make d | make e | create a d/f | create b e/f | write a 0 one | write b 0 two | "
            "read a 0 9 | read b 0 9",
            "'one' | 'two'"},
        {"names have any letters", "create a x-y_z.1~ | create a grün | list -", "[grün x-y_z.1~]"},
        {"a name may have 255 bytes", "create a " + long_name + " | write a 0 x | size a", "1"},
        {"a name may not have 256",
            "create a " + too_long + " | open a " + too_long + " | remove " + too_long,
            "invalid argument | invalid argument | invalid argument"},
        {"nor may that of a directory", "make " + too_long + " | list -", "invalid argument | []"},
        {"a directory is no file", "make d | open a d | create a d | remove d | list d",
            "invalid argument | already exists | invalid argument | []"},
        {"a file is no directory",
            "create a f | open b f/x | create b f/x | list f | settle f | remove f/x",
            "invalid argument | invalid argument | invalid argument | invalid argument | "
            "invalid argument"},
        {"a file is in the way of a directory", "create a f | make f | make f/d | list -",
            "invalid argument | invalid argument | [f]"},

        // rename and remove
        {"rename takes the file along", "create a f | write a 0 abc | rename f g | open b g | "
            "read b 0 9 | open c f | list -", "'abc' | not found | [g]"},
        {"rename replaces", "create a f | write a 0 new | create b g | write b 0 older | "
            "rename f g | open c g | read c 0 9 | list -", "'new' | [g]"},
        {"what was replaced lives as long as it is open", "create a f | write a 0 new | create b g | "
            "write b 0 older | rename f g | read b 0 9 | write b 0 O | read b 0 9 | open c g | "
            "read c 0 9", "'older' | 'Older' | 'new'"},
        {"rename while open", "create a f | write a 0 abc | rename f g | write a 3 def | open b g | "
            "read b 0 9", "'abcdef'"},
        {"rename to itself", "create a f | write a 0 abc | rename f f | read a 0 9 | list -",
            "'abc' | [f]"},
        {"rename of nothing", "rename f g | list -", "not found | []"},
        {"rename of nothing to itself", "rename f f", "not found"},
        {"rename of nothing over something", "create a g | write a 0 abc | rename f g | read a 0 9",
            "not found | 'abc'"},
        {"rename into another directory",
            "make d | create a f | write a 0 abc | rename f d/g | list - | list d | open b d/g | "
            "read b 0 9", "[] | [g] | 'abc'"},
        {"rename into no directory", "create a f | rename f d/g | list -", "not found | [f]"},
        {"rename onto a directory", "make d | create a f | rename f d | list -",
            "invalid argument | [f]"},
        {"there and back", "create a f | write a 0 abc | rename f g | rename g f | read a 0 9 | "
            "list -", "'abc' | [f]"},
        {"two change places", "create a f | create b g | write a 0 one | write b 0 two | "
            "rename f t | rename g f | rename t g | open c f | open d g | read c 0 9 | read d 0 9",
            "'two' | 'one'"},
        {"a removed name is gone", "create a f | remove f | open b f | remove f | list -",
            "not found | not found | []"},
        {"remove of nothing", "remove f | remove d/f", "not found | not found"},
        {"a removed file lives as long as it is open", "create a f | write a 0 abc | remove f | "
            "read a 0 9 | write a 3 def | read a 0 9 | size a | sync a", "'abc' | 'abcdef' | 6"},
        {"a removed file and its successor", "create a f | write a 0 old | remove f | create b f | "
            "write b 0 new | read a 0 9 | read b 0 9", "'old' | 'new'"},
        {"a removed and synced file can be read on", "create a f | write a 0 abc | remove f | "
            "settle - | read a 0 9", "'abc'"},

        // reading
        {"a read ends with the file", "create a f | write a 0 hello | read a 0 9 | read a 2 9",
            "'hello' | 'llo'"},
        {"a read may be shorter than the file", "create a f | write a 0 hello | read a 1 3", "'ell'"},
        {"a read at the end, and beyond", "create a f | write a 0 hello | read a 5 9 | read a 6 9 | "
            "read a 5000 9", "'' | '' | ''"},
        {"a read of nothing", "create a f | write a 0 hello | read a 0 0 | read a 9 0", "'' | ''"},
        {"a read far beyond any file", "create a f | write a 0 x | read a 1099511627776 9 | "
            "read a 9223372036854775000 9", "'' | ''"},
        {"an offset that no file has", "create a f | write a 0 x | read a 9223372036854775808 9 | "
            "write a 9223372036854775808 x | resize a 9223372036854775808 | size a",
            "invalid argument | invalid argument | invalid argument | 1"},

        // writing
        {"writes are read at once", "create a f | write a 0 hello | open b f | read b 0 9 | "
            "write b 0 J | read a 0 9", "'hello' | 'Jello'"},
        {"a write into the middle", "create a f | write a 0 abcdef | write a 2 XY | read a 0 9 | "
            "size a", "'abXYef' | 6"},
        {"a write over the end", "create a f | write a 0 abc | write a 2 XYZ | read a 0 9 | size a",
            "'abXYZ' | 5"},
        {"a write behind the end leaves zeros", "create a f | write a 0 ab | write a 7 cd | "
            "read a 0 20 | size a", "'ab.*5 cd' | 9"},
        {"a write far behind the end", "create a f | write a 1000000 x | size a | read a 999990 20",
            "1000001 | '.*10 x'"},
        {"a write of nothing changes nothing", "create a f | write a 0 x*0 | write a 100 x*0 | size a",
            "0"},
        {"a write over pages", "create a f | write a 0 a*10000 | write a 4090 b*4100 | "
            "read a 0 20000", "'a*4090 b*4100 a*1810'"},
        {"a write of a MiB", "create a f | write a 3 z*1048576 | size a | read a 0 2000000",
            "1048579 | '...z*1048576'"},
        {"writes backwards", "create a f | write a 8 cc | write a 4 bb | write a 0 aa | read a 0 20",
            "'aa..bb..cc'"},
        {"the last write counts", "create a f | write a 0 aaaa | write a 1 bb | write a 2 c | "
            "read a 0 9", "'abca'"},

        // sizes
        {"a longer file reads zeros", "create a f | write a 0 ab | resize a 8 | size a | read a 0 20",
            "8 | 'ab.*6'"},
        {"a shorter file has lost its end", "create a f | write a 0 abcdef | resize a 2 | size a | "
            "read a 0 20", "2 | 'ab'"},
        {"what was cut off does not come back", "create a f | write a 0 abcdef | resize a 2 | "
            "resize a 6 | read a 0 20", "'ab.*4'"},
        {"cut and written behind", "create a f | write a 0 abcdef | resize a 2 | write a 4 X | "
            "read a 0 20", "'ab..X'"},
        {"to nothing and on", "create a f | write a 0 abc | resize a 0 | size a | read a 0 9 | "
            "write a 0 x | read a 0 9", "0 | '' | 'x'"},
        {"the same size", "create a f | write a 0 abc | resize a 3 | read a 0 9", "'abc'"},
        {"a size that others see", "create a f | open b f | resize a 100 | size b | resize b 5 | "
            "size a", "100 | 5"},
        {"a large empty file", "create a f | resize a 4000000 | size a | read a 3999999 10",
            "4000000 | '.'"},

        // syncs: nothing of it is lost with the power
        {"synced bytes stay", "create a f | write a 0 abc | sync a | settle - | power | open b f | "
            "read b 0 9 | list -", "'abc' | [f]"},
        {"a synced resize stays", "create a f | write a 0 abcdef | resize a 2 | sync a | settle - | "
            "power | open b f | read b 0 9", "'ab'"},
        {"a synced hole stays", "create a f | write a 1000 x | sync a | settle - | power | open b f | "
            "size b | read b 998 9", "1001 | '..x'"},
        {"a synced rename stays", "create a f | write a 0 abc | sync a | rename f g | settle - | "
            "power | list - | open b g | read b 0 9", "[g] | 'abc'"},
        {"a synced replacement stays", "create a f | create b g | write a 0 new | write b 0 old | "
            "sync a | sync b | settle - | rename f g | settle - | power | list - | open c g | "
            "read c 0 9", "[g] | 'new'"},
        {"a synced removal stays", "create a f | sync a | settle - | remove f | settle - | power | "
            "list -", "[]"},
        {"a rename between directories, both synced", "make d | make e | create a d/f | "
            "write a 0 abc | sync a | settle d | rename d/f e/g | settle e | settle d | power | "
            "list d | list e | open b e/g | read b 0 9", "[] | [g] | 'abc'"},
        {"a directory stays with what is in it", "make d/e | create a d/e/f | write a 0 x | sync a | "
            "settle d/e | settle d | settle - | power | list d/e | open b d/e/f | read b 0 9",
            "[f] | 'x'"},
        {"a sync covers what others wrote", "create a f | open b f | write a 0 ab | write b 2 cd | "
            "sync a | settle - | power | open c f | read c 0 9", "'abcd'"},
        {"syncs of nothing", "create a f | sync a | sync a | settle - | settle - | size a", "0"},
        {"a directory that is not there cannot be synced", "settle d | settle d/e",
            "not found | not found"},
        {"the temporary, fsync, rename, fsync of the directory", "make d | create a d/f | "
            "write a 0 old | sync a | settle d | create b d/f.new | write b 0 newer | sync b | "
            "rename d/f.new d/f | settle d | power | list d | open c d/f | read c 0 9",
            "[f] | 'newer'"},
    };
}

}  // namespace

std::vector<Case> seam_cases() {
    std::vector<Case> cases;
    for (const Row& row : rows()) {
        cases.push_back({std::string("seam: ") + row.name,
            [steps = row.steps](Arm& arm) { return Outcome{Script(arm).run(steps), {}}; },
            row.words});
    }
    return cases;
}

}  // namespace ledger::log::conformance
