#include <stdlib.h>
#include <string.h>

#include "sim-private.h"
#include "wire/request.h"
#include "wire/write.h"

static const MessageLimits message_limits = {.bytes = 128 * 1024, .depth = 32};

/* --- words --- */

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The length of what goes up to one of `ends`, with what stands in single quotes or braces as one.
 */
static gsize span(const char *text, const char *ends)
{
    gboolean is_quoted = FALSE;
    guint braces = 0;
    gsize i;

    for (i = 0; text[i]; i++) {
        if (text[i] == '\'' && !braces)
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        braces += text[i] == '{';
        braces -= text[i] == '}' && braces;
        if (!braces && strchr(ends, text[i]))
            break;
    }
    return i;
}

static GStrv split(const char *text, const char *ends)
{
    GPtrArray *parts = g_ptr_array_new();

    while (*text) {
        gsize length = span(text, ends);

        if (length)
            g_ptr_array_add(parts, g_strstrip(g_strndup(text, length)));
        text += length + (text[length] != '\0');
    }
    g_ptr_array_add(parts, NULL);
    return (GStrv)g_ptr_array_free(parts, FALSE);
}

static char *without_quotes(const char *word)
{
    GString *plain = g_string_new(NULL);

    for (; *word; word++) {
        if (*word != '\'')
            g_string_append_c(plain, *word);
    }
    return g_string_free(plain, FALSE);
}

/* --- what happens --- */

static const struct {
    const char *verb;
    const char *names[2]; /* of the fields that need no name */
} verbs[] = {
    {"initiate", {"calleeId", "callId"}}, {"ringing", {"callId", NULL}},
    {"accept", {"callId", NULL}},         {"reject", {"callId", "reason"}},
    {"end", {"callId", "reason"}},        {"signal", {"callId", "data"}},
    {"update", {"callId", "data"}},       {"get", {"callId", NULL}},
    {"join", {"callId", "token"}},        {"media", {"callId", NULL}},
    {"record", {"callId", NULL}},
};

static const char *positional_name(const char *verb, guint i)
{
    for (guint v = 0; v < G_N_ELEMENTS(verbs); v++) {
        if (strcmp(verbs[v].verb, verb) == 0)
            return i < G_N_ELEMENTS(verbs[v].names) ? verbs[v].names[i] : NULL;
    }
    return NULL;
}

static json_t *text_of(const char *word)
{
    g_autofree char *plain = without_quotes(word);

    return json_string(plain);
}

static json_t *value_of(const char *word)
{
    json_t *value = word[0] == '\'' ? NULL : json_loads(word, JSON_DECODE_ANY, NULL);

    return value ? value : text_of(word);
}

/* "bob/phone#2" is user bob, device phone; "bob" has the device "main"; "bob/-" says none. */
static void put_identity(json_t *body, const char *who)
{
    g_autofree char *name = g_strndup(who, strcspn(who, "#"));
    char *slash = strchr(name, '/');
    const char *device = slash ? slash + 1 : "main";

    if (slash)
        *slash = '\0';
    json_object_set_new(body, "userId", json_string(name));
    if (device[0] != '-')
        json_object_set_new(body, "deviceId", json_string(device));
}

/* USER or USER/DEVICE, or nobody. */
static void put_disconnected(json_t *body, const char *whom)
{
    if (!whom)
        return;
    put_identity(body, whom);
    if (!strchr(whom, '/'))
        json_object_del(body, "deviceId");
}

static void put_named(json_t *body, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = g_strndup(word, (gsize)(equals - word));

    json_object_set_new(body, name, value_of(equals + 1));
}

/* `name=value`, and not JSON or something in quotes that happens to have a "=" in it. */
static gboolean is_named(const char *word)
{
    return g_ascii_isalpha(word[0]) && strchr(word, '=');
}

static void put_arguments(Sim *sim, json_t *body, const char *verb, GStrv words)
{
    guint position = 0;

    for (; *words; words++) {
        const char *name;

        if (is_named(*words)) {
            put_named(body, *words);
            continue;
        }
        name = positional_name(verb, position++);
        if (!name)
            sim_fail(sim, "the trace: %s: what is %s?", verb, *words);
        json_object_set_new(body, name,
                            strcmp(name, "data") == 0 ? value_of(*words) : text_of(*words));
    }
}

