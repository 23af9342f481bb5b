/* Calls with media, and what the hub orders for them. */
#include "media.h"

#include <string.h>

#include "base/log.h"
#include "media/recording.h"

/* Devices of one call whose numbers are kept when they left; the report counts those beyond. */
#define DEVICES_MOST 32

/* Guarded by `calls.lock`. */
struct MediaCall {
    gatomicrefcount refs; /* one is the table's, one each of its parts and of work under way */
    CallFacts *facts;
    gboolean is_recorded;
    GPtrArray *parts; /* of MediaHandle, a reference each: who is in it now */
    guint joins[SIDES];
    json_t *devices;    /* the numbers of those who left */
    guint omitted;      /* of them, more than are kept */
    json_t *recordings; /* names of files */
    guint closing;      /* parts that are not closed yet, after the end */
};

static struct {
    Workers *workers;
    GMutex lock;
    GHashTable *by_facts; /* CallFacts to MediaCall, which keeps its key */
    GMutex carrying;      /* an order is carried out */
    gboolean is_stopped;  /* guarded by `carrying`: no order is, any more */
} calls;

/* --- calls --- */

static MediaCall *call_begin(CallFacts *facts)
{
    MediaCall *call = g_new0(MediaCall, 1);

    g_atomic_ref_count_init(&call->refs);
    call->facts = call_facts_ref(facts);
    call->parts = g_ptr_array_new();
    call->devices = json_array();
    call->recordings = json_array();
    g_hash_table_insert(calls.by_facts, call->facts, call);
    return call;
}

static MediaCall *call_ref(MediaCall *call)
{
    g_atomic_ref_count_inc(&call->refs);
    return call;
}

static void call_unref(gpointer data)
{
    MediaCall *call = data;

    if (!g_atomic_ref_count_dec(&call->refs))
        return;
    g_ptr_array_unref(call->parts);
    json_decref(call->devices);
    json_decref(call->recordings);
    call_facts_unref(call->facts);
    g_free(call);
}

static MediaCall *call_of(const MediaOrder *order)
{
    return g_hash_table_lookup(calls.by_facts, order->record->facts);
}

Workers *media_workers(void)
{
    return calls.workers;
}

/* --- handles --- */

/* NULL for a peer that is no handle of Janus. */
static Session *session_of(Address *address)
{
    return address && address->delivery == &janus_delivery ? address->connection : NULL;
}

/* Borrowed from the session, for whose whole life it stays. */
static MediaHandle *media_of(Session *session)
{
    MediaHandle *media = g_atomic_pointer_get(&session->media);

    if (media)
        return media;
    media = media_handle_new(session->handle);
    if (g_atomic_pointer_compare_and_exchange(&session->media, NULL, media))
        return media;
    media_handle_unref(media);
    return g_atomic_pointer_get(&session->media);
}

static MediaHandle *media_at(Address *address)
{
    Session *session = session_of(address);

    return session ? media_of(session) : NULL;
}

/* --- who is in a call; under the lock --- */

static json_t *device_numbers(MediaHandle *media)
{
    json_t *numbers = media_numbers(media);

    json_object_set_new(numbers, "side",
                        json_string(media->side == SIDE_CALLER ? "caller" : "callee"));
    return numbers;
}

static void keep_numbers(MediaCall *call, MediaHandle *media)
{
    if (json_array_size(call->devices) < DEVICES_MOST)
        json_array_append_new(call->devices, device_numbers(media));
    else
        call->omitted++;
}

/* Its numbers stay with the call. */
static void leave_call(MediaHandle *media)
{
    MediaCall *call = media->call;

    if (!call)
        return;
    media->call = NULL;
    keep_numbers(call, media);
    g_ptr_array_remove(call->parts, media);
    media_handle_unref(media);
    call_unref(call);
}

static void take_part(MediaCall *call, Side side, MediaHandle *media)
{
    if (media->call == call)
        return;
    leave_call(media);
    media->call = call_ref(call);
    media->side = side;
    media->join = ++call->joins[side];
    media->part = 0;
    media_handle_reset(media);
    g_ptr_array_add(call->parts, media_handle_ref(media));
    g_atomic_int_set(&media->is_shut, FALSE);
}

/* --- ways --- */

