#include "text.h"

#include <string.h>

/* Where the value of the first field of this name begins. */
static const char *value_of(const char *json, const char *name)
{
    gsize size = strlen(name);

    for (const char *at = json; (at = strchr(at, '"')) != NULL; at++) {
        if (strncmp(at + 1, name, size) != 0 || at[1 + size] != '"')
            continue;
        at += size + 2;
        at += strspn(at, " \t\r\n");
        if (*at != ':')
            continue;
        return at + 1 + strspn(at + 1, " \t\r\n");
    }
    return NULL;
}

gboolean text_string(const char *json, const char *name, char *value, gsize size)
{
    const char *from = value_of(json, name);
    const char *to = from && *from == '"' ? strchr(from + 1, '"') : NULL;

    if (!to || (gsize)(to - from) > size)
        return FALSE;
    memcpy(value, from + 1, (gsize)(to - from - 1));
    value[to - from - 1] = '\0';
    return TRUE;
}

gint64 text_number(const char *json, const char *name)
{
    const char *from = value_of(json, name);

    return from && g_ascii_isdigit(*from) ? g_ascii_strtoll(from, NULL, 10) : -1;
}

gboolean text_is(const char *json, const char *name, const char *value)
{
    const char *from = value_of(json, name);
    gsize size = strlen(value);

    return from && *from == '"' && strncmp(from + 1, value, size) == 0 && from[1 + size] == '"';
}
