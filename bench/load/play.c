#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "loop.h"

#define SECOND G_GINT64_CONSTANT(1000000000)
/* A sleeper of this machine wakes late by less than that. */
#define SPIN_NS (150 * 1000)
#define REGISTER_PATIENCE (60 * SECOND)
#define CALL_ID_SIZE 80

typedef enum {
    STAGE_IDLE,
    STAGE_CALLING,
    STAGE_ANSWERED,
    STAGE_TALKING,
    STAGE_ENDING,
    STAGE_OVER
} Stage;

struct Pair {
    User *caller;
    User **callees;
    User *answerer;
    Stage stage;
    guint serial;  /* of its call: what was planned for an older one is not done */
    guint ringing; /* devices */
    guint told;    /* devices that heard of the end */
    gboolean is_due;
    char call_id[CALL_ID_SIZE];
    gint64 begun_ns; /* when the call was sent, or was due */
    gint64 answer_due_ns;
    gint64 answered_ns;
    gint64 ended_ns;
};

/* Sockets that are closed between two looks at the calls. */
#define DROPPED_AT_ONCE 16

typedef struct {
    Pair *pair;
    guint serial;
    gint64 due_ns;
} Plan;

struct Play {
    const PlayOptions *options;
    PlayResults *results;
    Loop *loop;
    User *users;
    Pair *pairs;
    char *states;
    guint opened, ready;
    GQueue idle;  /* pairs, longest first */
    GQueue rings; /* plans, next first: all of a play take equally long */
    GQueue talks;
    gint64 first_due_ns; /* of the open loop's calls */
    guint64 begun;       /* of the open loop's calls */
    guint64 made_ids;
    gint64 answers_dropped_ns; /* when the others were cut off; 0: never */
    gboolean is_calling;
    gboolean is_measuring;
    gboolean is_dropping;
};

static gint64 ns_of(double seconds)
{
    return (gint64)(seconds * (double)SECOND);
}

static gboolean is_open_loop(const Play *self)
{
    return self->options->rate > 0;
}

/* --- what dialects use --- */

void user_send(User *user, const char *text, gsize size)
{
    if (user->play->options->dialect->is_datagram)
        socket_send(&user->link.datagram, text, size);
    else
        websocket_send(&user->link.websocket, text, size);
}

void user_sendf(User *user, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = g_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    g_assert(size > 0 && size < (int)sizeof text);
    user_send(user, text, (gsize)size);
}

void user_ask(User *user, const char *fields)
{
    user->play->options->dialect->ask(user, fields);
}

const char *user_call_id(const User *user)
{
    return user->pair ? user->pair->call_id : "";
}

const char *user_new_call_id(User *caller)
{
    Play *self = caller->play;

    g_snprintf(caller->pair->call_id, CALL_ID_SIZE, "CALL_%s%010" G_GUINT64_FORMAT,
               self->options->prefix, ++self->made_ids);
    if (self->options->clients_choose_ids)
        return caller->pair->call_id;
    return NULL;
}

gboolean user_is_caller(const User *user)
{
    return user->pair && user->pair->caller == user;
}

gboolean user_is_answered(const User *user)
{
    return user->pair && (user->pair->stage == STAGE_ANSWERED || user->pair->stage == STAGE_OVER);
}

const char *user_caller_name(const User *callee)
{
    return callee->pair->caller->name;
}

void user_complains(User *user, const char *text)
{
    PlayResults *results = user->play->results;

    results->errors++;
    if (!results->first_error)
        results->first_error = g_strdup_printf("%s: %.300s", user->name, text);
}

void user_is_ready(User *user)
{
    if (user->is_ready)
        return;
    user->is_ready = TRUE;
    user->play->ready++;
}

/* --- a call's course --- */

static void plan(GQueue *plans, Pair *pair, gint64 due_ns)
{
    Plan *next = g_new(Plan, 1);

    *next = (Plan){pair, pair->serial, due_ns};
    g_queue_push_tail(plans, next);
}

static void begin_call(Play *self, Pair *pair, gint64 due_ns)
{
    gint64 now = now_ns();

    pair->stage = STAGE_CALLING;
    pair->serial++;
    pair->ringing = pair->told = 0;
    pair->call_id[0] = '\0';
    pair->caller->is_told = pair->is_due = FALSE;
    for (guint i = 0; i < self->options->devices; i++)
        pair->callees[i]->is_told = FALSE;
    pair->answerer = pair->callees[pair->serial % self->options->devices];
    pair->begun_ns = due_ns > 0 ? due_ns : now;
    pair->answer_due_ns = pair->begun_ns + ns_of(self->options->ring_s);
    if (self->options->ring_s > 0)
        plan(&self->rings, pair, pair->answer_due_ns);
    else
        pair->is_due = TRUE;
    if (self->options->dialect->is_ping)
        pair->answered_ns = now;
    self->options->dialect->call(pair->caller, pair->callees[0]);
}

