#include <string.h>

#include "sim-private.h"
#include "wire/write.h"

/* Unix times, told from the start of the scenario. */
static const char *const time_names[] = {"timestamp",  "expiresAt", "createdAt",  "ringingAt",
                                         "acceptedAt", "endedAt",   "serverTime", "askedAt",
                                         "answeredAt", NULL};

/* Fields whose bare value is a word. */
static const char *const bare_names[] = {"callId", "status",   "cause", "code",  "error_code",
                                         "reason", "callerId", "from",  "state", NULL};

/* Fields that would only be noise when a line is printed. */
static const char *const dull_names[] = {"call",      "event",      "request",
                                         "timestamp", "error_code", NULL};

static gboolean is_time(const char *name)
{
    const char *dot = strrchr(name, '.');

    return g_strv_contains(time_names, dot ? dot + 1 : name);
}

static void add_fields(GPtrArray *words, const char *prefix, const json_t *object);

static void add_field(GPtrArray *words, const char *name, const json_t *value)
{
    g_autofree char *prefix = NULL;
    char *text;

    if (json_is_string(value)) {
        g_ptr_array_add(words, g_strdup_printf("%s=%s", name, json_string_value(value)));
    } else if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value) - (is_time(name) ? SIM_WALL_START_MS : 0);

        g_ptr_array_add(words, g_strdup_printf("%s=%" JSON_INTEGER_FORMAT, name, number));
    } else if (json_is_array(value)) {
        g_ptr_array_add(words,
                        g_strdup_printf("%s=%" G_GSIZE_FORMAT, name, json_array_size(value)));
    } else if (json_is_object(value) && strcmp(name, "data") != 0) {
        prefix = g_strconcat(name, ".", NULL);
        add_fields(words, prefix, value);
    } else {
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        g_ptr_array_add(words, g_strdup_printf("%s=%s", name, text));
        free(text);
    }
}

static void add_fields(GPtrArray *words, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        g_autofree char *name = g_strconcat(prefix, key, NULL);

        add_field(words, name, value);
    }
}

GStrv show_words(const json_t *object, const char *kind)
{
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, g_strdup(kind));
    add_fields(words, "", object);
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

/* "offer/SDP" */
static void put_jsep(json_t *object, const Message *message)
{
    json_auto_t *jsep = message->jsep ? json_loads(message->jsep, 0, NULL) : NULL;
    g_autofree char *text = NULL;

    if (!jsep)
        return;
    text = g_strdup_printf("%s/%s", message->jsep_kind == JSEP_OFFER ? "offer" : "answer",
                           json_string_value(json_object_get(jsep, "sdp")));
    json_object_set_new(object, "jsep", json_string(text));
}

static const char *without_call(const char *name)
{
    return g_str_has_prefix(name, "call:") ? name + strlen("call:") : name;
}

GStrv show_message(const Message *message)
{
    json_auto_t *object = write_message(message, NULL);

    put_jsep(object, message);
    return show_words(object, without_call(json_string_value(json_object_get(object, "event"))));
}

static void strv_free(gpointer words)
{
    g_strfreev(words);
}

static GPtrArray *show_calls(const json_t *calls)
{
    GPtrArray *all;
    size_t i;
    json_t *call;

    if (!calls)
        return NULL;
    all = g_ptr_array_new_with_free_func(strv_free);
    json_array_foreach((json_t *)calls, i, call) g_ptr_array_add(all, show_words(call, "knows"));
    return all;
}

GStrv show_reply(const Reply *reply, const HubSettings *settings, GPtrArray **calls)
{
    json_auto_t *object = NULL;

    if (reply->request == EVENT_HISTORY && reply->refusal == REFUSAL_NONE) {
        object = json_pack("{s:s}", "userId", reply->user_id);
        return show_words(object, "ok");
    }
    object = write_reply(reply, settings, NULL);
    *calls = show_calls(json_object_get(object, "calls"));
    if (reply->refusal == REFUSAL_NONE)
        return show_words(object, "ok");
    g_autofree char *number = g_strdup_printf("%u", refusal_number(reply->refusal));
    return show_words(object, number);
}

GStrv show_record(const Record *record, Change change)
{
    static const char *const names[] = {[CHANGE_CREATED] = "created",
                                        [CHANGE_ACCEPTED] = "accepted",
                                        [CHANGE_CLOSED] = "closed",
                                        [CHANGE_TOUCHED] = "touched"};
    json_auto_t *object = write_record(record, VIEW_FULL);

    return show_words(object, names[change]);
}

