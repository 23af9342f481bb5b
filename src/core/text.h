/* What texts that name somebody may look like (docs/protocol.md, section 1). */
#pragma once

#include <glib.h>

/* Of a userId, a deviceId, a displayName. */
#define ID_BYTES 128

/* For tables whose keys are ids: as g_str_hash(), in steps of eight bytes. */
guint text_hash(gconstpointer text);

/* UTF-8 without NUL. */
gboolean text_is_valid(const char *bytes, gsize length);

/* `text` is valid UTF-8. */
gboolean has_control_characters(const char *text);
