#include "watch.h"

#include "fuzz.h"
#include "shape.h"

/* Who sits at a handle. */
typedef struct {
    FakeHandle *handle;  /* NULL: nobody is attached */
    char *user;          /* NULL: attached, not registered */
    gboolean is_expired; /* its token is over: it hears of the call that it is in, and no more */
    char *device;
    GPtrArray *events; /* of json_t: what came in this step */
} Seat;

/* What one device was told of a call. */
typedef struct {
    char *user;
    char *device;
    gboolean is_open; /* it rings, calls or talks: a closing event is due to it */
    gboolean is_closed;
    gint64 rev;
    gint64 away_since_us; /* 0 while it is there */
    guint announced;      /* in which step it last got call:incoming */
} Line;

/* What one side was told. Without hidden presence both see the same. */
typedef struct {
    CallState status;
    Cause cause; /* CAUSE_NONE: not known yet */
    gint64 rev;
    gint64 floor; /* the rev before this step */
    gboolean is_over;
    gboolean was_over; /* before this step */
} Sight;

typedef struct {
    char *id;
    char *caller;
    char *caller_device;
    char *callee;
    char *answered_by;
    guint answered_in;       /* which step */
    gboolean is_alerting;    /* the caller was told call:ringing */
    gboolean is_answer_told; /* and call:accepted */
    Sight sights[2];         /* the caller's, the callee's */
    gint64 ring_end_us;
    GArray *lines;
} Page;

typedef enum {
    BY_NOBODY, /* time, or a handle that went away */
    BY_DEVICE,
    BY_BACKEND,
} By;

struct Watch {
    WatchRules rules;
    Seat seats[SEATS];
    GPtrArray *pages;
    guint step;

    /* The step that is looked at. */
    By by;
    Seat *seat;
    const char *request; /* "" when there was none */
    json_t *body;
    json_t *reply;
    char *user; /* who asked */
    char *device;
    guint passed_on; /* signals and updates that came */
};

/* --- small things --- */

/* FUZZ_SHOW=1 shows what an input does. */
static void show(const char *who, guint seat, const char *arrow, const json_t *what)
{
    g_autofree char *text = NULL;

    if (!g_getenv("FUZZ_SHOW"))
        return;
    text = json_dumps(what, JSON_COMPACT);
    fprintf(stderr, "[%9" G_GINT64_FORMAT " ms] %s %u %s %s\n", g_get_monotonic_time() / 1000, who,
            seat, arrow, text);
}

static gboolean is_same(const char *one, const char *other)
{
    return g_strcmp0(one, other) == 0;
}

static gboolean is_request(const Watch *watch, const char *name)
{
    return is_same(watch->request, name);
}

/* An id as the protocol reads it: integers are their decimal string. */
static char *id_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return g_strdup(json_string_value(value));
}

static Seat *seat_of(Watch *watch, const char *user, const char *device)
{
    for (guint i = 0; i < SEATS; i++) {
        if (watch->seats[i].user && is_same(watch->seats[i].user, user) &&
            is_same(watch->seats[i].device, device))
            return &watch->seats[i];
    }
    return NULL;
}

static void leave(Seat *seat)
{
    g_clear_pointer(&seat->user, g_free);
    g_clear_pointer(&seat->device, g_free);
    seat->is_expired = FALSE;
}

/* --- pages --- */

static Page *page_at(const Watch *watch, guint i)
{
    return g_ptr_array_index(watch->pages, i);
}

static void free_page(gpointer data)
{
    Page *page = data;

    for (guint i = 0; i < page->lines->len; i++) {
        g_free(g_array_index(page->lines, Line, i).user);
        g_free(g_array_index(page->lines, Line, i).device);
    }
    g_array_unref(page->lines);
    g_free(page->id);
    g_free(page->caller);
    g_free(page->caller_device);
    g_free(page->callee);
    g_free(page->answered_by);
    g_free(page);
}

static Line *line_at(const Page *page, guint i)
{
    return &g_array_index(page->lines, Line, i);
}

static Line *line_of(Page *page, const char *user, const char *device)
{
    Line fresh;

    for (guint i = 0; i < page->lines->len; i++) {
        Line *line = line_at(page, i);

        if (is_same(line->user, user) && is_same(line->device, device))
            return line;
    }
    fresh = (Line){.user = g_strdup(user), .device = g_strdup(device)};
    g_array_append_val(page->lines, fresh);
    return line_at(page, page->lines->len - 1);
}

static gboolean is_party(const Page *page, const char *user)
{
    return is_same(page->caller, user) || is_same(page->callee, user);
}

/* The latest call of that name: an id may be used again when nobody remembers the older one. */
static Page *find_page(const Watch *watch, const char *user, const char *id)
{
    for (guint i = watch->pages->len; i > 0; i--) {
        Page *page = page_at(watch, i - 1);

        if (is_same(page->id, id) && is_party(page, user))
            return page;
    }
    return NULL;
}

