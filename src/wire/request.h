/* From a request's JSON to a core event, every field checked (docs/protocol.md, sections 1, 2 and
 * 8). */
#pragma once

#include <jansson.h>

#include "core/event.h"
#include "core/text.h"
#include "wire/body.h"

/* Who may send a request: an app over its door, or a backend over the Admin API. */
typedef enum {
    DOOR_APP = 1 << 0,
    DOOR_BACKEND = 1 << 1,
    DOOR_SOCKET = 1 << 2, /* an app whose connection cannot carry media */
} RequestDoor;

/* What a whole body may have. */
typedef struct {
    gsize bytes; /* written without blanks; 0: it was looked at before */
    guint depth; /* of objects and lists in one another; the body itself is the first */
} MessageLimits;

/* A request and what its event borrows. The event's strings live in `body` or in here, so keep both
 * until the step is done; time, address and fresh_id are the service's to fill in. */
typedef struct {
    Event event;
    char *data;          /* the `data` field as JSON text */
    char *jsep;          /* the JSEP of call:join and call:media as JSON text */
    char *fault;         /* what is wrong, naming the field */
    char numbers[4][24]; /* ids that came as JSON integers, as decimal strings */
    guint numbers_used;
} Request;

/* The sizes of section 2, beside those in core/text.h. */
#define CALL_ID_BYTES 64
#define REASON_BYTES 256
#define INITIATE_DATA_BYTES (4 * 1024)
#define UPDATE_DATA_BYTES (4 * 1024)
#define SIGNAL_DATA_BYTES (64 * 1024)
#define JSEP_BYTES (64 * 1024)
#define TOKEN_BYTES 128
#define BITRATE_MOST 1000000000
#define RING_MS_LEAST 5000
#define RING_MS_MOST 180000
#define HISTORY_LIMIT_MOST 100
#define HISTORY_LIMIT_DEFAULT 20
#define LIST_LIMIT_MOST 1000
#define LIST_LIMIT_DEFAULT 100

/* Reads a request. FALSE when it is not one that this door knows: then `event.fault` holds the
 * refusal, and there is no event to step. TRUE otherwise; bad fields are in `event.fault` too, for
 * the hub to refuse in the protocol's order. `jsep` is what came beside the body, or NULL; only
 * call:join and call:media look at it. Both are borrowed. End with request_clear() in both cases. */
gboolean request_parse(Request *request, json_t *body, json_t *jsep, RequestDoor door,
                       const MessageLimits *limits);
/* The same of a body to which nothing came; limits->bytes is not for plain text, whose bytes its reader has counted. */
gboolean request_parse_body(Request *request, const Body *body, RequestDoor door,
                            const MessageLimits *limits);
void request_clear(Request *request);

/* What a backend asks of memory: a page of a list, or one user. Strings as in Request. */
typedef struct {
    guint limit;
    guint from;          /* the place after the last page, 0 at first */
    const char *user_id; /* of `user` */
} Lookup;

/* Reads the fields of `users` and `calls`, or of `user`. FALSE: `event.fault` says why. End with
 * request_clear() in both cases. */
gboolean request_parse_page(Request *request, Lookup *lookup, json_t *body);
gboolean request_parse_user(Request *request, Lookup *lookup, json_t *body);
/* `call:trace`: the event is an operator's call:get. */
gboolean request_parse_trace(Request *request, json_t *body);
