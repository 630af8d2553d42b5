/*
 * kgwcore: kgateway's retry and routing rules inside your process.
 *
 *   kgw_gateway_options o;  kgw_gateway_options_init(&o, sizeof o);
 *   kgw_gateway *gw = NULL;
 *   kgw_gateway_new(&o, &gw, NULL);
 *   kgw_gateway_apply(gw, kgw_cstr(yaml), NULL, NULL, NULL);
 *   kgw_gateway_start(gw, NULL);                       // returns when every socket listens
 *   ...
 *   kgw_gateway_stop(gw, KGW_DRAIN_DEFAULT, NULL);
 *   kgw_gateway_free(gw);
 *
 * Rules that hold for every function
 *   - A call that can fail returns a kgw_status (0 is success) and takes `kgw_error **error` last. `error` may be NULL;
 *     otherwise it is set to NULL on success and to a new object on failure, which the caller frees with
 *     kgw_error_free.
 *   - Texts in and out are kgw_str: pointer and length, UTF-8 or raw bytes, not NUL-terminated. Texts passed in are
 *     copied. Texts handed out are borrowed from the object they were asked of and live as long as it.
 *   - "New" objects belong to the caller, who frees them with the function named beside them. Freeing NULL does
 *     nothing.
 *   - Structs that the caller fills start with `struct_size` (sizeof the struct the caller was compiled with); so do
 *     structs that the library fills. Fields are only ever appended. Zero means zero; "default" and "unlimited" are
 *     named constants.
 *   - Thread tags: [any] any thread at any time, serialised inside; [one] one thread at a time per object.
 *   - The library installs no signal handler, reads no environment (OpenSSL and c-ares look at their own variables),
 *     writes to no standard stream (unless the option access_log asks for it), and never calls exit. Its threads run
 *     with all signals blocked, so nothing it writes to raises SIGPIPE.
 *   - After fork() the child may only free what it inherited: every other call answers KGW_STATUS_STATE.
 */
#ifndef KGWCORE_KGWCORE_H
#define KGWCORE_KGWCORE_H

#include <stddef.h>
#include <stdint.h>

#include "kgwcore/version.h"

#if defined(__GNUC__)
#define KGW_API __attribute__((visibility("default")))
#else
#define KGW_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Values ----------------------------------------------------------------------------------------------------- */

/* Borrowed bytes. data may be NULL when size is 0. since 0.1 */
typedef struct kgw_str {
  const char* data;
  size_t size;
} kgw_str;

/* The kgw_str of a NUL-terminated text (NULL gives an empty one). [any] since 0.1 */
KGW_API kgw_str kgw_cstr(const char* text);

typedef int32_t kgw_status;
enum {
  KGW_STATUS_OK = 0x0000,
  KGW_STATUS_USAGE = 0x0101,
  KGW_STATUS_CONFIG = 0x0201,
  KGW_STATUS_UNSUPPORTED = 0x0202,
  KGW_STATUS_NOT_FOUND = 0x0203,
  KGW_STATUS_ADDRESS_IN_USE = 0x0301,
  KGW_STATUS_IO = 0x0302,
  KGW_STATUS_STATE = 0x0701,
  KGW_STATUS_NO_MEMORY = 0x0801,
  KGW_STATUS_INTERNAL = 0x0802
};
/* "config" for KGW_STATUS_CONFIG; "unknown" for a number that is none. Static text. [any] since 0.1 */
KGW_API const char* kgw_status_name(kgw_status status);

/* "0.1.0", of the library that was loaded. Static text. [any] since 0.1 */
KGW_API const char* kgw_version(void);
/* The libraries inside, "libevent 2.1.12; nghttp2 1.52.0; ...". Static text. [any] since 0.1 */
KGW_API const char* kgw_library_versions(void);

/* ---- Errors ----------------------------------------------------------------------------------------------------- */

typedef struct kgw_error kgw_error;
typedef struct kgw_diagnostics kgw_diagnostics;