static void pair_is_free(Play *self, Pair *pair)
{
    pair->stage = STAGE_IDLE;
    if (self->is_calling && !is_open_loop(self))
        begin_call(self, pair, 0);
    else
        g_queue_push_tail(&self->idle, pair);
}

static gboolean is_awaiting(const Play *self, const Pair *pair)
{
    if (pair->caller->awaited > 0)
        return TRUE;
    for (guint i = 0; i < self->options->devices; i++) {
        if (pair->callees[i]->awaited > 0)
            return TRUE;
    }
    return FALSE;
}

/* How many devices hear of a call's end: not the one that made it, but where the server tells both. */
static guint told_in_all(const Play *self)
{
    if (self->options->dialect->is_ping)
        return 1;
    return self->options->devices + (self->options->dialect->tells_both ? 1 : 0);
}

static void finish_if_over(Play *self, Pair *pair)
{
    if (pair->stage != STAGE_OVER || pair->told < told_in_all(self) || is_awaiting(self, pair))
        return;
    if (self->is_measuring)
        self->results->calls++;
    pair_is_free(self, pair);
}

static void answer(Play *self, Pair *pair)
{
    const Dialect *dialect = self->options->dialect;

    pair->stage = STAGE_ANSWERED;
    pair->answered_ns = now_ns();
    if (self->options->ring_s <= 0)
        pair->answer_due_ns = pair->answered_ns;
    if (self->options->workload == WORKLOAD_ACCEPT)
        dialect->accept(pair->answerer);
    else
        dialect->reject(pair->answerer);
}

static void rings(Play *self, Pair *pair, const char *call_id)
{
    if (pair->ringing++ == 0 && call_id) {
        if (self->options->clients_choose_ids && strcmp(pair->call_id, call_id) != 0)
            user_complains(pair->callees[0], "the call's id is another one");
        g_strlcpy(pair->call_id, call_id, CALL_ID_SIZE);
    }
    if (pair->ringing < self->options->devices)
        return;
    if (self->is_measuring)
        histogram_add(self->results->setup, loop_received_ns(self->loop) - pair->begun_ns);
    if (pair->is_due)
        answer(self, pair);
}

static void measure_answer(Play *self, const Pair *pair)
{
    gint64 now = loop_received_ns(self->loop);
    gint64 since_due = now - pair->answer_due_ns;

    if (!self->is_measuring)
        return;
    histogram_add(self->results->answer, now - pair->answered_ns);
    if (self->options->dialect->is_ping)
        since_due = now - pair->begun_ns;
    histogram_add(self->results->due, since_due);
    if (self->answers_dropped_ns > 0 && now > self->answers_dropped_ns)
        self->results->worst_after_drop_ns = MAX(self->results->worst_after_drop_ns, since_due);
}

static void is_rejected(Play *self, Pair *pair)
{
    measure_answer(self, pair);
    pair->stage = STAGE_OVER;
    pair->caller->is_told = TRUE;
    pair->told++;
}

static void is_accepted(Play *self, Pair *pair)
{
    measure_answer(self, pair);
    pair->stage = STAGE_TALKING;
    plan(&self->talks, pair, now_ns() + ns_of(self->options->talk_s));
}

static void is_told(Play *self, User *user)
{
    Pair *pair = user->pair;
    gint64 now = loop_received_ns(self->loop);

    if (user->is_told) {
        user_complains(user, "told twice of a call's end");
        return;
    }
    user->is_told = TRUE;
    pair->told++;
    if (pair->stage == STAGE_ENDING && user == pair->answerer) {
        if (self->is_measuring)
            histogram_add(self->results->end, now - pair->ended_ns);
        pair->stage = STAGE_OVER;
    }
    if (self->is_measuring && self->options->devices > 1 &&
        pair->told == self->options->devices - (pair->stage == STAGE_OVER ? 0 : 1))
        histogram_add(self->results->siblings, now - pair->answered_ns);
}