/* Two calls of the user have had this id: one that only the store remembers, made by somebody else than the
 * one after it. Which of them a reply means cannot be seen. */
static gboolean is_ambiguous(const Watch *watch, const char *user, const char *id)
{
    guint found = 0;

    for (guint i = 0; i < watch->pages->len; i++)
        found += is_same(page_at(watch, i)->id, id) && is_party(page_at(watch, i), user);
    return found > 1;
}

static Page *find_made(const Watch *watch, const char *caller, const char *id)
{
    for (guint i = watch->pages->len; i > 0; i--) {
        Page *page = page_at(watch, i - 1);

        if (is_same(page->id, id) && is_same(page->caller, caller))
            return page;
    }
    return NULL;
}

static Sight *sight_of(const Watch *watch, Page *page, const char *user)
{
    gboolean is_callee = !is_same(page->caller, user) && !watch->rules.reveal_presence;

    return &page->sights[is_callee ? 1 : 0];
}

static Page *open_page(Watch *watch, const char *id, const char *caller, const char *device,
                       const char *callee)
{
    Page *page = g_new0(Page, 1);

    page->id = g_strdup(id);
    page->caller = g_strdup(caller);
    page->caller_device = g_strdup(device);
    page->callee = g_strdup(callee);
    page->lines = g_array_new(FALSE, TRUE, sizeof(Line));
    page->ring_end_us = G_MAXINT64;
    line_of(page, caller, device)->is_open = TRUE;
    g_ptr_array_add(watch->pages, page);
    return page;
}

/* --- what somebody learns of a call --- */

static gboolean may_follow(CallState from, CallState to)
{
    switch (from) {
    case CALL_RINGING:
        return to != CALL_ENDED;
    case CALL_ACCEPTED:
        return to == CALL_ACCEPTED || to == CALL_ENDED || to == CALL_FAILED;
    case CALL_REJECTED:
    case CALL_CANCELLED:
    case CALL_TIMEOUT:
    case CALL_ENDED:
    case CALL_FAILED:
        return to == from;
    }
    g_assert_not_reached();
}

/* A busy callee is hidden from the caller, who goes on believing that it rings. */
static gboolean may_be_veiled(const Watch *watch, CallState status, Cause cause)
{
    gboolean has_said_so =
        is_request(watch, "call:reject") && is_same(shape_text(watch->reply, "call"), "success");

    return !watch->rules.reveal_presence && status == CALL_REJECTED && cause == CAUSE_BUSY &&
           !has_said_so;
}

static void check_follows(const Page *page, const Sight *sight, CallState status, Cause cause,
                          gint64 rev)
{
    gboolean was_final = call_state_is_final(sight->status);
    /* Who was away may have missed the accept. */
    gboolean has_missed_it = page->answered_by && !was_final && status == CALL_ENDED;

    fuzz_check(rev != sight->rev || status == sight->status, "%s has two states of one rev",
               page->id);
    fuzz_check(rev < sight->rev || may_follow(sight->status, status) || has_missed_it,
               "%s goes from %s to %s", page->id, call_state_name(sight->status),
               call_state_name(status));
    fuzz_check(!was_final || sight->floor != sight->rev || rev == sight->rev,
               "%s changes after its end", page->id);
    fuzz_check(!was_final || !sight->cause || !cause || cause == sight->cause || rev < sight->rev,
               "%s ended twice, as %s and as %s", page->id, cause_name(sight->cause),
               cause_name(cause));
    fuzz_check(!sight->is_over || call_state_is_final(status) || rev <= sight->rev,
               "%s lives again", page->id);
}

static void learn(Watch *watch, Page *page, const char *user, CallState status, Cause cause,
                  gint64 rev)
{
    Sight *sight = sight_of(watch, page, user);

    fuzz_check(rev >= 1 && rev >= sight->floor, "the rev of %s falls to %" G_GINT64_FORMAT,
               page->id, rev);
    if (sight->rev)
        check_follows(page, sight, status, cause, rev);
    if (rev < sight->rev)
        return;
    sight->rev = rev;
    sight->status = status;
    sight->cause = cause ? cause : sight->cause;
    sight->is_over |= call_state_is_final(status);
    if (call_state_is_final(status) && !may_be_veiled(watch, status, cause))
        page->sights[0].is_over = page->sights[1].is_over = TRUE;
}

/* An operator sees what the callee sees: all. */
static const char *eyes_of(const Watch *watch, const Page *page)
{
    gboolean is_operator = watch->by == BY_BACKEND && !json_object_get(watch->body, "userId");

    return is_operator ? page->callee : watch->user;
}

static void learn_from(Watch *watch, Page *page, const char *user, const json_t *object)
{
    learn(watch, page, user, shape_status(object), shape_cause(object),
          shape_integer(object, "rev"));
}

