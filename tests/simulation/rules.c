#include "rules.h"

#include <string.h>

#include "model.h"

#define ADDRESSES_MOST 64
#define LINES_MOST 96

/* What one device was told about one call. */
typedef struct {
    GRefString *user_id;
    GRefString *device_id;
    guint rev;
    gboolean is_closed;
} Line;

typedef struct {
    CallFacts *facts;
    CallState status;
    guint rev;
    gint64 created_us;
    GRefString *accepted_by;
    Line lines[LINES_MOST];
    guint line_count;
} Page;

typedef struct {
    GRefString *user_id; /* NULL: nobody is registered there */
    GRefString *device_id;
    gboolean is_expired; /* it was told so */
    CallFacts *joined;   /* as a media handle: which call; borrowed from its page */
} Place;

struct Rules {
    Place places[ADDRESSES_MOST];
    Page *pages;
    guint page_count;
    guint first_live; /* no page before it rings */
    gint64 deadline_us;
    guint devices;
    guint live_calls;
};

Rules *rules_new(void)
{
    Rules *rules = g_new0(Rules, 1);

    rules->pages = g_new0(Page, CALLS_MOST);
    rules->deadline_us = G_MAXINT64;
    return rules;
}

/* --- who is where --- */

static void leave(Place *place)
{
    g_clear_pointer(&place->user_id, g_ref_string_release);
    g_clear_pointer(&place->device_id, g_ref_string_release);
    place->is_expired = FALSE;
}

static gboolean is_at(const Place *place, const char *user_id, const char *device_id)
{
    return place->user_id && strcmp(place->user_id, user_id) == 0 &&
           (!device_id || strcmp(place->device_id, device_id) == 0);
}

static void leave_everywhere(Rules *rules, const char *user_id, const char *device_id)
{
    for (guint i = 0; i < ADDRESSES_MOST; i++) {
        if (is_at(&rules->places[i], user_id, device_id))
            leave(&rules->places[i]);
    }
}

static Place *place_of(Rules *rules, const Address *address)
{
    g_assert(address->number < ADDRESSES_MOST);
    return &rules->places[address->number];
}

static void enter(Rules *rules, const Event *event, const Reply *reply)
{
    Place *place = place_of(rules, event->from);

    leave_everywhere(rules, reply->user_id, reply->device_id);
    leave(place);
    place->user_id = g_ref_string_acquire(reply->user_id);
    place->device_id = g_ref_string_acquire(reply->device_id);
}

static gboolean is_done(const Effects *effects)
{
    return effects->has_reply && effects->reply.refusal == REFUSAL_NONE;
}

static const char *check_old_place(Rules *rules, const Effect *effect)
{
    const Message *message = &effect->message;
    gboolean is_about_registration =
        message->kind == MESSAGE_REPLACED || message->kind == MESSAGE_UNREGISTERED;

    if (effect->kind != EFFECT_SEND || !is_about_registration)
        return NULL;
    return is_at(place_of(rules, effect->to), message->to_user, message->to_device)
               ? NULL
               : "the loss of a registration is told to somebody else";
}

/* The safe rule: nothing of media but between two who joined an accepted call. */
static const char *check_media_place(Rules *rules, const Effect *effect)
{
    const Message *message = &effect->message;
    const Place *place = place_of(rules, effect->to);

    if (message->record->status != CALL_ACCEPTED)
        return "media before the accept, or after the end";
    if (place->user_id || place->joined != message->record->facts)
        return "media goes to a handle that has not joined the call";
    return NULL;
}

static const char *check_place(Rules *rules, const Effect *effect)
{
    const Message *message = &effect->message;

    if (effect->kind != EFFECT_SEND || !message->record)
        return NULL;
    if (message->kind == MESSAGE_MEDIA)
        return check_media_place(rules, effect);
    if (!is_at(place_of(rules, effect->to), message->to_user, message->to_device))
        return "an event goes to an address where its device is not";
    if (place_of(rules, effect->to)->is_expired && message->kind == MESSAGE_INCOMING)
        return "a device rings whose token is over";
    return NULL;
}

