#include "sim/check/html_text.h"

#include "sim/check/utf8.h"

namespace ledger::check {
namespace {

// Colours come in pairs, for light and dark; every meaning also has a word or an outline.
constexpr std::string_view style = R"(<style>
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #5b636d; --line: #d5dae0;
  --good: #0f6b3c; --bad: #a3161b; --unsure: #7a5200; --leader: #9cc3f5; --crash: #f0a3a0;
  --partition: #f3cf8a; --disk: #c9b3ee; --pause: #c7ccd3; --done: #b5dfc4; --open: #dfe3e8; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e6e9ed; --soft: #a0a8b2;
  --line: #353b43; --good: #6fd39c; --bad: #ff8f8a; --unsure: #f0c060; --leader: #2b558c;
  --crash: #7d2a2c; --partition: #73541a; --disk: #523a80; --pause: #4a515b; --done: #255c3c;
  --open: #3a414a; } }
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 0 auto; max-width: 76rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { border: 3px solid; border-radius: 8px; padding: .8rem 1.2rem; }
.verdict p { margin: .4rem 0; } .verdict .word { font-size: 1.5rem; font-weight: 700; }
.ok { border-color: var(--good); } .ok .word { color: var(--good); }
.violated { border-color: var(--bad); } .violated .word { color: var(--bad); }
.inconclusive { border-color: var(--unsure); } .inconclusive .word { color: var(--unsure); }
table { border-collapse: collapse; } caption { text-align: left; color: var(--soft); }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .9rem .2rem 0; text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: .9rem/1.45 ui-monospace, monospace; }
pre { border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; padding: .7rem; }
.wide { overflow-x: auto; } svg { display: block; min-width: 60rem; width: 100%; }
svg text { fill: var(--text); font-size: 13px; } svg .small { font-size: 11px; }
svg .tick, svg .lane { stroke: var(--line); } svg rect { stroke: var(--soft); }
.leader { fill: var(--leader); } .crash { fill: var(--crash); } .disk { fill: var(--disk); }
.partition { fill: var(--partition); } .pause, .other { fill: var(--pause); }
.done { fill: var(--done); } .open { fill: var(--open); stroke-dasharray: 3 2; }
svg .witness { fill: var(--crash); stroke: var(--bad); stroke-width: 3; }
summary { cursor: pointer; color: var(--soft); margin: .6rem 0; }
</style>
)";

void append_character(std::string& out, char c) {
    switch (c) {
        case '&': out += "&amp;"; return;
        case '<': out += "&lt;"; return;
        case '>': out += "&gt;"; return;
        case '"': out += "&quot;"; return;
        case '\'': out += "&#39;"; return;
        default: break;
    }
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    out += control ? ' ' : c;
}

}  // namespace

std::string escape_html(std::string_view text, std::uint64_t bytes_max) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::size_t taken = length == 0 ? 1 : length;
        if (taken > bytes_max) {
            return out + "...";
        }
        if (length == 0) {
            out += utf8_replacement;
        } else if (length == 1) {
            append_character(out, text.front());
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(taken);
        bytes_max -= taken;
    }
    return out;
}

std::string page_head(
    std::string_view title, std::string_view script_source, std::string_view more_style) {
    std::string head =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'";
    if (!script_source.empty()) {
        head.append("; script-src ").append(script_source);
    }
    head.append("\">\n<title>").append(escape_html(title)).append("</title>\n").append(style);
    if (!more_style.empty()) {
        head.append("<style>\n").append(more_style).append("</style>\n");
    }
    return head + "</head><body><main>\n";
}

}  // namespace ledger::check
