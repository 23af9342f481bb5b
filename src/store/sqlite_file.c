#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_private.h"

#define DEFAULT_MODE 0600
#define PERMISSION_BITS 07777
#define NO_GROUP ((gid_t)-1)

/* What SQLite keeps beside the database while it is open. */
static const char *const companions[] = {"", "-wal", "-shm"};

static gboolean fail(GError **error, const char *path, const char *what)
{
    const char *why = g_strerror(errno);

    g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s: %s", path, what, why);
    return FALSE;
}

static gboolean refuse(GError **error, const char *path, const char *what)
{
    g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s", path, what);
    return FALSE;
}

static gboolean find_group(const SqliteOptions *options, gid_t *id, GError **error)
{
    char buffer[16 * 1024];
    struct group entry;
    struct group *found = NULL;

    *id = NO_GROUP;
    if (!options->group)
        return TRUE;
    errno = getgrnam_r(options->group, &entry, buffer, sizeof(buffer), &found);
    if (!found) {
        g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED, "%s: there is no group \"%s\"",
                    options->path, options->group);
        return FALSE;
    }
    *id = found->gr_gid;
    return TRUE;
}

/* Nobody but us may open it until it has its group. A file that is there is not opened: closing it
 * would take away the locks of whoever has it open in this process. */
static gboolean create(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return errno == EEXIST || fail(error, path, "cannot be made");
    close(fd);
    return TRUE;
}

/* The group first: the mode lets it in. */
static gboolean set_access(const char *path, gid_t group, mode_t mode, GError **error)
{
    struct stat now;

    if (stat(path, &now) != 0)
        return errno == ENOENT || fail(error, path, "cannot be looked at");
    if (!S_ISREG(now.st_mode))
        return refuse(error, path, "is not a file");
    if (group != NO_GROUP && now.st_gid != group && chown(path, (uid_t)-1, group) != 0)
        return fail(error, path, "its group cannot be set");
    if ((now.st_mode & PERMISSION_BITS) != mode && chmod(path, mode) != 0)
        return fail(error, path, "its mode cannot be set");
    return TRUE;
}

gboolean database_file_prepare(const SqliteOptions *options, GError **error)
{
    mode_t mode = options->mode ? (mode_t)options->mode : DEFAULT_MODE;
    gid_t group;

    if (!find_group(options, &group, error) || !create(options->path, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(companions); i++) {
        g_autofree char *path = g_strconcat(options->path, companions[i], NULL);

        if (!set_access(path, group, mode, error))
            return FALSE;
    }
    return TRUE;
}