static void learn_record(Watch *watch, const char *user, const json_t *record)
{
    Page *page = find_made(watch, shape_text(record, "callerId"), shape_text(record, "callId"));

    fuzz_check(page != NULL, "a record of a call that was never made: %s", json_dumps(record, 0));
    fuzz_check(is_party(page, user), "%s is shown the record of a call of others", user);
    fuzz_check(is_same(page->callee, shape_text(record, "calleeId")), "another callee in %s",
               json_dumps(record, 0));
    learn_from(watch, page, user, record);
}

/* --- what a reply says --- */

static void hear_refusal(Watch *watch)
{
    Page *page;

    for (guint i = 0; i < SEATS; i++)
        fuzz_check(!watch->seats[i].events || !watch->seats[i].events->len,
                   "a refused %s told somebody something", watch->request);
    if (!shape_text(watch->reply, "callId"))
        return;
    page = find_page(watch, watch->user, shape_text(watch->reply, "callId"));
    fuzz_check(page != NULL, "a refusal is about a call that was never made");
    if (!is_ambiguous(watch, watch->user, page->id))
        learn_from(watch, page, eyes_of(watch, page), watch->reply);
}

static void close_own_line(Watch *watch, Page *page)
{
    Line *line;

    if (watch->by != BY_DEVICE)
        return;
    line = line_of(page, watch->user, watch->device);
    line->is_open = FALSE;
    line->is_closed = TRUE;
}

static void end_own_calls(Watch *watch)
{
    for (guint i = 0; i < watch->pages->len; i++) {
        Page *page = page_at(watch, i);
        Line *line = line_of(page, watch->user, watch->device);

        if (!line->is_open)
            continue;
        line->is_open = FALSE;
        if (!is_same(line->user, page->caller) && !is_same(line->device, page->answered_by))
            continue;
        line->is_closed = TRUE;
        page->sights[0].is_over = page->sights[1].is_over = TRUE;
    }
}

static void hear_registered(Watch *watch)
{
    const char *user = shape_text(watch->reply, "userId");
    const char *device = shape_text(watch->reply, "deviceId");
    Seat *old = seat_of(watch, user, device);
    g_autofree char *wanted = id_of(watch->body, "deviceId");
    g_autofree char *said = id_of(watch->body, "userId");

    fuzz_check(is_same(user, said), "%s asked, %s was registered", said, user);
    fuzz_check(!wanted || is_same(device, wanted), "device %s was registered as %s", wanted,
               device);
    fuzz_check(!watch->seat->user || old == watch->seat, "a handle changed hands");
    if (old && old != watch->seat) {
        const GPtrArray *events = old->events;
        const json_t *last = events->len ? g_ptr_array_index(events, events->len - 1) : NULL;

        fuzz_check(is_same(shape_text(last, "event"), "call:replaced"),
                   "a device was taken over, and not told");
    }
    g_free(watch->user);
    g_free(watch->device);
    watch->user = g_strdup(user);
    watch->device = g_strdup(device);
}

static void hear_initiated(Watch *watch)
{
    const char *id = shape_text(watch->reply, "callId");
    const char *replaced = shape_text(watch->reply, "replacedCallId");
    g_autofree char *callee = id_of(watch->body, "calleeId");
    Page *page = find_made(watch, watch->user, id);

    if (replaced) {
        Page *older = find_page(watch, watch->user, replaced);

        fuzz_check(older && is_same(older->caller_device, watch->device),
                   "a call was replaced that is not the device's own");
        close_own_line(watch, older);
        older->sights[0].is_over = older->sights[1].is_over = TRUE;
    }
    /* A store that is bounded may have forgotten a call that is over: its id is free again. */
    if (page && page->sights[0].is_over &&
        (!is_same(page->callee, callee) || shape_status(watch->reply) == CALL_RINGING))
        page = NULL;
    if (page) {
        fuzz_check(is_same(page->callee, callee), "a repeat with another callee");
        return;
    }
    page = open_page(watch, id, watch->user, watch->device, callee);
    if (shape_status(watch->reply) == CALL_CANCELLED)
        close_own_line(watch, page);
    if (json_object_get(watch->reply, "expiresInMs"))
        page->ring_end_us =
            g_get_monotonic_time() + shape_integer(watch->reply, "expiresInMs") * 1000;
}

static void hear_accepted(Watch *watch, Page *page)
{
    Line *line;

    fuzz_check(watch->by == BY_DEVICE && is_same(watch->user, page->callee),
               "%s accepted a call to %s", watch->user, page->callee);
    fuzz_check(!page->answered_by || is_same(page->answered_by, watch->device),
               "%s was accepted twice", page->id);
    if (page->answered_by)
        return;
    page->answered_by = g_strdup(watch->device);
    page->answered_in = watch->step;
    line = line_of(page, watch->user, watch->device);
    fuzz_check(!line->is_closed, "a device accepted whose leg was closed");
    line->is_open = TRUE;
}

