#include "media/held.h"

#include <string.h>

static gsize size_of(const HeldMessage *message)
{
    return message->length + (message->label ? strlen(message->label) : 0) +
           (message->protocol ? strlen(message->protocol) : 0);
}

void held_init(Held *held)
{
    g_queue_init(&held->messages);
    held->bytes = 0;
}

static void free_item(gpointer message)
{
    held_message_free(message);
}

void held_clear(Held *held)
{
    g_queue_clear_full(&held->messages, free_item);
    held->bytes = 0;
}

gboolean held_put(Held *held, const HeldMessage *message)
{
    HeldMessage *copy;

    if (held->messages.length == HELD_MESSAGES || held->bytes + size_of(message) > HELD_BYTES)
        return FALSE;
    copy = g_memdup2(message, sizeof *message);
    copy->label = g_strdup(message->label);
    copy->protocol = g_strdup(message->protocol);
    copy->bytes = g_memdup2(message->bytes, message->length);
    g_queue_push_tail(&held->messages, copy);
    held->bytes += size_of(copy);
    return TRUE;
}

HeldMessage *held_take(Held *held)
{
    HeldMessage *message = g_queue_pop_head(&held->messages);

    if (message)
        held->bytes -= size_of(message);
    return message;
}

void held_message_free(HeldMessage *message)
{
    if (!message)
        return;
    g_free(message->label);
    g_free(message->protocol);
    g_free(message->bytes);
    g_free(message);
}
