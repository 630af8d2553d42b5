// Includes settings.def for the scopes whose macro is defined, and undefines all. Without #pragma once on purpose.
#ifndef KGW_LISTENER
#define KGW_LISTENER(...)
#endif
#ifndef KGW_CLUSTER
#define KGW_CLUSTER(...)
#endif
#ifndef KGW_ROUTE
#define KGW_ROUTE(...)
#endif
#ifndef KGW_ROUTE_WORD
#define KGW_ROUTE_WORD(...)
#endif
#ifndef KGW_ROUTE_TEXT
#define KGW_ROUTE_TEXT(...)
#endif
#ifndef KGW_PROCESS
#define KGW_PROCESS(...)
#endif
#include "snapshot/settings.def"
#undef KGW_LISTENER
#undef KGW_CLUSTER
#undef KGW_ROUTE
#undef KGW_ROUTE_WORD
#undef KGW_ROUTE_TEXT
#undef KGW_PROCESS