/* A lost call's late messages are not this call's. */
static gboolean is_of_this_call(const Pair *pair, Heard heard, const char *call_id)
{
    if (pair->stage == STAGE_IDLE)
        return FALSE;
    if (!call_id || (heard == HEARD_INCOMING && pair->ringing == 0))
        return TRUE;
    return strcmp(pair->call_id, call_id) == 0;
}

void user_heard(User *user, Heard heard, const char *call_id)
{
    Play *self = user->play;
    Pair *pair = user->pair;
    gboolean is_caller = user_is_caller(user);

    if (!pair || !is_of_this_call(pair, heard, call_id)) {
        user_complains(user, "heard of a call that is not its own");
        return;
    }
    if (heard == HEARD_INCOMING && !is_caller && pair->stage == STAGE_CALLING)
        rings(self, pair, call_id);
    else if (heard == HEARD_REJECTED && is_caller &&
             (pair->stage == STAGE_ANSWERED || self->options->dialect->is_ping))
        is_rejected(self, pair);
    else if (heard == HEARD_ACCEPTED && is_caller && pair->stage == STAGE_ANSWERED)
        is_accepted(self, pair);
    else if (heard == HEARD_ENDED)
        is_told(self, user);
    else
        user_complains(user, "heard what does not fit the call");
    finish_if_over(self, pair);
}

void user_asked(User *user)
{
    user->awaited++;
}

void user_answered(User *user)
{
    if (user->awaited == 0)
        return;
    user->awaited--;
    if (user->pair)
        finish_if_over(user->play, user->pair);
}

/* --- connections --- */

static void is_open(gpointer owner)
{
    User *user = owner;

    user->play->options->dialect->open(user);
}

static void has_text(gpointer owner, char *text, gsize size)
{
    User *user = owner;

    user->play->options->dialect->receive(user, text, size);
}

static gsize has_datagram(gpointer owner, char *bytes, gsize size)
{
    bytes[size] = '\0';
    has_text(owner, bytes, size);
    return size;
}

static void is_closed(gpointer owner, const char *why)
{
    User *user = owner;

    user->play->results->cut++;
    user_complains(user, why);
}

static void open_user(Play *self, User *user)
{
    static const WebSocketOps websocket_ops = {is_open, has_text, is_closed};
    static const SocketOps datagram_ops = {is_open, has_datagram, is_closed};
    const Dialect *dialect = self->options->dialect;

    user->sent_ns = now_ns();
    if (dialect->is_datagram)
        socket_open(&user->link.datagram, self->loop, self->options->port, TRUE, &datagram_ops,
                    user);
    else
        websocket_open(&user->link.websocket, self->loop, self->options->port, dialect->path,
                       dialect->subprotocol, &websocket_ops, user);
}

static void close_user(Play *self, User *user, gboolean is_abrupt)
{
    if (self->options->dialect->is_datagram)
        socket_close(&user->link.datagram, is_abrupt);
    else
        websocket_close(&user->link.websocket, is_abrupt);
}

/* Spread over time by itself: each user's turn comes when its last one is old. */
static void keep_alive(Play *self, gint64 now)
{
    const Dialect *dialect = self->options->dialect;

    for (guint i = 0; dialect->keep_alive && i < self->opened; i++) {
        User *user = &self->users[i];

        if (!user->is_ready || now - user->sent_ns < ns_of(self->options->keep_alive_s))
            continue;
        user->sent_ns = now;
        dialect->keep_alive(user);
    }
}

/* As many at once as `ramp` says; the next when one is registered. */
static gboolean register_all(Play *self, GError **error)
{
    const PlayOptions *options = self->options;
    gint64 moved_ns = now_ns();
    guint ready = 0;

    while (self->ready < options->users) {
        while (self->opened < options->users && self->opened - self->ready < options->ramp)
            open_user(self, &self->users[self->opened++]);
        loop_turn(self->loop, now_ns() + SECOND / 10, 0);
        if (self->ready > ready)
            moved_ns = now_ns();
        keep_alive(self, now_ns());
        ready = self->ready;
        if (now_ns() - moved_ns > REGISTER_PATIENCE || self->results->cut > 0) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                        "%u of %u users are registered; %s", self->ready, options->users,
                        self->results->first_error ? self->results->first_error : "no more come");
            return FALSE;
        }
    }
    return TRUE;
}

/* --- time --- */

static gint64 call_due_ns(const Play *self)
{
    return self->first_due_ns + ns_of((double)self->begun / self->options->rate);
}

static void begin_due_calls(Play *self, gint64 now)
{
    while (self->is_calling && call_due_ns(self) <= now && !g_queue_is_empty(&self->idle)) {
        gint64 due = call_due_ns(self);

        self->begun++;
        begin_call(self, g_queue_pop_head(&self->idle), due);
    }
}

