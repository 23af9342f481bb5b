/* What a reply, an event and a record must look like (docs/protocol.md, sections 1 to 5 and 7): which
 * fields, of which type, and no others. Fails the fuzzer when something else comes. */
#pragma once

#include <jansson.h>

#include "core/state.h"

/* `body` is the request. An operator acts for nobody, and sees more. */
void shape_check_reply(json_t *body, json_t *reply, gboolean is_operators);
void shape_check_event(json_t *event);
/* Nothing of a token, of a transaction, of SDP that Janus had of a handle (FAKE_SECRET). */
void shape_check_no_secret(const json_t *value);
gboolean shape_has_secret(const json_t *value);

/* The status and the cause of a reply, an event or a record; fails when the protocol does not know
 * them. A cause that is absent or null is CAUSE_NONE. */
CallState shape_status(const json_t *object);
Cause shape_cause(const json_t *object);
/* A field's text, NULL when there is none. */
const char *shape_text(const json_t *object, const char *key);
gint64 shape_integer(const json_t *object, const char *key);