static void hear_about_call(Watch *watch)
{
    Page *page = find_page(watch, watch->user, shape_text(watch->reply, "callId"));

    fuzz_check(page != NULL, "a reply is about a call that was never made");
    if (is_request(watch, "call:accept"))
        hear_accepted(watch, page);
    if (is_request(watch, "call:reject"))
        fuzz_check(is_same(watch->user, page->callee), "the caller rejected");
    if (is_request(watch, "call:reject") || is_request(watch, "call:end"))
        close_own_line(watch, page);
}

/* Before the events, which came while the request was under way: who is who, which calls there are. */
static void hear_first(Watch *watch)
{
    if (is_request(watch, "call:register"))
        hear_registered(watch);
    else if (is_request(watch, "call:unregister"))
        end_own_calls(watch);
    else if (is_request(watch, "call:initiate"))
        hear_initiated(watch);
    else if (shape_text(watch->reply, "callId"))
        hear_about_call(watch);
}

/* --- events --- */

typedef struct {
    const char *name;
    const char *causes; /* requests that may cause it; "time" for none */
    gboolean is_for_caller;
    gboolean is_for_callee;
    gboolean is_closing;
} EventRule;

static const EventRule event_rules[] = {
    {"call:incoming", " call:initiate call:register ", FALSE, TRUE, FALSE},
    {"call:outgoing", " call:initiate ", TRUE, FALSE, FALSE},
    {"call:ringing", " call:ringing ", TRUE, FALSE, FALSE},
    {"call:accepted", " call:accept ", TRUE, FALSE, FALSE},
    {"call:rejected", " call:reject call:end call:initiate ", TRUE, FALSE, TRUE},
    {"call:timeout", " time ", TRUE, FALSE, TRUE},
    {"call:ended",
     " call:initiate call:accept call:reject call:end call:unregister disconnect time ", TRUE, TRUE,
     TRUE},
    {"call:peer", " call:accept call:register time ", TRUE, TRUE, FALSE},
    {"call:signal", " call:signal ", TRUE, TRUE, FALSE},
    {"call:updated", " call:update ", TRUE, TRUE, FALSE},
};

static const EventRule *rule_of(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(event_rules); i++) {
        if (is_same(event_rules[i].name, name))
            return &event_rules[i];
    }
    return NULL;
}

static void check_rule(const Watch *watch, const EventRule *rule, const Page *page,
                       const char *user)
{
    g_autofree char *why = g_strdup_printf(" %s ", *watch->request ? watch->request : "time");

    fuzz_check(strstr(rule->causes, why), "%s came of %s", rule->name, why);
    fuzz_check(is_same(user, page->caller) ? rule->is_for_caller : rule->is_for_callee,
               "%s went to the wrong side", rule->name);
}

static CallState status_of_event(const Page *page, const json_t *event, const char *name)
{
    if (is_same(name, "call:ended"))
        return shape_status(event);
    if (is_same(name, "call:rejected"))
        return CALL_REJECTED;
    if (is_same(name, "call:timeout"))
        return CALL_TIMEOUT;
    return page->answered_by ? CALL_ACCEPTED : CALL_RINGING;
}

/* A sibling's cause is its own: what it says of the call is another word. */
static Cause cause_of_event(const json_t *event)
{
    Cause cause = shape_cause(event);

    return cause == CAUSE_ANSWERED_ELSEWHERE || cause == CAUSE_DECLINED_ELSEWHERE ? CAUSE_NONE
                                                                                  : cause;
}

static void see_incoming(Watch *watch, const Page *page, Line *line, const json_t *event)
{
    fuzz_check(is_same(page->caller, shape_text(event, "callerId")) &&
                   is_same(page->callee, shape_text(event, "calleeId")),
               "call:incoming of other people");
    fuzz_check(!page->answered_by, "a call rings that was answered");
    line->is_open = TRUE;
    line->announced = watch->step;
}

static void see_ringing(const Watch *watch, Page *page, const json_t *event)
{
    fuzz_check(!page->is_alerting, "call:ringing came twice");
    fuzz_check(is_same(watch->device, shape_text(event, "deviceId")), "another device rings");
    page->is_alerting = TRUE;
}

static void see_accepted(Page *page, const json_t *event)
{
    fuzz_check(!page->is_answer_told, "call:accepted came twice");
    fuzz_check(is_same(page->answered_by, shape_text(event, "deviceId")),
               "call:accepted of another device");
    page->is_answer_told = TRUE;
}

static void see_passed_on(Watch *watch, const Page *page, const Line *line, const json_t *event)
{
    fuzz_check(page->answered_by &&
                   is_same(line->device, is_same(line->user, page->caller) ? page->caller_device
                                                                           : page->answered_by),
               "a device that is not in the call hears a signal");
    fuzz_check(is_same(shape_text(event, "from"), watch->user) && !is_same(line->user, watch->user),
               "a signal from somebody else");
    fuzz_check(json_equal(json_object_get(event, "data"), json_object_get(watch->body, "data")),
               "a signal arrives changed");
    watch->passed_on++;
}