KGW_API kgw_status kgw_error_code(const kgw_error* error);  /* [one] since 0.1 */
KGW_API const char* kgw_error_name(const kgw_error* error); /* kgw_status_name of its code. [one] since 0.1 */
/* One sentence or more, no line break at the end. [one] since 0.1 */
KGW_API kgw_str kgw_error_message(const kgw_error* error);
/* errno where the operating system refused, else 0. [one] since 0.1 */
KGW_API int32_t kgw_error_os_error(const kgw_error* error);
/* The problems behind KGW_STATUS_CONFIG, borrowed from the error; NULL when there are none. [one] since 0.1 */
KGW_API const kgw_diagnostics* kgw_error_diagnostics(const kgw_error* error);
KGW_API void kgw_error_free(kgw_error* error); /* [one] since 0.1 */

/* ---- Diagnostics: all problems of a load ------------------------------------------------------------------------ */

typedef enum kgw_severity { KGW_SEVERITY_ERROR = 0, KGW_SEVERITY_WARNING = 1 } kgw_severity;

typedef struct kgw_diagnostic {
  size_t struct_size;
  int32_t severity; /* kgw_severity */
  int32_t line;     /* from 1; 0 when there is no position */
  int32_t column;
  kgw_str code;   /* one stable word: unknown_field, invalid_value, required_value_missing, ... */
  kgw_str file;   /* as given; "-" standard input, "<text>" a string */
  kgw_str object; /* KIND NAMESPACE/NAME */
  kgw_str path;   /* FIELD.PATH[INDEX] */
  kgw_str text;   /* CLASS: got VALUE; need RULE (hint) */
  kgw_str full;   /* the whole line, FILE:LINE:COL: OBJECT: PATH: TEXT */
} kgw_diagnostic;

KGW_API size_t kgw_diagnostics_count(const kgw_diagnostics* diagnostics); /* NULL counts 0. [one] since 0.1 */
/* Fills *out (out->struct_size set by the caller). USAGE when index is out of range. [one] since 0.1 */
KGW_API kgw_status kgw_diagnostics_at(const kgw_diagnostics* diagnostics, size_t index, kgw_diagnostic* out);
KGW_API void kgw_diagnostics_free(kgw_diagnostics* diagnostics); /* [one] since 0.1 */

/* ---- Options ---------------------------------------------------------------------------------------------------- */

typedef enum kgw_log_level {
  KGW_LOG_TRACE = 0,
  KGW_LOG_DEBUG = 1,
  KGW_LOG_INFO = 2,
  KGW_LOG_WARNING = 3,
  KGW_LOG_ERROR = 4,
  KGW_LOG_OFF = 5
} kgw_log_level;

/* Called on the log's own thread, one record at a time; module and message live for the call. May call kgw functions
 * that are [any], except stop and free of the same gateway. Not called any more once kgw_gateway_free has returned. */
typedef void (*kgw_log_cb)(int32_t level, kgw_str module, kgw_str message, void* user);

#define KGW_SEED_FROM_SYSTEM UINT64_MAX

