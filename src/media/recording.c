#include "media/recording.h"

#include <string.h>

#define DIGITS 16

/* Of both ids: a callId alone need not be the only one. */
static char *call_digits(const RecordingName *name)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(sum, (const guchar *)name->caller_id, (gssize)strlen(name->caller_id) + 1);
    g_checksum_update(sum, (const guchar *)name->call_id, (gssize)strlen(name->call_id));
    g_checksum_update(sum, (const guchar *)&name->created_ms, sizeof name->created_ms);
    return g_strndup(g_checksum_get_string(sum), DIGITS);
}

static char *time_text(gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_ms / 1000);

    return time ? g_date_time_format(time, "%Y%m%d-%H%M%S") : g_strdup("0");
}

char *recording_name(const RecordingName *name)
{
    g_autofree char *time = time_text(name->created_ms);
    g_autofree char *digits = call_digits(name);
    g_autofree char *stream = name->line < 0
                                  ? g_strdup(line_kind_name(name->kind))
                                  : g_strdup_printf("%s%d", line_kind_name(name->kind), name->line);

    return g_strdup_printf("%s-%s-%s-%u-%u-%s", time, digits, name->side, name->join, name->part,
                           stream);
}