static void see(Watch *watch, Page *page, Line *line, const json_t *event)
{
    const char *name = shape_text(event, "event");

    if (is_same(name, "call:incoming"))
        see_incoming(watch, page, line, event);
    else if (is_same(name, "call:ringing"))
        see_ringing(watch, page, event);
    else if (is_same(name, "call:accepted"))
        see_accepted(page, event);
    else if (is_same(name, "call:signal") || is_same(name, "call:updated"))
        see_passed_on(watch, page, line, event);
}

static void check_line(const Page *page, const Line *line, const EventRule *rule, gint64 rev)
{
    fuzz_check(!line->is_closed, "%s of %s came after its closing event", rule->name, page->id);
    fuzz_check(rev >= line->rev, "the rev of %s falls for a device", page->id);
    fuzz_check(!is_same(line->user, page->caller) || is_same(line->device, page->caller_device),
               "%s went to another device of the caller's", rule->name);
    fuzz_check(line->is_open || is_same(rule->name, "call:incoming"),
               "%s of %s went to a device that has no leg", rule->name, page->id);
    fuzz_check(!page->answered_by || is_same(line->user, page->caller) ||
                   is_same(line->device, page->answered_by) || rule->is_closing,
               "%s went to a device that another one was faster than", rule->name);
}

static void take_event_about(Watch *watch, const Seat *seat, const json_t *event)
{
    const char *name = shape_text(event, "event");
    const EventRule *rule = rule_of(name);
    Page *page = find_page(watch, seat->user, shape_text(event, "callId"));
    gint64 rev = shape_integer(event, "rev");
    Line *line;

    fuzz_check(page != NULL, "%s of a call that is not %s's", name, seat->user);
    fuzz_check(!seat->is_expired || !is_same(name, "call:incoming"), "an expired device rings");
    fuzz_check(!sight_of(watch, page, seat->user)->was_over, "%s of a call that is over", name);
    check_rule(watch, rule, page, seat->user);
    line = line_of(page, seat->user, seat->device);
    check_line(page, line, rule, rev);
    see(watch, page, line, event);
    learn(watch, page, seat->user, status_of_event(page, event, name), cause_of_event(event), rev);
    line->rev = rev;
    if (rule->is_closing) {
        line->is_closed = TRUE;
        line->is_open = FALSE;
    }
}

static gboolean is_ringing_line(const Page *page, const Line *line)
{
    return line->is_open && is_same(line->user, page->callee) &&
           !is_same(line->device, page->answered_by);
}

/* A device that rings drops out when it goes; one that calls or talks is waited for. */
static void go_away(Watch *watch, const char *user, const char *device)
{
    for (guint i = 0; i < watch->pages->len; i++) {
        Page *page = page_at(watch, i);
        Line *line = line_of(page, user, device);

        if (is_ringing_line(page, line))
            line->is_open = FALSE;
        line->away_since_us = g_get_monotonic_time();
    }
}

static void come_back(Watch *watch, const char *user, const char *device)
{
    for (guint i = 0; i < watch->pages->len; i++)
        line_of(page_at(watch, i), user, device)->away_since_us = 0;
}

static void drop_rings(Watch *watch, const char *user, const char *device)
{
    for (guint i = 0; i < watch->pages->len; i++) {
        Page *page = page_at(watch, i);
        Line *line = line_of(page, user, device);

        if (is_ringing_line(page, line))
            line->is_open = FALSE;
    }
}

static void take_loss(Watch *watch, Seat *seat, const json_t *event)
{
    if (is_same(shape_text(event, "event"), "call:replaced")) {
        fuzz_check(is_request(watch, "call:register") && seat != watch->seat &&
                       is_same(seat->user, watch->user) && is_same(seat->device, watch->device),
                   "call:replaced, and nobody took over");
    } else if (shape_cause(event) == CAUSE_TOKEN_EXPIRED) {
        fuzz_check(!*watch->request && !seat->is_expired, "a registration ran out of time oddly");
        drop_rings(watch, seat->user, seat->device);
        seat->is_expired = TRUE;
        return;
    } else {
        fuzz_check(is_request(watch, "disconnect"), "call:unregistered, and nobody wanted it");
        fuzz_check(shape_cause(event) == CAUSE_ADMIN, "call:unregistered with another cause");
        go_away(watch, seat->user, seat->device);
    }
    leave(seat);
}

static void take_event(Watch *watch, Seat *seat, json_t *event)
{
    show("handle", (guint)(seat - watch->seats), "<", event);
    shape_check_event(event);
    shape_check_no_secret(event);
    fuzz_check(seat->user != NULL, "%s went to a handle where nobody is registered",
               shape_text(event, "event"));
    if (json_object_get(event, "callId"))
        take_event_about(watch, seat, event);
    else
        take_loss(watch, seat, event);
}

