#include "door.h"

#include "base/log.h"

/* Lines about calls, at the usual level. What came from outside is escaped; callIds are checked, so
 * they need not be. */

void log_request(const Event *event, const Reply *reply)
{
    g_autofree char *reason = NULL;

    if (!door.config->general.log_calls || event->kind != EVENT_REJECT ||
        reply->refusal != REFUSAL_NONE)
        return;
    reason = log_escape(event->about.reason);
    log_line(LOG_LEVEL_INFO, "Received call:reject from receiver (callId %s, reason %s)",
             event->about.call_id, reason);
}

static gboolean is_of_interest(const Message *message)
{
    return door.config->general.log_calls && message->record && message->kind != MESSAGE_SIGNAL &&
           message->kind != MESSAGE_UPDATED && message->kind != MESSAGE_MEDIA;
}

static gboolean is_to_caller(const Message *message)
{
    return message->view != VIEW_FULL;
}

void log_sent(const Message *message)
{
    g_autofree char *user = NULL;
    g_autofree char *device = NULL;

    if (!is_of_interest(message))
        return;
    user = log_escape(message->to_user);
    device = log_escape(message->to_device);
    log_line(LOG_LEVEL_INFO, "Sent %s to %s (callId %s, user %s, device %s)",
             message_name(message->kind), is_to_caller(message) ? "caller" : "callee",
             message->record->facts->call_id, user, device);
}

void log_missed(const Message *message)
{
    g_autofree char *user = NULL;

    if (!is_of_interest(message))
        return;
    user = log_escape(message->to_user);
    log_line(LOG_LEVEL_INFO, "%s %s is offline (callId %s, %s waits for its return)",
             is_to_caller(message) ? "Caller" : "Callee", user, message->record->facts->call_id,
             message_name(message->kind));
}
