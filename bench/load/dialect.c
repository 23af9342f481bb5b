#include "dialect.h"

#include <string.h>

static const Dialect *const dialects[] = {
    &dialect_janus_call, &dialect_janus_forward, &dialect_janus_ping, &dialect_janus_videocall,
    &dialect_callv1,     &dialect_socketio,      &dialect_relay,      &dialect_sip,
};

const Dialect *dialect_find(const char *name)
{
    for (gsize i = 0; name && i < G_N_ELEMENTS(dialects); i++) {
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    }
    return NULL;
}

const char *dialect_names(void)
{
    static GString *names;

    if (!names) {
        names = g_string_new(dialects[0]->name);
        for (gsize i = 1; i < G_N_ELEMENTS(dialects); i++)
            g_string_append_printf(names, ", %s", dialects[i]->name);
    }
    return names->str;
}
