/* The numbers of frames in the dependency descriptor, an RTP header extension that browsers send with
 * video: a receiver drops what is older than the last whole picture. So when the sender of a stream
 * is another, the numbers must go on, as sequence numbers do. */
#pragma once

#include <glib.h>

/* Of one stream that goes to a receiver. All zero at its beginning. */
typedef struct {
    gboolean is_set;
    guint32 ssrc;   /* of whom it comes from now */
    guint16 last;   /* the highest number that went out */
    guint16 offset; /* what is added to its numbers */
} FrameNumbers;

/* Puts the number that goes on into a descriptor of a packet from `ssrc`. One that is too short is
 * left alone. */
void frame_numbers_rewrite(FrameNumbers *numbers, guint32 ssrc, guint8 *descriptor, gsize length);
