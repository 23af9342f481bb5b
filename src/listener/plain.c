/* call.v1: each frame is a body of docs/protocol.md, and an id that the reply repeats. */
#include "listener/protocol.h"
#include "wire/text.h"
#include "wire/write.h"

#define ID_BYTES 128

/* --- out --- */

static void send_json(Link *link, json_t *value)
{
    gsize length;
    g_autofree char *text = json_text(value, &length);

    link_send_lazily(link, "", 0, text, length);
}

static void send_event(Client *client, const char *text, gsize length)
{
    link_send(client_owner(client), text, length);
}

/* Whoever does not read what it asked for is not read from. */
static void pace(Link *link, const Client *client)
{
    link_read(link,
              client_unanswered(client) < listener_options(link_listener(link))->max_unanswered);
}

static void send_reply(Client *client, gpointer tag, const Reply *reply,
                       const HubSettings *settings, const JoinSettings *join)
{
    Link *link = client_owner(client);
    gsize length;
    g_autofree char *text = write_reply_text(reply, settings, join, tag, &length);

    json_decref(tag);
    if (reply->request == EVENT_REGISTER && reply->refusal == REFUSAL_NONE)
        link_settle(link);
    link_send_lazily(link, "", 0, text, length);
    pace(link, client);
}

static void send_refusal(Client *client, gpointer tag, json_t *answer)
{
    Link *link = client_owner(client);

    if (tag)
        json_object_set_new(answer, "id", tag);
    send_json(link, answer);
    json_decref(answer);
    pace(link, client);
}

static void free_id(gpointer tag)
{
    json_decref(tag);
}

static void drop(Client *client)
{
    link_drop(client_owner(client));
}

static const ClientOps ops = {
    .write = write_message_text,
    .event = send_event,
    .replied = send_reply,
    .refused = send_refusal,
    .overflowed = drop,
    .free_tag = free_id,
};

/* --- in --- */

static void refuse(Link *link, const char *text)
{
    json_t *refusal = write_refusal(REFUSAL_INVALID_REQUEST, text, NULL);

    send_json(link, refusal);
    json_decref(refusal);
}

static void refuse_text(Link *link, const json_error_t *error)
{
    g_autofree char *text = g_strdup_printf("the message is not JSON: %s (at byte %d)", error->text,
                                            MAX(error->position, 0));
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    refuse(link, valid);
}

static gboolean is_id(const Value *id)
{
    return id->kind == VALUE_INTEGER || (id->kind == VALUE_STRING && id->length <= ID_BYTES);
}

static void take_body(Link *link, Body *body)
{
    Client *client = link_owner(link);
    const Object object = body_object(body);
    const Value id = object_get(&object, "id");

    if (!body_is_object(body)) {
        refuse(link, "the message must be a JSON object");
        body_free(body);
    } else if (id.kind != VALUE_ABSENT && !is_id(&id)) {
        refuse(link, "id: must be an integer, or a string of at most 128 bytes");
        body_free(body);
    } else {
        client_request(client, body, id.kind == VALUE_ABSENT ? NULL : value_json(&id));
        pace(link, client);
    }
}

static void take_text(Link *link, char *text, gsize length)
{
    json_error_t error;
    Body *body = body_read(text, length, &error);

    if (body)
        take_body(link, body);
    else
        refuse_text(link, &error);
}

/* --- its life --- */

static gboolean open_link(gpointer self G_GNUC_UNUSED, Link *link)
{
    link_set_owner(link, client_new(link_listener(link), &ops, link));
    return TRUE;
}

static void close_link(Link *link)
{
    client_close(link_owner(link));
}

const Protocol plain_protocol = {
    .subprotocol = "call.v1",
    .opened = open_link,
    .text = take_text,
    .closed = close_link,
};