static json_t *request_body(Sim *sim, const char *who, const char *verb, GStrv words)
{
    json_t *body = json_object();
    g_autofree char *request = g_strconcat("call:", verb, NULL);

    json_object_set_new(body, "request", json_string(request));
    if (strcmp(verb, "disconnect") == 0) {
        json_object_set_new(body, "request", json_string(verb));
        put_disconnected(body, *words);
        words += *words != NULL;
    } else if (who[0] == '@') {
        put_identity(body, who + 1);
    } else if (strcmp(verb, "register") == 0) {
        put_identity(body, who);
    }
    put_arguments(sim, body, verb, words);
    return body;
}

static void see_unknown(Sim *sim, const Request *request, const char *who)
{
    json_auto_t *object =
        write_refusal(request->event.fault.refusal, request->event.fault.text, NULL);
    g_autofree char *number = g_strdup_printf("%u", refusal_number(request->event.fault.refusal));

    see(sim, SEEN_REPLY, who, show_words(object, number));
    ((Seen *)g_queue_peek_tail(&sim->seen))->is_refusal = TRUE;
}

/* What a token would say. */
static gint64 lasts_us(const json_t *body)
{
    return json_integer_value(json_object_get(body, "lasts")) * MILLISECOND;
}

static void look_into_store(const Sim *sim, Event *event)
{
    if (sim->stored && g_strcmp0(event_call_id(event), sim->stored->facts->call_id) == 0)
        event->stored = sim->stored;
}

/* `jsep=offer/SDP` stands beside the body. */
static json_t *take_jsep(json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "jsep"));
    g_auto(GStrv) parts = text ? g_strsplit(text, "/", 2) : NULL;
    json_t *jsep = NULL;

    if (parts && parts[0] && parts[1])
        jsep = json_pack("{s:s, s:s}", "type", parts[0], "sdp", parts[1]);
    json_object_del(body, "jsep");
    return jsep;
}

static void send_request(Sim *sim, const char *who, const char *what, const char *verb, GStrv words)
{
    gboolean is_app = who[0] != '@' && strcmp(who, "operator") != 0;
    json_auto_t *body = request_body(sim, who, verb, words);
    json_auto_t *jsep = take_jsep(body);
    Request request;

    if (request_parse(&request, body, jsep, is_app ? DOOR_APP : DOOR_BACKEND, &message_limits)) {
        if (is_app)
            request.event.from = sim_connection(sim, who);
        if (request.event.kind == EVENT_REGISTER)
            request.event.reg.expires_in_us = lasts_us(body);
        look_into_store(sim, &request.event);
        sim_step(sim, &request.event, who, what);
    } else {
        see_unknown(sim, &request, who);
    }
    request_clear(&request);
}

static void drop(Sim *sim, const char *who)
{
    Address *address = sim_connection(sim, who);

    sim_step(sim, &(Event){.kind = EVENT_GONE, .from = address}, who, "drop");
    forget_connection(sim, address);
}

/* The PeerConnection of a media handle. */
static void turn_media(Sim *sim, const char *who, const char *where)
{
    Event event = {.kind = strcmp(where, "up") == 0 ? EVENT_MEDIA_UP : EVENT_MEDIA_DOWN,
                   .from = sim_connection(sim, who)};

    sim_step(sim, &event, who, where);
}

static void happen(Sim *sim, const char *who, GStrv words)
{
    g_autofree char *what = g_strjoinv(" ", words);

    if (!words[0])
        sim_fail(sim, "the trace: what does %s do?", who);
    assert_all_expected(sim);
    if (strcmp(words[0], "drop") == 0)
        drop(sim, who);
    else if (strcmp(words[0], "up") == 0 || strcmp(words[0], "down") == 0)
        turn_media(sim, who, words[0]);
    else
        send_request(sim, who, what, words[0], words + 1);
}

static void register_all(Sim *sim, GStrv whos)
{
    for (; *whos; whos++)
        happen(sim, *whos, (char *[]){(char *)"register", NULL});
}

/* --- what must have come of it --- */

static gboolean all_hold(const GStrv seen, GStrv words)
{
    for (; *words; words++) {
        g_autofree char *word = without_quotes(*words);

        if (!word_holds(seen, word))
            return FALSE;
    }
    return TRUE;
}

static gboolean matches(const Seen *seen, GStrv words)
{
    return strcmp(seen->words[0], words[0]) == 0 && all_hold(seen->words, words + 1);
}

static void G_GNUC_NORETURN fail_expectation(Sim *sim, const char *item, SeenKind kind,
                                             const char *who)
{
    GString *seen = g_string_new(NULL);

    for (GList *link = sim->seen.head; link; link = link->next) {
        const Seen *one = link->data;

        if (one->kind == kind && strcmp(one->who, who) == 0) {
            g_autofree char *line = show_line(sim, one);

            g_string_append_printf(seen, "%s%s", seen->len ? "\n          " : "", line);
        }
    }
    sim_fail(sim, "expected: [%6" G_GINT64_FORMAT "] %s\nseen:     %s", sim_ms(sim, sim->now_us),
             item, seen->len ? seen->str : "nothing");
}