static void unlink_handle(MediaHandle *media)
{
    g_autoptr(MediaHandle) partner = media_handle_partner(media);
    g_autoptr(MediaHandle) back = partner ? media_handle_partner(partner) : NULL;

    media_handle_aim(media, NULL);
    if (back == media)
        media_handle_aim(partner, NULL);
}

/* Each asks the other for a picture: what was sent until now went nowhere. */
static void link_handles(MediaHandle *one, MediaHandle *other)
{
    media_handle_aim(one, other);
    media_handle_aim(other, one);
    media_refresh(one);
    media_refresh(other);
}

/* --- the end of a handle's part: on its strand, after what it was told --- */

static void close_part(gpointer data)
{
    MediaHandle *media = data;

    recorders_end(media);
    g_mutex_lock(&calls.lock);
    leave_call(media);
    g_mutex_unlock(&calls.lock);
    media_handle_unref(media);
}

static void shut_out(MediaHandle *media)
{
    unlink_handle(media);
    g_atomic_int_set(&media->is_shut, TRUE);
    media_close_pc(media);
}

static void dismiss(MediaHandle *media)
{
    shut_out(media);
    strand_add(media->strand, close_part, media_handle_ref(media));
}

/* --- the report --- */

static json_t *report_of(MediaCall *call)
{
    json_t *report =
        json_pack("{s:O, s:O}", "devices", call->devices, "recordings", call->recordings);

    if (call->omitted)
        json_object_set_new(report, "devicesOmitted", json_integer(call->omitted));
    return report;
}

/* Of its own: Janus reads it on another thread. */
static void tell_event_handlers(const CallFacts *facts, const char *text)
{
    if (!door.config->general.events || !door.gateway->events_is_enabled())
        return;
    door.gateway->notify_event(create(), NULL,
                               json_pack("{s:s, s:s, s:s, s:s, s:o}", "event", "call.media",
                                         "callId", facts->call_id, "callerId", facts->caller_id,
                                         "calleeId", facts->callee_id, "media",
                                         json_loads(text, 0, NULL)));
}

static void report(MediaCall *call)
{
    const CallFacts *facts = call->facts;
    json_auto_t *numbers;
    char *text;

    g_mutex_lock(&calls.lock);
    numbers = report_of(call);
    text = json_dumps(numbers, JSON_COMPACT);
    g_mutex_unlock(&calls.lock);
    tell_event_handlers(facts, text);
    service_media_report(door.service, &(MediaReportEvent){facts->caller_id, facts->call_id,
                                                           facts->created_ms, text});
    free(text);
}

typedef struct {
    MediaHandle *media;
    MediaCall *call;
} Ending;

/* Whoever is the last reports. */
static void end_part(gpointer data)
{
    Ending *ending = data;
    gboolean is_last;

    recorders_end(ending->media);
    g_mutex_lock(&calls.lock);
    if (ending->media->call == ending->call)
        leave_call(ending->media);
    is_last = --ending->call->closing == 0;
    g_mutex_unlock(&calls.lock);
    if (is_last)
        report(ending->call);
    media_handle_unref(ending->media);
    call_unref(ending->call);
    g_free(ending);
}

static void end_parts(MediaCall *call)
{
    g_autoptr(GPtrArray) parts = NULL;

    g_mutex_lock(&calls.lock);
    parts = g_ptr_array_copy(call->parts, NULL, NULL);
    call->closing = parts->len;
    for (guint i = 0; i < parts->len; i++)
        media_handle_ref(g_ptr_array_index(parts, i));
    g_mutex_unlock(&calls.lock);
    for (guint i = 0; i < parts->len; i++) {
        Ending *ending = g_new(Ending, 1);

        *ending = (Ending){g_ptr_array_index(parts, i), call_ref(call)};
        shut_out(ending->media);
        strand_add(ending->media->strand, end_part, ending);
    }
    if (!parts->len && call->joins[SIDE_CALLER] + call->joins[SIDE_CALLEE])
        report(call);
}

/* --- orders --- */

static void order_link(const MediaOrder *order)
{
    MediaHandle *parts[SIDES];
    MediaCall *call;

    for (Side side = SIDE_CALLER; side < SIDES; side++)
        parts[side] = media_at(order->joined[side]);
    g_mutex_lock(&calls.lock);
    call = call_of(order);
    if (!call)
        call = call_begin(order->record->facts);
    call->is_recorded = order->is_recorded;
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        if (parts[side])
            take_part(call, side, parts[side]);
    }
    g_mutex_unlock(&calls.lock);
    if (!parts[SIDE_CALLER] || !parts[SIDE_CALLEE])
        return;
    link_handles(parts[SIDE_CALLER], parts[SIDE_CALLEE]);
    for (Side side = SIDE_CALLER; side < SIDES; side++)
        media_review_recorders(parts[side]);
}

