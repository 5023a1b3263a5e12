#include "sim/check/errc.h"

#include <string>

namespace ledger::check {
namespace {

class Category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.check"; }
    std::string message(int code) const override {
        switch (static_cast<Errc>(code)) {
            case Errc::malformed_scenario: return "malformed scenario";
            case Errc::malformed_json: return "malformed JSON";
            case Errc::beyond_limit: return "beyond a limit";
            case Errc::malformed_history: return "malformed history";
            case Errc::unknown_option: return "unknown option";
        }
        return "unknown error";
    }
};

}  // namespace

const boost::system::error_category& check_category() {
    static const Category category;
    return category;
}

boost::system::error_code make_error_code(Errc errc) {
    return {static_cast<int>(errc), check_category()};
}

}  // namespace ledger::check
