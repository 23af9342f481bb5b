/* What the media of accepted calls needs to be told (docs/protocol.md, section 6). The core knows
 * who may join, whose turn an offer is and what follows when media is lost; a MediaPort
 * (ports/media.h) carries packets. SDP passes through as text that nobody here looks into. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/record.h"

/* The two sides of an accepted call, as its legs are in order. */
typedef enum {
    SIDE_CALLER,
    SIDE_CALLEE,
} Side;

#define SIDES (SIDE_CALLEE + 1)

static inline Side other_side(Side side)
{
    return side == SIDE_CALLER ? SIDE_CALLEE : SIDE_CALLER;
}

typedef enum {
    JSEP_NONE,
    JSEP_OFFER,
    JSEP_ANSWER,
} JsepKind;

/* Session descriptions as the door has them. Borrowed. */
typedef struct {
    JsepKind kind;
    const char *text; /* the whole of it as JSON text: type, sdp, and what else came with them */
} Jsep;

/* What a receiver wants of the media that comes to it; -1 where it did not say. */
typedef struct {
    gint audio; /* 0: none, 1: yes */
    gint video;
    gint data;
    gint64 bitrate; /* bits a second that the other side may send; 0: as much as it likes */
    gint substream; /* of simulcast: 0 the smallest, to 2 */
    gint temporal;  /* layer, 0 to 2 */
} MediaWish;

/* `join` of a message, a reply, a snapshot: what one device needs for its part of the media. */
typedef struct {
    gboolean is_set;     /* a device in an accepted call of a mode other than none is told */
    GRefString *user_id; /* whose device that is: TURN credentials are made out to it */
    GRefString *token;   /* relay, room */
    GRefString *room;    /* room: decimal digits */
    GRefString *pin;     /* room */
} Join;

/* One more of the same; end each with join_clear(). */
Join join_copy(const Join *join);
void join_clear(Join *join);

typedef enum {
    MEDIA_ORDER_ROOM,      /* make the room */
    MEDIA_ORDER_LINK,      /* these two relay to each other from now on, and to nobody else */
    MEDIA_ORDER_CONFIGURE, /* what the receiver at `at` wants */
    MEDIA_ORDER_LEAVE,     /* `at` has no part in the call any more: unlink, close its
                              PeerConnection */
    MEDIA_ORDER_RECORD,    /* recorded, or not, from now on */
    MEDIA_ORDER_END,       /* the call is over: close, stop, destroy, then report */
} MediaOrderKind;

#define MEDIA_ORDERS (MEDIA_ORDER_END + 1)

/* One thing that the media layer is to do. The orders of one call come in the order of its steps;
 * the call is known by `record->facts`, which all its orders share. Owns references to record and
 * strings; addresses are borrowed as in an Effect. */
typedef struct {
    MediaOrderKind kind;
    Record *record;            /* the mode is record->facts->mode */
    Address *joined[SIDES];    /* who is joined now, by side, or NULL; not for ROOM */
    Address *at;               /* CONFIGURE, LEAVE */
    Side side;                 /* of `at` */
    MediaWish wish;            /* CONFIGURE */
    gboolean is_recorded;      /* LINK, RECORD */
    GRefString *room;          /* ROOM, and END of a room */
    GRefString *pin;           /* ROOM */
    GRefString *tokens[SIDES]; /* ROOM: who may come in */
} MediaOrder;

const char *media_order_name(MediaOrderKind kind);
void media_order_clear(MediaOrder *order);
