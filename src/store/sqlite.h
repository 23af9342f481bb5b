/* The store that survives: an SQLite database in WAL mode (docs/operations.md). */
#pragma once

#include "ports/store.h"

typedef struct {
    const char *path; /* of the database file; its folder must be there and writable */
    gboolean
        sync_full; /* PRAGMA synchronous: FULL, every commit survives a power cut; or NORMAL, every commit survives
                         * the process */
    guint
        mode; /* of the file, such as 0660; 0: 0600. Whatever the umask, also for a file that was there */
    const char *group; /* of the file: a name, or NULL to leave it */
    const char *vfs;   /* SQLite's VFS, or NULL for the usual one; for tests */
} SqliteOptions;

/* Opens the database, makes it where there is none, and brings its schema up to date. The options are copied. NULL with
 * STORE_ERROR_TOO_NEW for a database of a newer version, otherwise STORE_ERROR_FAILED; the text names the path. Free
 * with store_free(), when nobody reads any more. */
Store *sqlite_store_new(const SqliteOptions *options, GError **error);