static void merge_wish(Wants *wants, const MediaWish *wish)
{
    if (wish->audio >= 0)
        wants->audio = wish->audio != 0;
    if (wish->video >= 0)
        wants->video = wish->video != 0;
    if (wish->data >= 0)
        wants->data = wish->data != 0;
    if (wish->bitrate >= 0)
        wants->bitrate = (guint32)MIN(wish->bitrate, G_MAXUINT32);
    if (wish->substream >= 0)
        wants->substream = wish->substream;
    if (wish->temporal >= 0)
        wants->temporal = wish->temporal;
}

static void order_configure(const MediaOrder *order)
{
    MediaHandle *media = media_at(order->at);
    g_autoptr(MediaHandle) sender = NULL;
    g_autoptr(MediaHandle) back = NULL;

    if (!media)
        return;
    g_mutex_lock(&media->lock);
    merge_wish(&media->wants, &order->wish);
    g_mutex_unlock(&media->lock);
    sender = media_handle_partner(media);
    back = sender ? media_handle_partner(sender) : NULL;
    if (back != media)
        return;
    media_handle_aim(sender, media);
    media_refresh(media);
}

static void order_leave(const MediaOrder *order)
{
    MediaHandle *media = media_at(order->at);

    if (media)
        dismiss(media);
}

static void order_record(const MediaOrder *order)
{
    MediaCall *call;

    g_mutex_lock(&calls.lock);
    call = call_of(order);
    if (call)
        call->is_recorded = order->is_recorded;
    g_mutex_unlock(&calls.lock);
    for (Side side = SIDE_CALLER; call && side < SIDES; side++) {
        MediaHandle *media = media_at(order->joined[side]);

        if (media)
            media_review_recorders(media);
    }
}

static void order_end(const MediaOrder *order)
{
    MediaCall *call = NULL;

    if (order->room)
        room_destroy(order);
    g_mutex_lock(&calls.lock);
    g_hash_table_steal_extended(calls.by_facts, order->record->facts, NULL, (gpointer *)&call);
    g_mutex_unlock(&calls.lock);
    if (call)
        end_parts(call);
    g_clear_pointer(&call, call_unref);
    /* One that joined alone is in no call of ours. */
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        MediaHandle *media = media_at(order->joined[side]);

        if (media)
            media_close_pc(media);
    }
}

static gboolean carry_out_order(const MediaOrder *order)
{
    switch (order->kind) {
    case MEDIA_ORDER_ROOM:
        return room_make(order);
    case MEDIA_ORDER_LINK:
        order_link(order);
        return TRUE;
    case MEDIA_ORDER_CONFIGURE:
        order_configure(order);
        return TRUE;
    case MEDIA_ORDER_LEAVE:
        order_leave(order);
        return TRUE;
    case MEDIA_ORDER_RECORD:
        order_record(order);
        return TRUE;
    case MEDIA_ORDER_END:
        order_end(order);
        return TRUE;
    }
    g_assert_not_reached();
}

/* The hub may still order something while the plugin ends. */
static gboolean carry_out(gpointer self G_GNUC_UNUSED, const MediaOrder *order)
{
    gboolean is_done = TRUE;

    g_mutex_lock(&calls.carrying);
    if (!calls.is_stopped)
        is_done = carry_out_order(order);
    g_mutex_unlock(&calls.carrying);
    return is_done;
}

static gboolean can(gpointer self G_GNUC_UNUSED, Mode mode, const char **why_not)
{
    return mode != MODE_ROOM || room_can(why_not);
}

const MediaPort janus_media_port = {.carry_out = carry_out, .can = can};

/* --- recordings --- */

static gboolean is_recorded(MediaHandle *media)
{
    gboolean is_on;

    g_mutex_lock(&calls.lock);
    is_on = media->call && media->call->is_recorded && !g_atomic_int_get(&media->is_shut);
    g_mutex_unlock(&calls.lock);
    return is_on && *door.config->media.record_folder;
}

