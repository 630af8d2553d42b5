#include "http/token.h"

#include <gtest/gtest.h>

#include <string>

namespace kgw::http {
namespace {

TEST(Token, EveryNameOfTheTableIsFound) {
  for (int i = 1; i < static_cast<int>(Token::kCount); ++i) {
    auto token = static_cast<Token>(i);
    EXPECT_EQ(token_of(token_name(token)), token) << token_name(token);
  }
}

TEST(Token, NearMissesAreOther) {
  EXPECT_EQ(token_of(""), Token::kOther);
  EXPECT_EQ(token_of("Host"), Token::kOther); // names are lower case here
  for (int i = 1; i < static_cast<int>(Token::kCount); ++i) {
    std::string name(token_name(static_cast<Token>(i)));
    EXPECT_EQ(token_of(name + "x"), Token::kOther);
    for (size_t at = 0; at < name.size(); ++at) {
      std::string other = name;
      other[at] = '!';
      EXPECT_EQ(token_of(other), Token::kOther) << other;
    }
  }
}

TEST(Token, PropertiesAndTheirBits) {
  EXPECT_EQ(token_properties(Token::kTe), kHop | kNoTrailer);
  EXPECT_EQ(token_properties(Token::kOther), 0);
  EXPECT_TRUE(tokens_with(kTrust) & token_bit(Token::kXEnvoyRetryOn));
  EXPECT_FALSE(tokens_with(kTrust) & token_bit(Token::kXEnvoyOriginalPath));
  EXPECT_TRUE(tokens_with(kTrust | kEdge) & token_bit(Token::kXEnvoyOriginalPath));
  EXPECT_FALSE(tokens_with(0xff) & token_bit(Token::kOther));
}

} // namespace
} // namespace kgw::http