typedef struct kgw_gateway_options {
  size_t struct_size;
  kgw_str host;          /* numeric address that listeners bind to. Default 127.0.0.1 */
  uint32_t concurrency;  /* worker threads, 1 to 256. Default 1 */
  uint32_t keep_going;   /* 1: kgw_gateway_start serves what is good although some document was rejected. Default 0 */
  const kgw_str* listen; /* LISTENER=ADDR:PORT each; LISTENER is namespace/gateway/listener or an unambiguous suffix;
                            port 0: any */
  size_t listen_count;
  /* NAMESPACE/SERVICE[:PORT]=HOST:PORT[,HOST:PORT...] each; "*=..." for Services without any address */
  const kgw_str* backend;
  size_t backend_count;
  const kgw_str* settings; /* NAME=VALUE each; kgw_setting_at lists them */
  size_t settings_count;
  uint32_t edge;     /* 1: every setting starts at its edge value. Default 0 */
  int32_t log_level; /* kgw_log_level. Default KGW_LOG_INFO */
  kgw_log_cb log;    /* NULL: nothing is logged */
  void* log_user;
  kgw_str admin_address; /* ADDR:PORT of the admin address; empty (default): none. Off loopback a token is required */
  kgw_str admin_token;   /* empty (default): none */
  uint64_t random_seed;  /* back-offs and balancing; KGW_SEED_FROM_SYSTEM (default) seeds from the system */
  /* The access log: one JSON object per line and finished request, refused ones included, with the names and values of
   * kgw_request_record and kgw_attempt_record (start_time in ISO 8601, KGW_MS_NONE as null). A path is appended to and
   * made when it is not there; a FIFO needs a reader. "-" is standard output, by the caller's explicit wish. Empty
   * (default): none. It is opened by kgw_gateway_start, which answers IO with path and errno when it cannot be. After
   * that no trouble with it stops a request: records beyond the setting log_queue_records, and lines that cannot be
   * written, are dropped and counted (access_log_dropped, access_log_write_failed). kgw_gateway_stop writes what is
   * queued, for at most one second when nobody reads. */
  kgw_str access_log;
  /* Names of request headers, at most 16, whose values go into the log as the object request_headers: the first field
   * of each name, cut at 256 bytes; a request without one has no such key. USAGE for what is no field name, for host
   * (the log has authority) and for secrets: authorization, proxy-authorization, cookie, set-cookie. Default: none, and
   * no such object */
  const kgw_str* access_log_headers;
  size_t access_log_header_count;
  const kgw_str* internal_cidrs; /* ADDRESS/BITS each: clients there may steer retries and timeouts with x-envoy-*
                                    request headers, if they send no x-forwarded-for; from all others these are
                                    stripped. Default none, as in kgateway */
  size_t internal_cidr_count;
} kgw_gateway_options;

/* Fills *options with the defaults above. struct_size = sizeof *options. [any] since 0.1 */
KGW_API void kgw_gateway_options_init(kgw_gateway_options* options, size_t struct_size);

/* ---- Gateway ---------------------------------------------------------------------------------------------------- */

typedef struct kgw_gateway kgw_gateway;

/* A gateway that does not listen yet. USAGE for an option that no gateway could have (unknown setting, bad address);
 * CONFIG never. *gateway is new: kgw_gateway_free. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_new(const kgw_gateway_options* options, kgw_gateway** gateway, kgw_error** error);

/* Opens the admin address and the access log, binds every listener, starts the workers, and returns when all sockets
 * listen. ADDRESS_IN_USE and IO name the address or path; CONFIG when a document was rejected before (see keep_going).
 * STATE when started before. Nothing listens after a failure. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_start(kgw_gateway* gateway, kgw_error** error);

/* Stops accepting, lets accepted requests finish for up to drain_ms (0: none; KGW_DRAIN_DEFAULT: the setting
 * drain_timeout_ms), then resets what is left, and ends the threads. A second call returns at once. Another thread may
 * call with 0 meanwhile to cut the drain short. [any] since 0.1 */
#define KGW_DRAIN_DEFAULT UINT32_MAX
KGW_API kgw_status kgw_gateway_stop(kgw_gateway* gateway, uint32_t drain_ms, kgw_error** error);

/* Opens the path of the access log again and writes there from now on: what was renamed meanwhile (log rotation) gets
 * nothing more when this returns. Standard output stays what it is. IO when it cannot be opened: the old one stays in
 * use. STATE without an access log, before start and after stop. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_reopen_access_log(kgw_gateway* gateway, kgw_error** error);

/* Stops without drain if still running, and frees. Lists taken from the gateway stay valid until they are freed. [one]
 * since 0.1 */
KGW_API void kgw_gateway_free(kgw_gateway* gateway);

