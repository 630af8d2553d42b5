#include "telemetry/clusters.h"

#include <gtest/gtest.h>

#include "telemetry/stats.h"

namespace kgw::telemetry {
namespace {

TEST(Clusters, ReadAsEnvoys) {
  ClusterRow row{
      .name = "ns_svc_80", .max_connections = 1024, .max_pending_requests = 1, .max_requests = 2, .max_retries = 3};
  row.hosts.push_back(
      {.address = "10.0.0.1:80", .counters = {{"rq_total", 7}, {"cx_total", 2}}, .gauges = {{"rq_active", 1}}});
  row.hosts.push_back({.address = "10.0.0.2:80", .hostname = "a.test", .weight = 3, .failed_outlier_check = true});
  EXPECT_EQ(clusters_text({row}), "ns_svc_80::observability_name::ns_svc_80\n"
                                  "ns_svc_80::default_priority::max_connections::1024\n"
                                  "ns_svc_80::default_priority::max_pending_requests::1\n"
                                  "ns_svc_80::default_priority::max_requests::2\n"
                                  "ns_svc_80::default_priority::max_retries::3\n"
                                  "ns_svc_80::10.0.0.1:80::cx_total::2\n"
                                  "ns_svc_80::10.0.0.1:80::rq_active::1\n"
                                  "ns_svc_80::10.0.0.1:80::rq_total::7\n"
                                  "ns_svc_80::10.0.0.1:80::hostname::\n"
                                  "ns_svc_80::10.0.0.1:80::health_flags::healthy\n"
                                  "ns_svc_80::10.0.0.1:80::weight::1\n"
                                  "ns_svc_80::10.0.0.2:80::hostname::a.test\n"
                                  "ns_svc_80::10.0.0.2:80::health_flags::/failed_outlier_check\n"
                                  "ns_svc_80::10.0.0.2:80::weight::3\n");
}

TEST(Clusters, FlagsStandInEnvoysOrder) {
  EXPECT_EQ(health_flags({.failed_active_hc = true, .active_hc_timeout = true}), "/failed_active_hc/active_hc_timeout");
  EXPECT_EQ(health_flags({.failed_active_hc = true, .excluded_via_immediate_hc_fail = true}),
            "/failed_active_hc/excluded_via_immediate_hc_fail");
  EXPECT_EQ(health_flags({.failed_outlier_check = true, .failed_active_hc = true}),
            "/failed_active_hc/failed_outlier_check");
}

TEST(StatName, HasEnvoysDots) {
  EXPECT_EQ(stat_name("outlier_detection_ejections_overflow"), "outlier_detection.ejections_overflow");
  EXPECT_EQ(stat_name("health_check_attempt"), "health_check.attempt");
  EXPECT_EQ(stat_name("limit_request_head_bytes"), "limit.request_head_bytes");
  EXPECT_EQ(stat_name("upstream_rq_retry"), "upstream_rq_retry");
}

} // namespace
} // namespace kgw::telemetry
