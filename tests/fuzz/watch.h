/* An onlooker who sees what clients send and what they are sent, and knows the protocol, nothing of the
 * plugin. Fails the fuzzer when what comes out breaks a rule:
 *
 * - replies and events have their shape (shape.h), and only who sent a request gets a reply;
 * - a refused request changes nothing: nobody is told anything;
 * - only a registered device is sent events, only about its user's calls, and only those of its side;
 * - the rev never falls, a final status stays, a status follows from the one before;
 * - each open leg gets exactly one closing event, and nothing follows it;
 * - a call is accepted at most once, by a device of the callee, and the caller hears it;
 * - nothing rings beyond its time, nobody waits for a peer beyond its grace. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "fake-janus.h"

#define SEATS 6 /* handles at a time */

typedef struct Watch Watch;

typedef struct {
    gboolean reveal_presence;
    gint64 caller_grace_us;
    gint64 in_call_grace_us;
} WatchRules;

Watch *watch_new(const WatchRules *rules);
void watch_free(Watch *watch);

/* After each thing that happened: looks at all that was sent. `body` and `reply` are borrowed. */
void watch_attached(Watch *watch, guint seat, FakeHandle *handle);
void watch_detached(Watch *watch, guint seat);
void watch_request(Watch *watch, guint seat, json_t *body, json_t *reply);
void watch_admin(Watch *watch, json_t *body, json_t *reply);
void watch_time(Watch *watch);

/* Against what the plugin says of itself. */
void watch_query(Watch *watch, guint seat, const json_t *answer);
guint watch_registered(const Watch *watch);
