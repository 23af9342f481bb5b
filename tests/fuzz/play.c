#include "play.h"

#include <unistd.h>

#include "fake-janus.h"
#include "fuzz.h"
#include "shape.h"
#include "threads.h"
#include "token-maker.h"
#include "watch.h"

#define MS 1000
#define MINUTE (60 * G_USEC_PER_SEC)
#define TOKEN FAKE_SECRET "-token"
#define SECRET FAKE_SECRET "-with-which-tokens-are-signed"

/* --- the script --- */

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    FakeHandle *handles[SEATS];
    Watch *watch;
    gboolean wants_tokens;
    char made_id[65]; /* the last callId that the server made */
    char *cursor;     /* the last that call:history gave */
    gboolean has_jsep;
} Play;

static void skip_spaces(Play *play)
{
    while (play->at < play->end && g_ascii_isspace(*play->at))
        play->at++;
}

/* The next character as a number below `count`; digits say themselves, and 0 is what comes when there
 * is no more. */
static guint number(Play *play, guint count)
{
    uint8_t byte;

    skip_spaces(play);
    if (play->at == play->end)
        return 0;
    byte = *play->at++;
    return (g_ascii_isdigit(byte) ? (guint)(byte - '0') : byte) % count;
}

static const char *pick(Play *play, const char *const *words, guint count)
{
    return words[number(play, count)];
}

#define PICK(play, words) pick(play, words, G_N_ELEMENTS(words))

static char *rest_of_line(Play *play)
{
    const uint8_t *from = play->at;

    while (play->at < play->end && *play->at != '\n')
        play->at++;
    return g_strndup((const char *)from, (gsize)(play->at - from));
}

/* --- whom and what it knows --- */

static const struct {
    const char *user;
    const char *device;
} people[SEATS] = {
    {"alice", "web"},  {"alice", "phone"}, {"bob", "phone"},
    {"bob", "tablet"}, {"carol", "phone"}, {NULL, NULL}, /* never says who it is */
};

static const char *const users[] = {"alice", "bob", "carol", "7", "nobody", ""};
static const char *const devices[] = {NULL, "phone", "web", "tablet"};

#define OPEN "general: { auth = \"open\""
#define NO_RATES                                                                                   \
    "requests_per_second = 0; calls_per_minute = 0; relayed_bytes_per_second = 0; "                \
    "registrations_per_second = 0; read_bytes_per_second = 0 }"

