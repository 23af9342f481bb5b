/* Who relays to whom: the way that the packets of one device take to the other, and what the other
 * wants of them. Immutable and counted by reference: a change is a new route, and whoever relays a
 * packet keeps the one that it began with. */
#pragma once

#include <glib.h>

#include "media/sdp.h"

/* What a receiver wants of the media that is sent to it. */
typedef struct {
    gboolean audio;
    gboolean video;
    gboolean data;
    guint32 bitrate; /* bits a second that may be sent to it; 0: as many as the sender likes */
    gint substream;  /* of simulcast: 0 the smallest, to 2 */
    gint temporal;   /* its layer, 0 to 2 */
} Wants;

/* Everything, in the best quality. */
Wants wants_all(void);
gboolean wants_kind(const Wants *wants, LineKind kind);

typedef struct {
    gatomicrefcount refs;
    gpointer to; /* the receiver, a reference */
    GDestroyNotify let_go;
    Wants wants;
} Route;

/* Takes over a reference to the receiver, which `let_go` gives back. */
Route *route_new(gpointer to, GDestroyNotify let_go, const Wants *wants);
Route *route_ref(Route *route);
void route_unref(Route *route); /* NULL is fine */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Route, route_unref)