static void take_events(Watch *watch)
{
    for (guint i = 0; i < SEATS; i++) {
        Seat *seat = &watch->seats[i];

        for (guint k = 0; seat->events && k < seat->events->len; k++)
            take_event(watch, seat, g_ptr_array_index(seat->events, k));
    }
}

/* --- what a reply says, when the events are heard --- */

static gboolean lists(const json_t *calls, const Page *page)
{
    const json_t *record;
    gsize i;

    json_array_foreach(calls, i, record)
    {
        if (is_same(shape_text(record, "callId"), page->id) &&
            is_same(shape_text(record, "callerId"), page->caller))
            return TRUE;
    }
    return FALSE;
}

/* Somebody else is there who would have heard of its end. */
static gboolean surely_lives(Watch *watch, const Page *page)
{
    for (guint i = 0; i < page->lines->len; i++) {
        const Line *line = line_at(page, i);
        const Seat *seat = line->is_open ? seat_of(watch, line->user, line->device) : NULL;

        if (seat && seat != watch->seat)
            return TRUE;
    }
    return FALSE;
}

static void check_snapshot(Watch *watch, const json_t *record)
{
    gboolean is_over = call_state_is_final(shape_status(record));
    Page *page = find_made(watch, shape_text(record, "callerId"), shape_text(record, "callId"));

    fuzz_check(is_over == !json_object_get(record, "role"), "a role in a snapshot that is over");
    fuzz_check((shape_status(record) == CALL_RINGING) ==
                   (json_object_get(record, "expiresInMs") != NULL),
               "expiresInMs is wrong in a snapshot");
    if (is_over)
        line_of(page, watch->user, watch->device)->is_open = FALSE;
}

static void check_announced(Watch *watch, Page *page)
{
    if (page->answered_by || !is_same(page->callee, watch->user) ||
        page->ring_end_us - g_get_monotonic_time() < G_USEC_PER_SEC)
        return;
    fuzz_check(line_of(page, watch->user, watch->device)->announced == watch->step,
               "%s rings, and not at the device that came", page->id);
}

/* What was known and is not listed is over: nobody was there who would have heard of its end. */
static void check_not_listed(Watch *watch, Page *page, gboolean is_refresh)
{
    Sight *sight = sight_of(watch, page, watch->user);

    if (!is_party(page, watch->user) || sight->is_over || !sight->rev)
        return;
    if (lists(json_object_get(watch->reply, "calls"), page)) {
        if (!is_refresh)
            check_announced(watch, page);
        return;
    }
    fuzz_check(!surely_lives(watch, page), "%s lives, and %s is not told", page->id, watch->user);
    line_of(page, watch->user, watch->device)->is_open = FALSE;
    page->sights[0].is_over = page->sights[1].is_over = TRUE;
}

/* Who registers knows all that lives, and what rings for its user rings here too. */
static void check_snapshots(Watch *watch, gboolean is_refresh)
{
    json_t *calls = json_object_get(watch->reply, "calls");
    json_t *record;
    gsize i;

    json_array_foreach(calls, i, record)
    {
        learn_record(watch, watch->user, record);
        check_snapshot(watch, record);
    }
    for (i = 0; i < watch->pages->len; i++)
        check_not_listed(watch, page_at(watch, (guint)i), is_refresh);
}

static void check_rung(Watch *watch, Page *page)
{
    guint devices = 0;

    for (guint i = 0; i < SEATS; i++) {
        const Seat *seat = &watch->seats[i];

        if (!seat->user || seat->is_expired || !is_same(seat->user, page->callee))
            continue;
        devices++;
        fuzz_check(line_of(page, seat->user, seat->device)->announced == watch->step,
                   "%s does not ring at every device", page->id);
    }
    fuzz_check(shape_integer(watch->reply, "devices") == devices, "%u devices rang, not so many",
               devices);
}

static void check_initiated(Watch *watch, guint pages_before)
{
    Page *page = find_made(watch, watch->user, shape_text(watch->reply, "callId"));

    if (watch->pages->len > pages_before && watch->rules.reveal_presence &&
        shape_status(watch->reply) == CALL_RINGING)
        check_rung(watch, page);
}

static void check_passed_on(const Watch *watch)
{
    gboolean is_delivered = !json_object_get(watch->reply, "delivered");

    fuzz_check(watch->passed_on == (is_delivered ? 1 : 0), "a signal came %u times",
               watch->passed_on);
}

static void check_list(Watch *watch)
{
    json_t *calls = json_object_get(watch->reply, "calls");
    json_t *record;
    gsize i;

    json_array_foreach(calls, i, record) learn_record(watch, watch->user, record);
}

