/* The words of a call's life: states and causes (docs/protocol.md, sections 4 and 5). */
#pragma once

#include <glib.h>

typedef enum {
    CALL_RINGING,
    CALL_ACCEPTED,
    CALL_REJECTED,
    CALL_CANCELLED,
    CALL_TIMEOUT,
    CALL_ENDED,
    CALL_FAILED,
} CallState;

#define CALL_STATES (CALL_FAILED + 1)

typedef enum {
    CAUSE_NONE,
    CAUSE_DECLINED,
    CAUSE_BUSY,
    CAUSE_CANCELLED,
    CAUSE_CALLER_LOST,
    CAUSE_REPLACED,
    CAUSE_NO_ANSWER,
    CAUSE_UNREACHABLE,
    CAUSE_HANGUP,
    CAUSE_CONNECTION_LOST,
    CAUSE_MAX_DURATION,
    CAUSE_ADMIN,
    CAUSE_ANSWERED_ELSEWHERE,
    CAUSE_DECLINED_ELSEWHERE,
    CAUSE_SERVER_RESTART,
    CAUSE_NODE_LOST,
    CAUSE_MEDIA_FAILED,
    CAUSE_TOKEN_EXPIRED,
} Cause;

#define CAUSES (CAUSE_TOKEN_EXPIRED + 1)

/* The wire's word for a state or a cause; static. CAUSE_NONE has none: NULL. */
const char *call_state_name(CallState state);
const char *cause_name(Cause cause);

/* The state or cause that a word of the wire means. Returns FALSE, and leaves the output alone, for
 * any other word. */
gboolean call_state_parse(const char *name, CallState *state);
gboolean cause_parse(const char *name, Cause *cause);

/* TRUE for every state that no event leaves. */
gboolean call_state_is_final(CallState state);
