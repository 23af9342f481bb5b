#include "listener/socketio_names.h"

#include <string.h>

#include <glib.h>

/* --- the table --- */

static const struct {
    const char *theirs;
    const char *ours;
} requests[] = {
    {"call:decline", "call:reject"},
    {"call:cancel", "call:end"},
    {"call:hangup", "call:end"},
};

/* Of `call:initiate`: who is called. The first that is there counts. */
static const char *const callee_fields[] = {"receiverId", "targetUserId", "to"};

/* Of `call:initiate`: with what. */
static const char *const media_fields[] = {"callType", "type"};

static const struct {
    const char *word;
    gboolean video;
} media_words[] = {{"audio", FALSE}, {"voice", FALSE}, {"video", TRUE}};

/* Of the `auth` of a CONNECT. */
static const char *const auth_fields[] = {"token", "userId", "deviceId", "displayName"};

/* --- from theirs to ours --- */

static const char *request_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (strcmp(requests[i].theirs, name) == 0)
            return requests[i].ours;
    }
    return name;
}

static json_t *first_of(const json_t *body, const char *const *names, guint count)
{
    for (guint i = 0; i < count; i++) {
        json_t *value = json_object_get(body, names[i]);

        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}

static gboolean has(const json_t *body, const char *name)
{
    json_t *value = json_object_get(body, name);

    return value && !json_is_null(value);
}

static void name_callee(json_t *body)
{
    json_t *callee = first_of(body, callee_fields, G_N_ELEMENTS(callee_fields));

    if (callee && !has(body, "calleeId"))
        json_object_set(body, "calleeId", callee);
}

static gboolean name_media(json_t *body)
{
    const json_t *type = first_of(body, media_fields, G_N_ELEMENTS(media_fields));
    const char *word = json_string_value(type);

    if (!type || has(body, "media"))
        return TRUE;
    for (guint i = 0; word && i < G_N_ELEMENTS(media_words); i++) {
        if (strcmp(media_words[i].word, word) != 0)
            continue;
        json_object_set_new(body, "media",
                            json_pack("{s:b, s:b}", "audio", TRUE, "video", media_words[i].video));
        return TRUE;
    }
    return FALSE;
}

/* The object of an event is the body itself. */
static json_t *take_body(json_t *event)
{
    json_t *argument = json_array_get(event, 1);

    if (!argument || json_is_null(argument))
        return json_object();
    return json_is_object(argument) ? json_incref(argument) : NULL;
}

json_t *socketio_request(json_t *event, const char **fault)
{
    const char *name = request_name(json_string_value(json_array_get(event, 0)));
    json_t *body = take_body(event);

    if (!body) {
        *fault = "the argument must be an object";
        return NULL;
    }
    if (strcmp(name, "call:initiate") == 0) {
        name_callee(body);
        if (!name_media(body)) {
            *fault = "callType: must be audio, voice or video";
            json_decref(body);
            return NULL;
        }
    }
    json_object_set_new(body, "request", json_string(name));
    return body;
}

json_t *socketio_registration(const json_t *auth)
{
    json_t *body = json_pack("{s:s}", "request", "call:register");

    for (guint i = 0; i < G_N_ELEMENTS(auth_fields); i++) {
        if (has(auth, auth_fields[i]))
            json_object_set(body, auth_fields[i], json_object_get(auth, auth_fields[i]));
    }
    return body;
}