static GList *find_message(Sim *sim, const char *who)
{
    for (GList *link = sim->seen.head; link; link = link->next) {
        const Seen *seen = link->data;

        if (seen->kind == SEEN_MESSAGE && strcmp(seen->who, who) == 0)
            return link;
    }
    return NULL;
}

/* The last one: steps that are no part of a trace may have left others. */
static Seen *find_reply(Sim *sim, const char *who)
{
    for (GList *link = sim->seen.tail; link; link = link->prev) {
        Seen *seen = link->data;

        if (seen->kind == SEEN_REPLY && strcmp(seen->who, who) == 0)
            return seen;
    }
    return NULL;
}

static void take_out(Sim *sim, GList *link)
{
    seen_free(link->data);
    g_queue_delete_link(&sim->seen, link);
}

static void expect_message(Sim *sim, const char *item, const char *who, GStrv words)
{
    GList *link = find_message(sim, who);
    const Seen *first = link ? link->data : NULL;

    if (!first || !matches(first, words) || first->at_us != sim->now_us)
        fail_expectation(sim, item, SEEN_MESSAGE, who);
    take_out(sim, link);
}

static void expect_nothing(Sim *sim, const char *item, const char *who)
{
    if (find_message(sim, who))
        fail_expectation(sim, item, SEEN_MESSAGE, who);
}

/* Those that may be passed over: any that matches will do. */
static void expect_among(Sim *sim, const char *item, SeenKind kind, const char *who, GStrv words)
{
    for (GList *link = sim->seen.head; link; link = link->next) {
        const Seen *seen = link->data;

        if (seen->kind == kind && strcmp(seen->who, who) == 0 && matches(seen, words)) {
            take_out(sim, link);
            return;
        }
    }
    fail_expectation(sim, item, kind, who);
}

static void expect_reply(Sim *sim, const char *item, const char *who, GStrv words)
{
    Seen *reply = find_reply(sim, who);

    if (!reply || !matches(reply, words))
        fail_expectation(sim, item, SEEN_REPLY, who);
    reply->is_refusal = FALSE;
}

static void expect_known(Sim *sim, const char *item, const char *who, GStrv words)
{
    const Seen *reply = find_reply(sim, who);

    if (!reply || !reply->calls)
        fail_expectation(sim, item, SEEN_REPLY, who);
    if (g_strcmp0(words[0], "nothing") == 0 && reply->calls->len == 0)
        return;
    for (guint i = 0; i < reply->calls->len; i++) {
        if (all_hold(g_ptr_array_index(reply->calls, i), words))
            return;
    }
    fail_expectation(sim, item, SEEN_REPLY, who);
}

static void expect(Sim *sim, const char *item, const char *who, GStrv words)
{
    const char *kind = words[0];

    if (!kind)
        sim_fail(sim, "the trace: what does %s get?", who);
    if (strcmp(kind, "nothing") == 0)
        expect_nothing(sim, item, who);
    else if (strcmp(kind, "knows") == 0)
        expect_known(sim, item, who, words + 1);
    else if (strcmp(kind, "missed") == 0)
        expect_among(sim, item, SEEN_MISSED, who, words + 1);
    else if (strcmp(who, "store") == 0 || strcmp(who, "backend") == 0 || strcmp(who, "media") == 0)
        expect_among(sim, item, SEEN_RECORD, who, words);
    else if (strcmp(kind, "ok") == 0 || g_ascii_isdigit(kind[0]))
        expect_reply(sim, item, who, words);
    else
        expect_message(sim, item, who, words);
}

/* --- settings --- */

static gint64 *time_setting(HubSettings *settings, const char *name)
{
    const struct {
        const char *name;
        gint64 *value;
    } times[] = {
        {"ring", &settings->timers.ring_us},
        {"unreachable", &settings->timers.unreachable_us},
        {"push_after", &settings->timers.push_after_us},
        {"caller_grace", &settings->timers.caller_grace_us},
        {"in_call_grace", &settings->timers.in_call_grace_us},
        {"media", &settings->timers.media_us},
        {"max_duration", &settings->timers.max_duration_us},
    };

    for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
        if (strcmp(times[i].name, name) == 0)
            return times[i].value;
    }
    return NULL;
}