/* Before the effects are looked at: who has come, who has gone. */
static void move_devices(Rules *rules, const Event *event, const Effects *effects)
{
    if (event->kind == EVENT_REGISTER && is_done(effects))
        enter(rules, event, &effects->reply);
    if (event->kind == EVENT_GONE || (event->kind == EVENT_UNREGISTER && is_done(effects)))
        leave(place_of(rules, event->from));
}

/* A handle whose registration ran out may have been forgotten: then it is nobody's. */
static const char *join(Rules *rules, const Event *event, const Effects *effects)
{
    Place *place = event->from ? place_of(rules, event->from) : NULL;

    if (event->kind == EVENT_GONE)
        place->joined = NULL;
    if (event->kind != EVENT_JOIN || !is_done(effects))
        return NULL;
    if (place->user_id && !place->is_expired)
        return "a registered handle joins";
    leave(place);
    place->joined = effects->reply.record->facts;
    return NULL;
}

static void leave_call(Rules *rules, const CallFacts *facts)
{
    for (guint i = 0; i < ADDRESSES_MOST; i++) {
        if (rules->places[i].joined == facts)
            rules->places[i].joined = NULL;
    }
}

/* Orders are about those who have joined, and the end comes when the call is over. */
static const char *check_order(Rules *rules, const MediaOrder *order, gboolean is_over)
{
    const CallFacts *facts = order->record->facts;

    if ((order->kind == MEDIA_ORDER_END) != is_over)
        return "media goes on after the end, or ends before it";
    for (guint side = 0; side < SIDES; side++) {
        if (order->joined[side] && place_of(rules, order->joined[side])->joined != facts)
            return "an order is about a handle that has not joined the call";
    }
    if (order->kind == MEDIA_ORDER_LINK &&
        (!order->joined[SIDE_CALLER] || !order->joined[SIDE_CALLEE] ||
         order->joined[SIDE_CALLER] == order->joined[SIDE_CALLEE]))
        return "a link is not between two";
    if (order->kind == MEDIA_ORDER_LEAVE)
        place_of(rules, order->at)->joined = NULL;
    if (is_over)
        leave_call(rules, facts);
    return NULL;
}

static gboolean closes(const Effects *effects, const CallFacts *facts)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_RECORD && effect->record->facts == facts &&
            effect->change == CHANGE_CLOSED)
            return TRUE;
    }
    return FALSE;
}

/* And after: whom an operator took off was still told. */
static void take_off(Rules *rules, const Event *event, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_SEND && effect->message.cause == CAUSE_TOKEN_EXPIRED)
            place_of(rules, effect->to)->is_expired = TRUE;
    }
    if (event->kind == EVENT_DISCONNECT && is_done(effects))
        leave_everywhere(rules, event->disconnect.user_id, event->disconnect.device_id);
}

/* --- what each device is told --- */

static Page *find_page(Rules *rules, const CallFacts *facts)
{
    for (guint i = rules->page_count; i > 0; i--) {
        if (rules->pages[i - 1].facts == facts)
            return &rules->pages[i - 1];
    }
    return NULL;
}

static Page *open_page(Rules *rules, CallFacts *facts, gint64 now_us)
{
    Page *page = &rules->pages[rules->page_count++];

    g_assert(rules->page_count <= CALLS_MOST);
    page->facts = call_facts_ref(facts);
    page->status = CALL_RINGING;
    page->rev = 1;
    page->created_us = now_us;
    page->line_count = 0;
    return page;
}

static Line *line_of(Page *page, const Message *message)
{
    Line *line;

    for (guint i = 0; i < page->line_count; i++) {
        line = &page->lines[i];
        if (strcmp(line->user_id, message->to_user) == 0 &&
            strcmp(line->device_id, message->to_device) == 0)
            return line;
    }
    line = &page->lines[page->line_count++];
    g_assert(page->line_count <= LINES_MOST);
    *line = (Line){.user_id = g_ref_string_acquire(message->to_user),
                   .device_id = g_ref_string_acquire(message->to_device)};
    return line;
}

static gboolean is_closing(MessageKind kind)
{
    return kind == MESSAGE_REJECTED || kind == MESSAGE_TIMEOUT || kind == MESSAGE_ENDED;
}

