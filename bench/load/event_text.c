#include "event_text.h"

#include "text.h"

void event_text_incoming(const User *caller, const User *callee, char *text, gsize size)
{
    g_snprintf(text, size,
               "{\"call\":\"event\",\"event\":\"call:incoming\",\"callId\":\"%s\",\"rev\":1,"
               "\"timestamp\":1700000000000,\"callerId\":\"%s\",\"calleeId\":\"%s\",\"media\":"
               "{\"audio\":true,\"video\":false},\"mode\":\"none\",\"expiresAt\":1700000045000,"
               "\"expiresInMs\":45000}",
               user_call_id(caller), caller->name, callee->name);
}

void event_text_rejected(const User *callee, char *text, gsize size)
{
    g_snprintf(text, size,
               "{\"call\":\"event\",\"event\":\"call:rejected\",\"callId\":\"%s\",\"rev\":2,"
               "\"timestamp\":1700000000000,\"reason\":\"" REJECT_REASON
               "\",\"cause\":\"declined\","
               "\"calleeId\":\"%s\",\"deviceId\":\"%s\"}",
               user_call_id(callee), callee->name, callee->device);
}

void event_text_heard(User *user, const char *text)
{
    char call_id[80];

    if (!text_string(text, "callId", call_id, sizeof call_id))
        user_complains(user, text);
    else if (text_is(text, "event", "call:incoming"))
        user_heard(user, HEARD_INCOMING, call_id);
    else if (text_is(text, "event", "call:rejected") && text_is(text, "reason", REJECT_REASON))
        user_heard(user, HEARD_REJECTED, call_id);
    else
        user_complains(user, text);
}
