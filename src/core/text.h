/* What texts that name somebody may look like (docs/protocol.md, section 1). */
#pragma once

#include <glib.h>

/* Of a userId, a deviceId, a displayName. */
#define ID_BYTES 128

/* `text` is valid UTF-8. */
gboolean has_control_characters(const char *text);
