#include "janus.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

void janus_open(User *user)
{
    user_sendf(user, "{\"janus\":\"create\",\"transaction\":\"c\"}");
}

void janus_send(User *user, const char *word, const char *rest)
{
    JanusState *state = user->state;

    user_sendf(user,
               "{\"janus\":\"%s\",\"session_id\":%" G_GUINT64_FORMAT
               ",\"handle_id\":%" G_GUINT64_FORMAT ",\"transaction\":\"%u\"%s%s}",
               word, state->session, state->handle, ++state->transaction, *rest ? "," : "", rest);
}

void janus_message(User *user, const char *format, ...)
{
    char rest[2048] = "\"body\":";
    gsize used = strlen(rest);
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(rest + used, sizeof rest - used, format, arguments);
    va_end(arguments);
    janus_send(user, "message", rest);
}

void janus_keep_alive(User *user)
{
    JanusState *state = user->state;

    user_sendf(user,
               "{\"janus\":\"keepalive\",\"session_id\":%" G_GUINT64_FORMAT
               ",\"transaction\":\"k\"}",
               state->session);
}

static void attach(User *user, const char *text, const char *plugin)
{
    JanusState *state = user->state;

    state->session = (guint64)text_number(text, "id");
    user_sendf(user,
               "{\"janus\":\"attach\",\"session_id\":%" G_GUINT64_FORMAT
               ",\"plugin\":\"%s\",\"transaction\":\"a\"}",
               state->session, plugin);
}

static JanusWord succeeded(User *user, const char *text, const char *plugin)
{
    JanusState *state = user->state;

    if (state->session == 0) {
        attach(user, text, plugin);
        return JANUS_NOTHING;
    }
    if (state->handle == 0) {
        state->handle = (guint64)text_number(text, "id");
        return JANUS_ATTACHED;
    }
    return strstr(text, "\"plugindata\"") ? JANUS_REPLY : JANUS_NOTHING;
}

JanusWord janus_receive(User *user, const char *text, const char *plugin)
{
    char word[24] = "";

    text_string(text, "janus", word, sizeof word);
    if (strcmp(word, "event") == 0)
        return JANUS_EVENT;
    if (strcmp(word, "success") == 0)
        return succeeded(user, text, plugin);
    if (strcmp(word, "ack") == 0)
        return JANUS_ACK;
    if (strcmp(word, "hangup") == 0)
        return JANUS_HANGUP;
    if (strcmp(word, "error") == 0 || strcmp(word, "timeout") == 0)
        user_complains(user, text);
    return JANUS_NOTHING;
}
