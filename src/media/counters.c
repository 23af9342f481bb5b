#include "media/counters.h"

/* A jump beyond that is a new beginning. */
#define JUMP_MOST 3000

static gint64 lost_of(const SequenceCount *source)
{
    return MAX(source->expected - source->received, 0);
}

static void begin(StreamCount *count, SequenceCount *source, guint32 ssrc, guint16 sequence)
{
    count->lost_before += lost_of(source);
    *source = (SequenceCount){
        .is_set = TRUE, .ssrc = ssrc, .highest = sequence, .expected = 1, .received = 1};
}

static void go_on(StreamCount *count, SequenceCount *source, guint16 sequence)
{
    gint16 step = (gint16)(guint16)(sequence - source->highest);

    if (step > JUMP_MOST || step < -JUMP_MOST) {
        begin(count, source, source->ssrc, sequence);
        return;
    }
    source->received++;
    if (step <= 0)
        return;
    source->expected += step;
    source->highest = sequence;
}

static SequenceCount *find(StreamCount *count, guint32 ssrc)
{
    for (guint i = 0; i < COUNTER_SOURCES; i++) {
        if (count->sources[i].is_set && count->sources[i].ssrc == ssrc)
            return &count->sources[i];
    }
    return NULL;
}

void stream_count_packet(StreamCount *count, guint32 ssrc, guint16 sequence, gsize bytes)
{
    SequenceCount *source = find(count, ssrc);

    count->packets++;
    count->bytes += bytes;
    if (source) {
        go_on(count, source, sequence);
        return;
    }
    begin(count, &count->sources[count->next], ssrc, sequence);
    count->next = (count->next + 1) % COUNTER_SOURCES;
}

void stream_count_message(StreamCount *count, gsize bytes)
{
    count->packets++;
    count->bytes += bytes;
}

gint64 stream_count_lost(const StreamCount *count)
{
    gint64 lost = count->lost_before;

    for (guint i = 0; i < COUNTER_SOURCES; i++)
        lost += lost_of(&count->sources[i]);
    return lost;
}
