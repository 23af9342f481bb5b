#include "call_words.h"

#include <string.h>

#include "text.h"

#define FIELDS_SIZE 256

void call_words_register(User *user)
{
    char fields[FIELDS_SIZE];

    g_snprintf(fields, sizeof fields,
               "\"request\":\"call:register\",\"userId\":\"%s\",\"deviceId\":\"%s\"", user->name,
               user->device);
    user_ask(user, fields);
}

void call_words_initiate(User *caller, const User *callee)
{
    const char *call_id = user_new_call_id(caller);
    char fields[FIELDS_SIZE];

    g_snprintf(fields, sizeof fields, "\"request\":\"call:initiate\",\"calleeId\":\"%s\"%s%s%s",
               callee->name, call_id ? ",\"callId\":\"" : "", call_id ? call_id : "",
               call_id ? "\"" : "");
    user_asked(caller);
    user_ask(caller, fields);
}

static void ask_about(User *user, const char *request, const char *more)
{
    char fields[FIELDS_SIZE];

    g_snprintf(fields, sizeof fields, "\"request\":\"%s\",\"callId\":\"%s\"%s", request,
               user_call_id(user), more);
    user_asked(user);
    user_ask(user, fields);
}

void call_words_reject(User *callee)
{
    ask_about(callee, "call:reject", ",\"reason\":\"" REJECT_REASON "\"");
}

void call_words_accept(User *callee)
{
    ask_about(callee, "call:accept", "");
}

void call_words_end(User *user)
{
    ask_about(user, "call:end", "");
}

void call_words_reply(User *user, const char *json)
{
    if (!text_is(json, "call", "success")) {
        user_complains(user, json);
        return;
    }
    if (text_is(json, "request", "call:register"))
        user_is_ready(user);
    else
        user_answered(user);
}

static void heard_rejected(User *user, const char *json, const char *call_id)
{
    if (!text_is(json, "reason", REJECT_REASON) || !text_is(json, "cause", "declined"))
        user_complains(user, json);
    user_heard(user, HEARD_REJECTED, call_id);
}

void call_words_event(User *user, const char *json, const char *event)
{
    char name[32], call_id[80];

    if (!event && text_string(json, "event", name, sizeof name))
        event = name;
    if (!event || !text_string(json, "callId", call_id, sizeof call_id))
        user_complains(user, json);
    else if (strcmp(event, "call:incoming") == 0)
        user_heard(user, HEARD_INCOMING, call_id);
    else if (strcmp(event, "call:rejected") == 0)
        heard_rejected(user, json, call_id);
    else if (strcmp(event, "call:accepted") == 0)
        user_heard(user, HEARD_ACCEPTED, call_id);
    else if (strcmp(event, "call:ended") == 0)
        user_heard(user, HEARD_ENDED, call_id);
    else
        user_complains(user, json);
}
