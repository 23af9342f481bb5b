/* Names of recordings. They are ours: nothing that a client wrote is in them, so whatever it wrote
 * is no path. */
#pragma once

#include <glib.h>

#include "media/sdp.h"

typedef struct {
    const char *caller_id; /* these two say which call it is */
    const char *call_id;
    gint64 created_ms;
    const char *side; /* "caller", "callee" */
    guint join; /* counts the handles that joined the call: a page that was reloaded is another */
    guint part; /* counts recordings of the same handle */
    gint line;  /* of its description; -1 for data */
    LineKind kind;
} RecordingName;

/* Without an ending, such as `20261128-225501-3f0c9a7be2d14c55-caller-1-1-video1`; owned by the
 * caller. The time is UTC, of the call's beginning; the same call has the same hexadecimal digits,
 * and no other has. */
char *recording_name(const RecordingName *name);
