/* The store that survives: an SQLite database in WAL mode (docs/operations.md). */
#pragma once

#include "ports/store.h"

typedef struct {
    /* Of the database file. Its folder must be there and writable. */
    const char *path;
    /* PRAGMA synchronous. FULL: what was written survives a loss of power; NORMAL: the process. */
    gboolean sync_full;
    /* The file's permissions, such as 0660; 0 stands for 0600. Whatever the umask is, and also for
     * a file that is there already. */
    guint mode;
    /* The file's group, by name; NULL leaves it as it is. */
    const char *group;
    /* SQLite's VFS, or NULL for the usual one; for tests. */
    const char *vfs;
} SqliteOptions;

/* Opens the database, makes it where there is none, and brings its schema up to date. The options
 * are copied. NULL with STORE_ERROR_TOO_NEW for a database of a newer version, otherwise with
 * STORE_ERROR_FAILED; the text names the path. Free with store_free(), when nobody uses it any
 * more. */
Store *sqlite_store_new(const SqliteOptions *options, GError **error);
