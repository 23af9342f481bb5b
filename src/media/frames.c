#include "media/frames.h"

/* One byte of flags and template, then the number. */
#define NUMBER 1
#define LEAST 3

static guint16 read_number(const guint8 *descriptor)
{
    return (guint16)(descriptor[NUMBER] << 8 | descriptor[NUMBER + 1]);
}

static void write_number(guint8 *descriptor, guint16 number)
{
    descriptor[NUMBER] = (guint8)(number >> 8);
    descriptor[NUMBER + 1] = (guint8)number;
}

static gboolean is_later(guint16 number, guint16 than)
{
    return (gint16)(guint16)(number - than) > 0;
}

void frame_numbers_rewrite(FrameNumbers *numbers, guint32 ssrc, guint8 *descriptor, gsize length)
{
    guint16 number;

    if (length < LEAST)
        return;
    number = read_number(descriptor);
    if (!numbers->is_set)
        *numbers = (FrameNumbers){.is_set = TRUE, .ssrc = ssrc, .last = number};
    if (numbers->ssrc != ssrc) {
        numbers->ssrc = ssrc;
        numbers->offset = (guint16)(numbers->last + 1 - number);
    }
    number = (guint16)(number + numbers->offset);
    if (is_later(number, numbers->last))
        numbers->last = number;
    write_number(descriptor, number);
}