static guint *limit_setting(HubSettings *settings, const char *name)
{
    const struct {
        const char *name;
        guint *value;
    } limits[] = {
        {"max_devices", &settings->limits.max_devices},
        {"max_live_calls", &settings->limits.max_live_calls},
        {"max_ended_per_user", &settings->limits.max_ended_per_user},
        {"max_ended", &settings->limits.max_ended},
        {"max_early_ends", &settings->limits.max_early_ends},
        {"max_users", &settings->limits.max_users},
        {"max_calls", &settings->limits.max_calls},
    };

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        if (strcmp(limits[i].name, name) == 0)
            return limits[i].value;
    }
    return NULL;
}

static Rate *rate_setting(HubSettings *settings, const char *name)
{
    const struct {
        const char *name;
        Rate *value;
    } rates[] = {
        {"requests", &settings->rates.requests},
        {"relayed", &settings->rates.relayed},
        {"calls", &settings->rates.calls},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        if (strcmp(rates[i].name, name) == 0)
            return rates[i].value;
    }
    return NULL;
}

/* "TOKENS/MS/SIZE" */
static Rate rate_of(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 3);

    g_assert_cmpuint(g_strv_length(parts), ==, 3);
    return (Rate){
        .tokens = g_ascii_strtoll(parts[0], NULL, 10),
        .period_us = g_ascii_strtoll(parts[1], NULL, 10) * MILLISECOND,
        .size = g_ascii_strtoll(parts[2], NULL, 10),
    };
}

static void change_setting(Sim *sim, const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "=", 2);
    gint64 *time_us = time_setting(&sim->settings, parts[0]);
    guint *limit = limit_setting(&sim->settings, parts[0]);
    Rate *rate = rate_setting(&sim->settings, parts[0]);

    if (sim->hub || !parts[1])
        sim_fail(sim, "the trace: set %s", word);
    if (time_us)
        *time_us = g_ascii_strtoll(parts[1], NULL, 10) * MILLISECOND;
    else if (limit)
        *limit = (guint)g_ascii_strtoull(parts[1], NULL, 10);
    else if (rate)
        *rate = rate_of(parts[1]);
    else if (strcmp(parts[0], "reveal_presence") == 0)
        sim->settings.reveal_presence = strcmp(parts[1], "true") == 0;
    else if (strcmp(parts[0], "recorded") == 0)
        sim->settings.is_recorded = strcmp(parts[1], "true") == 0;
    else if (strcmp(parts[0], "can_record") == 0)
        sim->settings.can_record = strcmp(parts[1], "true") == 0;
    else if (strcmp(parts[0], "default_mode") == 0)
        g_assert_true(mode_parse(parts[1], &sim->settings.default_mode));
    else
        sim_fail(sim, "the trace: set %s", word);
}

/* --- traces --- */

/* "[ 3000]" or "[<45000]". Returns what follows. */
static const char *play_time(Sim *sim, const char *item)
{
    const char *close = strchr(item, ']');
    gboolean is_before = strchr(item, '<') && strchr(item, '<') < close;
    gint64 at_us;

    if (!close)
        sim_fail(sim, "the trace: %s", item);
    at_us =
        sim->start_us + g_ascii_strtoll(item + 1 + strspn(item + 1, " <"), NULL, 10) * MILLISECOND;
    if (at_us < sim->now_us)
        sim_fail(sim, "the trace goes back in time: %s", item);
    if (at_us > sim->now_us)
        assert_all_expected(sim);
    advance_to(sim, at_us, !is_before);
    for (close++; is_space(*close); close++)
        ;
    return close;
}

static void play_item(Sim *sim, const char *item)
{
    g_auto(GStrv) words = NULL;

    if (item[0] == '[')
        item = play_time(sim, item);
    words = split(item, " \t");
    if (!words[0])
        return;
    if (strcmp(words[0], "set") == 0) {
        for (guint i = 1; words[i]; i++)
            change_setting(sim, words[i]);
    } else if (strcmp(words[0], "here:") == 0) {
        register_all(sim, words + 1);
    } else if (words[1] && strcmp(words[1], ">") == 0) {
        happen(sim, words[0], words + 2);
    } else if (words[1] && strcmp(words[1], "<") == 0) {
        expect(sim, item, words[0], words + 2);
    } else {
        sim_fail(sim, "the trace: %s", item);
    }
}

void sim_play(Sim *sim, const char *format, ...)
{
    g_autofree char *trace = NULL;
    g_auto(GStrv) items = NULL;
    va_list args;

    va_start(args, format);
    trace = g_strdup_vprintf(format, args);
    va_end(args);
    items = split(trace, "|\n");
    for (guint i = 0; items[i]; i++)
        play_item(sim, items[i]);
}
