#include "log/projection/errc.h"

namespace ledger::projection {
namespace {

class ProjectionCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "ledger.projection"; }
    std::string message(int number) const override {
        switch (static_cast<Errc>(number)) {
            case Errc::malformed_text: return "malformed text";
            case Errc::malformed_payload: return "malformed payload";
            case Errc::wrong_type: return "wrong type of value";
            case Errc::out_of_range: return "number out of range";
            case Errc::beyond_limit: return "beyond a limit";
        }
        return "unknown";
    }
};

}  // namespace

const boost::system::error_category& projection_category() {
    static const ProjectionCategory category;
    return category;
}

boost::system::error_code make_error_code(Errc errc) {
    return {static_cast<int>(errc), projection_category()};
}

}  // namespace ledger::projection
