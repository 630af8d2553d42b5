#pragma once
// A worker between clients and origins of both protocols that do by chance, from a seed, whatever either may do, while
// connections are cut, stall and are lost. In some seeds nobody is silent for ever and nothing has a time limit: what
// only a timeout would end is found there.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "worker/harness.h"
#include "worker/label.h"

namespace kgw::test {

// One request, as an origin of either protocol sees it. What cannot be said any more is not said.
struct Served {
  H2Peer* h2 = nullptr;
  H2Stream* stream = nullptr;
  Peer* h1 = nullptr;
  bool head_request = false, sized = false;

  void inform() const;
  void head(int status, const Label& answer);
  void data(std::string_view piece) const;
  void finish(const Label& answer) const;
  void reset(uint32_t code) const;
  void close(bool reset) const;
};

class Storm : public Harness {
 public:
  explicit Storm(uint64_t seed);
  void run();                         // after start(), until all has come to its end
  std::string what_is_wrong();        // afterwards; empty: nothing
  std::map<std::string, size_t> seen; // how often what happened

 private:
  // A request, as its client sees it.
  struct Asked {
    Label label;
    bool head_request = false;
    H2Peer* h2 = nullptr;
    H2Stream* stream = nullptr;
    Peer* h1 = nullptr;
    Reply answer{}; // h1
    bool over = false, given_up = false;
  };
  struct Serving {
    Served served;
    bool early = false; // it does not wait for the request's end
    bool begun = false;
  };
  using Job = std::move_only_function<bool()>; // whether it is to run again

  bool one_in(uint64_t n) { return random_.below(n) == 0; }
  template <typename T> const T& any_of(const std::vector<T>& all) { return all[random_.below(all.size())]; }
  size_t some_bytes();
  uint32_t some_code();
  void configure();
  LinkFaults faults_of(const net::Address& to);
  H2Options some_options();

  void step();
  void ask();
  void ask_h2(H2Peer& client);
  void ask_h1(Peer& client);
  Label new_label();
  void upload(Asked& asked, std::string body);
  void clients_act();
  void network_acts();
  void operator_acts();
  void origins_act();
  void harvest(); // answers of HTTP/1
  void run_jobs(bool all);
  void let_all_go(); // who holds something up

  void on_h1_request(Peer& peer, const Request& request);
  void on_h2_request(H2Peer& peer, H2Stream& stream);
  // Whether the request is served now: when all of it is there, or (by chance) at once.
  bool its_turn(Serving& serving, bool whole);
  void serve(Served served, const std::string& id);
  void pay(const Served& served, const Label& answer, size_t bytes, std::optional<uint32_t> cut);

  std::string wrong_requests();
  std::string wrong_answers();
  std::string wrong_answer(const Asked& asked);
  std::string wrong_records();
  std::string left_over();

  base::Random random_;
  std::deque<Asked> asked_;
  std::map<const void*, Serving> serving_;
  std::vector<Job> jobs_;
  std::string wrong_;
  int seed_requests_ = 0;
  bool patient_ = false, drains_ = false, drained_ = false;
};

} // namespace kgw::test