static gboolean is_for_callers(MessageKind kind)
{
    return kind == MESSAGE_OUTGOING || kind == MESSAGE_RINGING || kind == MESSAGE_ACCEPTED ||
           kind == MESSAGE_REJECTED || kind == MESSAGE_TIMEOUT;
}

static const char *check_concern(const Page *page, const Message *message)
{
    const CallFacts *facts = page->facts;
    gboolean is_caller = strcmp(facts->caller_id, message->to_user) == 0;

    if (is_caller && strcmp(facts->caller_device, message->to_device) != 0)
        return "an event to a device of the caller's that is not in the call";
    if (!is_caller && strcmp(facts->callee_id, message->to_user) != 0)
        return "an event to a user whom the call does not concern";
    if (is_caller ? message->kind == MESSAGE_INCOMING : is_for_callers(message->kind))
        return "an event to the wrong side of the call";
    if (!is_caller && page->accepted_by && strcmp(page->accepted_by, message->to_device) != 0 &&
        message->kind != MESSAGE_ENDED)
        return "an event to a device that another one of the callee's was faster than";
    return NULL;
}

static const char *check_line(Page *page, const Message *message)
{
    Line *line = line_of(page, message);
    guint rev = record_view(message->record, message->view).rev;

    if (line->is_closed)
        return is_closing(message->kind) ? "a second closing event"
                                         : "an event after the closing event";
    if (rev < line->rev)
        return "rev goes down for a device";
    line->rev = rev;
    line->is_closed = is_closing(message->kind);
    return NULL;
}

static const char *check_event(Rules *rules, const Effect *effect)
{
    const Message *message = &effect->message;
    Page *page = find_page(rules, message->record->facts);
    const char *broken;

    if (!page)
        return "an event of a call that was never created";
    broken = check_concern(page, message);
    return broken ? broken : check_line(page, message);
}

/* --- how records move --- */

static gboolean may_move(CallState from, CallState to)
{
    static const guint ways[CALL_STATES] = {
        [CALL_RINGING] = 1 << CALL_RINGING | 1 << CALL_ACCEPTED | 1 << CALL_REJECTED |
                         1 << CALL_CANCELLED | 1 << CALL_TIMEOUT | 1 << CALL_FAILED,
        [CALL_ACCEPTED] = 1 << CALL_ACCEPTED | 1 << CALL_ENDED | 1 << CALL_FAILED,
        [CALL_REJECTED] = 1 << CALL_REJECTED,
        [CALL_CANCELLED] = 1 << CALL_CANCELLED,
        [CALL_TIMEOUT] = 1 << CALL_TIMEOUT,
        [CALL_ENDED] = 1 << CALL_ENDED,
        [CALL_FAILED] = 1 << CALL_FAILED,
    };

    return ways[from] >> to & 1;
}

static const char *check_accepted(Page *page, const Record *record)
{
    if (page->accepted_by &&
        (!record->answered_by || strcmp(page->accepted_by, record->answered_by) != 0))
        return "a second device has accepted";
    if (record->answered_by && !page->accepted_by)
        page->accepted_by = g_ref_string_acquire(record->answered_by);
    return NULL;
}

static const char *check_revision(Rules *rules, const Effect *effect)
{
    const Record *record = effect->record;
    Page *page = find_page(rules, record->facts);
    gboolean is_same = page->status == record->status;

    if (!may_move(page->status, record->status))
        return "a record leaves the table";
    if (call_state_is_final(page->status) && page->rev != record->rev)
        return "a record changes after it was final";
    if (record->rev < page->rev || (!is_same && record->rev == page->rev))
        return "a record's rev does not grow with its status";
    page->status = record->status;
    page->rev = record->rev;
    return check_accepted(page, record);
}

/* --- the step --- */

/* Records first: an event may be sent before the record of the same step is kept, but never without it. */
static const char *check_revisions(Rules *rules, const Event *event, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);
        const char *broken;

        if (effect->kind != EFFECT_RECORD)
            continue;
        if (effect->change == CHANGE_CREATED)
            open_page(rules, effect->record->facts, event->now_us);
        broken = check_revision(rules, effect);
        if (broken)
            return broken;
    }
    return NULL;
}

