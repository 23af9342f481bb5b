#include "core/transition.h"

static const Transition table[] = {
    {CALL_RINGING, HAPPENS_RING, CALL_RINGING, ACTION_NOTE_RING, CAUSE_NONE},
    {CALL_RINGING, HAPPENS_PUSH, CALL_RINGING, ACTION_PUSH, CAUSE_NONE},
    {CALL_RINGING, HAPPENS_ACCEPT, CALL_ACCEPTED, ACTION_ANSWER, CAUSE_NONE},
    {CALL_RINGING, HAPPENS_REJECT, CALL_REJECTED, ACTION_CLOSE, CAUSE_DECLINED},
    {CALL_RINGING, HAPPENS_CANCEL, CALL_CANCELLED, ACTION_CLOSE, CAUSE_CANCELLED},
    {CALL_RINGING, HAPPENS_RING_END, CALL_TIMEOUT, ACTION_CLOSE, CAUSE_NO_ANSWER},
    {CALL_RINGING, HAPPENS_CALLER_LOST, CALL_CANCELLED, ACTION_CLOSE, CAUSE_CALLER_LOST},
    {CALL_RINGING, HAPPENS_REPLACE, CALL_CANCELLED, ACTION_CLOSE, CAUSE_REPLACED},
    {CALL_RINGING, HAPPENS_ADMIN_END, CALL_CANCELLED, ACTION_CLOSE, CAUSE_ADMIN},
    {CALL_RINGING, HAPPENS_LOSE_SERVER, CALL_FAILED, ACTION_CLOSE, CAUSE_SERVER_RESTART},

    {CALL_ACCEPTED, HAPPENS_SIGNAL, CALL_ACCEPTED, ACTION_PASS_ON, CAUSE_NONE},
    {CALL_ACCEPTED, HAPPENS_UPDATE, CALL_ACCEPTED, ACTION_PASS_ON, CAUSE_NONE},
    {CALL_ACCEPTED, HAPPENS_AWAY, CALL_ACCEPTED, ACTION_NOTE_AWAY, CAUSE_NONE},
    {CALL_ACCEPTED, HAPPENS_BACK, CALL_ACCEPTED, ACTION_NOTE_BACK, CAUSE_NONE},
    {CALL_ACCEPTED, HAPPENS_HANG_UP, CALL_ENDED, ACTION_CLOSE, CAUSE_HANGUP},
    {CALL_ACCEPTED, HAPPENS_DEVICE_LOST, CALL_ENDED, ACTION_CLOSE, CAUSE_CONNECTION_LOST},
    {CALL_ACCEPTED, HAPPENS_MAX_DURATION, CALL_ENDED, ACTION_CLOSE, CAUSE_MAX_DURATION},
    {CALL_ACCEPTED, HAPPENS_REPLACE, CALL_ENDED, ACTION_CLOSE, CAUSE_REPLACED},
    {CALL_ACCEPTED, HAPPENS_ADMIN_END, CALL_ENDED, ACTION_CLOSE, CAUSE_ADMIN},
    {CALL_ACCEPTED, HAPPENS_MEDIA_FAILED, CALL_FAILED, ACTION_CLOSE, CAUSE_MEDIA_FAILED},
    {CALL_ACCEPTED, HAPPENS_LOSE_SERVER, CALL_FAILED, ACTION_CLOSE, CAUSE_SERVER_RESTART},
};

const Transition *transition_find(CallState from, Happening on)
{
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].from == from && table[i].on == on)
            return &table[i];
    }
    return NULL;
}

static const char *const happening_names[HAPPENINGS] = {
    [HAPPENS_RING] = "ring",
    [HAPPENS_ACCEPT] = "accept",
    [HAPPENS_REJECT] = "reject",
    [HAPPENS_CANCEL] = "cancel",
    [HAPPENS_PUSH] = "push",
    [HAPPENS_RING_END] = "ring end",
    [HAPPENS_CALLER_LOST] = "caller lost",
    [HAPPENS_REPLACE] = "replace",
    [HAPPENS_ADMIN_END] = "admin end",
    [HAPPENS_LOSE_SERVER] = "server lost",
    [HAPPENS_SIGNAL] = "signal",
    [HAPPENS_UPDATE] = "update",
    [HAPPENS_HANG_UP] = "hang up",
    [HAPPENS_AWAY] = "away",
    [HAPPENS_BACK] = "back",
    [HAPPENS_DEVICE_LOST] = "device lost",
    [HAPPENS_MAX_DURATION] = "max duration",
    [HAPPENS_MEDIA_FAILED] = "media failed",
};

const char *happening_name(Happening happening)
{
    g_assert(happening < HAPPENINGS);
    return happening_names[happening];
}

const char *action_name(Action action)
{
    switch (action) {
    case ACTION_NOTE_RING:
        return "tell the caller that it rings";
    case ACTION_PUSH:
        return "ask the backend to wake the callee";
    case ACTION_ANSWER:
        return "tell the caller, stop the siblings";
    case ACTION_CLOSE:
        return "tell every open leg, remember";
    case ACTION_PASS_ON:
        return "tell the other device";
    case ACTION_NOTE_AWAY:
        return "tell the other device, start the grace";
    case ACTION_NOTE_BACK:
        return "tell the other device, stop the grace";
    }
    g_assert_not_reached();
}
