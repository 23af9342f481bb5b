#pragma once
/* Who does what when: users come, pairs call each other, in a closed or an open loop, and it is measured how long that takes. */
#include <glib.h>

#include "dialect.h"
#include "histogram.h"

typedef enum {
    WORKLOAD_IDLE,   /* users register and stay */
    WORKLOAD_REJECT, /* call, ring, reject */
    WORKLOAD_ACCEPT, /* call, ring, accept, talk, end */
} Workload;

typedef struct {
    const Dialect *dialect;
    Workload workload;
    guint16 port;
    guint users;   /* connections in all */
    guint pairs;   /* that call; each is a caller and `devices` of a callee */
    guint devices; /* of a callee */
    guint ramp;    /* connections that are being made at once */
    double rate; /* calls a second; 0: a closed loop, each pair calls again when its call is done */
    double ring_s; /* from the call to the answer */
    double talk_s; /* from the answer to the end */
    double warm_s; /* of the play before anything is measured */
    double run_s;  /* that is measured */
    double drop_s; /* into the measured time: all who do not call are cut off; negative: never */
    double patience_s;   /* until a call that does not go on is given up as lost */
    double keep_alive_s; /* between two signs of life of a user, where the server wants them */
    gboolean clients_choose_ids;
    const char *prefix; /* of all names, so that one server can be used by several runs */
} PlayOptions;

typedef struct {
    Histogram *setup;  /* the call asked for (or due) to the callee's last device ringing */
    Histogram *answer; /* the answer sent to the caller being told */
    Histogram *due;    /* the same from when the answer was due, in an open loop: a stall counts */
    Histogram *end;    /* the end sent to the other device being told */
    Histogram
        *siblings; /* the rejection sent to the last of the callee's other devices being told */
    guint64 calls; /* that were done while it was measured */
    guint64 lost;
    guint64 errors; /* what came and should not have */
    guint64 late;   /* calls of an open loop that were due and never begun */
    guint64 cut;    /* connections that the server closed */
    char *first_error;
    gint64 dropped_wall_ms;     /* when the others were cut off; 0: never */
    gint64 drop_took_ns;        /* until the last of them was closed */
    gint64 worst_after_drop_ns; /* the longest `due` of an answer sent after that */
} PlayResults;

/* Told when it is time to look at the server. */
typedef struct {
    void (*registered)(gpointer data, double took_s); /* all users are there */
    void (*begins)(gpointer data);                    /* what is measured */
    void (*ends)(gpointer data);
    gpointer data;
} PlayWatch;

/* Plays all of it, and closes the connections. FALSE with `error` when users cannot be registered. */
gboolean play(const PlayOptions *options, const PlayWatch *watch, PlayResults *results,
              GError **error);
void play_results_clear(PlayResults *results);