GStrv show_push(const Effect *effect)
{
    json_auto_t *object = write_backend_record(effect->record);

    json_object_set_new(object, "expiresInMs", json_integer(effect->expires_in_ms));
    return show_words(object, effect->is_stop ? "stop" : "push");
}

static void put_address(json_t *object, const char *name, const Address *address)
{
    if (address)
        json_object_set_new(object, name, json_string(address->name));
}

static void put_wish(json_t *object, const MediaWish *wish)
{
    const struct {
        const char *name;
        gint64 value;
    } all[] = {{"audio", wish->audio},         {"video", wish->video},
               {"dataChannel", wish->data},    {"bitrate", wish->bitrate},
               {"substream", wish->substream}, {"temporal", wish->temporal}};

    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].value >= 0)
            json_object_set_new(object, all[i].name, json_integer(all[i].value));
    }
}

static void put_secret(json_t *object, const char *name, const char *text)
{
    if (text)
        json_object_set_new(object, name, json_string(text));
}

GStrv show_order(const MediaOrder *order)
{
    json_auto_t *object = json_object();

    json_object_set_new(object, "callId", json_string(order->record->facts->call_id));
    json_object_set_new(object, "mode", json_string(mode_name(order->record->facts->mode)));
    put_address(object, "caller", order->joined[SIDE_CALLER]);
    put_address(object, "callee", order->joined[SIDE_CALLEE]);
    put_address(object, "at", order->at);
    json_object_set_new(object, "recorded", json_boolean(order->is_recorded));
    put_secret(object, "room", order->room);
    put_secret(object, "pin", order->pin);
    put_secret(object, "tokenA", order->tokens[SIDE_CALLER]);
    put_secret(object, "tokenB", order->tokens[SIDE_CALLEE]);
    if (order->kind == MEDIA_ORDER_CONFIGURE)
        put_wish(object, &order->wish);
    return show_words(object, media_order_name(order->kind));
}

static void append_word(GString *line, const char *word)
{
    const char *value = strchr(word, '=') + 1;
    g_autofree char *name = g_strndup(word, (gsize)(value - word) - 1);

    if (g_strv_contains(dull_names, name) || strchr(name, '.'))
        return;
    if (strcmp(name, "reason") == 0)
        g_string_append_printf(line, " '%s'", value);
    else if (g_strv_contains(bare_names, name))
        g_string_append_printf(line, " %s", value);
    else
        g_string_append_printf(line, " %s", word);
}

char *show_line(const Sim *sim, const Seen *seen)
{
    GString *line = g_string_new(NULL);

    g_string_append_printf(line, "[%6" G_GINT64_FORMAT "] %s < %s%s", sim_ms(sim, seen->at_us),
                           seen->who, seen->kind == SEEN_MISSED ? "missed " : "", seen->words[0]);
    for (guint i = 1; seen->words[i]; i++)
        append_word(line, seen->words[i]);
    for (guint c = 0; seen->calls && c < seen->calls->len; c++) {
        GStrv words = g_ptr_array_index(seen->calls, c);

        g_string_append(line, "\n             knows");
        for (guint i = 1; words[i]; i++)
            append_word(line, words[i]);
    }
    return g_string_free(line, FALSE);
}

static gboolean has_field(const GStrv words, const char *name)
{
    g_autofree char *with_value = g_strconcat(name, "=", NULL);
    g_autofree char *with_fields = g_strconcat(name, ".", NULL);

    for (guint i = 1; words[i]; i++) {
        if (g_str_has_prefix(words[i], with_value) || g_str_has_prefix(words[i], with_fields))
            return TRUE;
    }
    return FALSE;
}

gboolean word_holds(const GStrv words, const char *word)
{
    if (word[0] == '!')
        return !has_field(words, word + 1);
    for (guint i = 1; words[i]; i++) {
        const char *value = strchr(words[i], '=') + 1;
        g_autofree char *name = g_strndup(words[i], (gsize)(value - words[i]) - 1);

        if (strcmp(words[i], word) == 0 ||
            (g_strv_contains(bare_names, name) && strcmp(value, word) == 0))
            return TRUE;
    }
    return FALSE;
}
