/* The keys as they are configured: settings, files, a folder of files. */
#pragma once

#include "auth/keys.h"

/* Reads them all, anew. NULL with AUTH_ERROR_KEY when one cannot be used, or there is none: the
 * text names the setting or the file, and holds nothing of a key. */
KeyRing *key_files_read(const AuthSettings *settings, GError **error);
