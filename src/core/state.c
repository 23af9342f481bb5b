#include "core/state.h"

#include <string.h>

static const char *const state_names[CALL_STATES] = {
    [CALL_RINGING] = "ringing",     [CALL_ACCEPTED] = "accepted", [CALL_REJECTED] = "rejected",
    [CALL_CANCELLED] = "cancelled", [CALL_TIMEOUT] = "timeout",   [CALL_ENDED] = "ended",
    [CALL_FAILED] = "failed",
};

static const char *const cause_names[CAUSES] = {
    [CAUSE_DECLINED] = "declined",
    [CAUSE_BUSY] = "busy",
    [CAUSE_CANCELLED] = "cancelled",
    [CAUSE_CALLER_LOST] = "caller_lost",
    [CAUSE_REPLACED] = "replaced",
    [CAUSE_NO_ANSWER] = "no_answer",
    [CAUSE_UNREACHABLE] = "unreachable",
    [CAUSE_HANGUP] = "hangup",
    [CAUSE_CONNECTION_LOST] = "connection_lost",
    [CAUSE_MAX_DURATION] = "max_duration",
    [CAUSE_ADMIN] = "admin",
    [CAUSE_ANSWERED_ELSEWHERE] = "answered_elsewhere",
    [CAUSE_DECLINED_ELSEWHERE] = "declined_elsewhere",
    [CAUSE_SERVER_RESTART] = "server_restart",
    [CAUSE_NODE_LOST] = "node_lost",
    [CAUSE_MEDIA_FAILED] = "media_failed",
    [CAUSE_TOKEN_EXPIRED] = "token_expired",
};

const char *call_state_name(CallState state)
{
    g_assert(state < CALL_STATES);
    return state_names[state];
}

const char *cause_name(Cause cause)
{
    g_assert(cause < CAUSES);
    return cause_names[cause];
}

static gboolean find_name(const char *const *names, guint count, const char *name, guint *found)
{
    for (guint i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            *found = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean call_state_parse(const char *name, CallState *state)
{
    guint found;

    if (!find_name(state_names, CALL_STATES, name, &found))
        return FALSE;
    *state = (CallState)found;
    return TRUE;
}

gboolean cause_parse(const char *name, Cause *cause)
{
    guint found;

    if (!find_name(cause_names, CAUSES, name, &found))
        return FALSE;
    *cause = (Cause)found;
    return TRUE;
}

gboolean call_state_is_final(CallState state)
{
    return state != CALL_RINGING && state != CALL_ACCEPTED;
}