static const struct {
    const char *text;
    WatchRules rules;
} configurations[] = {
    {"", {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "; reveal_presence = false }", {FALSE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "} limits: { max_live_calls = 1;" NO_RATES,
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "; reveal_presence = false } limits: { max_live_calls = 1;" NO_RATES,
     {FALSE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "} limits: { max_devices = 1; max_users = 2; max_calls = 1;" NO_RATES,
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "} timers: { max_duration = 60000; ring = 1000 }",
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "} timers: { caller_grace = 100; in_call_grace = 200 }", {TRUE, 100 * MS, 200 * MS}},
    {OPEN "; log_calls = false; events = false } limits: { max_early_ends = 1;" NO_RATES,
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN "} limits: { max_ended_per_user = 2;" NO_RATES,
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {OPEN
     "} limits: { requests_per_second = 2; calls_per_minute = 2; registrations_per_second = 1 }",
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
    {"general: { auth = \"jwt\" } auth: { secret = \"" SECRET "\" }",
     {TRUE, 12 * G_USEC_PER_SEC, 30 * G_USEC_PER_SEC}},
};

/* NULL when it is for the server to make one. */
static char *name_call(Play *play)
{
    static const char *const ids[] = {"A", "B", "C", "D", "E"};
    guint which = number(play, 9);

    if (which < G_N_ELEMENTS(ids))
        return g_strdup(ids[which]);
    if (which == 5)
        return *play->made_id ? g_strdup(play->made_id) : NULL;
    if (which == 6)
        return g_strdup("not an id");
    return which == 7 ? g_strnfill(64, 'x') : NULL;
}

/* --- sending --- */

static void set(json_t *body, const char *key, const char *text)
{
    if (text)
        json_object_set_new(body, key, json_string(text));
}

static json_t *request(const char *name)
{
    json_t *body = json_object();

    set(body, "request", name);
    return body;
}

static FakeHandle *attached(Play *play, guint seat)
{
    if (!play->handles[seat]) {
        play->handles[seat] = fake_attach();
        watch_attached(play->watch, seat, play->handles[seat]);
    }
    return play->handles[seat];
}

static void note_reply(Play *play, json_t *reply)
{
    const char *id = shape_text(reply, "callId");
    const char *next = shape_text(reply, "next");

    if (id && g_str_has_prefix(id, "CALL_"))
        g_strlcpy(play->made_id, id, sizeof play->made_id);
    if (next) {
        g_free(play->cursor);
        play->cursor = g_strdup(next);
    }
}

/* Takes the body over. */
static void send_on(Play *play, guint seat, json_t *body)
{
    FakeHandle *handle = attached(play, seat);
    json_t *reply;

    json_incref(body);
    reply = play->has_jsep ? fake_request_with_jsep(handle, body) : fake_request(handle, body);
    play->has_jsep = FALSE;
    threads_settle();
    fuzz_check(reply != NULL, "no answer on a handle that is open");
    note_reply(play, reply);
    watch_request(play->watch, seat, body, reply);
    json_decref(reply);
    json_decref(body);
}

/* Good for 10 s, or for an hour. */
static void add_token(const Play *play, json_t *body, const char *user, gboolean is_short)
{
    g_autofree char *payload = NULL;
    g_autofree char *token = NULL;

    if (!play->wants_tokens || !user)
        return;
    payload = g_strdup_printf("{\"sub\":\"%s\",\"exp\":%" G_GINT64_FORMAT "}", user,
                              g_get_real_time() / G_USEC_PER_SEC + (is_short ? 10 : 3600));
    token = token_sign("{\"alg\":\"HS256\"}", payload, SECRET, strlen(SECRET));
    set(body, "token", token);
}

/* Whoever is not there yet comes and registers first. */
static void send(Play *play, guint seat, json_t *body)
{
    if (!play->handles[seat] && people[seat].user) {
        json_t *registration = request("call:register");

        set(registration, "userId", people[seat].user);
        set(registration, "deviceId", people[seat].device);
        add_token(play, registration, people[seat].user, FALSE);
        send_on(play, seat, registration);
    }
    send_on(play, seat, body);
}

static void send_admin(Play *play, json_t *body)
{
    json_t *reply;

    json_incref(body);
    reply = fake_admin(body);
    threads_settle();
    fuzz_check(reply != NULL, "no answer to an operator");
    note_reply(play, reply);
    watch_admin(play->watch, body, reply);
    json_decref(reply);
    json_decref(body);
}

/* --- what clients do --- */

static void do_attach(Play *play)
{
    attached(play, number(play, SEATS));
}

static void detach(Play *play, guint seat)
{
    FakeHandle *handle = play->handles[seat];

    if (!handle)
        return;
    play->handles[seat] = NULL;
    fake_detach(handle);
    threads_settle();
    watch_detached(play->watch, seat);
    fake_release(handle);
}

static void do_detach(Play *play)
{
    detach(play, number(play, SEATS));
}

static void do_register(Play *play)
{
    guint seat = number(play, SEATS);
    guint how = number(play, 8);
    guint other = (seat + 1) % SEATS;
    json_t *body = request("call:register");

    set(body, "userId", people[how == 5 ? other : seat].user);
    if (how != 1)
        set(body, "deviceId", people[how == 6 ? other : seat].device);
    if (how == 2)
        set(body, "displayName", "Ali\303\247e \342\230\216");
    if (how == 3)
        json_object_set_new(body, "userId", json_integer(7));
    add_token(play, body, shape_text(body, "userId"), how == 2);
    if (how == 4)
        set(body, "token", TOKEN);
    if (how == 7)
        set(body, "displayName", "two\nlines");
    send_on(play, seat, body);
}

static void do_unregister(Play *play)
{
    send(play, number(play, SEATS), request("call:unregister"));
}

static void add_options(json_t *body, guint which)
{
    g_autofree char *big = NULL;

    switch (which) {
    case 1:
        json_object_set_new(body, "timeoutMs", json_integer(5000));
        return;
    case 2:
        json_object_set_new(body, "timeoutMs", json_integer(180000));
        return;
    case 3:
        json_object_set_new(body, "media", json_pack("{s:b, s:b}", "audio", 0, "video", 1));
        return;
    case 4:
        set(body, "mode", "p2p");
        return;
    case 5:
        json_object_set_new(body, "data", json_pack("{s:s, s:[i]}", "subject", "lunch", "n", 1));
        return;
    case 6:
        big = g_strnfill(4096, 'y');
        json_object_set_new(body, "data", json_pack("{s:s}", "big", big));
        return;
    case 7:
        set(body, "mode", "relay");
        return;
    case 8:
        json_object_set_new(body, "media", json_pack("{s:b}", "audio", 0));
        return;
    default:
        return;
    }
}

static json_t *initiate(Play *play)
{
    json_t *body = request("call:initiate");
    const char *callee = PICK(play, users);
    g_autofree char *id = name_call(play);

    set(body, "calleeId", callee);
    set(body, "callId", id);
    add_options(body, number(play, 9));
    return body;
}

static void do_initiate(Play *play)
{
    guint seat = number(play, SEATS);

    send(play, seat, initiate(play));
}

static json_t *about_call(Play *play, const char *name)
{
    json_t *body = request(name);
    g_autofree char *id = name_call(play);

    set(body, "callId", id);
    return body;
}

static void send_about(Play *play, const char *name)
{
    guint seat = number(play, SEATS);

    send(play, seat, about_call(play, name));
}

static void do_ringing(Play *play)
{
    send_about(play, "call:ringing");
}

static void do_accept(Play *play)
{
    send_about(play, "call:accept");
}

static void do_end(Play *play)
{
    send_about(play, "call:end");
}

static void do_get(Play *play)
{
    send_about(play, "call:get");
}

static void add_reason(json_t *body, guint why)
{
    g_autofree char *lengthy = NULL;

    if (why == 1 || why == 3)
        set(body, "reason", "User declined");
    if (why == 2)
        set(body, "cause", "busy");
    if (why == 3)
        set(body, "cause", "declined");
    if (why == 4)
        set(body, "cause", "admin");
    if (why == 5) {
        lengthy = g_strnfill(257, 'z');
        set(body, "reason", lengthy);
    }
    if (why == 6)
        set(body, "reason", "two\nlines \x1b[31m");
}

static void do_reject(Play *play)
{
    guint seat = number(play, SEATS);
    json_t *body = about_call(play, "call:reject");

    add_reason(body, number(play, 7));
    send(play, seat, body);
}

static void send_data(Play *play, const char *name)
{
    static const char *const data[] = {
        "{\"sdp\":\"v=0\"}", "{}", "null", "[1,[2,{\"a\":0.1}]]", "\"text\"",
    };
    guint seat = number(play, SEATS);
    json_t *body = about_call(play, name);
    guint which = number(play, G_N_ELEMENTS(data) + 1);

    if (which < G_N_ELEMENTS(data))
        json_object_set_new(body, "data", json_loads(data[which], JSON_DECODE_ANY, NULL));
    send(play, seat, body);
}

static void do_signal(Play *play)
{
    send_data(play, "call:signal");
}

static void do_update(Play *play)
{
    send_data(play, "call:update");
}

static void add_filter(const Play *play, json_t *body, guint how)
{
    if (how == 1 || how == 5)
        json_object_set_new(body, "limit", json_integer(1));
    if (how == 2)
        json_object_set_new(body, "missed", json_true());
    if (how == 3)
        set(body, "status", "ended");
    if (how == 4)
        set(body, "peerId", "bob");
    if (how == 5)
        set(body, "before", play->cursor);
    if (how == 6)
        set(body, "before", "not a cursor");
    if (how == 7)
        json_object_set_new(body, "limit", json_integer(0));
}

static void do_history(Play *play)
{
    guint seat = number(play, SEATS);
    json_t *body = request("call:history");

    add_filter(play, body, number(play, 8));
    send(play, seat, body);
}

static void do_query(Play *play)
{
    guint seat = number(play, SEATS);
    json_t *answer = fake_query(attached(play, seat));

    watch_query(play->watch, seat, answer);
    json_decref(answer);
}

static void do_jsep(Play *play)
{
    play->has_jsep = TRUE;
}

/* NULL when it is not an object, which Janus does not let through, or says what nobody may repeat. */
static json_t *read_raw(Play *play)
{
    g_autofree char *text = rest_of_line(play);
    json_t *body = json_loads(text, 0, NULL);

    if (json_is_object(body) && !shape_has_secret(body))
        return body;
    json_decref(body);
    return NULL;
}

static void do_raw(Play *play)
{
    guint seat = number(play, SEATS);
    json_t *body = read_raw(play);

    if (body)
        send_on(play, seat, body);
}

/* --- what an operator and a backend do --- */

static void do_raw_admin(Play *play)
{
    json_t *body = read_raw(play);

    if (body)
        send_admin(play, body);
}

static void do_acting_for(Play *play)
{
    static const char *const verbs[] = {"call:reject", "call:end", "call:get", "call:history",
                                        "call:accept"};
    const char *verb = PICK(play, verbs);
    const char *user = PICK(play, users);
    json_t *body = about_call(play, verb);

    set(body, "userId", user);
    send_admin(play, body);
}

static void do_operator(Play *play)
{
    const char *verb = number(play, 2) ? "call:get" : "call:end";
    const char *caller = PICK(play, users);
    json_t *body = about_call(play, verb);

    set(body, "callerId", caller);
    send_admin(play, body);
}

static void do_disconnect(Play *play)
{
    json_t *body = request("disconnect");

    set(body, "userId", PICK(play, users));
    set(body, "deviceId", PICK(play, devices));
    send_admin(play, body);
}

static void do_initiate_for(Play *play)
{
    const char *user = PICK(play, users);
    const char *device = PICK(play, devices);
    json_t *body = initiate(play);

    set(body, "userId", user);
    set(body, "deviceId", device);
    send_admin(play, body);
}

static json_t *stats(void)
{
    json_t *body = request("stats");
    json_t *reply;

    reply = fake_admin(json_incref(body));
    shape_check_reply(body, reply, TRUE);
    json_decref(body);
    return reply;
}

static void do_stats(Play *play)
{
    json_t *reply = stats();

    fuzz_check(shape_integer(reply, "devices") - shape_integer(reply, "away") ==
                   watch_registered(play->watch),
               "the statistics count other devices than there are: %s", json_dumps(reply, 0));
    json_decref(reply);
}

/* --- what time does --- */

static const gint64 times_us[] = {
    1 * MS,
    100 * MS,
    1 * G_USEC_PER_SEC,
    5 * G_USEC_PER_SEC,
    12 * G_USEC_PER_SEC,
    20 * G_USEC_PER_SEC,
    30 * G_USEC_PER_SEC,
    45 * G_USEC_PER_SEC,
    180 * G_USEC_PER_SEC,
    10 * MINUTE,
};

static void do_wait(Play *play)
{
    threads_advance(times_us[number(play, G_N_ELEMENTS(times_us))], FALSE);
    watch_time(play->watch);
}

static void do_oversleep(Play *play)
{
    threads_advance(times_us[number(play, G_N_ELEMENTS(times_us))], TRUE);
    watch_time(play->watch);
}

static void do_wait_for_next(Play *play)
{
    threads_advance_to_next();
    watch_time(play->watch);
}

static void do_set_clock(Play *play)
{
    gint64 jump_us = times_us[number(play, G_N_ELEMENTS(times_us))];

    threads_set_clock(number(play, 2) ? -jump_us : jump_us);
}

/* --- the play --- */

static void skip_comment(Play *play)
{
    g_free(rest_of_line(play));
}

static const struct {
    char letter;
    void (*act)(Play *play);
} acts[] = {
    {'a', do_attach},        {'d', do_detach},     {'r', do_register},  {'u', do_unregister},
    {'i', do_initiate},      {'b', do_ringing},    {'y', do_accept},    {'n', do_reject},
    {'e', do_end},           {'s', do_signal},     {'m', do_update},    {'g', do_get},
    {'h', do_history},       {'q', do_query},      {'j', do_jsep},      {'>', do_raw},
    {'!', do_raw_admin},     {'A', do_acting_for}, {'O', do_operator},  {'D', do_disconnect},
    {'I', do_initiate_for},  {'S', do_stats},      {'t', do_wait},      {'T', do_oversleep},
    {'N', do_wait_for_next}, {'w', do_set_clock},  {'#', skip_comment},
};

/* Letters that are none of these mean one of them, so that no byte is without a meaning. */
static void act(Play *play)
{
    uint8_t byte = *play->at++;

    for (guint i = 0; i < G_N_ELEMENTS(acts); i++) {
        if ((uint8_t)acts[i].letter == byte) {
            acts[i].act(play);
            return;
        }
    }
    acts[byte % (G_N_ELEMENTS(acts) - 1)].act(play);
}

/* --- the end of it: everybody leaves, all times run out, nothing is left --- */

static void check_nobody_left(void)
{
    json_t *reply = stats();

    fuzz_check(!shape_integer(reply, "devices") && !shape_integer(reply, "away") &&
                   !shape_integer(reply, "liveCalls"),
               "somebody is still there: %s", json_dumps(reply, 0));
    json_decref(reply);
}

/* What ended is forgotten as steps go by. */
static void check_all_forgotten(Play *play)
{
    json_t *reply = stats();
    gint64 most = shape_integer(reply, "endedCalls") + 1;

    json_decref(reply);
    for (gint64 i = 0; i < most; i++)
        send_on(play, 0, request("call:get"));
    detach(play, 0);
    reply = stats();
    fuzz_check(!shape_integer(reply, "users") && !shape_integer(reply, "endedCalls"),
               "somebody is remembered: %s", json_dumps(reply, 0));
    json_decref(reply);
}

static void check_log(void)
{
    g_autofree char *log = fake_janus_log();
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);

    fuzz_check(!strstr(log, FAKE_SECRET), "a secret in the log");
    for (guint i = 0; lines[i]; i++)
        fuzz_check_text(lines[i]);
}

static void finish(Play *play)
{
    threads_advance(4 * MINUTE, FALSE);
    watch_time(play->watch);
    for (guint i = 0; i < SEATS; i++)
        detach(play, i);
    threads_advance(4 * MINUTE, FALSE);
    watch_time(play->watch);
    check_nobody_left();
    threads_advance(11 * MINUTE, FALSE);
    check_all_forgotten(play);
    check_log();
}

/* FUZZ_STORE=sqlite keeps the records in a database: slower, and with the journal's thread. */
static char *configuration(guint which)
{
    g_autofree char *path = NULL;

    if (g_strcmp0(g_getenv("FUZZ_STORE"), "sqlite") != 0)
        return g_strdup(configurations[which].text);
    path = g_strdup_printf("%s/fuzz-plugin-%d.sqlite3", g_get_tmp_dir(), getpid());
    for (guint i = 0; i < 3; i++) {
        static const char *const endings[] = {"", "-wal", "-shm"};
        g_autofree char *file = g_strconcat(path, endings[i], NULL);

        unlink(file);
    }
    return g_strdup_printf("%s\nstore: { type = \"sqlite\"; path = \"%s\" }\n",
                           configurations[which].text, path);
}

void play(const uint8_t *data, size_t size)
{
    Play run = {.at = data, .end = data + size};
    guint which = number(&run, G_N_ELEMENTS(configurations));
    g_autofree char *text = configuration(which);

    threads_reset();
    fuzz_check(fake_janus_start(text), "the plugin does not load");
    run.wants_tokens = strstr(text, "jwt") != NULL;
    run.watch = watch_new(&configurations[which].rules);
    threads_settle();
    for (skip_spaces(&run); run.at < run.end; skip_spaces(&run))
        act(&run);
    finish(&run);
    watch_free(run.watch);
    g_free(run.cursor);
    fake_janus_stop();
}
