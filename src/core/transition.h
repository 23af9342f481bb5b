/* The life of a call as a table: (state, what happens) -> (state, what is done). The diagram in
 * docs/protocol.md is drawn from it; a pair that is not in it is refused and changes nothing. */
#pragma once

#include <glib.h>

#include "core/state.h"

typedef enum {
    HAPPENS_RING,         /* a device of the callee alerts its user */
    HAPPENS_ACCEPT,       /* a device of the callee takes the call */
    HAPPENS_REJECT,       /* the callee, or the server for it, refuses */
    HAPPENS_CANCEL,       /* the caller gives up */
    HAPPENS_PUSH,         /* the callee's devices do not ring: they may sleep */
    HAPPENS_RING_END,     /* nobody answered in time, or nobody was there to */
    HAPPENS_CALLER_LOST,  /* the caller's device stayed away for longer than its grace */
    HAPPENS_REPLACE,      /* the same device calls the same callee anew */
    HAPPENS_ADMIN_END,    /* an operator ends it */
    HAPPENS_LOSE_SERVER,  /* the server went away under it; known at the next start */
    HAPPENS_SIGNAL,       /* a device in the call says something to the other */
    HAPPENS_UPDATE,       /* the same, about its own media */
    HAPPENS_HANG_UP,      /* a party ends it */
    HAPPENS_AWAY,         /* a device in the call lost its connection */
    HAPPENS_BACK,         /* and has it again */
    HAPPENS_DEVICE_LOST,  /* or stayed away for longer than its grace */
    HAPPENS_MAX_DURATION, /* the configured limit */
    HAPPENS_MEDIA_FAILED, /* the media never connected */
} Happening;

#define HAPPENINGS (HAPPENS_MEDIA_FAILED + 1)

typedef enum {
    ACTION_NOTE_RING,
    ACTION_PUSH,
    ACTION_ANSWER,
    ACTION_CLOSE,
    ACTION_PASS_ON,
    ACTION_NOTE_AWAY,
    ACTION_NOTE_BACK,
} Action;

typedef struct {
    CallState from;
    Happening on;
    CallState to;
    Action action;
    Cause cause; /* of a close, unless the happening brings its own */
} Transition;

/* The row for a pair, or NULL: not possible. */
const Transition *transition_find(CallState from, Happening on);

const char *happening_name(Happening happening);
const char *action_name(Action action);
