#pragma once
// Kubernetes' REST conventions over a ControlPlane: discovery, OpenAPI, and the resources. No sockets, no clock: a
// function from request to answer.

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "admin/control_plane.h"
#include "admin/message.h"
#include "base/random.h"

namespace kgw::admin::kube {

class Api {
 public:
  // `plane` outlives the Api and every answer's stream. `wall_s`: Unix time. `seed`: for names that are to be made up.
  Api(const ControlPlane& plane, std::function<int64_t()> wall_s, uint64_t seed);

  // Whether paths that begin with this segment belong here.
  static bool owns(std::string_view first_segment);
  // `done` is called once, from inside or later (writes answer when the plane says so). It may outlive the Api.
  void handle(Request request, std::span<const std::string> segments, Done done);

 private:
  Response document(std::span<const std::string> segments) const;
  void resource(Request request, std::span<const std::string> segments, Done done);
  std::vector<ResourceKind> kinds() const { return plane_.kinds ? plane_.kinds() : std::vector<ResourceKind>{}; }

  const ControlPlane& plane_;
  std::function<int64_t()> wall_s_;
  base::Random random_;
};

} // namespace kgw::admin::kube
