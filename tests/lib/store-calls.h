/* What the tests of the stores share: calls made in one line, and short questions about them. */
#pragma once

#include "ports/store.h"

/* A call as a test describes it; what is left out has an ordinary value. */
typedef struct {
    const char *id;     /* "c" */
    const char *caller; /* "alice" */
    const char *callee; /* "bob" */
    gint64 created_ms;  /* 1000 */
    guint rev;          /* 1 */
    CallState status;
    Cause cause;
    gint64 ended_ms; /* created_ms + 100 when the status is final */
    /* What the caller believes of a call that is rejected/busy; `veil_ended_ms` as ended_ms. */
    gboolean is_veiled;
    CallState veil_status;
    Cause veil_cause;
    gint64 veil_ended_ms;
} CallSpec;

Record *make_call(const CallSpec *spec);
/* CALL(.id = "c1", .status = CALL_ENDED): a record that the test owns. */
#define CALL(...) make_call(&(CallSpec){__VA_ARGS__})

/* Every field has a value of its own. */
Record *make_full_call(void);
void assert_same_record(const Record *record, const Record *expected);

/* Writes one record, and takes it over. */
void put(Store *store, Record *record);
#define PUT(store, ...) put(store, CALL(__VA_ARGS__))

/* Does all that the store has put off. */
void catch_up(Store *store);

/* The callIds, as "c3 c2 c1"; owned by the caller. */
char *ids_of(const GPtrArray *records);
/* A whole history, read in pages of `query->limit` calls. */
GPtrArray *read_history(Store *store, const char *user_id, const HistoryEvent *query);

void assert_history(Store *store, const char *user_id, const HistoryEvent *query, const char *ids);
#define HISTORY(...) (&(HistoryEvent){__VA_ARGS__})

/* "status/cause rev", or "none". */
void assert_call(Store *store, const char *user_id, const char *call_id, const char *expected);

/* A new folder for a test, and its end with all that is in it. */
char *make_folder(void);
void remove_folder(char *folder);

/* Announces every status to the endpoint "a", and the end of a call to "b" too: with the body
 * "CALLID STATUS", which is the id too. */
extern const Announcer test_announcer;
/* The bodies that wait for an endpoint, as "c1 ringing, c1 ended"; owned by the caller. */
char *events_of(Store *store, const char *endpoint);