typedef struct kgw_listener {
  size_t struct_size;
  kgw_str name;    /* NAMESPACE/GATEWAY/LISTENER */
  kgw_str address; /* numeric, as bound */
  uint32_t port;   /* as bound */
  uint32_t bound;  /* 0: it does not listen (port taken at an apply, or the gateway is not started) */
  uint32_t tls;    /* 1: HTTPS. since 0.1 */
} kgw_listener;

/* Listeners in document order. count looks anew; at answers from what the last count saw, whichever thread asked for
 * it: USAGE out of range. Texts live as long as the gateway. [any] since 0.1 */
KGW_API size_t kgw_gateway_listener_count(kgw_gateway* gateway);
KGW_API kgw_status kgw_gateway_listener_at(kgw_gateway* gateway, size_t index, kgw_listener* out);
/* The admin address (name "admin"). STATE when there is none or the gateway is not started. Texts as above. [any] since
 * 0.1 */
KGW_API kgw_status kgw_gateway_admin(kgw_gateway* gateway, kgw_listener* out, kgw_error** error);

/* ---- Configuration ---------------------------------------------------------------------------------------------- */

/* Several texts that are applied as one transaction. [one] */
typedef struct kgw_batch kgw_batch;
KGW_API kgw_batch* kgw_batch_new(void); /* new: kgw_batch_free; NULL only without memory. since 0.1 */
/* YAML or JSON, any number of documents. `file` is the name that diagnostics show. since 0.1 */
KGW_API kgw_status kgw_batch_add(kgw_batch* batch, kgw_str file, kgw_str text);
KGW_API void kgw_batch_free(kgw_batch* batch); /* since 0.1 */

enum {
  KGW_APPLY_DRY_RUN = 1,    /* check and report, change nothing */
  KGW_APPLY_FROM_FILES = 2, /* objects remember the file they came from */
  KGW_APPLY_RELOAD = 4 /* with FROM_FILES: objects that came from files before and are in none of these now are deleted;
                          a text that does not parse changes nothing at all */
};

typedef struct kgw_apply_options {
  size_t struct_size;
  kgw_str namespace_name; /* for documents without one; a document with another one is rejected. Empty (default):
                             "default", no check */
  uint32_t flags;         /* KGW_APPLY_*. Default 0 */
} kgw_apply_options;
KGW_API void kgw_apply_options_init(kgw_apply_options* options, size_t struct_size); /* [any] since 0.1 */

typedef enum kgw_outcome {
  KGW_OUTCOME_CREATED = 0,
  KGW_OUTCOME_CONFIGURED = 1,
  KGW_OUTCOME_UNCHANGED = 2,
  KGW_OUTCOME_IGNORED = 3,
  KGW_OUTCOME_REJECTED = 4,
  KGW_OUTCOME_DELETED = 5
} kgw_outcome;
/* "created". Static text. [any] since 0.1 */
KGW_API const char* kgw_outcome_name(int32_t outcome);

typedef struct kgw_results kgw_results;
typedef struct kgw_result {
  size_t struct_size;
  int32_t outcome;                    /* kgw_outcome */
  kgw_str kind, namespace_name, name; /* as far as they could be read */
  kgw_str resource;                   /* what kubectl prints: httproute.gateway.networking.k8s.io/x */
} kgw_result;
KGW_API size_t kgw_results_count(const kgw_results* results);                                 /* [one] since 0.1 */
KGW_API kgw_status kgw_results_at(const kgw_results* results, size_t index, kgw_result* out); /* [one] since 0.1 */
/* Problems of document `index`: new, kgw_diagnostics_free. NULL out of range. [one] since 0.1 */
KGW_API kgw_diagnostics* kgw_results_problems(const kgw_results* results, size_t index);
KGW_API void kgw_results_free(kgw_results* results); /* [one] since 0.1 */