static void hear_rest(Watch *watch, guint pages_before, gboolean is_refresh)
{
    Page *page = NULL;

    if (shape_text(watch->reply, "callId")) {
        page = find_page(watch, watch->user, shape_text(watch->reply, "callId"));
        if (!is_ambiguous(watch, watch->user, page->id))
            learn_from(watch, page, eyes_of(watch, page), watch->reply);
    }
    if (is_request(watch, "call:register"))
        check_snapshots(watch, is_refresh);
    else if (is_request(watch, "call:initiate"))
        check_initiated(watch, pages_before);
    else if (is_request(watch, "call:signal") || is_request(watch, "call:update"))
        check_passed_on(watch);
    else if (is_request(watch, "call:history"))
        check_list(watch);
    else if (is_request(watch, "call:get"))
        learn_record(watch, eyes_of(watch, page), json_object_get(watch->reply, "record"));
}

/* --- what holds after each step --- */

static void check_closed(Watch *watch, Page *page, Line *line)
{
    if (!line->is_open || !sight_of(watch, page, line->user)->is_over)
        return;
    fuzz_check(!seat_of(watch, line->user, line->device),
               "%s is over, and device %s of %s was not told", page->id, line->device, line->user);
    /* It was away: it learns it from its snapshot. */
    line->is_open = FALSE;
}

static void check_answer_told(Watch *watch, const Page *page)
{
    if (page->answered_by && !page->is_answer_told && page->answered_in == watch->step)
        fuzz_check(!seat_of(watch, page->caller, page->caller_device),
                   "%s was accepted, and the caller was not told", page->id);
}

/* Who rings or talks is told when the other one stays away. */
static void check_grace(Watch *watch, Page *page, const Line *line)
{
    gboolean is_talk = page->answered_by != NULL;
    const Line *other;
    gint64 grace_us = is_talk ? watch->rules.in_call_grace_us : watch->rules.caller_grace_us;

    if (!line->is_open || !seat_of(watch, line->user, line->device))
        return;
    if (is_same(line->user, page->callee))
        other = line_of(page, page->caller, page->caller_device);
    else if (is_talk)
        other = line_of(page, page->callee, page->answered_by);
    else
        return;
    fuzz_check(!other->away_since_us || g_get_monotonic_time() < other->away_since_us + grace_us,
               "%s goes on, although device %s stayed away", page->id, other->device);
}

static void check_page(Watch *watch, Page *page)
{
    const Sight *callers = sight_of(watch, page, page->caller);
    guint lines = page->lines->len;

    for (guint i = 0; i < lines; i++)
        check_closed(watch, page, line_at(page, i));
    for (guint i = 0; i < lines; i++) {
        Line line = *line_at(page, i);

        check_grace(watch, page, &line);
    }
    check_answer_told(watch, page);
    fuzz_check(callers->is_over || page->answered_by ||
                   !seat_of(watch, page->caller, page->caller_device) ||
                   g_get_monotonic_time() < page->ring_end_us,
               "%s rings beyond its end", page->id);
}

static void settle_page(Page *page)
{
    for (guint i = 0; i < 2; i++) {
        page->sights[i].floor = page->sights[i].rev;
        page->sights[i].was_over = page->sights[i].is_over;
    }
}

static void collect(Watch *watch)
{
    watch->step++;
    watch->passed_on = 0;
    for (guint i = 0; i < SEATS; i++) {
        Seat *seat = &watch->seats[i];

        g_clear_pointer(&seat->events, g_ptr_array_unref);
        if (seat->handle)
            seat->events = fake_take_all(seat->handle);
    }
}

/* Without a call that waits for it, an expired device is forgotten. */
static void forget_expired(Watch *watch, Seat *seat)
{
    gboolean is_in_call = FALSE;

    for (guint i = 0; seat->is_expired && i < watch->pages->len; i++)
        is_in_call = is_in_call || line_of(page_at(watch, i), seat->user, seat->device)->is_open;
    if (seat->is_expired && !is_in_call)
        leave(seat);
}

static void finish(Watch *watch)
{
    for (guint i = 0; i < watch->pages->len; i++)
        check_page(watch, page_at(watch, i));
    for (guint i = 0; i < watch->pages->len; i++)
        settle_page(page_at(watch, i));
    for (guint i = 0; i < SEATS; i++)
        forget_expired(watch, &watch->seats[i]);
    watch->by = BY_NOBODY;
    watch->seat = NULL;
    watch->request = "";
    watch->body = watch->reply = NULL;
    g_clear_pointer(&watch->user, g_free);
    g_clear_pointer(&watch->device, g_free);
}

/* --- the steps --- */

static void check_unregistered(const Watch *watch)
{
    const char *code = shape_text(watch->reply, "code");

    if (watch->seat->user || is_request(watch, "call:register"))
        return;
    fuzz_check(is_same(code, "not_registered") || is_same(code, "unknown_request") ||
                   is_same(code, "invalid_request"),
               "somebody who is not registered is answered %s", code);
}

static void sit_down(Watch *watch)
{
    leave(watch->seat);
    watch->seat->user = g_strdup(watch->user);
    watch->seat->device = g_strdup(watch->device);
    come_back(watch, watch->user, watch->device);
}