static const char *check_events(Rules *rules, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);
        const char *broken =
            effect->kind == EFFECT_MEDIA
                ? check_order(rules, &effect->order, closes(effects, effect->order.record->facts))
                : check_place(rules, effect);

        if (!broken && (effect->kind == EFFECT_SEND || effect->kind == EFFECT_MISSED) &&
            effect->message.record)
            broken = check_event(rules, effect);
        if (broken)
            return broken;
    }
    return NULL;
}

static const char *check_old_places(Rules *rules, const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const char *broken = check_old_place(rules, effects_at(effects, i));

        if (broken)
            return broken;
    }
    return NULL;
}

/* It is refused, and remembered for a while: an end that came early, and how often somebody tries to register. */
static gboolean is_remembered(const Reply *reply)
{
    return reply->request == EVENT_REGISTER ||
           (reply->request == EVENT_END && reply->refusal == REFUSAL_CALL_NOT_FOUND);
}

/* A refusal is a value: nothing else comes out, and nothing moves. What memory forgets meanwhile may want a look soon. */
static const char *check_refusal(Rules *rules, const Effects *effects, const Hub *hub)
{
    gboolean is_refused = effects->has_reply && effects->reply.refusal != REFUSAL_NONE;
    gint64 deadline_us = hub_deadline(hub);
    HubStats stats;
    gboolean is_same;

    hub_stats(hub, &stats);
    is_same = stats.devices == rules->devices && stats.live_calls == rules->live_calls &&
              (deadline_us <= rules->deadline_us || is_remembered(&effects->reply));
    rules->deadline_us = deadline_us;
    rules->devices = stats.devices;
    rules->live_calls = stats.live_calls;
    if (is_refused && (effects->count || !is_same))
        return "a refused request changed something";
    return NULL;
}

/* Whatever rings has an end. */
static const char *check_ring_ends(Rules *rules, const Hub *hub)
{
    while (rules->first_live < rules->page_count &&
           rules->pages[rules->first_live].status != CALL_RINGING)
        rules->first_live++;
    for (guint i = rules->first_live; i < rules->page_count; i++) {
        const Page *page = &rules->pages[i];

        if (page->status == CALL_RINGING &&
            hub_deadline(hub) > page->created_us + page->facts->ring_ms * 1000)
            return "a call rings, and no deadline comes before its ring's end";
    }
    return NULL;
}

static gboolean is_request(EventKind kind)
{
    return kind < EVENT_GONE;
}

const char *rules_step(Rules *rules, const Event *event, const Effects *effects, const Hub *hub)
{
    const char *broken;

    if (effects->has_reply != is_request(event->kind))
        return "a request without its one reply, or a reply without a request";
    broken = check_revisions(rules, event, effects);
    if (!broken)
        broken = check_old_places(rules, effects);
    move_devices(rules, event, effects);
    if (!broken)
        broken = join(rules, event, effects);
    if (!broken)
        broken = check_events(rules, effects);
    take_off(rules, event, effects);
    if (!broken)
        broken = check_refusal(rules, effects, hub);
    return broken ? broken : check_ring_ends(rules, hub);
}

/* --- again --- */

static void clear_page(Page *page)
{
    for (guint i = 0; i < page->line_count; i++) {
        g_ref_string_release(page->lines[i].user_id);
        g_ref_string_release(page->lines[i].device_id);
    }
    g_clear_pointer(&page->accepted_by, g_ref_string_release);
    g_clear_pointer(&page->facts, call_facts_unref);
}

static void forget_place(Place *place)
{
    leave(place);
    place->joined = NULL;
}

void rules_reset(Rules *rules)
{
    for (guint i = 0; i < rules->page_count; i++)
        clear_page(&rules->pages[i]);
    for (guint i = 0; i < ADDRESSES_MOST; i++)
        forget_place(&rules->places[i]);
    rules->page_count = rules->first_live = 0;
    rules->deadline_us = G_MAXINT64;
    rules->devices = rules->live_calls = 0;
}

void rules_free(Rules *rules)
{
    if (!rules)
        return;
    rules_reset(rules);
    g_free(rules->pages);
    g_free(rules);
}
