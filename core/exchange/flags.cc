#include "exchange/flags.h"

namespace kgw::exchange {

std::string_view flag_name(Flag flag) {
  static constexpr std::string_view kNames[] = {"DC", "NR", "UC",  "UF", "UH", "UO",    "UPE", "URX", "UT",
                                                "SI", "LR", "DPE", "DI", "FI", "UMSDR", "UR",  "DR"};
  return kNames[static_cast<int>(flag)];
}

std::string Flags::text() const {
  if (empty()) return "-";
  std::string text;
  for (int i = 0; i < count_; ++i) {
    if (i > 0) text += ',';
    text += flag_name(list_[i]);
  }
  return text;
}

} // namespace kgw::exchange
