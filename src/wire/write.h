/* From core values to the JSON of docs/protocol.md, sections 1 to 4. Every function returns a new
 * reference. */
#pragma once

#include <jansson.h>

#include "core/effect.h"
#include "core/look.h"
#include "core/push.h"
#include "core/settings.h"
#include "wire/join.h"

/* A reply or a refusal: `plugindata.data` of the synchronous answer. `settings` for what
 * call:register tells; `join` for what is told of media, or NULL. */
json_t *write_reply(const Reply *reply, const HubSettings *settings, const JoinSettings *join);
/* The same as text without blanks, with `id` as its last field if that is not NULL; owned by the caller (g_free()). */
char *write_reply_text(const Reply *reply, const HubSettings *settings, const JoinSettings *join,
                       json_t *id, gsize *length);
/* A refusal of what is not a request at all, so that no event was stepped; `request` is its name,
 * or NULL. */
json_t *write_refusal(Refusal refusal, const char *text, const char *request);
/* An event to a device. Its JSEP is no part of it. */
json_t *write_message(const Message *message, const JoinSettings *join);
/* The same as text without blanks; owned by the caller (g_free()). */
char *write_message_text(const Message *message, const JoinSettings *join, gsize *length);
/* The answers to a backend's `users`, `calls` and `user`: arrays of UserLook and CallLook; `next` is
 * the place to go on from, 0 at the end. */
json_t *write_users(const GPtrArray *users, guint next);
json_t *write_calls(const GPtrArray *calls, guint next);
json_t *write_user(const char *user_id, const GPtrArray *users, const GPtrArray *calls);
/* The answer to `call:trace`, from that of an operator's call:get. */
json_t *write_trace(const Reply *reply);
/* A call for the backend, which sees all of it (section 8). */
json_t *write_backend_record(const Record *record);
/* An event for a backend's webhook, as the text that is sent; owned by the caller. `push` NULL for
 * one that is no push. */
char *write_webhook(const char *type, const Record *record, const Push *push);
/* A call as `view` sees it: "for apps exactly this" (section 4). */
json_t *write_record(const Record *record, View view);