static gboolean next_is_due(GQueue *plans, gint64 now, Plan *due)
{
    Plan *next = g_queue_peek_head(plans);

    if (!next || next->due_ns > now)
        return FALSE;
    *due = *next;
    g_free(g_queue_pop_head(plans));
    return TRUE;
}

static void answer_due_calls(Play *self, gint64 now)
{
    Plan due;

    while (next_is_due(&self->rings, now, &due)) {
        if (due.serial != due.pair->serial || due.pair->stage != STAGE_CALLING)
            continue;
        due.pair->is_due = TRUE;
        if (due.pair->ringing == self->options->devices)
            answer(self, due.pair);
    }
}

static void end_due_calls(Play *self, gint64 now)
{
    Plan due;

    while (next_is_due(&self->talks, now, &due)) {
        if (due.serial != due.pair->serial || due.pair->stage != STAGE_TALKING)
            continue;
        due.pair->stage = STAGE_ENDING;
        due.pair->ended_ns = now_ns();
        self->options->dialect->end(due.pair->caller);
    }
}

static gint64 earlier(gint64 due_ns, GQueue *plans)
{
    const Plan *next = g_queue_peek_head(plans);

    return next ? MIN(due_ns, next->due_ns) : due_ns;
}

static gint64 next_due_ns(Play *self, gint64 until_ns)
{
    gint64 due = earlier(earlier(until_ns, &self->rings), &self->talks);

    if (is_open_loop(self) && self->is_calling && !g_queue_is_empty(&self->idle))
        due = MIN(due, call_due_ns(self));
    return due;
}

static void forget_awaited(Play *self, Pair *pair)
{
    pair->caller->awaited = 0;
    for (guint i = 0; i < self->options->devices; i++)
        pair->callees[i]->awaited = 0;
}

static void give_up(Play *self, Pair *pair)
{
    const Dialect *dialect = self->options->dialect;

    self->results->lost++;
    forget_awaited(self, pair);
    if (dialect->recover) {
        dialect->recover(pair->caller);
        dialect->recover(pair->answerer);
    }
    pair_is_free(self, pair);
}

static void give_up_lost_calls(Play *self, gint64 now)
{
    const PlayOptions *options = self->options;
    gint64 patience = ns_of(options->patience_s + options->ring_s + options->talk_s);

    for (guint i = 0; i < options->pairs; i++) {
        Pair *pair = &self->pairs[i];

        if (pair->stage != STAGE_IDLE && now - pair->begun_ns > patience)
            give_up(self, pair);
    }
}

static void look_around(Play *self, gint64 now, gint64 *last)
{
    if (now - *last < SECOND / 4)
        return;
    *last = now;
    give_up_lost_calls(self, now);
    keep_alive(self, now);
}

static guint users_of_pairs(const PlayOptions *options)
{
    return options->pairs * (1 + options->devices);
}

/* As fast as this thread can, with a look at the calls between: else they would wait for its closing, not for the server. TRUE: there
 * are more. */
static gboolean drop_some(Play *self)
{
    guint staying = users_of_pairs(self->options);

    for (guint i = 0; i < DROPPED_AT_ONCE && self->opened > staying; i++)
        close_user(self, &self->users[--self->opened], FALSE);
    self->is_dropping = self->opened > staying;
    self->results->drop_took_ns = now_ns() - self->answers_dropped_ns;
    return self->is_dropping;
}

/* Plays on until then. */
static void run_until(Play *self, gint64 until_ns)
{
    gint64 spin = is_open_loop(self) ? SPIN_NS : 0;
    gint64 looked = now_ns();
    gint64 now;

    while ((now = now_ns()) < until_ns) {
        if (is_open_loop(self))
            begin_due_calls(self, now);
        answer_due_calls(self, now);
        end_due_calls(self, now);
        look_around(self, now, &looked);
        if (self->is_dropping && drop_some(self))
            loop_turn(self->loop, now, 0);
        else
            loop_turn(self->loop, next_due_ns(self, MIN(until_ns, now + SECOND / 4)), spin);
    }
}

/* What has begun may come to its end, for a while. */
static void drain(Play *self)
{
    gint64 until = now_ns() + ns_of(self->options->patience_s);

    while (g_queue_get_length(&self->idle) < self->options->pairs && now_ns() < until)
        run_until(self, now_ns() + SECOND / 100);
}

/* --- the whole --- */