static void review_recorders(gpointer data)
{
    MediaHandle *media = data;

    if (is_recorded(media))
        recorders_begin(media);
    else
        recorders_end(media);
    media_handle_unref(media);
}

void media_review_recorders(MediaHandle *media)
{
    strand_add(media->strand, review_recorders, media_handle_ref(media));
}

char *media_recording_name(MediaHandle *media, gint line, LineKind kind)
{
    char *name = NULL;

    g_mutex_lock(&calls.lock);
    if (media->call) {
        const CallFacts *facts = media->call->facts;

        name = recording_name(&(RecordingName){
            .caller_id = facts->caller_id,
            .call_id = facts->call_id,
            .created_ms = facts->created_ms,
            .side = media->side == SIDE_CALLER ? "caller" : "callee",
            .join = media->join,
            .part = ++media->part,
            .line = line,
            .kind = kind,
        });
    }
    g_mutex_unlock(&calls.lock);
    return name;
}

void media_recorded(MediaHandle *media, const char *file_name)
{
    g_mutex_lock(&calls.lock);
    if (media->call)
        json_array_append_new(media->call->recordings, json_string(file_name));
    g_mutex_unlock(&calls.lock);
}

/* --- sessions --- */

static gboolean takes_simulcast(const SdpFacts *answer, gint index, gboolean is_answerer)
{
    const SdpLine *line = sdp_facts_line(answer, index);

    return line && line->is_on && (is_answerer ? line->is_sent : line->is_received);
}

/* What the answer does not take is not sent either. */
static void agree(MediaHandle *media, SdpFacts *answer, gboolean is_answerer)
{
    g_autoptr(SdpFacts) old = NULL;

    g_mutex_lock(&media->lock);
    old = media->agreed;
    media->agreed = sdp_facts_ref(answer);
    media->is_answerer = is_answerer;
    for (gint i = 0; i < SDP_LINES; i++) {
        if (!takes_simulcast(answer, i, is_answerer))
            g_clear_pointer(&media->simulcast[i], simulcast_unref);
    }
    g_mutex_unlock(&media->lock);
    media_review_recorders(media);
}

void media_described(Session *session, const json_t *jsep)
{
    const char *type = json_string_value(json_object_get(jsep, "type"));
    const char *sdp = json_string_value(json_object_get(jsep, "sdp"));
    g_autoptr(SdpFacts) facts = sdp ? sdp_facts_read(sdp) : NULL;
    MediaHandle *media = media_of(session);
    g_autoptr(MediaHandle) partner = media_handle_partner(media);

    if (!facts)
        return;
    media_handle_described(media, jsep, facts);
    if (g_strcmp0(type, "answer") != 0)
        return;
    agree(media, facts, TRUE);
    if (partner)
        agree(partner, facts, FALSE);
}

void media_gone(Session *session)
{
    MediaHandle *media = g_atomic_pointer_get(&session->media);

    if (media)
        dismiss(media);
}

json_t *media_query(Session *session)
{
    MediaHandle *media = g_atomic_pointer_get(&session->media);
    json_t *numbers = NULL;

    if (!media)
        return NULL;
    g_mutex_lock(&calls.lock);
    if (media->call) {
        numbers = device_numbers(media);
        json_object_set_new(numbers, "callId", json_string(media->call->facts->call_id));
        json_object_set_new(numbers, "recorded", json_boolean(media->call->is_recorded));
    }
    g_mutex_unlock(&calls.lock);
    return numbers;
}

/* --- start and stop --- */

void media_start(void)
{
    calls.is_stopped = FALSE;
    calls.by_facts = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, call_unref);
    room_start();
    calls.workers = workers_new(door.config->media.workers);
}

void media_stop(void)
{
    GHashTableIter iter;
    gpointer call;

    if (!calls.by_facts)
        return;
    /* The service, which goes later, may still order something. */
    g_mutex_lock(&calls.carrying);
    calls.is_stopped = TRUE;
    g_mutex_unlock(&calls.carrying);
    /* Every handle is closed: what is left to do is their end. */
    g_clear_pointer(&calls.workers, workers_free);
    g_hash_table_iter_init(&iter, calls.by_facts);
    while (g_hash_table_iter_next(&iter, NULL, &call))
        g_assert(((MediaCall *)call)->parts->len == 0);
    g_clear_pointer(&calls.by_facts, g_hash_table_unref);
}
