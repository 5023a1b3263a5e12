// write_pages FOLDER: writes the sample pages there, NAME.html and NAME.txt, for the browser test.
#include <cstdio>
#include <fstream>

#include "tests/sim/check/page/sample_pages.h"

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: write_pages FOLDER\n", stderr);
        return 2;
    }
    for (const ledger::check::test::SamplePage& sample : ledger::check::test::all_samples()) {
        // The names of hostile samples go on after a space.
        const std::string name = sample.name.substr(0, sample.name.find(' '));
        const std::string path = std::string(arguments[1]) + "/" + name;
        std::ofstream(path + ".html") << history_page_html(sample.page());
        std::ofstream text(path + ".txt");
        text << history_page_text(sample.page());
        if (!text) {
            std::fprintf(stderr, "write_pages: cannot write %s.txt\n", path.c_str());
            return 5;
        }
    }
    return 0;
}