static void name_user(User *user, const char *prefix, guint person, guint device)
{
    g_snprintf(user->name, sizeof user->name, "%su%u", prefix, person);
    g_snprintf(user->device, sizeof user->device, "d%u", device);
}

static void pair_up(Play *self, Pair *pair, User *first)
{
    guint person = first->number;

    pair->caller = first;
    first->pair = pair;
    name_user(first, self->options->prefix, person, 0);
    pair->callees = g_new(User *, self->options->devices);
    for (guint i = 0; i < self->options->devices; i++) {
        pair->callees[i] = first + 1 + i;
        pair->callees[i]->pair = pair;
        name_user(pair->callees[i], self->options->prefix, person + 1, i);
    }
    pair->answerer = pair->callees[0];
    g_queue_push_tail(&self->idle, pair);
}

static void make_users(Play *self)
{
    const PlayOptions *options = self->options;
    gsize state_size = options->dialect->state_size;

    self->users = g_new0(User, options->users);
    self->pairs = g_new0(Pair, options->pairs);
    self->states = g_malloc0(state_size * options->users + 1);
    for (guint i = 0; i < options->users; i++) {
        self->users[i].play = self;
        self->users[i].number = i;
        self->users[i].state = self->states + i * state_size;
        name_user(&self->users[i], options->prefix, i, 0);
    }
    for (guint i = 0; i < options->pairs; i++)
        pair_up(self, &self->pairs[i], &self->users[i * (1 + options->devices)]);
}

static void free_users(Play *self)
{
    for (guint i = 0; i < self->opened; i++)
        close_user(self, &self->users[i], TRUE);
    for (guint i = 0; i < self->options->pairs; i++)
        g_free(self->pairs[i].callees);
    g_queue_clear(&self->idle);
    g_queue_clear_full(&self->rings, g_free);
    g_queue_clear_full(&self->talks, g_free);
    g_free(self->users);
    g_free(self->pairs);
    g_free(self->states);
}

static void begin_calls(Play *self)
{
    GQueue idle = self->idle;

    self->is_calling = self->options->workload != WORKLOAD_IDLE;
    self->first_due_ns = now_ns() + SECOND / 100;
    if (is_open_loop(self) || !self->is_calling)
        return;
    g_queue_init(&self->idle);
    for (GList *link = idle.head; link; link = link->next)
        begin_call(self, link->data, 0);
    g_queue_clear(&idle);
}

static void drop_others(Play *self)
{
    self->answers_dropped_ns = now_ns();
    self->results->dropped_wall_ms = g_get_real_time() / 1000;
    self->is_dropping = TRUE;
}

static void measure(Play *self, const PlayWatch *watch)
{
    const PlayOptions *options = self->options;
    gint64 begin = now_ns();

    watch->begins(watch->data);
    self->is_measuring = TRUE;
    if (options->drop_s >= 0) {
        run_until(self, begin + ns_of(options->drop_s));
        drop_others(self);
    }
    run_until(self, begin + ns_of(options->run_s));
    self->is_measuring = FALSE;
    watch->ends(watch->data);
    if (is_open_loop(self) && call_due_ns(self) < now_ns())
        self->results->late =
            (guint64)((double)(now_ns() - call_due_ns(self)) / (double)SECOND * options->rate);
}

static void results_init(PlayResults *results)
{
    *results = (PlayResults){
        .setup = histogram_new(),
        .answer = histogram_new(),
        .due = histogram_new(),
        .end = histogram_new(),
        .siblings = histogram_new(),
    };
}

void play_results_clear(PlayResults *results)
{
    histogram_free(results->setup);
    histogram_free(results->answer);
    histogram_free(results->due);
    histogram_free(results->end);
    histogram_free(results->siblings);
    g_free(results->first_error);
}

gboolean play(const PlayOptions *options, const PlayWatch *watch, PlayResults *results,
              GError **error)
{
    Play self = {.options = options, .results = results, .loop = loop_new()};
    gint64 begun = now_ns();
    gboolean are_registered;

    results_init(results);
    prctl(PR_SET_TIMERSLACK, 1);
    make_users(&self);
    are_registered = register_all(&self, error);
    if (are_registered) {
        watch->registered(watch->data, (double)(now_ns() - begun) / (double)SECOND);
        begin_calls(&self);
        run_until(&self, now_ns() + ns_of(options->warm_s));
        measure(&self, watch);
        self.is_calling = FALSE;
        drain(&self);
    }
    free_users(&self);
    loop_free(self.loop);
    return are_registered;
}
