#pragma once
// The compiled form of a Table, shared by the files that walk it.

#include <deque>
#include <vector>

#include "route/candidate.h"
#include "route/host_index.h"
#include "route/table.h"

namespace kgw::route {

// The candidates of one hostname on one listener, in the order in which they are tried.
struct VirtualHost {
  std::string_view hostname;
  std::vector<const Candidate*> candidates;
};

struct CompiledListener {
  HostIndex index; // hostname -> position in hosts
  std::vector<VirtualHost> hosts;
};

struct Table::Impl {
  std::vector<ListenerSpec> specs; // everything below points into these; never changed after compile
  HostIndex index;                 // listener hostname -> position in listeners
  std::vector<CompiledListener> listeners;
  std::deque<Candidate> candidates; // a match under several hostnames is compiled once
};

// "more specific first": precise names, then longer wildcards, then any host; then the alphabet.
bool more_specific(std::string_view a, std::string_view b);

} // namespace kgw::route
