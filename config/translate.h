#pragma once
// From objects to a snapshot's Spec, and what there is to say about each object on the way. Pure: reads the inventory,
// changes nothing.

#include <string>
#include <utility>
#include <vector>

#include "config/conditions.h"
#include "config/store.h"

namespace kgw::config {

// A document that was refused, remembered by its identity until a good one comes or the object is deleted.
struct Rejection {
  std::string reason;                // the first problem
  bool protection = false;           // it asked for a protection: nothing may be served without it
  bool nameless = false;             // the document had no name; its identity says where it stands
  std::string source;                // the file it came from, "" for the admin address and API calls
  std::vector<PolicyTarget> targets; // of a policy: what it names, as far as it could be read
};

struct ListenerSummary {
  std::string name, full_name; // LISTENER; NAMESPACE/GATEWAY/LISTENER
  bool supported = true;       // protocol
  bool conflicted = false;     // another listener has the same place and hostname, or the place for another protocol
  bool protocol_conflict = false;
  bool known_kinds = true; // allowedRoutes.kinds names no kind that is not served
  bool takes_http_routes = true;
  std::string protocol;
  int attached = 0;
  Condition certificate; // ResolvedRefs as its certificates say; holds without TLS
  bool good() const { return supported && !conflicted && certificate.holds; }
};

struct GatewaySummary {
  Identity id;
  int64_t generation = 1;
  std::string unsupported_address;    // its type; empty: none
  bool own_addresses = false;         // spec.addresses names the bind addresses
  std::vector<std::string> addresses; // to bind
  std::vector<ListenerSummary> listeners;
};

struct ReferenceStatuses {
  Identity id;
  std::vector<ReferenceStatus> entries;
};

struct Translated {
  snapshot::Spec spec;
  std::vector<Diagnostic> warnings;
  std::vector<GatewaySummary> gateways;
  std::vector<ReferenceStatuses> routes, policies;
};

class Inventory;
Translated translate_objects(const Inventory& inventory, const TranslateOptions& options);

} // namespace kgw::config