/* It acts for nobody; lists are an operator's only, whatever field there is besides. */
static gboolean is_operators(const Watch *watch)
{
    return watch->by == BY_BACKEND && (is_request(watch, "user") || is_request(watch, "calls") ||
                                       !json_object_get(watch->body, "userId"));
}

static void take_reply(Watch *watch)
{
    guint pages_before = watch->pages->len;
    gboolean is_refresh = watch->seat && watch->seat->user && !watch->seat->is_expired;
    guint seat = watch->seat ? (guint)(watch->seat - watch->seats) : 0;

    show(watch->seat ? "handle" : "admin", seat, ">", watch->body);
    show(watch->seat ? "handle" : "admin", seat, "=", watch->reply);
    shape_check_reply(watch->body, watch->reply, is_operators(watch));
    shape_check_no_secret(watch->reply);
    if (is_same(shape_text(watch->reply, "call"), "error")) {
        hear_refusal(watch);
        return;
    }
    hear_first(watch);
    if (is_request(watch, "call:register")) {
        Seat *old = seat_of(watch, watch->user, watch->device);

        /* The old handle hears that it was replaced while it still is who it was. */
        for (guint k = 0; old && old != watch->seat && k < old->events->len; k++)
            take_event(watch, old, g_ptr_array_index(old->events, k));
        if (old && old != watch->seat)
            g_ptr_array_set_size(old->events, 0);
        sit_down(watch);
    }
    take_events(watch);
    hear_rest(watch, pages_before, is_refresh);
    if (is_request(watch, "call:unregister"))
        leave(watch->seat);
}

void watch_request(Watch *watch, guint seat, json_t *body, json_t *reply)
{
    collect(watch);
    watch->by = BY_DEVICE;
    watch->seat = &watch->seats[seat];
    watch->body = body;
    watch->reply = reply;
    watch->request = shape_text(body, "request");
    watch->request = watch->request ? watch->request : "";
    watch->user = g_strdup(watch->seat->user);
    watch->device = g_strdup(watch->seat->device);
    check_unregistered(watch);
    take_reply(watch);
    finish(watch);
}

/* An operator may name a call by its id alone: one that lives is meant before those that are over. */
static Page *named_page(const Watch *watch, const char *id)
{
    Page *found = NULL;

    for (guint i = watch->pages->len; i > 0; i--) {
        Page *page = page_at(watch, i - 1);

        if (!is_same(page->id, id))
            continue;
        if (!page->sights[0].is_over)
            return page;
        if (!found)
            found = page;
    }
    return found;
}

/* For whom, or whose call is meant. */
static char *acting_user(const Watch *watch, json_t *body)
{
    char *user = id_of(body, "userId");
    const Page *page;

    if (!user)
        user = id_of(body, "callerId");
    if (user)
        return user;
    page = named_page(watch, shape_text(body, "callId"));
    return page ? g_strdup(page->caller) : NULL;
}

void watch_admin(Watch *watch, json_t *body, json_t *reply)
{
    collect(watch);
    watch->by = BY_BACKEND;
    watch->body = body;
    watch->reply = reply;
    watch->request = shape_text(body, "request");
    watch->request = watch->request ? watch->request : "";
    watch->user = acting_user(watch, body);
    watch->device = id_of(body, "deviceId");
    take_reply(watch);
    finish(watch);
}

void watch_time(Watch *watch)
{
    collect(watch);
    take_events(watch);
    finish(watch);
}

void watch_attached(Watch *watch, guint seat, FakeHandle *handle)
{
    watch->seats[seat].handle = handle;
    watch_time(watch);
}

void watch_detached(Watch *watch, guint seat)
{
    Seat *gone = &watch->seats[seat];

    show("handle", seat, "gone", NULL);
    if (gone->user)
        go_away(watch, gone->user, gone->device);
    leave(gone);
    gone->handle = NULL;
    watch_time(watch);
}

void watch_query(Watch *watch, guint seat, const json_t *answer)
{
    const Seat *asked = &watch->seats[seat];

    fuzz_check(json_is_true(json_object_get(answer, "registered")) == (asked->user != NULL),
               "the handle's info is wrong");
    fuzz_check(is_same(shape_text(answer, "userId"), asked->user) &&
                   is_same(shape_text(answer, "deviceId"), asked->device),
               "the handle's info names somebody else");
}

guint watch_registered(const Watch *watch)
{
    guint registered = 0;

    for (guint i = 0; i < SEATS; i++)
        registered += watch->seats[i].user != NULL;
    return registered;
}

Watch *watch_new(const WatchRules *rules)
{
    Watch *watch = g_new0(Watch, 1);

    watch->rules = *rules;
    watch->pages = g_ptr_array_new_with_free_func(free_page);
    watch->request = "";
    return watch;
}

void watch_free(Watch *watch)
{
    for (guint i = 0; i < SEATS; i++) {
        leave(&watch->seats[i]);
        g_clear_pointer(&watch->seats[i].events, g_ptr_array_unref);
    }
    g_ptr_array_unref(watch->pages);
    g_free(watch);
}