/* Stores every good document and serves the result; returns when all workers serve it. `options` and `results` may be
 * NULL. *results is new and set also on failure (kgw_results_free). CONFIG when a document was rejected: the others are
 * in force all the same, and a rejected update leaves the version before in service. Legal before start. [any] since
 * 0.1 */
KGW_API kgw_status kgw_gateway_apply(kgw_gateway* gateway, kgw_str text, const kgw_apply_options* options,
                                     kgw_results** results, kgw_error** error);
/* The same for a batch, as one transaction. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_apply_batch(kgw_gateway* gateway, const kgw_batch* batch,
                                           const kgw_apply_options* options, kgw_results** results, kgw_error** error);

/* Deletes one object and returns when no worker serves it any more. `kind` is any name or short name of it, with or
 * without ".group", any case. NOT_FOUND when there is none. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_delete(kgw_gateway* gateway, kgw_str kind, kgw_str namespace_name, kgw_str name,
                                      kgw_error** error);

/* Text that the caller owns. [one] */
typedef struct kgw_text kgw_text;
KGW_API kgw_str kgw_text_view(const kgw_text* text); /* since 0.1 */
KGW_API void kgw_text_free(kgw_text* text);          /* since 0.1 */

/* One object as JSON, with status; with an empty name a JSON list of all in the namespace (empty: in all). New:
 * kgw_text_free. NOT_FOUND, USAGE for an unknown kind. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_get(kgw_gateway* gateway, kgw_str kind, kgw_str namespace_name, kgw_str name,
                                   kgw_text** json, kgw_error** error);

/* Checks a batch without a gateway: each document alone, then all together (references, precedence, dead settings).
 * `options` may be NULL: settings, backends and listens of a gateway to check against. Returns CONFIG when there is an
 * error, OK otherwise (warnings included). *diagnostics is new and always set. `namespace_name` as in
 * kgw_apply_options. [any] since 0.1 */
KGW_API kgw_status kgw_validate(const kgw_batch* batch, const kgw_gateway_options* options, kgw_str namespace_name,
                                kgw_diagnostics** diagnostics, kgw_error** error);

/* ---- Views ------------------------------------------------------------------------------------------------------ */

#define KGW_MS_NONE (-1) /* "this did not happen" for the times below */

typedef struct kgw_attempts kgw_attempts;
/* One finished request. Times are milliseconds after start. Names are Envoy's access-log operators in lower case. */
typedef struct kgw_request_record {
  size_t struct_size;
  uint64_t sequence;     /* grows by one per record and worker */
  int64_t start_time_us; /* Unix time, microseconds */
  kgw_str method, path, protocol, authority;
  uint32_t response_code; /* 0: the client left before an answer */
  kgw_str response_flags; /* Envoy's, comma-joined in order; "-" for none */
  kgw_str response_code_details;
  uint64_t bytes_received, bytes_sent; /* bodies */
  double duration_ms;
  kgw_str upstream_host, upstream_cluster, route_name, request_id;
  uint32_t upstream_request_attempt_count;
  size_t attempt_count; /* attempts recorded (at most 16; the first 8 and the last 8) */
} kgw_request_record;
typedef struct kgw_attempt_record {
  size_t struct_size;
  kgw_str endpoint;                                   /* ADDR:PORT; empty when none was picked */
  uint32_t reused;                                    /* 1: sent on a kept connection */
  double start_ms, connect_ms, first_byte_ms, end_ms; /* KGW_MS_NONE for what did not happen */
  uint32_t status;                                    /* 0: no response head */
  kgw_str reset_reason;                               /* empty when it answered */
  uint64_t bytes_sent;                                /* request body */
  kgw_str decision;      /* one of the closed list of decision codes, e.g. retry_status, not_retriable, limit_reached */
  kgw_str decision_text; /* the same in a sentence */
  double delay_ms;       /* back-off drawn before the next attempt; KGW_MS_NONE when none follows */
  kgw_str chosen; /* why this endpoint: balanced, only_host, panic, retry_other_host, retry_same_host; empty when none
                     was picked */
} kgw_attempt_record;

