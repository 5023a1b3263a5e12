#include "log/projection/json_scan.h"

#include <algorithm>
#include <optional>

#include <boost/json/basic_parser_impl.hpp>

#include "log/projection/errc.h"

namespace ledger::projection {
namespace {

// What Boost.JSON's parser tells of a text as it goes. Names and limits are the parser's.
class Finder {
  public:
    using Code = boost::json::error_code;
    using Text = boost::json::string_view;
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    Finder(std::span<const MemberPath> paths, Field::Kind kind, std::vector<Value>& found)
        : paths_(paths), kind_(kind), found_(found), matched_(paths.size(), 0) {}

    // Why it stopped, unless the text was no JSON.
    const std::optional<Error>& wrong() const { return wrong_; }

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code& code) { return composite("an object", code); }
    bool on_object_end(std::size_t, Code&) { return leave(); }
    bool on_array_begin(Code& code) { return composite("an array", code); }
    bool on_array_end(std::size_t, Code&) { return leave(); }
    bool on_key_part(Text part, std::size_t, Code&) { return gather(part); }
    bool on_key(Text part, std::size_t, Code&) {
        key(whole(part));
        return true;
    }
    bool on_string_part(Text part, std::size_t, Code&) { return gather(part); }
    bool on_string(Text part, std::size_t, Code& code) { return text(whole(part), code); }
    bool on_number_part(Text part, Code&) { return gather(part); }
    bool on_int64(std::int64_t, Text part, Code& code) { return number(whole(part), code); }
    bool on_uint64(std::uint64_t, Text part, Code& code) { return number(whole(part), code); }
    template <typename Rounded>
    bool on_double(Rounded, Text part, Code& code) {
        return number(whole(part), code);
    }
    bool on_bool(bool truth, Code&) { return put(truth); }
    bool on_null(Code&) { return put(std::monostate{}); }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }

  private:
    bool gather(Text part) {
        gathered_.append(part.data(), part.size());
        return true;
    }
    // What was gathered and the last part. Valid until the next call.
    std::string_view whole(Text part) {
        if (gathered_.empty()) {
            return {part.data(), part.size()};
        }
        gather(part);
        last_.swap(gathered_);
        gathered_.clear();
        return last_;
    }
    std::string name_of(const MemberPath& path) const {
        return text_of(Field{.kind = kind_, .path = path});
    }
    bool leave() {
        --open_;
        return true;
    }
    bool stop(Errc errc, std::string sentence, Code& code) {
        wrong_ = failure(errc, std::move(sentence));
        code = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
        return false;
    }
    // Whether the value that begins here is the one that a path asks for.
    bool is_asked(std::size_t path) const {
        return matched_[path] == open_ && paths_[path].size() == open_;
    }
    void key(std::string_view name) {
        const std::size_t level = open_ - 1;
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            matched_[i] = std::min(matched_[i], level);
            if (matched_[i] == level && level < paths_[i].size() && paths_[i][level] == name) {
                ++matched_[i];
            }
        }
    }
    bool put(const Value& value) {
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            if (is_asked(i)) {
                found_[i] = value;
            }
        }
        return true;
    }
    // Of the first path that asks for the value here.
    const MemberPath* asking() const {
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            if (is_asked(i)) {
                return &paths_[i];
            }
        }
        return nullptr;
    }
    bool composite(std::string_view what, Code& code) {
        if (const MemberPath* path = asking()) {
            return stop(Errc::wrong_type,
                name_of(*path) + " is " + std::string(what) + "; name a member of it", code);
        }
        ++open_;
        return true;
    }
    bool text(std::string_view text, Code& code) {
        const MemberPath* path = asking();
        if (path == nullptr) {
            return true;
        }
        if (text.size() > text_bytes_max) {
            return stop(Errc::beyond_limit,
                name_of(*path) + " has " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(text_bytes_max),
                code);
        }
        return put(std::string(text));
    }
    bool number(std::string_view text, Code& code) {
        const MemberPath* path = asking();
        if (path == nullptr) {
            return true;
        }
        const std::optional<Number> number = Number::parse(text);
        if (!number) {
            return stop(Errc::out_of_range,
                name_of(*path) + " is " + std::string(text.substr(0, 60)) +
                    "; numbers are below 10^20 and have at most 18 decimals",
                code);
        }
        return put(*number);
    }

    std::span<const MemberPath> paths_;
    const Field::Kind kind_;
    std::vector<Value>& found_;
    std::vector<std::size_t> matched_;  // per path: how many of its members lead to here
    std::size_t open_ = 0;              // objects and arrays around what comes next
    std::string gathered_;
    std::string last_;
    std::optional<Error> wrong_;
};

}  // namespace

Result<void> scan_json(ByteSpan text, std::span<const MemberPath> paths, Field::Kind kind,
    std::vector<Value>& found) {
    found.assign(paths.size(), std::monostate{});
    boost::json::basic_parser<Finder> parser(boost::json::parse_options{}, paths, kind, found);
    boost::json::error_code code;
    const std::string_view json = as_text(text);
    const std::size_t read = parser.write_some(false, json.data(), json.size(), code);
    if (parser.handler().wrong()) {
        return *parser.handler().wrong();
    }
    if (code || read != json.size()) {
        return failure(Errc::malformed_payload,
            "the payload is no JSON from byte " + std::to_string(read) + " on");
    }
    return {};
}

}  // namespace ledger::projection
