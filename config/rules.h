#pragma once
// What names, hosts, paths and addresses must look like, as rules for the readers.

#include "config/schema.h"

namespace kgw::config {

inline constexpr size_t kMostNameBytes = 253, kMostLabelBytes = 63;

bool is_dns_label(std::string_view text);
bool is_dns_name(std::string_view text);          // labels joined by dots
bool is_hostname(std::string_view text);          // a DNS name that is no IPv4 address
bool is_wildcard_hostname(std::string_view text); // the same, or one with "*." before it
bool is_service_name(std::string_view text);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_ip(std::string_view text);
bool is_host_or_ip(std::string_view text);
bool is_port_name(std::string_view text); // of a container's port
bool is_header_name(std::string_view text);
bool is_match_path(std::string_view text); // of Exact and PathPrefix
bool is_not_empty(std::string_view text);
bool is_kind_name(std::string_view text);
bool is_group(std::string_view text); // a DNS name or nothing
bool is_timestamp(std::string_view text);

inline constexpr TextRule kDnsName{is_dns_name, "a DNS name: lower case letters, digits, - and .", kMostNameBytes};
inline constexpr TextRule kDnsLabel{is_dns_label, "a DNS label: lower case letters, digits and -", kMostLabelBytes};
inline constexpr TextRule kServiceName{is_service_name, "a DNS label that starts with a letter", kMostLabelBytes};
inline constexpr TextRule kHostname{
    is_wildcard_hostname, "a DNS name in lower case without port, optionally with *. before it; no IP address",
    kMostNameBytes};
inline constexpr TextRule kHostOrIp{is_host_or_ip, "a DNS name or an IP address", kMostNameBytes};
inline constexpr TextRule kNotEmpty{is_not_empty, "a text that is not empty"};
inline constexpr TextRule kHeaderName{is_header_name, "a header name", 256};
inline constexpr TextRule kKindName{is_kind_name, "a kind name such as HTTPRoute", kMostLabelBytes};
inline constexpr TextRule kGroup{is_group, "an API group (a DNS name, or \"\" for the core group)", kMostNameBytes};
inline constexpr TextRule kTimestamp{is_timestamp, "a time such as 2026-11-24T22:50:15Z"};

inline constexpr Bounds kPort{1, 65535};

} // namespace kgw::config