/* The last `limit` finished requests (0: all kept), oldest first. New: kgw_attempts_free. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_attempts(kgw_gateway* gateway, size_t limit, kgw_attempts** attempts, kgw_error** error);
KGW_API size_t kgw_attempts_count(const kgw_attempts* attempts); /* [one] since 0.1 */
KGW_API kgw_status kgw_attempts_at(const kgw_attempts* attempts, size_t index,
                                   kgw_request_record* out); /* [one] since 0.1 */
KGW_API kgw_status kgw_attempts_attempt_at(const kgw_attempts* attempts, size_t index, size_t attempt,
                                           kgw_attempt_record* out); /* [one] since 0.1 */
KGW_API void kgw_attempts_free(kgw_attempts* attempts);              /* [one] since 0.1 */

typedef enum kgw_stat_kind { KGW_STAT_COUNTER = 0, KGW_STAT_GAUGE = 1 } kgw_stat_kind;
typedef struct kgw_stats kgw_stats;
typedef struct kgw_stat {
  size_t struct_size;
  kgw_str name; /* without the labels: upstream_rq_retry */
  int32_t kind; /* kgw_stat_kind */
  uint64_t value;
  size_t label_count;
  kgw_str full_name; /* Envoy's: cluster.httpbin_httpbin_8000.upstream_rq_retry */
} kgw_stat;
/* All counters and gauges, summed over the workers. New: kgw_stats_free. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_stats(kgw_gateway* gateway, kgw_stats** stats, kgw_error** error);
KGW_API size_t kgw_stats_count(const kgw_stats* stats);                               /* [one] since 0.1 */
KGW_API kgw_status kgw_stats_at(const kgw_stats* stats, size_t index, kgw_stat* out); /* [one] since 0.1 */
KGW_API kgw_status kgw_stats_label_at(const kgw_stats* stats, size_t index, size_t label, kgw_str* key,
                                      kgw_str* value); /* [one] since 0.1 */
KGW_API void kgw_stats_free(kgw_stats* stats);         /* [one] since 0.1 */

typedef struct kgw_routes kgw_routes;
typedef struct kgw_route {
  size_t struct_size;
  kgw_str listener, hostname, path_kind, path, method, conditions, rule;
  kgw_str target; /* what it does: "httpbin_httpbin_8000", "direct 200", "error 500: ..." */
  kgw_str budget; /* how long that may take: "total 15s, 4 tries of 5s, back-off 175ms, 3 retries at once"; empty where
                     nothing is forwarded */
} kgw_route;
/* The compiled route table in match order. New: kgw_routes_free. [any] since 0.1 */
KGW_API kgw_status kgw_gateway_routes(kgw_gateway* gateway, kgw_routes** routes, kgw_error** error);
KGW_API size_t kgw_routes_count(const kgw_routes* routes);                                /* [one] since 0.1 */
KGW_API kgw_status kgw_routes_at(const kgw_routes* routes, size_t index, kgw_route* out); /* [one] since 0.1 */
KGW_API void kgw_routes_free(kgw_routes* routes);                                         /* [one] since 0.1 */

typedef struct kgw_setting {
  size_t struct_size;
  kgw_str name, scope;
  kgw_str unit; /* "ms", "bytes", "count", "switch" (0 and 1, or true and false), "word" (one of words), "fields" (a
                   list of header fields) */
  kgw_str meaning;
  int64_t default_value, edge_value, least, most; /* of a word: places among words, from 0; of fields: all 0 */
  kgw_str words;                                  /* separated by "|"; empty for other units */
} kgw_setting;
/* Every setting there is. Static texts. at: USAGE out of range. [any] since 0.1 */
KGW_API size_t kgw_setting_count(void);
KGW_API kgw_status kgw_setting_at(size_t index, kgw_setting* out);

#ifdef __cplusplus
}
#endif

#endif /* KGWCORE_KGWCORE_H */
